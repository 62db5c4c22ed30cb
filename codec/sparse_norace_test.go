//go:build !race

package codec_test

// raceDetector tells whether the race detector is on.
const raceDetector = false
