//go:build amd64 && !purego

package simd

import "github.com/klauspost/cpuid/v2"

// isIntel decides how long rows are asked for. Intel's processors wait for lines of the second level in the few places that they have for
// the first, and go on by themselves where a row has more lines than they were asked for: so a few, in the first level, are enough. Of
// others, Zen 4 takes 60 ns a row of 832 bytes at random from 48 MB when asked for all of it in the first level, and 33 in the second.
var isIntel = cpuid.CPU.VendorID == cpuid.Intel

const (
	lineBytes = 64
	// pairBytes is the length of rows of two lines, if they begin where one does. One of them is enough to be asked for of those that
	// are shorter; but to tell takes as long as to ask.
	pairBytes = 2 * lineBytes
	// asked is how many bytes of a row Intel's processors are asked for. Of what is no longer they are asked as others are.
	asked = 256
)

func prefetchRows(base *byte, stride, length int, rows []uint32) {
	switch {
	case length <= pairBytes:
		prefetchPairsL2(base, stride, secondLine(length), rows)
	case isIntel && length > asked:
		prefetchRowsL1(base, stride, asked, rows)
	default:
		prefetchRowsL2(base, stride, length, rows)
	}
}

// secondLine is how far behind its first byte the second line of a row is asked for, at least one that the row has.
func secondLine(length int) int { return min(lineBytes, max(length-1, 0)) }
