package mapped

import (
	"os"
	"runtime"
)

// Populate has the operating system bring bytes of a mapped file into memory, and map them, before they are read. It returns
// when they are there. Bytes in ordinary memory are there already. As everything that reads a mapping it is called under [Guard].
func Populate(b []byte) {
	if len(b) > 0 && !populate(b) {
		runtime.KeepAlive(touch(b))
	}
}

// touch reads a byte of every page.
func touch(b []byte) (sum byte) {
	for i := 0; i < len(b); i += os.Getpagesize() {
		sum += b[i]
	}
	return sum + b[len(b)-1]
}
