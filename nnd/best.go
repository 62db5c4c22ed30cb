package nnd

import (
	"math"
	"slices"
)

// best keeps the k smallest keys it is given. Keys are distinct. Of interest is above all the first of them that so many are wanted
// of: from when there are these on, keys are sorted.
type best struct {
	k      int
	wanted int // at most k
	keys   []uint64
}

func (b *best) reset(wanted, k int) { b.wanted, b.k, b.keys = wanted, k, b.keys[:0] }

// found tells whether there are as many as are wanted.
func (b *best) found() bool { return len(b.keys) >= b.wanted }

// last is the greatest of the wanted keys; they are found.
func (b *best) last() uint64 { return b.keys[b.wanted-1] }

// limit is the distance of last, +Inf while not all are found.
func (b *best) limit() float32 {
	if !b.found() {
		return float32(math.Inf(1))
	}
	return distanceOf(b.last())
}

// reach is the greatest kept distance, +Inf while there is room.
func (b *best) reach() float32 {
	if len(b.keys) < b.k {
		return float32(math.Inf(1))
	}
	return distanceOf(b.keys[b.k-1])
}

// add keeps a key if it is among the k smallest so far.
func (b *best) add(key uint64) {
	n := len(b.keys)
	switch {
	case n < b.wanted:
		b.keys = append(b.keys, key)
		if b.found() {
			slices.Sort(b.keys)
		}
		return
	case n < b.k:
		b.keys = append(b.keys, key)
	case key >= b.keys[n-1]:
		return
	default:
		n--
	}
	at := n
	if at > 32 {
		at, _ = slices.BinarySearch(b.keys[:n], key)
	} else {
		for at > 0 && b.keys[at-1] > key {
			at--
		}
	}
	copy(b.keys[at+1:], b.keys[at:n])
	b.keys[at] = key
}

// appendTo appends what was kept, nearest first.
func (b *best) appendTo(dst []Candidate) []Candidate {
	if !b.found() {
		slices.Sort(b.keys)
	}
	for _, key := range b.keys {
		dst = append(dst, Candidate{Row: uint32(key), Distance: distanceOf(key)})
	}
	return dst
}
