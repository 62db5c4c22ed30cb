package simd

// The generators are a module of their own, so that what they need never reaches those who import this one.
//
//go:generate sh -c "cd _asm && go run ./avx2 -out ../kernels_avx2_amd64.s -stubs ../kernels_avx2_amd64.go -pkg simd"
//go:generate sh -c "cd _asm && go run ./neon >../kernels_neon_arm64.s"
