//go:build linux

package simd_test

import (
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/vicinaldb/store/internal/simd"
)

// TestPopcountReadsNothingOutside lets rows and lists of rows begin and end where readable memory does.
func TestPopcountReadsNothingOutside(t *testing.T) {
	page := unix.Getpagesize()
	b, err := unix.Mmap(-1, 0, 3*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Munmap(b) })
	for _, fence := range [][]byte{b[:page], b[2*page:]} {
		if err := unix.Mprotect(fence, unix.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	// All of it is zero, so that it can be rows and numbers of rows at once.
	words := unsafe.Slice((*uint64)(unsafe.Pointer(&b[page])), page/8)
	numbers := unsafe.Slice((*uint32)(unsafe.Pointer(&b[page])), page/4)
	var shared, differing [25]uint32
	eachImplementation(t, func(t *testing.T) {
		for n := range 70 {
			for _, count := range []int{1, 2, 25} {
				for _, v := range [][]uint64{words[:n], words[len(words)-n:]} {
					for _, rows := range [][]uint32{numbers[:count], numbers[len(numbers)-count:]} {
						simd.HammingRows(shared[:], v, v, 0, rows)
						simd.OverlapRows(shared[:], differing[:], v, v, 0, rows)
					}
				}
			}
		}
	})
}
