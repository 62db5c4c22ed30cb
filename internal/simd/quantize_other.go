//go:build !amd64 || purego

package simd

func quantizeU8(dst []byte, src []float32, offset, scale float64) (within, exact bool) {
	return quantizeU8Go(dst, src, offset, scale)
}

func centerU8(dst []byte, src []float32, factor float32) bool { return centerU8Go(dst, src, factor) }

func sumsU8(row []byte) (sum, squares uint32) { return sumsU8Go(row) }
