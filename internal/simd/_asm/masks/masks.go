// Package masks has what kernels in AVX-512 tell lanes by that are to be used.
package masks

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// First emits a mask of the first lanes, as many as count says, but not more than most. Count is lost: BZHI would look at no more
// than 8 bits of it.
func First(count GPVirtual, most int, lanes Register) {
	all := GP64()
	MOVQ(U32(most), all)
	CMPQ(count, all)
	CMOVQHI(all, count)
	MOVQ(U32(1<<most-1), all)
	BZHIQ(count, all, all)
	KMOVW(all.As32(), lanes)
}
