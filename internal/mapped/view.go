package mapped

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unsafe"
)

// ErrLayout means that bytes cannot be viewed as numbers: they start at an address that is not a multiple of the size of
// one number, or their length is not.
var ErrLayout = errors.New("mapped: bytes do not have the layout of numbers")

// ErrByteOrder means that this machine is big-endian, so that little-endian bytes cannot be viewed as numbers.
var ErrByteOrder = fmt.Errorf("mapped: big-endian machine: %w", errors.ErrUnsupported)

// littleEndian tells the byte order of this machine.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// alignment in bytes of what [Aligned] returns: a cache line, which is also what the rows of a segment are aligned to.
const alignment = 64

type number interface {
	float32 | uint32 | uint64
}

// Float32s returns the bytes as little-endian float32 values. The slice shares the memory of b. It fails with [ErrLayout]
// when b is not aligned to 4 bytes or has an odd length, and with [ErrByteOrder] on a big-endian machine.
func Float32s(b []byte) ([]float32, error) { return view[float32](b) }

// Uint32s is [Float32s] for uint32 values.
func Uint32s(b []byte) ([]uint32, error) { return view[uint32](b) }

// Uint64s is [Float32s] for uint64 values, aligned to 8 bytes.
func Uint64s(b []byte) ([]uint64, error) { return view[uint64](b) }

func view[T number](b []byte) ([]T, error) {
	if !littleEndian {
		return nil, ErrByteOrder
	}
	if len(b) == 0 {
		return nil, nil
	}
	var t T
	size := unsafe.Sizeof(t)
	if uintptr(len(b))%size != 0 {
		return nil, fmt.Errorf("%w: length %d is not a multiple of %d", ErrLayout, len(b), size)
	}
	// The alignment of the file format is the size of the number, also on machines that need less for a uint64.
	if addressOf(b)%size != 0 {
		return nil, fmt.Errorf("%w: address is not a multiple of %d", ErrLayout, size)
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b))/size), nil
}

// BytesOfFloat32s returns the values as little-endian bytes, for writing. On a little-endian machine the bytes share the
// memory of v, on a big-endian one they are a copy; so they are only to be read.
func BytesOfFloat32s(v []float32) []byte {
	if littleEndian {
		return bytesOf(v)
	}
	b := make([]byte, 0, 4*len(v))
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

// BytesOfUint32s is [BytesOfFloat32s] for uint32 values.
func BytesOfUint32s(v []uint32) []byte {
	if littleEndian {
		return bytesOf(v)
	}
	b := make([]byte, 0, 4*len(v))
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, x)
	}
	return b
}

// BytesOfUint64s is [BytesOfFloat32s] for uint64 values.
func BytesOfUint64s(v []uint64) []byte {
	if littleEndian {
		return bytesOf(v)
	}
	b := make([]byte, 0, 8*len(v))
	for _, x := range v {
		b = binary.LittleEndian.AppendUint64(b, x)
	}
	return b
}

func bytesOf[T number](v []T) []byte {
	var t T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), len(v)*int(unsafe.Sizeof(t)))
}

// Aligned returns n zero bytes whose address is a multiple of 64, as the rows of a mapped segment are. The Go heap does
// not move, so the alignment lasts.
func Aligned(n int) []byte {
	b := make([]byte, n+alignment-1)
	skip := -addressOf(b) % alignment
	return b[skip : int(skip)+n : int(skip)+n]
}

// addressOf returns where the bytes lie.
func addressOf(b []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(b))) }
