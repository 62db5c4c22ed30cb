//go:build linux

package simd_test

import (
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// TestReadsNothingOutside lets vectors and lists of rows end where readable memory ends, and begin where it begins: a
// load of one byte more is a fault.
func TestReadsNothingOutside(t *testing.T) {
	page := unix.Getpagesize()
	fenced := func() []float32 {
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
		return unsafe.Slice((*float32)(unsafe.Pointer(&b[page])), page/4)
	}
	a, b, c := fenced(), fenced(), fenced()
	numbers := unsafe.Slice((*uint32)(unsafe.Pointer(&c[0])), len(c))
	eachKernel(t, func(t *testing.T, k kernel) {
		for n := range 200 {
			k.pair(a[len(a)-n:], b[len(b)-n:])
			k.pair(a[:n], b[:n])
			for _, count := range []int{1, 2, 25} {
				k.rows(a[:count], a[len(a)-n:], b[len(b)-n:], 0, numbers[len(numbers)-count:])
				k.rows(a[len(a)-count:], a[:n], b[:n], 0, numbers[:count])
			}
		}
	})
}
