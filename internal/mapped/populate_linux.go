package mapped

import (
	"os"

	"golang.org/x/sys/unix"
)

// preferLarge has the system read bytes that are not in memory yet in large pages, and map them as such, if it and the file system know
// of any, as ext4 does since Linux 6.16. Searches that go from row to row are the faster for it.
func preferLarge(b []byte) bool { return advise(b, unix.MADV_HUGEPAGE) }

// populate maps whole pages, many by one call. Kernels before 5.14 cannot; and where a page cannot be had, whoever reads it is to
// meet the fault.
func populate(b []byte, large bool) {
	if !large {
		advise(b, unix.MADV_WILLNEED) // reads ahead in large pieces, of small pages
	}
	advise(b, unix.MADV_POPULATE_READ)
}

// advise says something of all pages that have some of the bytes.
func advise(b []byte, advice uintptr) bool {
	start := addressOf(b)
	first := start &^ uintptr(os.Getpagesize()-1)
	_, _, failed := unix.Syscall(unix.SYS_MADVISE, first, start+uintptr(len(b))-first, advice)
	return failed == 0
}
