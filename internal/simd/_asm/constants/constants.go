// Package constants has the registers of numbers that kernels find in memory.
package constants

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// defined are those that are there already.
var defined = map[string]Mem{}

// Register returns where so many numbers lie, under a name that all kernels of a file share.
func Register(name string, lanes ...uint64) Mem {
	if at, ok := defined[name]; ok {
		return at
	}
	defined[name] = GLOBL(name, RODATA|NOPTR)
	for i, lane := range lanes {
		DATA(8*i, U64(lane))
	}
	return defined[name]
}

// Centers is 16 words of 128.
func Centers(name string) Mem {
	const words = 0x0080008000800080
	return Register(name, words, words, words, words)
}
