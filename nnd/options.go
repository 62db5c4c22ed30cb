package nnd

import (
	"fmt"
	"math"
	"runtime"
)

// Options are the dials of a graph. The zero value means the defaults. Names and meanings are those of PyNNDescent,
// where it has them.
type Options struct {
	// Neighbors is k: how many neighbors each row gets in the neighbor graph. Default 30. Easy data gain nothing from
	// more; data of high intrinsic dimension, such as word vectors, are searched faster with 40 to 60.
	Neighbors int
	// Trees is how many hyperplane trees start the descent. Default 4: each further tree costs as much as the first and
	// saves less than that in the rounds of descent.
	Trees int
	// Ordered says that rows are numbered as [Order] has it: those that follow one another are the leaves of the first tree then,
	// which need not be grown. Rows in any other order lose the use of that tree. Default false; an [Index] orders its rows.
	Ordered bool
	// LeafSize is the greatest number of rows in a leaf, all pairs of which are compared. At least 2. Default 64, or twice
	// Neighbors when that is more, so that a single leaf fills the lists of its rows.
	LeafSize int
	// MaxTreeDepth is after how many divisions by distance the rest of a tree is cut by position. Default 200, which
	// no tree reaches, since trees are balanced.
	MaxTreeDepth int
	// RandomInit begins the lists with random rows instead of the leaves of trees, as PyNNDescent's tree_init=False. The descent takes
	// more rounds then, and islands of rows that lie together may not find one another. It is for distances that leaves are
	// no use for. Default false.
	RandomInit bool
	// InitGraph is a graph over the same rows to begin with instead of trees: one for fewer neighbors, or one that something else has
	// found. Its lists need not be sorted, and a row's own number in them means nothing. Distances may be nil, and are computed
	// then; else they must be those that Points gives, to the bit. Lists that it does not fill are filled up with random rows.
	// [Build] only reads it; where all pairs are compared anyway, it merely checks it. Default nil.
	InitGraph *NeighborGraph
	// MaxCandidates is how many new and how many old candidates of a vertex are joined in a round, at most. For each vertex there is
	// room for so many of both, 4 bytes each. Default Neighbors, and not more than 60.
	MaxCandidates int
	// Iterations is the greatest number of rounds. Default max(5, log2 n): the descent needs about log n rounds, and
	// Delta ends it earlier.
	Iterations int
	// Delta ends the descent when a round leaves at most Delta*k*n entries of the lists new. Default 0.01, ten times PyNNDescent's:
	// what later rounds find changes the recall of lists by a thousandth and that of searches by nothing that can be measured.
	Delta float64
	// DiversifyMethod is how the edges of the search graph are chosen. Default [DiversifyUnion], since searches need
	// fewer distances for the same recall.
	DiversifyMethod DiversifyMethod
	// DegreeAware is by how much more readily edges to hubs are dropped, PyNNDescent's degree_prune_aggressiveness. A hub is a row
	// that is neighbor or reverse neighbor of more rows than the degree bound. With 1, PyNNDescent's default for its
	// method "degree_aware", a row of twice that degree is occluded by what is up to 1.04 times as far from it as the edge is
	// long, and from three times that degree on 1.08 times; other strengths give 0.04 and 0.08 in proportion, at most 0.2.
	// Default 0, off.
	DegreeAware float64
	// DiversifyProb is the probability with which an occluded edge is dropped. Nil means 1. With 0, every vertex keeps
	// its nearest rows up to the degree bound: more distances a query, and less missed.
	DiversifyProb *float64
	// PruningDegreeMultiplier times Neighbors, rounded, is the degree bound of the search graph. Default 1.5.
	PruningDegreeMultiplier float64
	// Alpha weakens occlusion: an edge is dropped only when the occluding row is nearer to its end by that factor of the
	// true distance. At least 1. Default 1.05: a few more edges than the strict rule keeps, in the directions where they shorten
	// walks most.
	Alpha float64
	// Pivots is how many rows a search considers as entry points. All of them are scored for every query. Default a quarter of
	// sqrt(n), and not fewer than 64: the graph is repaired so that walks get by with few.
	Pivots int
	// Entries is how many of the nearest pivots a search expands before it looks at any bound. Where rows lie in clusters, walks from
	// several find what a walk from one that led into the wrong cluster misses. Default 1.
	Entries int
	// Seed decides every random choice. All values are equally good.
	Seed uint64
	// Threads is how many goroutines work. It changes nothing but the time. Default GOMAXPROCS.
	Threads int
	// Stretch gives (1+epsilon) times a distance, both in the fast form. Nil means that the fast form is the true
	// distance.
	Stretch func(fast, epsilon float32) float32
	// Progress, when set, is told now and then how far the work is. Calls do not overlap and should return soon.
	Progress func(Progress)
}

