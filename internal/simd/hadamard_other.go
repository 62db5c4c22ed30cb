//go:build !amd64 || purego

package simd

func hadamard(v, factors []float32) { hadamardGo(v, factors) }
