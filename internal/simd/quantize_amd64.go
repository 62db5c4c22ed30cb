//go:build amd64 && !purego

package simd

// quantizeBlock is how many components assembly takes at a time.
const quantizeBlock = 8

func quantizeU8(dst []byte, src []float32, offset, scale float64) (within, exact bool) {
	if !hasAVX2 {
		return quantizeU8Go(dst, src, offset, scale)
	}
	whole := len(src) / quantizeBlock * quantizeBlock
	within, exact = quantizeU8AVX2(dst, src[:whole], offset, scale)
	restWithin, restExact := quantizeU8Go(dst[whole:], src[whole:], offset, scale)
	return within && restWithin, exact && restExact
}

func sumsU8(row []byte) (sum, squares uint32) {
	if hasAVX2 {
		return sumsU8AVX2(row)
	}
	return sumsU8Go(row)
}
