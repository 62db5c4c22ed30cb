package nnd

import (
	"fmt"
	"math"
	"slices"
)

// NoRow stands for the new number of a row that has none; see [NeighborGraph.Renumber].
const NoRow = math.MaxUint32

// Renumber returns the graph of the same rows under other numbers, for [Update]: to[row] is the new number of a row, or [NoRow]
// when the row is gone or was changed. There are n rows afterwards; those that nothing was renumbered to have no neighbors.
// Lists stay sorted and have no gaps. Errors wrap [ErrOptions] when to is no such numbering, and [ErrCorrupt] when the graph
// is none.
func (g *NeighborGraph) Renumber(to []uint32, n int) (*NeighborGraph, error) {
	if err := checkNumbering(to, n); err != nil {
		return nil, err
	}
	if err := g.check(len(to)); err != nil {
		return nil, err
	}
	if uint64(n)*uint64(g.K) > math.MaxInt/16 {
		return nil, fmt.Errorf("%d rows of %d neighbors: %w", n, g.K, ErrTooMany)
	}
	renumbered := newNeighborGraph(n, g.K)
	for row := range uint32(n) {
		renumbered.set(row, list{})
	}
	var keys []uint64
	var sorted list
	for row, moved := range to {
		if moved == NoRow {
			continue
		}
		keys = keys[:0]
		rows, distances := g.Neighbors(uint32(row))
		for i, id := range rows {
			if to[id] != NoRow && distances[i] == distances[i] {
				keys = append(keys, newEntry(moved, to[id], distances[i]))
			}
		}
		slices.Sort(keys)
		sorted = sorted.of(keys)
		renumbered.set(moved, sorted)
	}
	return renumbered, nil
}

// checkNumbering returns an error if two rows get the same number or one gets none of n.
func checkNumbering(to []uint32, n int) error {
	if n < 0 || uint64(n) > MaxRows {
		return fmt.Errorf("renumbering to %d rows: %w", n, ErrOptions)
	}
	taken := make([]bool, n)
	for row, moved := range to {
		if moved == NoRow {
			continue
		}
		if uint64(moved) >= uint64(n) || taken[moved] {
			return fmt.Errorf("row %d becomes row %d of %d: %w", row, moved, n, ErrOptions)
		}
		taken[moved] = true
	}
	return nil
}
