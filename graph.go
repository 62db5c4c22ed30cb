package store

import (
	"context"
	"math"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/nnd"
)

// Graph is the neighbor graph of a collection in memory, as layouts such as UMAP and t-SNE and clusterings take it: in
// compressed sparse rows. The neighbors of the item IDs[row] are Rows[Offsets[row]:Offsets[row+1]], numbers of IDs, at the
// true Distances in the same places.
type Graph struct {
	IDs []string
	nnd.CSR
}

// GraphOptions say what the neighbor graph is to be like. The zero value is the graph as NeighborGraph walks it.
type GraphOptions struct {
	// IncludeSelf makes each item its own first neighbor, at distance 0, as PyNNDescent's neighbor_graph does. There is one
	// neighbor more then.
	IncludeSelf bool
	// Symmetrize makes two items neighbors of each other when one of them is a neighbor of the other.
	Symmetrize bool
	// Join makes the graph connected too, and symmetric: between parts without an edge the shortest ones found are added, as
	// PyNNDescent's connect_graph does. IncludeSelf has no effect then.
	Join bool
	// Threads bounds the cores that are used. Default, and at most: all (GOMAXPROCS).
	Threads int
	// Progress is called as the work advances, from one goroutine at a time. It should return quickly.
	Progress func(Progress)
}

// Graph returns the neighbor graph of all items stored, pending ones too. It asks for no Prepare: where the index holds
// exactly what is stored, its neighbor lists are read, and otherwise the graph is built in memory, with the schema's parameters,
// and nothing is written. Queries and writes go on meanwhile.
func (c *Collection) Graph(ctx context.Context, o GraphOptions) (*Graph, error) {
	for {
		g, err := c.graph(ctx, o)
		if err == nil {
			return g, nil
		}
		if !c.setAside(ctx, err) {
			return nil, c.failed("building the neighbor graph", err)
		}
	}
}

func (c *Collection) graph(ctx context.Context, o GraphOptions) (*Graph, error) {
	if c.unknown != nil {
		return nil, c.unknown
	}
	var err error
	if o.Threads, err = cores(o.Threads); err != nil {
		return nil, err
	}
	s, err := c.acquire()
	if err != nil {
		return nil, err
	}
	defer s.release()
	g, err := s.indexGraph(c, o)
	if g == nil && err == nil {
		g, err = s.buildGraph(ctx, c, o)
	}
	if err != nil {
		return nil, err
	}
	if o.Symmetrize && !o.Join {
		g.CSR = *g.Symmetrize()
	}
	return g, nil
}

// indexGraph reads the neighbor lists of an index that holds exactly what is stored; it returns nil when there is none.
func (s *snapshot) indexGraph(c *Collection, o GraphOptions) (*Graph, error) {
	stats, upToDate := s.upToDate()
	if o.Join || !upToDate || stats.Items == 0 || s.segments[0].Params().Neighbors == 0 {
		return nil, nil
	}
	seg := s.segments[0]
	g := &Graph{IDs: make([]string, seg.Rows())}
	k := seg.Params().Neighbors
	lists := &nnd.NeighborGraph{K: k, Rows: make([]uint32, 0, seg.Rows()*k), Distances: make([]float32, 0, seg.Rows()*k)}
	err := seg.guard(func() error {
		for row := range uint32(seg.Rows()) {
			id, err := seg.ID(row)
			if err != nil {
				return err
			}
			g.IDs[row] = string(id)
			found, err := place{segment: seg, row: row}.ranked(k, c.codec.Reranked())
			if err != nil {
				return err
			}
			for i := range k {
				neighbor := nnd.Candidate{Row: row, Distance: float32(math.Inf(1))}
				if i < len(found) {
					neighbor = found[i]
				}
				lists.Rows, lists.Distances = append(lists.Rows, neighbor.Row), append(lists.Distances, neighbor.Distance)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	g.CSR = *lists.CSR(o.IncludeSelf, c.codec.Correct)
	return g, nil
}

// buildGraph builds the graph in memory.
func (s *snapshot) buildGraph(ctx context.Context, c *Collection, o GraphOptions) (*Graph, error) {
	g := &Graph{IDs: make([]string, 0, s.live)}
	vectors := make([]codec.Vector, 0, s.live)
	options := c.schema.Index.options(c.codec)
	options.Threads = o.Threads
	if o.Progress != nil {
		options.Progress = func(p nnd.Progress) { o.Progress(Progress{Stage: p.Stage, Done: p.Done, Total: p.Total}) }
	}
	err := s.guardAll(func() error {
		err := s.each(func(id string, v codec.Vector) error {
			g.IDs, vectors = append(g.IDs, id), append(vectors, v)
			return nil
		})
		if err != nil {
			return err
		}
		index, err := nnd.NewIndex(ctx, vectors, c.codec, options)
		if err != nil {
			return err
		}
		if !o.Join {
			g.CSR = *index.CSR(o.IncludeSelf)
			return nil
		}
		if err := index.Prepare(ctx); err != nil {
			return err
		}
		joined, err := index.JoinedCSR(ctx)
		if err == nil {
			g.CSR = *joined
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return g, nil
}

// each calls do for every live item: those of the segments, then the pending ones. The vectors are views.
func (s *snapshot) each(do func(id string, v codec.Vector) error) error {
	for i, seg := range s.segments {
		for row := range uint32(seg.Rows()) {
			if s.isDead(i, row) {
				continue
			}
			id, err := seg.ID(row)
			if err != nil {
				return err
			}
			v, err := seg.rows.Vector(row)
			if err == nil {
				err = do(string(id), v)
			}
			if err != nil {
				return err
			}
		}
	}
	for n := range s.pending.n {
		if s.pending.dead != nil && s.pending.dead.Contains(n) {
			continue
		}
		chunk, i := s.pending.at(n)
		v, err := chunk.view.Vector(i)
		if err == nil {
			err = do(chunk.rows[i].id, v)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// guardAll runs what reads all segments under the guard of each.
func (s *snapshot) guardAll(read func() error) error {
	for _, seg := range s.segments {
		inner := read
		read = func() error { return seg.guard(inner) }
	}
	return read()
}
