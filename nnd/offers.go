package nnd

import (
	"slices"

	"github.com/vicinaldb/store/internal/simd"
)

// offers are entries for lists, collected to be made together. Most of them are in their lists already, since neighbors of a row
// have met before: after the first round of a descent nearly all.
type offers struct {
	count   int
	rows    []uint32 // whose lists they are for
	entries []uint64
}

// reserve makes room for so many more.
func (o *offers) reserve(more int) {
	if room := o.count + more; room > len(o.rows) {
		o.rows = slices.Grow(o.rows[:o.count], more)[:room]
		o.entries = slices.Grow(o.entries[:o.count], more)[:room]
	}
}

// add offers id to row if that is wanted. There is room for it even if not: a branch would be foreseen wrongly too often.
func (o *offers) add(row, id uint32, distance float32, wanted bool) {
	o.rows[o.count], o.entries[o.count] = row, newEntry(row, id, distance)
	more := 0
	if wanted {
		more = 1
	}
	o.count += more
}

// take enters what is offered, as far as it is among the best, and leaves nothing on offer. What a list has already is left out
// before any lock is taken, where that can be told.
func (l *lists) take(o *offers) {
	rows, entries := o.rows[:o.count], o.entries[:o.count]
	if l.unlocked {
		left := simd.Unlisted(rows, entries, l.entries, l.k)
		rows, entries = rows[:left], entries[:left]
	}
	for i, row := range rows {
		l.enter(row, entries[i])
	}
	o.count = 0
}
