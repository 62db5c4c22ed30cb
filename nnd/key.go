package nnd

import (
	"math"
	"math/bits"
	"slices"

	"github.com/vicinaldb/store/internal/simd"
)

// A key is a distance and a number in one uint64 that sorts by distance first and by number among equal distances: the
// distance's bits, made sortable, above the 32 bits of the number. Comparing keys costs one instruction, and there are
// no ties, which is what makes every selection in this package independent of the order it is made in.

// noKey sorts after every key.
const noKey = math.MaxUint64

// sortable are bits that sort like distances.
func sortable(distance float32) uint32 { return simd.SortableBits(distance) }

// distanceOf is the distance in a key's upper half: the inverse of sortable.
func distanceOf(key uint64) float32 {
	s := uint32(key >> 32)
	return math.Float32frombits(s ^ (^uint32(int32(s)>>31) | 1<<31))
}

func newKey(distance float32, number uint32) uint64 {
	return uint64(sortable(distance))<<32 | uint64(number)
}

// appendBelow appends those of some keys that are below a limit. Which they are is as good as random, so there is no branch on it.
func appendBelow(dst, keys []uint64, limit uint64) []uint64 {
	end := len(dst)
	dst = slices.Grow(dst, len(keys))[:end+len(keys)]
	for _, key := range keys {
		dst[end] = key
		_, below := bits.Sub64(key, limit, 0)
		end += int(below)
	}
	return dst[:end]
}

// selectSmallest moves the m smallest keys to the front, in no particular order. Keys are distinct, 0 <= m <= len(keys).
// It is Hoare's quickselect; pivots come from random, so that no order of keys is a bad one.
func selectSmallest(keys []uint64, m int, random stream) {
	lo, hi := 0, len(keys)
	for draw := uint64(0); hi-lo > 1 && m > lo && m < hi; draw++ {
		pivot := keys[lo+random.below(draw, hi-lo)]
		i, j := lo, hi-1
		for i <= j {
			for keys[i] < pivot {
				i++
			}
			for keys[j] > pivot {
				j--
			}
			if i <= j {
				keys[i], keys[j] = keys[j], keys[i]
				i++
				j--
			}
		}
		switch {
		case m <= j+1:
			hi = j + 1
		case m >= i:
			lo = i
		default:
			return
		}
	}
}

// selectFew is selectSmallest for so few keys that what takes time is to foresee which side each comes to: it moves every key, and
// needs to foresee nothing (Lomuto's partition without a branch).
func selectFew(keys []uint64, m int, random stream) {
	lo, hi := 0, len(keys)
	for draw := uint64(0); hi-lo > 1 && m > lo && m < hi; draw++ {
		some := keys[lo:hi]
		last, at := len(some)-1, random.below(draw, len(some))
		pivot := some[at]
		some[at] = some[last]
		below := 0
		for i, key := range some[:last] {
			some[i] = some[below]
			some[below] = key
			_, less := bits.Sub64(key, pivot, 0)
			below += int(less)
		}
		some[last] = some[below]
		some[below] = pivot
		if m <= lo+below {
			hi = lo + below
		} else {
			lo += below + 1
		}
	}
}
