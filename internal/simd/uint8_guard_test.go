//go:build linux

package simd_test

import (
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/vicinaldb/store/internal/simd"
)

// TestBytesReadNothingOutside lets rows and lists of rows begin and end where readable memory does.
func TestBytesReadNothingOutside(t *testing.T) {
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
	// All of it is zero, so that it can be rows and numbers of rows at once. What is written are zeros too.
	readable := b[page : 2*page]
	numbers := unsafe.Slice((*uint32)(unsafe.Pointer(&readable[0])), page/4)
	keys := unsafe.Slice((*uint64)(unsafe.Pointer(&readable[0])), page/8)
	floats, lastFloats := make([]float32, page), unsafe.Slice((*float32)(unsafe.Pointer(&readable[0])), page/4)
	eachImplementation(t, func(*testing.T) {
		for n := 0; n <= 1024; n += 64 {
			simd.FloatsOfBytes(floats, readable[:n])
			simd.FloatsOfBytes(floats, readable[len(readable)-n:])
			simd.FloatsOfHalves(floats, readable[len(readable)-n:])
		}
	})
	eachImplementation(t, func(*testing.T) {
		made := make([]uint64, 70)
		last := func(n int) []uint32 { return numbers[len(numbers)-n:] }
		for n := 1; n <= 70; n++ {
			for _, list := range [][]uint32{numbers[:n], last(n)} {
				var o simd.Offers
				count := min(n, 3)
				o.Introduce(last(n), 0, count, lastFloats[len(lastFloats)-count*(n-1):], lastFloats[len(lastFloats)-n:])
				o.DropListed(last(n), list, n)
			}
			for _, list := range [][]uint32{numbers[:16*(n%9)], last(16 * (n % 9))} {
				simd.Enter(list, list, keys[len(keys)-n:])
				simd.Enter(list, list, []uint64{2}) // it comes behind all, which are as near
			}
			simd.EnterKeys(keys[len(keys)-n:], keys[:n])
			simd.EnterKeys(keys[:n], keys[len(keys)-n:])
			simd.MakeKeys(made, last(n), lastFloats[len(lastFloats)-n:])
			simd.TakeKey(keys[:n], 1)
			simd.TakeKey(keys[len(keys)-n:], 1)
			simd.LargestRow(last(n))
		}
	})
	outside := func(t *testing.T, k byteKernel, least int) {
		for n := least; n <= 1024; n += 64 {
			for _, count := range []int{0, 1, 2, 3, 4, 25} {
				for _, v := range [][]byte{readable[:n], readable[len(readable)-n:]} {
					for _, rows := range [][]uint32{numbers[:count], numbers[len(numbers)-count:]} {
						k.rows(rows, v, v, 0, rows)
					}
				}
			}
		}
	}
	eachByteKernel(t, func(t *testing.T, k byteKernel) { outside(t, k, 0) })
	eachSummedKernel(t, func(t *testing.T, k byteKernel) { outside(t, k, 64) })
	eachImplementation(t, func(t *testing.T) { outside(t, byteKernel{rows: sphericalRows}, 0) })
	eachHalfKernel(t, func(_ *testing.T, k halfKernel) {
		for n := 0; n <= 512; n += 32 {
			for _, count := range []int{0, 1, 2, 3, 4, 25} {
				for _, v := range [][]byte{readable[:2*n], readable[len(readable)-2*n:]} {
					for _, rows := range [][]uint32{numbers[:count], numbers[len(numbers)-count:]} {
						q := unsafe.Slice((*float32)(unsafe.Pointer(&readable[len(readable)-4*max(n, 1)])), n)
						k.rows(make([]float32, count), q, v, 0, rows)
					}
				}
			}
		}
	})
	eachImplementation(t, func(*testing.T) {
		for _, k := range withinKernels {
			for n := k.least; n <= 512; n += 64 {
				for _, count := range []int{0, 1, 2, 3, 4, 7, 8, 9, 16, 25} {
					row := readable[len(readable)-n:]
					k.within(make([]uint32, count), numbers[len(numbers)-count:], row, row, 0, 0)
					k.within(numbers[len(numbers)-count:], make([]uint32, count), row, row, 0, 0)
				}
			}
		}
		for _, n := range []int{64, 128, 192, 256, 320, 384, 448, 512, page} {
			for _, count := range []int{1, 2, 3, 4, 8, 15, 16, 17, 25} {
				row := readable[len(readable)-n:]
				for _, k := range blockKernels {
					for _, queries := range []int{1, 2, 4, 7, 8, 9} {
						k.block(make([]float32, queries*count), row, 0, n, numbers[len(numbers)-queries:], numbers[len(numbers)-count:], 1)
						k.block(make([]float32, queries*count), readable[:n], 0, n, numbers[:queries], numbers[:count], 1)
						k.block(lastFloats[len(lastFloats)-queries*count:], row, 0, n, make([]uint32, queries), make([]uint32, count), 1)
					}
				}
				simd.Near(make([]uint32, count), lastFloats[len(lastFloats)-count:], lastFloats[len(lastFloats)-count:], -1)
				simd.Near(numbers[len(numbers)-count:], make([]float32, count), lastFloats[len(lastFloats)-count:], -1)
			}
		}
	})
}
