//go:build race

package store_test

// raceDetector: pools then forget at random, so allocations cannot be counted.
const raceDetector = true
