package nnd

import (
	"slices"

	"github.com/vicinaldb/store/internal/simd"
)

// groupOfKeys is how many keys of a queue have the smallest of them noted.
const groupOfKeys = 64

// queue gives keys back, the smallest one first. Of what a search puts into one, half or more mostly never comes out again, so keys are in no
// order: of each group the smallest is known, and looked for again among these few when it was taken. A heap would have each key find its
// place, by comparisons that nobody can foresee. A queue is to be reset or filled before it is used.
type queue struct {
	keys     []uint64 // noKey for those that were taken
	smallest []uint64 // of each group
	first    uint64   // of all, noKey if there is none
}

// reset leaves no keys.
func (q *queue) reset() { q.keys, q.smallest, q.first = q.keys[:0], q.smallest[:0], noKey }

// fill takes rows with their distances, in place of what there was. A row at NaN counts as taken.
func (q *queue) fill(rows []uint32, distances []float32) {
	q.reset()
	q.keys = slices.Grow(q.keys, len(rows))[:len(rows)]
	for begin := 0; begin < len(rows); begin += groupOfKeys {
		end := min(begin+groupOfKeys, len(rows))
		least := simd.MakeKeys(q.keys[begin:end], rows[begin:end], distances[begin:end])
		q.smallest, q.first = append(q.smallest, least), min(q.first, least)
	}
}

// push takes those of some keys that are below a limit, and returns their rows, in place of rows.
func (q *queue) push(keys []uint64, limit uint64, rows []uint32) []uint32 {
	had := len(q.keys)
	q.keys = appendBelow(q.keys, keys, limit)
	q.note(had)
	rows = rows[:0]
	for _, key := range q.keys[had:] {
		rows = append(rows, uint32(key))
	}
	return rows
}

// note minds which keys are the smallest of their groups, and of all, from a place on.
func (q *queue) note(from int) {
	for from < len(q.keys) {
		group := from / groupOfKeys
		end := min((group+1)*groupOfKeys, len(q.keys))
		least := slices.Min(q.keys[from:end])
		if group == len(q.smallest) {
			q.smallest = append(q.smallest, noKey)
		}
		q.smallest[group], q.first = min(q.smallest[group], least), min(q.first, least)
		from = end
	}
}

// pop removes the smallest key; there is one.
func (q *queue) pop() uint64 {
	taken, group, others := q.first, 0, uint64(noKey)
	if len(q.smallest) > 1 {
		group, others = simd.TakeKey(q.smallest, taken)
	}
	begin := group * groupOfKeys
	_, left := simd.TakeKey(q.keys[begin:min(begin+groupOfKeys, len(q.keys))], taken)
	q.smallest[group], q.first = left, min(left, others)
	return taken
}
