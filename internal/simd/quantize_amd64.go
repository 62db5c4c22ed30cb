//go:build amd64 && !purego

package simd

// How many components assembly takes at a time: any, and those that are to be bytes already.
const quantizeBlock, bytesBlock = 8, 32

func quantizeU8(dst []byte, src []float32, offset, scale float64) (within, exact bool) {
	if !hasAVX2 {
		return quantizeU8Go(dst, src, offset, scale)
	}
	if offset == 0 && scale == 1 { // lossless codes are the components themselves
		whole := len(src) / bytesBlock * bytesBlock
		if bytesOfFloatsAVX2(dst, src[:whole]) {
			dst, src = dst[whole:], src[whole:]
		}
	}
	whole := len(src) / quantizeBlock * quantizeBlock
	within, exact = quantizeU8AVX2(dst, src[:whole], offset, scale)
	restWithin, restExact := quantizeU8Go(dst[whole:], src[whole:], offset, scale)
	return within && restWithin, exact && restExact
}

func centerU8(dst []byte, src []float32, factor float32) bool {
	whole := len(src) / quantizeBlock * quantizeBlock
	if !hasAVX2 {
		whole = 0
	}
	within := whole == 0 || centerU8AVX2(dst, src[:whole], factor)
	return centerU8Go(dst[whole:], src[whole:], factor) && within
}

func sumsU8(row []byte) (sum, squares uint32) {
	if hasAVX2 {
		return sumsU8AVX2(row)
	}
	return sumsU8Go(row)
}
