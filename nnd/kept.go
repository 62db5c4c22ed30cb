package nnd

import (
	"math"
	"slices"
)

// kept are the nearest of the rows that a search scores, more of them than it looks for. They are in no order before the search
// is over: many come, few stay.
type kept struct {
	room  int // how many are asked for; 0 keeps none
	keys  []uint64
	limit uint64 // keys from it on are of no use
}

// slackOfKept times the room is how many keys there are before those that are too many go.
const slackOfKept = 16

func (k *kept) reset(room int) { k.room, k.keys, k.limit = room, k.keys[:0], noKey }

// reach is the distance from which on rows are of no use, or next to it; +Inf while all are.
func (k *kept) reach() float32 {
	if k.limit == noKey {
		return float32(math.Inf(1))
	}
	return distanceOf(k.limit)
}

// within draws the limit closer, if need be: rows farther than reach are of no use.
func (k *kept) within(reach float32) {
	if reach == reach {
		k.limit = min(k.limit, newKey(reach, math.MaxUint32))
	}
}

// add keeps keys, for now. There is room for some.
func (k *kept) add(keys []uint64) {
	for most := slackOfKept * k.room; len(keys) > 0; {
		some := keys[:min(most-len(k.keys), len(keys))]
		if k.keys = appendBelow(k.keys, some, k.limit); len(k.keys) == most {
			k.cut()
		}
		keys = keys[len(some):]
	}
}

// cut leaves the smallest keys, as many as there is room for.
func (k *kept) cut() {
	k.keys = appendBelow(k.keys[:0], k.keys, k.limit)
	if len(k.keys) <= k.room {
		return
	}
	selectSmallest(k.keys, k.room, stream(0))
	k.keys = k.keys[:k.room]
	k.limit = slices.Max(k.keys) + 1
}

// appendTo appends what was kept, nearest first.
func (k *kept) appendTo(dst []Candidate) []Candidate {
	k.cut()
	slices.Sort(k.keys)
	return appendKeys(dst, k.keys)
}
