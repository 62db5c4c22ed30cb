package nnd

import (
	"context"
	"sync/atomic"

	"github.com/vicinaldb/store/internal/simd"
)

// incoming holds, for each row, what others have to say about it: a reversed graph in compressed rows. The items of a row come in no
// particular order.
type incoming[T any] struct {
	starts []uint64 // where a row's items begin
	ends   []uint64 // where they end; while they are counted, how many they are
	items  []T
}

func newIncoming[T any](n int) *incoming[T] {
	return &incoming[T]{starts: make([]uint64, n), ends: make([]uint64, n)}
}

// fill gets items from all rows, in place of those that there were, in two sweeps: what is announced in the first is room for what is
// given in the second, which may be less. Each goroutine asks once for what puts a row's items into a parcel.
func (g *incoming[T]) fill(ctx context.Context, s stage, announce, give func() func(row uint32, p *parcel[T])) error {
	clear(g.ends)
	if err := g.sweep(ctx, s, announce, g.count); err != nil {
		return err
	}
	g.reserve()
	return g.sweep(ctx, s, give, g.add)
}

// sweep has parcels filled by all rows and delivered.
func (g *incoming[T]) sweep(ctx context.Context, s stage, start func() func(row uint32, p *parcel[T]), deliver func(p *parcel[T])) error {
	return s.run(ctx, func() func(lo, hi int) {
		put, p := start(), new(parcel[T])
		return func(lo, hi int) {
			for row := lo; row < hi; row++ {
				if put(uint32(row), p); len(p.rows) >= parcelSize {
					deliver(p)
				}
			}
			deliver(p)
		}
	})
}

// count announces the items of a parcel.
func (g *incoming[T]) count(p *parcel[T]) {
	simd.PrefetchRows(g.ends, 1, 1, p.rows)
	for _, row := range p.rows {
		atomic.AddUint64(&g.ends[row], 1)
	}
	p.empty()
}

// reserve makes room for what was announced, between the two sweeps.
func (g *incoming[T]) reserve() {
	total := uint64(0)
	for row, count := range g.ends {
		g.starts[row], g.ends[row] = total, total
		total += count
	}
	if uint64(cap(g.items)) < total {
		g.items = make([]T, total)
	}
	g.items = g.items[:total]
}

// add gives the items of a parcel to their rows. All places are taken before any item is written: an atomic operation waits for what
// was written before it, and these writes wait for memory.
func (g *incoming[T]) add(p *parcel[T]) {
	simd.PrefetchRows(g.ends, 1, 1, p.rows)
	for _, row := range p.rows {
		p.places = append(p.places, atomic.AddUint64(&g.ends[row], 1)-1)
	}
	for i, place := range p.places {
		g.items[place] = p.items[i]
	}
	p.empty()
}

// of are the items of a row, once all are added.
func (g *incoming[T]) of(row uint32) []T { return g.items[g.starts[row]:g.ends[row]] }

// parcelSize is from how many items on a parcel is delivered.
const parcelSize = 256

// parcel is items for some rows, delivered together: so their places come from memory side by side.
type parcel[T any] struct {
	rows   []uint32
	items  []T
	places []uint64 // scratch
}

// put adds an item for a row.
func (p *parcel[T]) put(row uint32, item T) {
	p.rows, p.items = append(p.rows, row), append(p.items, item)
}

func (p *parcel[T]) empty() { p.rows, p.items, p.places = p.rows[:0], p.items[:0], p.places[:0] }
