package simd

import "fmt"

//go:generate sh -c "cd _asm && go run ./hadamard -out ../hadamard_kernel_amd64.s -stubs ../hadamard_kernel_amd64.go -pkg simd"

// Hadamard multiplies each component of v with its factor, and v with the matrix of Hadamard's of its size that Sylvester's construction
// gives: in log2(len(v)) steps, each of which puts the sum and the difference of two components in their place. That is a
// rotation, or a reflection, which also makes vectors sqrt(len(v)) times as long; factors that are 1 over that undo it. All machines give
// the same. It panics when the length of v is no power of two, or factors are fewer.
func Hadamard(v, factors []float32) {
	if n := len(v); n == 0 || n&(n-1) != 0 {
		panic(fmt.Sprintf("simd: transform of %d components, which is no power of two", n))
	}
	hadamard(v, factors[:len(v)])
}

func hadamardGo(v, factors []float32) {
	for i, factor := range factors {
		v[i] = float32(v[i] * factor)
	}
	for apart := 1; apart < len(v); apart *= 2 {
		for at := 0; at < len(v); at += 2 * apart {
			first, second := v[at:at+apart], v[at+apart:at+2*apart]
			for i, x := range first {
				y := second[i]
				first[i], second[i] = x+y, x-y
			}
		}
	}
}
