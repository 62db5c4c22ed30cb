package nnd

import (
	"math"
	"slices"

	"github.com/vicinaldb/store/internal/simd"
)

// best keeps the k smallest keys it is given. Keys are distinct. From when there are k of them on, they are sorted.
type best struct {
	k    int
	keys []uint64
}

func (b *best) reset(k int) { b.k, b.keys = k, b.keys[:0] }

// found tells whether there are as many as are wanted.
func (b *best) found() bool { return len(b.keys) >= b.k }

// last is the greatest of the wanted keys; they are found.
func (b *best) last() uint64 { return b.keys[b.k-1] }

// limit is the distance of last, +Inf while not all are found.
func (b *best) limit() float32 {
	if !b.found() {
		return float32(math.Inf(1))
	}
	return distanceOf(b.last())
}

// add keeps those of some keys that are among the k smallest so far.
func (b *best) add(keys ...uint64) {
	if b.found() {
		simd.EnterKeys(b.keys, keys)
		return
	}
	free := min(b.k-len(b.keys), len(keys))
	if b.keys = append(b.keys, keys[:free]...); b.found() {
		simd.SortKeys(b.keys)
		simd.EnterKeys(b.keys, keys[free:])
	}
}

// appendTo appends what was kept, nearest first.
func (b *best) appendTo(dst []Candidate) []Candidate {
	if !b.found() {
		slices.Sort(b.keys)
	}
	return appendKeys(dst, b.keys)
}

// appendKeys appends the rows and distances of keys.
func appendKeys(dst []Candidate, keys []uint64) []Candidate {
	for _, key := range keys {
		dst = append(dst, Candidate{Row: uint32(key), Distance: distanceOf(key)})
	}
	return dst
}
