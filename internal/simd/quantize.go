package simd

//go:generate sh -c "cd _asm && go run ./quantize -out ../quantize_kernels_amd64.s -stubs ../quantize_kernels_amd64.go -pkg simd"

// QuantizeU8 sets dst[i] to
//
//	floor((src[i]-offset)/scale + 1/2), at least 0, at most 255, and 0 for NaN
//
// in float64, the same on all machines. It reports whether no component had to be cut, and whether each is precisely
// offset + scale*dst[i], up to the rounding of the subtraction and of the division. It panics when dst is shorter than src.
func QuantizeU8(dst []byte, src []float32, offset, scale float64) (within, exact bool) {
	return quantizeU8(dst[:len(src)], src, offset, scale)
}

func quantizeU8Go(dst []byte, src []float32, offset, scale float64) (within, exact bool) {
	within, exact = true, true
	for i, x := range src {
		t := (float64(x) - offset) / scale
		steps := t + 0.5
		if !(steps >= 0 && steps < 256) {
			within = false
			if steps >= 256 {
				steps = 255
			} else {
				steps = 0 // NaN too
			}
		}
		dst[i] = byte(steps)
		exact = exact && float64(dst[i]) == t
	}
	return within, exact
}

// CenterU8 sets dst[i] to
//
//	floor(src[i]*factor + 128.5), at least 0, at most 255, and 0 for NaN
//
// in float32, the same on all machines, in a quarter of the time of [QuantizeU8]. It reports whether no component had to be cut. It panics
// when dst is shorter than src.
func CenterU8(dst []byte, src []float32, factor float32) (within bool) {
	return centerU8(dst[:len(src)], src, factor)
}

func centerU8Go(dst []byte, src []float32, factor float32) (within bool) {
	within = true
	for i, x := range src {
		steps := float32(x*factor) + 128.5
		if !(steps >= 0 && steps < 256) {
			within = false
			if steps >= 256 {
				steps = 255
			} else {
				steps = 0 // NaN too
			}
		}
		dst[i] = byte(steps)
	}
	return within
}

func sumsU8Go(row []byte) (sum, squares uint32) {
	for _, x := range row {
		sum += uint32(x)
		squares += uint32(x) * uint32(x)
	}
	return sum, squares
}
