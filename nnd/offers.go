package nnd

import (
	"slices"

	"github.com/vicinaldb/store/internal/simd"
)

// offers are neighbors for the lists of the rows of a join, collected to be made together. Most of them are in their lists already, since
// neighbors of a row have met before: after the first round of a descent nearly all.
type offers struct {
	simd.Offers
	first []uint32 // of each row, the last offer for it, counted from 1; 0 if there is none
	next  []uint32 // of each offer, the one before it for the same row
	with  []uint32 // the places of rows that have offers
	rows  []uint32 // these rows
	keys  []uint64 // of the offers for one row
}

// group finds the offers for each row.
func (o *offers) group(rows []uint32) {
	places := o.Places()
	if len(o.first) < len(rows) {
		o.first = make([]uint32, len(rows))
	}
	o.next, o.with, o.rows = slices.Grow(o.next[:0], len(places))[:len(places)], o.with[:0], o.rows[:0]
	for i, place := range places {
		if o.first[place] == 0 {
			o.with, o.rows = append(o.with, place), append(o.rows, rows[place])
		}
		o.next[i], o.first[place] = o.first[place], uint32(i+1)
	}
}

// keysAt are the keys of the offers for the row at a place, which are gone then. They are valid until the next call.
func (o *offers) keysAt(place uint32) []uint64 {
	o.keys = o.keys[:0]
	for at := o.first[place]; at != 0; at = o.next[at-1] {
		o.keys = append(o.keys, o.Key(int(at-1)))
	}
	o.first[place] = 0
	return o.keys
}

// take enters what is offered to the rows of a join, as far as it is among the best, and leaves nothing on offer. What a list has already
// is left out before any lock is taken, where that can be told.
func (l *lists) take(o *offers, rows []uint32) {
	if l.unlocked {
		o.DropListed(rows, l.all.names, l.stride)
	}
	o.group(rows)
	if !l.eager {
		simd.PrefetchRows(l.all.distances, l.stride, l.stride, o.rows)
	}
	for i, row := range o.rows {
		l.enter(row, o.keysAt(o.with[i]))
	}
	o.Clear()
}