// Progress says how far a call is.
type Progress struct {
	// Stage is what is being done: "trees", "leaves", "descent" or, when there are few rows, "pairs"; "random" where there are no
	// trees; before them "load", if there is a graph to begin with, and in an update "walk" after them. For the search graph:
	// "prune", "reverse", "guide", "connect", "seek". For [Join]: "join".
	Stage string
	// Round counts, from 1, the rounds of a stage that has several: levels of the trees, rounds of "descent", "walk",
	// "guide" and "join". Else it is 0, and so it is for what an update joins before the first round of "descent", and for what the
	// guide tries before its first.
	Round int
	// Done of Total pieces of work are finished in this stage and round.
	Done, Total int
}

// EnsureDefaults returns the options with a value in place of every unset one, for n rows. Progress stays as it is.
func (o Options) EnsureDefaults(n int) Options {
	setInt := func(option *int, value int) {
		if *option == 0 {
			*option = value
		}
	}
	setFloat := func(option *float64, value float64) {
		if *option == 0 {
			*option = value
		}
	}
	setInt(&o.Neighbors, 30)
	setInt(&o.Trees, 4)
	setInt(&o.LeafSize, max(64, 2*o.Neighbors))
	setInt(&o.MaxTreeDepth, 200)
	setInt(&o.MaxCandidates, min(60, o.Neighbors))
	setInt(&o.Iterations, max(5, int(math.Round(math.Log2(float64(max(n, 1)))))))
	setFloat(&o.Delta, 0.01)
	if o.DiversifyProb == nil {
		o.DiversifyProb = new(1.0)
	}
	setFloat(&o.PruningDegreeMultiplier, 1.5)
	setFloat(&o.Alpha, 1.05)
	setInt(&o.Pivots, max(64, int(math.Round(math.Sqrt(float64(n))/4))))
	o.Pivots = min(max(o.Pivots, 1), n)
	setInt(&o.Entries, 1)
	setInt(&o.Threads, runtime.GOMAXPROCS(0))
	if o.Stretch == nil {
		o.Stretch = linear
	}
	return o
}

// Validate returns an error that wraps [ErrOptions] when a value is set to what has no meaning. Unset values are fine.
func (o Options) Validate() error {
	for _, option := range []struct {
		name       string
		value      float64
		least, top float64
	}{
		{"neighbors", float64(o.Neighbors), 0, math.MaxInt16},
		{"trees", float64(o.Trees), 0, 1000},
		{"leaf size", float64(o.LeafSize), 0, math.MaxInt32},
		{"max tree depth", float64(o.MaxTreeDepth), 0, math.MaxInt32},
		{"max candidates", float64(o.MaxCandidates), 0, math.MaxInt32},
		{"iterations", float64(o.Iterations), 0, math.MaxInt32},
		{"delta", o.Delta, 0, 1},
		{"pruning degree multiplier", o.PruningDegreeMultiplier, 0, math.MaxInt16},
		{"diversify method", float64(o.DiversifyMethod), 0, float64(DiversifyBidirectional)},
		{"degree awareness", o.DegreeAware, 0, math.MaxInt16},
		{"pivots", float64(o.Pivots), 0, MaxRows},
		{"entries", float64(o.Entries), 0, MaxRows},
		{"threads", float64(o.Threads), 0, math.MaxInt32},
	} {
		if !(option.value >= option.least && option.value <= option.top) {
			return fmt.Errorf("%s %v: %w", option.name, option.value, ErrOptions)
		}
	}
	if o.LeafSize == 1 {
		return fmt.Errorf("leaf size 1: %w", ErrOptions)
	}
	if o.Alpha != 0 && !(o.Alpha >= 1 && o.Alpha <= math.MaxFloat32) {
		return fmt.Errorf("alpha %v: %w", o.Alpha, ErrOptions)
	}
	if p := o.DiversifyProb; p != nil && !(*p >= 0 && *p <= 1) {
		return fmt.Errorf("diversify probability %v: %w", *p, ErrOptions)
	}
	return nil
}

// prepare is what every call does with its options: check them and the number of rows, then fill in the defaults.
func (o Options) prepare(n int) (Options, error) {
	if err := o.Validate(); err != nil {
		return o, err
	}
	o = o.EnsureDefaults(n)
	// A key takes 8 bytes for each edge, and no slice may be longer than addresses reach.
	edges := uint64(n) * uint64(max(o.Neighbors, min(o.degreeBound(), n)))
	if uint64(n) > MaxRows || edges > math.MaxInt/16 {
		return o, fmt.Errorf("%d rows of up to %d neighbors: %w", n, o.Neighbors, ErrTooMany)
	}
	return o, nil
}

// degreeBound is the greatest degree of a vertex of the search graph.
func (o Options) degreeBound() int {
	return max(1, int(math.Round(o.PruningDegreeMultiplier*float64(o.Neighbors))))
}

// linear is Stretch for metrics whose fast form is the true distance.
//
// The conversion keeps the compiler from fusing product and sum, which would give other graphs on some machines.
func linear(fast, epsilon float32) float32 { return fast + float32(epsilon*fast) }
