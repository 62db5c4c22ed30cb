package nnd

import (
	"math"
	"slices"
)

// best keeps the k smallest keys it is given. Keys are distinct.
type best struct {
	k    int
	keys []uint64 // sorted once there are k
}

func (b *best) reset(k int) { b.k, b.keys = k, b.keys[:0] }

func (b *best) full() bool { return len(b.keys) == b.k }

// limit is the greatest kept distance, +Inf while there is room.
func (b *best) limit() float32 {
	if !b.full() {
		return float32(math.Inf(1))
	}
	return distanceOf(b.last())
}

// reach is limit, or -Inf if no key is kept at all.
func (b *best) reach() float32 {
	if b.k == 0 {
		return float32(math.Inf(-1))
	}
	return b.limit()
}

// last is the greatest kept key; there are k.
func (b *best) last() uint64 { return b.keys[b.k-1] }

// add keeps a key if it is among the k smallest so far.
func (b *best) add(key uint64) {
	if !b.full() {
		b.keys = append(b.keys, key)
		if b.full() {
			slices.Sort(b.keys)
		}
		return
	}
	if key >= b.last() {
		return
	}
	at := b.k - 1
	if at > 32 {
		at, _ = slices.BinarySearch(b.keys, key)
	} else {
		for at > 0 && b.keys[at-1] > key {
			at--
		}
	}
	copy(b.keys[at+1:], b.keys[at:b.k-1])
	b.keys[at] = key
}

// appendTo appends what was kept, nearest first.
func (b *best) appendTo(dst []Candidate) []Candidate {
	if !b.full() {
		slices.Sort(b.keys)
	}
	for _, key := range b.keys {
		dst = append(dst, Candidate{Row: uint32(key), Distance: distanceOf(key)})
	}
	return dst
}
