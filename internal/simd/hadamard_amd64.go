//go:build amd64 && !purego

package simd

func hadamard(v, factors []float32) {
	if hasAVX2 && len(v) >= 8 {
		hadamardAVX2(v, factors)
		return
	}
	hadamardGo(v, factors)
}
