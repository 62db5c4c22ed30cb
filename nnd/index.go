package nnd

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/metric"
)

var (
	// ErrNotPrepared says that an [Index] has no search graph yet: call Prepare first.
	ErrNotPrepared = errors.New("index is not prepared")
	// ErrSearchOnly says that an [Index] was compressed: it has no neighbor lists any more.
	ErrSearchOnly = errors.New("index keeps no neighbor lists")
	// ErrDimension marks a vector of another number of components, features or bits than the index has. What else can be wrong
	// with a vector is marked by metric.ErrNotFinite and metric.ErrDomain.
	ErrDimension = codec.ErrDimension
)

// Index is a neighbor graph of vectors in memory, and on request a search graph: what NNDescent is in PyNNDescent. V is []float32,
// [metric.SparseVector] or []uint64, by the constructor: [NewDense], [NewSparse] or [NewBits].
//
// Vectors have row numbers, 0 to Len-1, in the order they were given in. Inside they are numbered so that near ones lie together;
// no number of that kind ever leaves the index. All distances that do are true distances of the metric.
//
// Any number of goroutines may use an index at once. Prepare, Compress and Update wait for one another. All else goes on
// meanwhile, with the index as it was before; each call works with one state of the index from its beginning to its end.
//
// Index computes with vectors as they lie in memory, in the byte order of files. On a big-endian machine constructors return an
// error that wraps [errors.ErrUnsupported].
type Index[V any] struct {
	kind    kind[V]
	options Options
	state   atomic.Pointer[indexState]

	changing sync.Mutex // held by what replaces state
}

// NewDense builds the neighbor graph of dense vectors of one length, compared by m. A metric with a proxy has its graph built
// and searched with that: see [metric.Dense.Proxy].
//
// The vectors are copied. Each is checked first. An error names the row of one that is refused, and wraps [ErrDimension],
// metric.ErrNotFinite or metric.ErrDomain. Other errors wrap [ErrOptions] or [ErrTooMany], or are that of ctx.
//
// Options.Stretch is not heeded: the metric has one. Options.InitGraph is a graph over the row numbers of vectors; its distances are
// not heeded either, but computed.
func NewDense(ctx context.Context, vectors [][]float32, m *metric.Dense, o Options) (*Index[[]float32], error) {
	if m == nil {
		return nil, errNoMetric
	}
	return newIndex(ctx, denseKind(m), vectors, o)
}

// NewSparse is [NewDense] for sparse vectors.
func NewSparse(ctx context.Context, vectors []metric.SparseVector, m *metric.Sparse, o Options) (*Index[metric.SparseVector], error) {
	if m == nil {
		return nil, errNoMetric
	}
	return newIndex(ctx, sparseKind(m), vectors, o)
}

// NewBits is [NewDense] for packed bits. Bit i of a vector is bit i%64 of its word i/64.
func NewBits(ctx context.Context, vectors [][]uint64, m *metric.Bits, o Options) (*Index[[]uint64], error) {
	if m == nil {
		return nil, errNoMetric
	}
	return newIndex(ctx, bitsKind(m), vectors, o)
}

// NewIndex is [NewDense] for vectors of the kind that c is for, compared by its metric: for whoever does not know the kind before.
func NewIndex(ctx context.Context, vectors []codec.Vector, c codec.Codec, o Options) (*Index[codec.Vector], error) {
	if c == nil {
		return nil, errNoMetric
	}
	return newIndex(ctx, anyKind(c), vectors, o)
}

var errNoMetric = fmt.Errorf("index without a metric: %w", ErrOptions)

func newIndex[V any](ctx context.Context, k kind[V], vectors []V, o Options) (*Index[V], error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	x := &Index[V]{kind: k, options: o}
	x.options.InitGraph = nil
	c := k.codecOf(vectors)
	err := checkAll(ctx, o, len(vectors), func(row int) error {
		if err := c.Check(k.wrap(vectors[row])); err != nil {
			return fmt.Errorf("vector of row %d: %w", row, err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	s, err := newIndexState(ctx, c, o, len(vectors), func(row int) (codec.Vector, error) { return k.wrap(vectors[row]), nil })
	if err != nil {
		return nil, err
	}
	if o.InitGraph, err = s.inside(o.InitGraph); err != nil {
		return nil, err
	}
	if s.neighbors, err = Build(ctx, s.rows, s.options(o)); err != nil {
		return nil, err
	}
	s.build = s.neighbors.Stats
	x.state.Store(s)
	return x, nil
}

// checkAll calls check for the rows 0 to n-1, from several goroutines, and returns the error of the first one that has an error.
func checkAll(ctx context.Context, o Options, n int, check func(row int) error) error {
	var first firstError
	err := o.EnsureDefaults(n).stage("", n, 256).run(ctx, func() func(lo, hi int) {
		return func(lo, hi int) {
			for row := lo; row < hi; row++ {
				first.keep(uint32(row), check(row))
			}
		}
	})
	if err != nil {
		return err
	}
	return first.err
}

// Len is the number of vectors.
func (x *Index[V]) Len() int { return x.state.Load().len() }

// Vector returns a copy of the vector of a row, as it was given. There is none, and V's zero value is returned, from Len on.
func (x *Index[V]) Vector(row uint32) V {
	s := x.state.Load()
	if uint64(row) >= uint64(s.len()) {
		var none V
		return none
	}
	return x.kind.clone(s.vector(row))
}

// Prepare makes the search graph, which Query needs. It does nothing when there is one. When ctx ends, it returns its error
// soon, and the index is not prepared.
func (x *Index[V]) Prepare(ctx context.Context) error {
	x.changing.Lock()
	defer x.changing.Unlock()
	s := x.state.Load()
	if s.search != nil {
		return ctx.Err()
	}
	search, err := NewSearchGraph(ctx, s.rows, s.neighbors, s.options(x.options))
	if err != nil {
		return err
	}
	x.state.Store(s.with(s.neighbors, search))
	return nil
}

// Compress drops the neighbor lists and leaves what queries need. NeighborGraph and CSR return nil from then on, and Update an
// error that wraps [ErrSearchOnly]. Before Prepare there is nothing that could be left: the error wraps [ErrNotPrepared].
func (x *Index[V]) Compress() error {
	x.changing.Lock()
	defer x.changing.Unlock()
	s := x.state.Load()
	if s.search == nil {
		return fmt.Errorf("dropping neighbor lists: %w", ErrNotPrepared)
	}
	x.state.Store(s.with(nil, s.search))
	return nil
}

// IndexStats tell how an index was made.
type IndexStats struct {
	// Build is about the neighbor graph, as it was built or updated last.
	Build BuildStats
	// Graph is about the search graph. It is zero before Prepare.
	Graph GraphStats
	// Prepared says that there is a search graph, Compressed that there is nothing else.
	Prepared, Compressed bool
}

// Stats tell how the index was made.
func (x *Index[V]) Stats() IndexStats {
	s := x.state.Load()
	stats := IndexStats{Build: s.build, Prepared: s.search != nil, Compressed: s.neighbors == nil}
	if s.search != nil {
		stats.Graph = s.search.Stats
	}
	return stats
}
