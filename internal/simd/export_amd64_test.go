//go:build amd64 && !purego

package simd

// Use makes an implementation the one in use, if the processor has it. No kernel may run meanwhile.
func Use(name string) bool {
	hasAVX2, hasAVX512 = chosen(name)
	return name == Implementation()
}
