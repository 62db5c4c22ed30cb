package nnd

import "sync/atomic"

// incoming holds, for each row, what others have to say about it: a reversed graph in compressed rows. It is filled
// in two sweeps, count and add, each by any number of goroutines. The items of a row come in no particular order.
type incoming[T any] struct {
	starts []int    // where a row's items begin; one more at the end
	counts []uint32 // items of a row: announced while counting, there while adding
	items  []T
}

func newIncoming[T any](n int) *incoming[T] {
	return &incoming[T]{starts: make([]int, n+1), counts: make([]uint32, n)}
}

// count announces an item for row.
func (g *incoming[T]) count(row uint32) { atomic.AddUint32(&g.counts[row], 1) }

// reserve makes room for what was announced, between the two sweeps.
func (g *incoming[T]) reserve() {
	total := 0
	for row, count := range g.counts {
		g.starts[row] = total
		total += int(count)
	}
	g.starts[len(g.counts)] = total
	clear(g.counts)
	if cap(g.items) < total {
		g.items = make([]T, total)
	}
	g.items = g.items[:total]
}

// add gives an item to row. There may be fewer than were announced.
func (g *incoming[T]) add(row uint32, item T) {
	at := atomic.AddUint32(&g.counts[row], 1) - 1
	g.items[g.starts[row]+int(at)] = item
}

// of are the items of a row, once all are added.
func (g *incoming[T]) of(row uint32) []T {
	start := g.starts[row]
	return g.items[start : start+int(g.counts[row])]
}

// reset forgets everything but the memory.
func (g *incoming[T]) reset() { clear(g.counts) }
