// Package masks has what kernels tell lanes by that are to be used: masks of AVX-512 and, where lanes
// cannot be compressed, what moves them to the front.
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

// Fronts is a table that has, for each set of eight lanes, eight bytes: the places of those in it, in ascending order, and zeros.
func Fronts(name string) Mem {
	table := GLOBL(name, RODATA|NOPTR)
	for set := range 256 {
		places, count := uint64(0), 0
		for place := range 8 {
			if set>>place&1 == 1 {
				places |= uint64(place) << (8 * count)
				count++
			}
		}
		DATA(8*set, U64(places))
	}
	return table
}
