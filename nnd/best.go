package nnd

import (
	"math"
	"slices"
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

// add keeps a key if it is among the k smallest so far.
func (b *best) add(key uint64) {
	n := len(b.keys)
	if n < b.k {
		b.keys = append(b.keys, key)
		if b.found() {
			slices.Sort(b.keys)
		}
		return
	}
	if n--; key >= b.keys[n] {
		return
	}
	if n > 32 {
		at, _ := slices.BinarySearch(b.keys[:n], key)
		copy(b.keys[at+1:], b.keys[at:n])
		b.keys[at] = key
		return
	}
	keys, at := b.keys, n
	for ; at > 0 && keys[at-1] > key; at-- {
		keys[at] = keys[at-1]
	}
	keys[at] = key
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
