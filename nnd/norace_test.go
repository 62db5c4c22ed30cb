//go:build !race

package nnd_test

const raceDetector = false
