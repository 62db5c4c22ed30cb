//go:build arm64 && !purego

package simd

import "golang.org/x/sys/cpu"

// Use makes an implementation the one in use, if the processor has it: "neon", also without UDOT, or "purego". No kernel may
// run meanwhile.
func Use(name string) bool {
	plain := name == "neon-plain"
	hasNEON = name == "neon" || plain
	hasUDOT = cpu.ARM64.HasASIMDDP && !plain
	return plain || name == Implementation()
}

// EachPrefetch has prefetches be of each kind, of which there is one.
func EachPrefetch(yield func() bool) { yield() }
