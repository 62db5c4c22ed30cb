package store

import (
	"fmt"
	"iter"
	"log/slog"
	"math"
	"runtime"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/compaction"
)

// Option changes how Open opens a store.
type Option func(*openOptions)

type openOptions struct {
	readOnly bool
	log      *slog.Logger
}

// ReadOnly opens the store for reading only, from segment files and MANIFEST
// alone: it takes no lock, writes nothing, works on a read-only file system and
// beside a running writer, from any number of processes. Such a reader sees
// what the writer published last, by Prepare or Close: items that were pending
// then are not in it, nor what they had replaced, and later writes are seen
// after opening again. So a writer has readers see all of its items by a
// Prepare after its last Upsert.
func ReadOnly() Option { return func(o *openOptions) { o.readOnly = true } }

// WithLogger sends what happens in the background (damage found, files removed)
// to a logger. Without it nothing is logged.
func WithLogger(log *slog.Logger) Option {
	return func(o *openOptions) {
		if log != nil {
			o.log = log
		}
	}
}

func collectOpen(opts []Option) openOptions {
	o := openOptions{log: slog.New(slog.DiscardHandler)}
	for _, apply := range opts {
		if apply != nil {
			apply(&o)
		}
	}
	return o
}

// PrepareOption changes how Prepare builds.
type PrepareOption func(*prepareOptions)

type prepareOptions struct {
	threads  int
	rebuild  bool
	initial  initialGraph
	progress func(Progress)
}

// Progress is how far a long call has come.
type Progress struct {
	Stage string // what is being done, as "neighbor graph"
	Done  int    // steps done of this stage
	Total int    // steps in all; 0 when unknown
}

// Threads bounds the cores that Prepare uses. Default, and by 0: all (GOMAXPROCS). More than 256 are no more than that, or than there are
// cores; a negative number is ErrInvalid. The number does not change the result.
func Threads(n int) PrepareOption { return func(o *prepareOptions) { o.threads = n } }

// Rebuild makes Prepare build from nothing: even when the index already holds exactly what is stored, and without beginning
// from its neighbor lists. The index then depends only on the items, the order they were stored in, and the parameters.
func Rebuild() PrepareOption { return func(o *prepareOptions) { o.rebuild = true } }

// initialGraph walks neighbors to begin a build with.
type initialGraph iter.Seq2[Neighbors, error]

// InitialGraph begins the build from neighbors that are known already, in place of trees: those of another collection's
// NeighborGraph, or of any other source. Distances are not looked at, ids that are not stored are passed over, and items
// without neighbors begin with random ones. An error of the walk ends Prepare.
func InitialGraph(graph iter.Seq2[Neighbors, error]) PrepareOption {
	return func(o *prepareOptions) { o.initial, o.rebuild = initialGraph(graph), true }
}

// lists is the walk as package compaction takes it; nil when there is none.
func (g initialGraph) lists() iter.Seq2[compaction.InitialList, error] {
	if g == nil {
		return nil
	}
	return func(yield func(compaction.InitialList, error) bool) {
		for neighbors, err := range g {
			list := compaction.InitialList{ID: neighbors.ID}
			for _, neighbor := range neighbors.Neighbors {
				list.Neighbors = append(list.Neighbors, neighbor.ID)
			}
			if !yield(list, err) {
				return
			}
		}
	}
}

// WithProgress has fn called as Prepare advances, from one goroutine at a time. It should return quickly, and must not
// call Prepare or Drop of the same collection, nor Close of its store: these wait for the Prepare that waits for fn.
func WithProgress(fn func(Progress)) PrepareOption {
	return func(o *prepareOptions) { o.progress = fn }
}

func collectPrepare(opts []PrepareOption) (prepareOptions, error) {
	o := prepareOptions{progress: func(Progress) {}}
	for _, apply := range opts {
		if apply != nil {
			apply(&o)
		}
	}
	if o.progress == nil {
		o.progress = func(Progress) {}
	}
	var err error
	o.threads, err = cores(o.threads)
	return o, err
}

// mostThreads is more than there are cores mostly. Each goroutine takes memory of its own.
const mostThreads = 256

// cores is how many goroutines work where the caller named a number of threads; 0 leaves it to the default.
func cores(threads int) (int, error) {
	if threads < 0 {
		return 0, fmt.Errorf("threads is %d, must not be negative: %w", threads, ErrInvalid)
	}
	return min(threads, max(mostThreads, runtime.GOMAXPROCS(0))), nil
}

// DefaultEpsilon is the epsilon of a query that names none. It is PyNNDescent's
// default; what recall it gives depends on the data, see README for some.
const DefaultEpsilon = 0.1

// QueryOption changes one query. It is a value, so that a query with options allocates no more than one without.
type QueryOption struct {
	kind    queryOptionKind
	epsilon float32
	within  float32
	count   int
	stats   *QueryStats
}

type queryOptionKind uint8

const (
	optionEpsilon queryOptionKind = iota + 1
	optionExact
	optionMetadata
	optionPayload
	optionVector
	optionStats
	optionOversample
	optionWithin
	optionPatience
)

// Epsilon sets how far a query looks beyond the k nearest found so far: an item
// is explored while its distance is below 1+epsilon times theirs. Larger is
// slower and finds more. With 0 the k nearest themselves are explored. With less,
// above -1, an item is explored while 1-epsilon times its distance is below theirs,
// for a recall below what 0 gives. Default DefaultEpsilon.
func Epsilon(epsilon float64) QueryOption {
	return QueryOption{kind: optionEpsilon, epsilon: float32(epsilon)}
}

