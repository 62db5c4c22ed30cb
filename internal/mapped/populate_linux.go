package mapped

import (
	"os"

	"golang.org/x/sys/unix"
)

// populate maps whole pages, many by one call. Kernels before 5.14 cannot; and where a page cannot be had, whoever reads it is to
// meet the fault.
func populate(b []byte) bool {
	start := addressOf(b)
	first := start &^ uintptr(os.Getpagesize()-1)
	length := start + uintptr(len(b)) - first
	// Reads ahead in large pieces; without it the second call does so in small ones.
	_, _, _ = unix.Syscall(unix.SYS_MADVISE, first, length, unix.MADV_WILLNEED)
	_, _, failed := unix.Syscall(unix.SYS_MADVISE, first, length, unix.MADV_POPULATE_READ)
	return failed == 0
}
