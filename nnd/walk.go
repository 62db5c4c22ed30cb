package nnd

import (
	"context"
	"slices"
)

// A row walks when it is a query to the lists of all rows: starting from its own neighbors, it expands the nearest row it
// knows and has not expanded, along neighbors and reverse neighbors, until the nearest so many are expanded. Every row it
// scores is offered to it, and it to every row it scores. So a walk compares no pair twice, and a row that is in place needs
// a fraction of what joining candidates would take.
//
// Walks read the lists as they were before, since what is offered meanwhile depends on who comes first. Therefore rows walk in
// several generations, drawn at random, each of which knows the neighbors that those before have found.

const (
	// generations is how many there are. With more, rows near one another find one another earlier, but all lists
	// are copied and reversed for each.
	generations = 4
	// mendBreadth and placeBreadth times k is how many of the nearest rows are expanded: by a row that lost neighbors, and by one
	// that was placed by a rough guess.
	mendBreadth, placeBreadth = 1.25, 2
)

// walk lets rows that were placed or lost neighbors walk.
func (u *updater) walk(ctx context.Context) error {
	for generation, rows := range u.generations() {
		if len(rows) == 0 {
			continue
		}
		before := u.lists.clone()
		reverse, err := before.reversed(ctx, u.options)
		if err != nil {
			return err
		}
		stage := u.options.stage("walk", len(rows), 64)
		stage.round = generation + 1
		err = stage.run(ctx, func() func(lo, hi int) {
			w := walker{joiner: u.newJoiner(2 * before.k), before: before, reverse: reverse}
			return func(lo, hi int) {
				for _, row := range rows[lo:hi] {
					w.walk(row, u.breadth(row))
				}
				w.flush()
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// generations divides the rows that are to walk.
func (u *updater) generations() (rows [generations][]uint32) {
	random := newStream(u.options.Seed, forWalks)
	draw := func(row uint32) {
		at := random.below(uint64(row), generations)
		rows[at] = append(rows[at], row)
	}
	for row, placed := range u.wanted {
		if placed {
			draw(uint32(row))
		}
	}
	for _, row := range u.lost {
		if !u.wanted[row] {
			draw(row)
		}
	}
	return rows
}

// breadth is how many of the rows nearest to it a row expands.
func (u *updater) breadth(row uint32) int {
	if u.wanted[row] {
		return int(placeBreadth * float64(u.lists.k))
	}
	return int(mendBreadth * float64(u.lists.k))
}

// walker is a goroutine's scratch for walks.
type walker struct {
	*joiner
	before  *lists
	reverse [][]uint64
	seen    visited
	nearest []uint64 // keys of neighbors of the row that walks; the flag says that they are not expanded
	rows    []uint32
}

// walk lets a row walk, expanding the nearest breadth rows.
func (w *walker) walk(row uint32, breadth int) {
	w.begin(row, breadth)
	for at := 0; at < len(w.nearest) && w.nearest[at] != noKey; {
		if w.nearest[at]&isNew == 0 {
			at++
			continue
		}
		w.nearest[at] &^= isNew
		if w.expand(row, neighborOf(row, w.nearest[at])) {
			at = 0
		}
	}
}

// begin starts a walk from the neighbors that a row has.
func (w *walker) begin(row uint32, breadth int) {
	w.seen.reset(w.points.Len())
	w.seen.add(row)
	w.nearest = w.nearest[:0]
	of := w.before.of(row).filled()
	for i, name := range of.names {
		w.seen.add(named(row, name))
		w.nearest = append(w.nearest, of.key(i)|isNew)
	}
	for len(w.nearest) < breadth {
		w.nearest = append(w.nearest, noKey)
	}
}

// expand scores the neighbors and reverse neighbors of a row as far as they are new to the row that walks, and says whether
// there were any.
func (w *walker) expand(row, id uint32) bool {
	w.rows = w.rows[:0]
	for _, name := range w.before.of(id).filled().names {
		w.rows = append(w.rows, named(id, name))
	}
	for _, entry := range w.reverse[id] {
		w.rows = append(w.rows, neighborOf(id, entry))
	}
	n := uint32(w.points.Len())
	unseen, _ := w.seen.enter(w.rows, n, lookup{})
	values := w.values[:len(unseen)]
	w.points.Distances(values, row, unseen)
	w.count += int64(len(unseen))
	for i, value := range values {
		if value == value {
			w.meet(row, unseen[i], value)
		}
	}
	return len(unseen) > 0
}

// meet notes the distance of the row that walks and another.
func (w *walker) meet(row, id uint32, distance float32) {
	insert(w.nearest, newEntry(row, id, distance))
	w.lists.offer(row, id, distance)
	w.lists.offer(id, row, distance)
}

// insert puts a key in its place among sorted ones, and drops the last. It is none of them.
func insert(keys []uint64, key uint64) {
	last := len(keys) - 1
	if key >= keys[last] {
		return
	}
	at, _ := slices.BinarySearch(keys, key)
	copy(keys[at+1:], keys[at:last])
	keys[at] = key
}