// Patience ends a query once so many items in a row were explored of which none belongs to the k nearest found so far. It bounds what
// the hardest queries take, those with a great many items nearly as near as the best: among short texts the slowest hundredth of
// them takes 2.6 times what half of all take, and 6.6 times with no bound, for the same recall and in a tenth less time in the mean.
//
// It begins when k items are found, of those that may be returned, does not keep a query from exploring what one for the nearest item
// at DefaultEpsilon explores first, and does not count with Within or Exact.
//
// At least 0, which is no bound. Default k + 160·√k·epsilon, so 60 for 10 items where nothing is named: a larger epsilon always finds more, and
// the k nearest are explored whatever epsilon is. Beyond an epsilon of 0.3 the second part is (epsilon/0.3)⁸ times as much, and soon bounds
// nothing. Where Prepare found that queries lose their way, that part is a third of it; where items were deleted, all is as much more as
// those that are left are fewer. Under a metric with distances below zero, as inner_product, there is no bound by default.
func Patience(expansions int) QueryOption {
	return QueryOption{kind: optionPatience, count: expansions}
}

// Exact has the query compare every item: the true answer, at the cost of a full scan.
func Exact() QueryOption { return QueryOption{kind: optionExact} }

// Within has a query return only items at most so far: all of them, or the nearest k where there are more. With k large it
// is a radius query. Epsilon then says how far beyond the distance the search goes on.
func Within(distance float64) QueryOption {
	return QueryOption{kind: optionWithin, within: float32(distance)}
}

// DefaultOversample is how many times k candidates a query ranks that names no other number, where the metric has a proxy. It is
// PyNNDescent's proxy_beam_size.
const DefaultOversample = 4

// Oversample has a query search for so many times k candidates, and return the best k of them. It counts where the search
// goes by something cheaper than the metric: by codes that have lost something, see Schema.Codec, or by a proxy, see
// metric.Params.Proxy. At least 1. Default: as many as Prepare found to be needed for the codes, and DefaultOversample for a proxy.
func Oversample(times int) QueryOption { return QueryOption{kind: optionOversample, count: times} }

// WithMetadata returns each result's metadata.
func WithMetadata() QueryOption { return QueryOption{kind: optionMetadata} }

// WithPayload returns each result's payload.
func WithPayload() QueryOption { return QueryOption{kind: optionPayload} }

// WithVector returns each result's vector as it was stored.
func WithVector() QueryOption { return QueryOption{kind: optionVector} }

// CollectStats adds what the query did to stats. A QueryBatch adds up all of its queries.
func CollectStats(stats *QueryStats) QueryOption {
	return QueryOption{kind: optionStats, stats: stats}
}

// QueryStats counts the work of queries.
type QueryStats struct {
	Distances int // distances computed
	Expanded  int // vertices of the search graph whose neighbors were scored
}

// query is a checked query.
type query struct {
	vector codec.Vector
	// pivots are how far those of a segment are, in the fast form, if that is known.
	pivots   []float32
	pivotsOf *segment
	code     []byte // what the vector is in that segment, if that is known
	k        int
	epsilon  float32
	// patience is how many expansions without gain end the search of a segment; 0 is no bound, and byEpsilon leaves it to epsilon. Where
	// all within a distance are wanted, walks for some of them must not end early.
	patience int
	exact    bool
	bounded  bool    // only what is near enough is to be found
	within   float32 // true distance
	radius   float32 // the same in the fast form
	// oversample is how many times k candidates are ranked; 0 where that is left to the index. It counts where a search goes by
	// something else than the metric.
	oversample int
	proxied    bool // that is what the collection's own codec does
	metadata   bool
	payload    bool
	withVec    bool
	stats      *QueryStats
}

func newQuery(vector codec.Vector, k int, opts []QueryOption) (query, error) {
	q := query{vector: vector, k: k, epsilon: DefaultEpsilon, patience: byEpsilon}
	for _, o := range opts {
		switch o.kind {
		case optionEpsilon:
			q.epsilon = o.epsilon
		case optionPatience:
			if o.count < 0 {
				return q, fmt.Errorf("patience is %d, must not be negative: %w", o.count, ErrInvalid)
			}
			q.patience = o.count
		case optionExact:
			q.exact = true
		case optionMetadata:
			q.metadata = true
		case optionPayload:
			q.payload = true
		case optionVector:
			q.withVec = true
		case optionStats:
			q.stats = o.stats
		case optionOversample:
			if o.count < 1 {
				return q, fmt.Errorf("oversample is %d, must be at least 1: %w", o.count, ErrInvalid)
			}
			q.oversample = o.count
		case optionWithin:
			q.bounded, q.within = true, o.within
		}
	}
	if q.bounded {
		q.patience = 0
	}
	if q.within != q.within {
		return q, fmt.Errorf("within is %v: %w", q.within, ErrInvalid)
	}
	if k < 1 {
		return q, fmt.Errorf("k is %d, must be at least 1: %w", k, ErrInvalid)
	}
	if !(q.epsilon > -1) || math.IsInf(float64(q.epsilon), 0) {
		return q, fmt.Errorf("epsilon is %v, must be finite and above -1: %w", q.epsilon, ErrInvalid)
	}
	return q, nil
}
