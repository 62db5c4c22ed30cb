//go:build amd64 && !purego

package simd

import "golang.org/x/sys/cpu"

// Use makes an implementation the one in use, if the processor has it. No kernel may run meanwhile.
func Use(name string) bool {
	hasAVX2 = name == "avx2" && cpu.X86.HasAVX2
	return name == Implementation()
}
