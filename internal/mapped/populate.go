package mapped

import (
	"os"
	"runtime"
	"slices"
)

// Populate has the operating system bring bytes of a mapped file into memory, and map them, before they are read: in large pages where it
// can, and so many bytes at a time, at least 1. It returns when they are there, or with the first error of after, which is called after
// each time. Bytes in ordinary memory are there already. As everything that reads a mapping it is called under [Guard].
func Populate(b []byte, step int, after func() error) error {
	if len(b) == 0 {
		return nil
	}
	large := preferLarge(b)
	for some := range slices.Chunk(b, step) {
		populate(some, large)
		runtime.KeepAlive(touch(some)) // also for the host of a virtual machine, which gives it memory when a byte is read
		if err := after(); err != nil {
			return err
		}
	}
	return nil
}

// touch reads a byte of every page.
func touch(b []byte) (sum byte) {
	for i := 0; i < len(b); i += os.Getpagesize() {
		sum += b[i]
	}
	return sum + b[len(b)-1]
}
