//go:build !linux

package mapped

func preferLarge([]byte) bool { return false }

// populate leaves it to the caller to read the bytes.
func populate([]byte, bool) {}
