//go:build (!amd64 && !arm64) || purego

package simd

// Use makes an implementation the one in use, if the processor has it.
func Use(name string) bool { return name == Implementation() }

// EachPrefetch has prefetches be of each kind, of which there is one.
func EachPrefetch(yield func() bool) { yield() }
