package metric

import (
	"slices"
	"sync"
)

// transport is a problem of optimal transport (Kantorovich 1942): bring the supply of every row to where the columns
// demand it, so that the sum of mass times cost is smallest. It keeps the memory of both solvers between problems.
//
// Take one from transports, call reset, fill supply, demand and cost, call solveExact or solveEntropic, put it back.
// Supplies and demands must be positive; each side is scaled to a sum of 1. Both solvers give the same bits for
// the same problem, but not for a problem and its transpose: callers put the sides into an order of their own.
type transport struct {
	supply, demand []float64
	cost           []float64 // by rows: cost[i*len(demand)+j]

	bins     []int // those of the columns, for histograms
	simplex  simplex
	entropic entropic
}

var transports = sync.Pool{New: func() any { return new(transport) }}

// reset sizes supply, demand and cost for a problem. Their contents are undefined.
func (t *transport) reset(rows, columns int) {
	t.supply = resized(t.supply, rows)
	t.demand = resized(t.demand, columns)
	t.cost = resized(t.cost, rows*columns)
}

// resized returns a slice of n elements with undefined contents, in the memory of s if that is large enough.
func resized[S ~[]E, E any](s S, n int) S { return slices.Grow(s[:0], n)[:n] }

// solveExact returns the least cost, or the cost of the plan reached after maxPivots, which is more.
func (t *transport) solveExact(maxPivots int) float64 { return t.simplex.solve(t, maxPivots) }

// solveEntropic returns the cost of the plan that is best when regularization times its negative entropy is added to the
// cost (Cuturi 2013), or of the plan reached after maxRounds.
func (t *transport) solveEntropic(regularization float64, maxRounds int) float64 {
	return t.entropic.solve(t, regularization, maxRounds)
}
