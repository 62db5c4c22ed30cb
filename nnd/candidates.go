package nnd

import "context"

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

// sampler is a goroutine's scratch for drawing candidates. Keys are a priority and a row.
type sampler struct {
	random     stream
	fresh, old []uint64
	listed     rowSet // the neighbors of the vertex
}

// draw takes the candidates of one vertex.
func (s *sampler) draw(c *candidates, l *lists, row uint32) {
	names := l.of(row).filled().names
	s.fresh, s.old = s.fresh[:0], s.old[:0]
	for _, name := range names {
		id := named(row, name)
		s.add(row, id, name&isNew)
		s.listed.add(id)
	}
	for _, item := range c.reverse.of(row) {
		if id := item >> 1; !s.listed.has(id) {
			s.add(row, id, item&isNew)
		}
	}
	for _, name := range names {
		s.listed.remove(named(row, name))
	}
	cut := s.cut(&s.fresh, c.limit)
	s.cut(&s.old, c.limit)

	rows := c.rows[int(row)*2*c.limit:]
	for i, key := range s.fresh {
		rows[i] = uint32(key)
	}
	for i, key := range s.old {
		rows[len(s.fresh)+i] = uint32(key)
	}
	c.fresh[row], c.total[row] = uint32(len(s.fresh)), uint32(len(s.fresh)+len(s.old))
	for i, name := range names {
		if name&isNew != 0 && s.key(row, named(row, name)) <= cut {
			names[i] = name &^ isNew
		}
	}
}

// key is the priority of an edge, above the row at its far end.
func (s *sampler) key(row, id uint32) uint64 {
	return s.random.at(edge(row, id))&^(1<<32-1) | uint64(id)
}

func (s *sampler) add(row, id, flag uint32) {
	if flag == isNew {
		s.fresh = append(s.fresh, s.key(row, id))
	} else {
		s.old = append(s.old, s.key(row, id))
	}
}

// cut leaves the limit smallest keys and returns the greatest that may stay.
func (s *sampler) cut(keys *[]uint64, limit int) uint64 {
	if len(*keys) <= limit {
		return noKey
	}
	selectFew(*keys, limit, s.random)
	*keys = (*keys)[:limit]
	greatest := uint64(0)
	for _, key := range *keys {
		greatest = max(greatest, key)
	}
	return greatest
}

// rowSet is a set of rows, a bit for each.
type rowSet []uint64

func newRowSet(n int) rowSet { return make(rowSet, (n+63)/64) }

func (s rowSet) add(row uint32) { s[row/64] |= 1 << (row % 64) }

func (s rowSet) has(row uint32) bool { return s[row/64]>>(row%64)&1 != 0 }

func (s rowSet) remove(row uint32) { s[row/64] &^= 1 << (row % 64) }
