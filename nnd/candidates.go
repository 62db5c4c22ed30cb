package nnd

import (
	"context"
	"slices"
)

// candidates are what the vertices join in a round: a sample of the neighbors, forward and reverse, of each.
//
// Every edge draws a priority, the same at both of its ends, and a vertex takes the new and the old neighbors with the
// smallest ones. A neighbor that is both forward and reverse counts once, with the flag of the forward edge.
type candidates struct {
	limit int
	rows  []uint32 // 2*limit for each vertex: new ones, then old ones
	fresh []uint32 // how many new ones a vertex has
	total []uint32 // how many of both

	reverse *incoming[uint32] // rows that have the vertex in their list, their number doubled, plus the flag
}

func newCandidates(n, limit int) *candidates {
	return &candidates{
		limit:   limit,
		rows:    make([]uint32, n*2*limit),
		fresh:   make([]uint32, n),
		total:   make([]uint32, n),
		reverse: newIncoming[uint32](n),
	}
}

// of are the candidates of a vertex; the first fresh of them are new.
func (c *candidates) of(row uint32) (rows []uint32, fresh int) {
	start := int(row) * 2 * c.limit
	return c.rows[start : start+int(c.total[row])], int(c.fresh[row])
}

// sample draws the candidates of a round and takes the flag from the edges that were sampled as new by the vertex they
// start from.
func (c *candidates) sample(ctx context.Context, l *lists, o Options, round int) error {
	n := len(c.fresh)
	stage := o.stage("", n, 1024)
	if err := c.collect(ctx, l, stage); err != nil {
		return err
	}
	random := newStream(o.Seed, forCandidates, uint64(round))
	return stage.run(ctx, func() func(lo, hi int) {
		s := sampler{random: random, listed: newRowSet(n)}
		return func(lo, hi int) {
			for row := lo; row < hi; row++ {
				s.draw(c, l, uint32(row))
			}
		}
	})
}

// collect turns the lists around.
func (c *candidates) collect(ctx context.Context, l *lists, s stage) error {
	edges := func() func(row uint32, p *parcel[uint32]) {
		return func(row uint32, p *parcel[uint32]) {
			for _, name := range l.of(row).filled().names {
				p.put(named(row, name), row<<1|name&isNew)
			}
		}
	}
	return c.reverse.fill(ctx, s, edges)
}

// sampler is a goroutine's scratch for drawing candidates.
type sampler struct {
	random stream
	fresh  []uint32 // the new neighbors of the vertex, forward ones first
	old    []uint32 // the others
	listed rowSet   // the forward ones
	keys   []uint64 // of neighbors to choose from: a priority, and the row
	before []uint64 // the same in the order of the neighbors
}

// draw takes the candidates of one vertex.
func (s *sampler) draw(c *candidates, l *lists, row uint32) {
	names := l.of(row).filled().names
	s.gather(row, names, c.reverse.of(row))
	rows := c.rows[int(row)*2*c.limit:]
	fresh, last := s.choose(rows[:c.limit], row, s.fresh)
	s.age(names, last)
	old, _ := s.choose(rows[fresh:][:c.limit], row, s.old)
	c.fresh[row], c.total[row] = uint32(fresh), uint32(fresh+old)
}

// gather divides the neighbors of a vertex into new and old ones, without a branch that nobody can foresee.
func (s *sampler) gather(row uint32, names, reverse []uint32) {
	room := len(names) + len(reverse)
	fresh, old := slices.Grow(s.fresh[:0], room)[:room], slices.Grow(s.old[:0], room)[:room]
	news, olds := 0, 0
	for _, name := range names {
		id, flag := named(row, name), int(name&isNew)
		fresh[news], old[olds] = id, id
		news, olds = news+flag, olds+1-flag
		s.listed.add(id)
	}
	for _, item := range reverse {
		id, flag, other := item>>1, int(item&isNew), 1-s.listed.count(item>>1)
		fresh[news], old[olds] = id, id
		news, olds = news+flag&other, olds+(1-flag)&other
	}
	for _, name := range names {
		s.listed.remove(named(row, name))
	}
	s.fresh, s.old = fresh[:news], old[:olds]
}

// choose puts the neighbors that have the smallest keys into dst, as many as there is room for, and returns how many these are and the
// greatest of their keys, noKey if nobody was left out.
func (s *sampler) choose(dst []uint32, row uint32, rows []uint32) (count int, last uint64) {
	if len(rows) <= len(dst) {
		return copy(dst, rows), noKey
	}
	s.keys = slices.Grow(s.keys[:0], len(rows))[:len(rows)]
	for i, id := range rows {
		s.keys[i] = s.random.at(edge(row, id))&^(1<<32-1) | uint64(id)
	}
	s.before = append(s.before[:0], s.keys...)
	selectFew(s.keys, len(dst), s.random)
	for i := range dst {
		dst[i], last = uint32(s.keys[i]), max(last, s.keys[i])
	}
	return len(dst), last
}

// age takes the flag from the new neighbors that were chosen: those whose keys are not above the last. Forward ones came first.
func (s *sampler) age(names []uint32, last uint64) {
	at := 0
	for i, name := range names {
		if name&isNew == 0 {
			continue
		}
		if last == noKey || s.before[at] <= last {
			names[i] = name &^ isNew
		}
		at++
	}
}

// rowSet is a set of rows, a bit for each.
type rowSet []uint64

func newRowSet(n int) rowSet { return make(rowSet, (n+63)/64) }

func (s rowSet) add(row uint32) { s[row/64] |= 1 << (row % 64) }

// count is how often a row is in the set, 0 or 1.
func (s rowSet) count(row uint32) int { return int(s[row/64] >> (row % 64) & 1) }

func (s rowSet) remove(row uint32) { s[row/64] &^= 1 << (row % 64) }
