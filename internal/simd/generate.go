package simd

// The generator is a module of its own, so that what it needs never reaches those who import this one.
//
//go:generate sh -c "cd _asm && go run . -out ../kernels_avx2_amd64.s -stubs ../kernels_avx2_amd64.go -pkg simd"
