//go:build race

package nnd_test

// raceDetector: everything takes ten times as long, so what is about recall alone is left out.
const raceDetector = true
