package store_test

import "testing"

// skipLong leaves out a test that takes long and is about numbers alone, recall or dials or memory. Under the race detector
// that would be minutes for one goroutine, and -short is where kernels are plain Go, by which searches find the same.
func skipLong(t *testing.T) {
	t.Helper()
	if raceDetector || testing.Short() {
		t.Skip("long, and it is about numbers")
	}
}
