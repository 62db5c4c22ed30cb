package dataset

import (
	"encoding/binary"
	"fmt"
	"math"
)

// number is a kind of number as files hold it.
type number uint8

const (
	numUint8 number = iota + 1
	numInt8
	numUint16
	numInt16
	numUint32
	numInt32
	numUint64
	numInt64
	numFloat32
	numFloat64
	numBool // a byte that is 0 or 1
)

var numberSizes = [...]int{
	numUint8: 1, numInt8: 1, numUint16: 2, numInt16: 2, numUint32: 4, numInt32: 4, numUint64: 8, numInt64: 8,
	numFloat32: 4, numFloat64: 8, numBool: 1,
}

func (n number) size() int { return numberSizes[n] }

// single rounds to the nearest float32, and reports false when a finite number
// would become infinite on the way: that would store what nobody wrote.
func single(wide float64) (float32, bool) {
	x := float32(wide)
	return x, !math.IsInf(float64(x), 0) || math.IsInf(wide, 0)
}

// whole reports whether the numbers are whole by their type.
func (n number) whole() bool { return n != numFloat32 && n != numFloat64 && n != numBool }

// floats converts len(dst) numbers by single.
func (n number) floats(dst []float32, src []byte, order binary.ByteOrder) error {
	switch n {
	case numUint8:
		for i := range dst {
			dst[i] = float32(src[i])
		}
	case numFloat32:
		for i := range dst {
			dst[i] = math.Float32frombits(order.Uint32(src[4*i:]))
		}
	case numFloat64:
		for i := range dst {
			wide := math.Float64frombits(order.Uint64(src[8*i:]))
			var ok bool
			if dst[i], ok = single(wide); !ok {
				return fmt.Errorf("%w: component %d: %g is too large for a float32", ErrFormat, i, wide)
			}
		}
	case numUint64:
		for i := range dst {
			dst[i] = float32(order.Uint64(src[8*i:]))
		}
	default:
		if err := n.check(src); err != nil {
			return err
		}
		for i := range dst {
			dst[i] = float32(n.integer(src[i*n.size():], order))
		}
	}
	return nil
}

// check refuses truth values that are neither.
func (n number) check(src []byte) error {
	if n != numBool {
		return nil
	}
	for i, b := range src {
		if b > 1 {
			return fmt.Errorf("%w: component %d is the byte %d, neither 0 nor 1", ErrFormat, i, b)
		}
	}
	return nil
}

// rows converts len(dst) numbers to row numbers of a collection.
func (n number) rows(dst []uint32, src []byte, order binary.ByteOrder) error {
	for i := range dst {
		at := src[i*n.size():]
		if n == numUint64 && order.Uint64(at) > math.MaxUint32 {
			return fmt.Errorf("%w: column %d: %d is too large for a row number", ErrFormat, i, order.Uint64(at))
		}
		v := n.integer(at, order)
		if v < 0 || v > math.MaxUint32 {
			return fmt.Errorf("%w: column %d: %d is not a row number", ErrFormat, i, v)
		}
		dst[i] = uint32(v)
	}
	return nil
}

// float reads the number at the start of src. Whole numbers beyond 2^53 are rounded.
func (n number) float(src []byte, order binary.ByteOrder) float64 {
	switch n {
	case numFloat32:
		return float64(math.Float32frombits(order.Uint32(src)))
	case numFloat64:
		return math.Float64frombits(order.Uint64(src))
	case numUint64:
		return float64(order.Uint64(src))
	}
	return float64(n.integer(src, order))
}

// integer reads the whole number at the start of src.
func (n number) integer(src []byte, order binary.ByteOrder) int64 {
	switch n {
	case numUint8, numBool:
		return int64(src[0])
	case numInt8:
		return int64(int8(src[0]))
	case numUint16:
		return int64(order.Uint16(src))
	case numInt16:
		return int64(int16(order.Uint16(src)))
	case numUint32:
		return int64(order.Uint32(src))
	case numInt32:
		return int64(int32(order.Uint32(src)))
	default:
		return int64(order.Uint64(src))
	}
}
