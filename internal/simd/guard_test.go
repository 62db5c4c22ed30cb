//go:build linux

package simd_test

import (
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// TestReadsNothingOutside lets vectors end where readable memory ends, and begin where it begins: a load of one byte
// more is a fault.
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
	a, b := fenced(), fenced()
	eachKernel(t, func(t *testing.T, k kernel) {
		for n := range 200 {
			k.pair(a[len(a)-n:], b[len(b)-n:])
			k.pair(a[:n], b[:n])
			rows := []uint32{0, 1, 2}
			matrix := b[len(b)-2-n:]
			k.rows(a[:3], a[len(a)-n:], matrix, 1, rows)
		}
	})
}
