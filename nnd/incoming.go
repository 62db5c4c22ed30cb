package nnd

import (
	"context"
	"sync"
)

// incoming holds, for each row, what others have to say about it: a reversed graph in compressed rows. The items of a row come in no
// particular order.
//
// To put each item in its place as it comes would wait for memory: rows that one row has something to say about lie anywhere. So
// items are first sorted into buckets of rows, which is to write behind what was written before, and then bucket by bucket to their
// rows, in the cache.
type incoming[T any] struct {
	starts []uint64 // where a row's items begin, and at last where the last ones end
	items  []T

	bits    int // of a row's number within its bucket
	parcels []*parcel[T]
	mu      sync.Mutex // guards parcels
}

const (
	// fewestRowBits is for how many rows, as a power of two, a bucket has at least: their items are in the second cache together.
	fewestRowBits = 11
	// mostBuckets bounds the places that are written to at a time.
	mostBuckets = 512
	// chunkItems is how many items are written one behind the other.
	chunkItems = 1024
)

func newIncoming[T any](n int) *incoming[T] {
	g := &incoming[T]{starts: make([]uint64, n+1), bits: fewestRowBits}
	for g.buckets() > mostBuckets && g.bits < 16 {
		g.bits++
	}
	return g
}

// buckets is how many there are.
func (g *incoming[T]) buckets() int { return (len(g.starts)-1)>>g.bits + 1 }

// fill gets items from all rows, in place of those that there were. Each goroutine asks once for what puts a row's items into a parcel.
func (g *incoming[T]) fill(ctx context.Context, s stage, start func() func(row uint32, p *parcel[T])) error {
	err := s.run(ctx, func() func(lo, hi int) {
		put, p := start(), g.newParcel()
		return func(lo, hi int) {
			for row := lo; row < hi; row++ {
				put(uint32(row), p)
			}
		}
	})
	if err != nil {
		return err
	}
	return g.deliver(ctx, s)
}

// newParcel is a parcel that is delivered by the next call of deliver.
func (g *incoming[T]) newParcel() *parcel[T] {
	p := &parcel[T]{to: g, chunks: make([]*chunk[T], g.buckets())}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.parcels = append(g.parcels, p)
	return p
}

// deliver gives the items of all parcels to their rows, on the threads of a stage.
func (g *incoming[T]) deliver(ctx context.Context, s stage) error {
	starts := g.reserve()
	s.total, s.grain = len(starts), 1
	err := s.run(ctx, func() func(lo, hi int) {
		ends := make([]uint64, 1<<g.bits)
		return func(lo, hi int) {
			for bucket := lo; bucket < hi; bucket++ {
				g.deliverTo(bucket, starts[bucket], ends)
			}
		}
	})
	g.parcels = nil
	return err
}

// deliverAlone does what deliver does in one goroutine.
func (g *incoming[T]) deliverAlone() {
	ends := make([]uint64, 1<<g.bits)
	for bucket, start := range g.reserve() {
		g.deliverTo(bucket, start, ends)
	}
	g.parcels = nil
}

// reserve makes room for what is in all parcels, and returns where that of each bucket begins.
func (g *incoming[T]) reserve() (starts []uint64) {
	starts, total := make([]uint64, g.buckets()), uint64(0)
	for bucket := range starts {
		starts[bucket] = total
		for _, p := range g.parcels {
			for c := p.chunks[bucket]; c != nil; c = c.next {
				total += uint64(c.count)
			}
		}
	}
	if uint64(cap(g.items)) < total {
		g.items = make([]T, total)
	}
	g.items, g.starts[len(g.starts)-1] = g.items[:total], total
	return starts
}

// deliverTo gives the items of a bucket to its rows. ends is scratch: where their items end so far.
func (g *incoming[T]) deliverTo(bucket int, start uint64, ends []uint64) {
	clear(ends)
	for _, p := range g.parcels {
		for c := p.chunks[bucket]; c != nil; c = c.next {
			for _, row := range c.rows[:c.count] {
				ends[row]++
			}
		}
	}
	rows := g.starts[bucket<<g.bits : min((bucket+1)<<g.bits, len(g.starts)-1)]
	for i := range rows {
		rows[i], ends[i], start = start, start, start+ends[i]
	}
	for _, p := range g.parcels {
		for c := p.chunks[bucket]; c != nil; c = c.next {
			for i, row := range c.rows[:c.count] {
				g.items[ends[row]] = c.items[i]
				ends[row]++
			}
		}
		p.chunks[bucket] = nil
	}
}

// of are the items of a row, once all are delivered.
func (g *incoming[T]) of(row uint32) []T {
	return g.items[g.starts[row]:g.starts[row+1]:g.starts[row+1]]
}

// parcel is items for some rows, by bucket. It is one goroutine's.
type parcel[T any] struct {
	to     *incoming[T]
	chunks []*chunk[T] // of each bucket the last
}

// put adds an item for a row.
func (p *parcel[T]) put(row uint32, item T) {
	bucket := int(row >> p.to.bits)
	c := p.chunks[bucket]
	if c == nil || c.count == chunkItems {
		c = &chunk[T]{next: c}
		p.chunks[bucket] = c
	}
	c.rows[c.count], c.items[c.count] = uint16(row&(1<<p.to.bits-1)), item
	c.count++
}

// chunk is items of a bucket. The pointer comes first: the garbage collector looks no further.
type chunk[T any] struct {
	next  *chunk[T]
	count int
	rows  [chunkItems]uint16
	items [chunkItems]T
}
