package simd

//go:generate sh -c "cd _asm && go run ./prefetch -out ../prefetch_amd64.s -stubs ../prefetch_stubs_amd64.go -pkg simd"

// Prefetch has the processor begin to load the first 256 bytes of words, which the caller will read after some other
// things. It changes nothing but speed. It does nothing on an empty slice, and where it is not in assembly.
func Prefetch(words []uint32) {
	if len(words) > 0 {
		prefetch(&words[0])
	}
}
