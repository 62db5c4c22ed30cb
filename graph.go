package store

import (
	"cmp"
	"context"
	"math"
	"runtime"
	"sync"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/internal/shares"
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
	// Threads bounds the cores that are used, as the option of Prepare does. Default: all (GOMAXPROCS).
	Threads int
	// Progress is called as the work advances, from one goroutine at a time. It should return quickly, and
	// must not call Drop of the same collection, nor Close of its store: these wait for the Graph that waits for it.
	Progress func(Progress)
}

// Graph returns the neighbor graph of all items stored, pending ones too. It asks for no Prepare: where the index holds
// exactly what is stored, its neighbor lists are read, and otherwise the graph is built in memory, with the schema's parameters,
// and nothing is written. Queries and writes go on meanwhile.
//
// It fails with ErrUnknownMetric when the metric is not registered in this program, with ErrInvalid for negative Threads, with ErrClosed
// after Close, and with the error of a context that ends. An index that is damaged is set aside, and the graph built; where that cannot
// be, as in a read-only store, the error is ErrCorrupt.
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
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	g, err := s.indexGraph(ctx, c, o)
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
func (s *snapshot) indexGraph(ctx context.Context, c *Collection, o GraphOptions) (*Graph, error) {
	stats, upToDate := s.upToDate()
	if o.Join || !upToDate || stats.Items == 0 || s.segments[0].Params().Neighbors == 0 {
		return nil, nil
	}
	r := newGraphReader(s.segments[0], c, o)
	if err := r.readAll(ctx, o.Threads); err != nil {
		return nil, err
	}
	return &Graph{IDs: r.ids, CSR: *r.lists.CSR(o.IncludeSelf, c.codec.Correct)}, nil
}

// graphRows is how many rows of a graph are read between two looks at the context.
const graphRows = 256

// graphReader reads the ids and the neighbor lists of a segment, on several goroutines.
type graphReader struct {
	segment  *segment
	proxied  bool
	ids      []string
	lists    nnd.NeighborGraph
	progress func(Progress)

	mu   sync.Mutex // guards done, and that progress is told by one at a time
	done int        // rows that were read
}

func newGraphReader(seg *segment, c *Collection, o GraphOptions) *graphReader {
	n, k := seg.Rows(), seg.Params().Neighbors
	return &graphReader{
		segment:  seg,
		proxied:  c.codec.Reranked(),
		ids:      make([]string, n),
		lists:    nnd.NeighborGraph{K: k, Rows: make([]uint32, n*k), Distances: make([]float32, n*k)},
		progress: o.Progress,
	}
}

// readAll has so many goroutines read pieces of the rows.
func (r *graphReader) readAll(ctx context.Context, threads int) error {
	pieces := (len(r.ids) + graphRows - 1) / graphRows
	return shares.Do(ctx, cmp.Or(threads, runtime.GOMAXPROCS(0)), pieces, func(piece int) error {
		begin, end := piece*graphRows, min((piece+1)*graphRows, len(r.ids))
		if err := r.readPiece(begin, end); err != nil {
			return err
		}
		r.report(end - begin)
		return nil
	})
}

// readPiece reads the rows from begin to end-1.
func (r *graphReader) readPiece(begin, end int) error {
	return r.segment.guard(func() error {
		for row := begin; row < end; row++ {
			if err := r.readRow(uint32(row)); err != nil {
				return err
			}
		}
		return nil
	})
}

// readRow reads one row. What a list lacks is the row itself at no distance that is finite, as in lists of package nnd.
func (r *graphReader) readRow(row uint32) error {
	id, err := r.segment.ID(row)
	if err != nil {
		return err
	}
	r.ids[row] = string(id)
	found, err := place{segment: r.segment, row: row}.ranked(r.lists.K, r.proxied)
	if err != nil {
		return err
	}
	for i := range r.lists.K {
		neighbor := nnd.Candidate{Row: row, Distance: float32(math.Inf(1))}
		if i < len(found) {
			neighbor = found[i]
		}
		at := int(row)*r.lists.K + i
		r.lists.Rows[at], r.lists.Distances[at] = neighbor.Row, neighbor.Distance
	}
	return nil
}

// report counts rows that were read.
func (r *graphReader) report(rows int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done += rows
	if r.progress != nil {
		r.progress(Progress{Stage: "reading the index", Done: r.done, Total: len(r.ids)})
	}
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
			if len(g.IDs)%graphRows == 0 {
				return context.Cause(ctx)
			}
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
