package nnd

// MaxRows is the greatest number of rows of a graph. Row numbers share 32 bits with a flag.
const MaxRows = 1 << 31

// Points are the rows a graph is built over. Its methods are called by several goroutines at once.
type Points interface {
	// Len is the number of rows.
	Len() int
	// Distances sets dst[i] to the distance of row and rows[i], in the metric's fast form, for every i below
	// len(rows). It must be symmetric bit for bit: the distance of a and b is that of b and a. NaN marks rows that cannot be
	// compared; they never become neighbors.
	Distances(dst []float32, row uint32, rows []uint32)
}

// BlockPoints are [Points] that compare some rows with others in less time than one after the other.
type BlockPoints interface {
	Points
	// BlockDistances sets dst[i*len(others)+j] to what Distances gives for rows[i] and others[j], for every i below len(rows) and every
	// j below len(others).
	BlockDistances(dst []float32, rows, others []uint32)
}

// PrefetchPoints are [Points] that can have rows on their way from memory before they are to be compared.
type PrefetchPoints interface {
	Points
	// Prefetch has the processor begin to load rows, and returns at once. It changes nothing but speed.
	Prefetch(rows []uint32)
}

// Scorer is a query, prepared against the rows of a graph. One goroutine uses it at a time.
type Scorer interface {
	// Score sets dst[i] to the distance of the query and rows[i], in the metric's fast form, for every i below len(rows).
	Score(dst []float32, rows []uint32)
}

// PivotScorer is a [Scorer] that has the graph's pivots packed one behind the other and scores them in one sweep. A
// Scorer without it is asked for the pivots like for any other rows.
type PivotScorer interface {
	Scorer
	// ScorePivots sets dst[i] to the distance of the query and the graph's i-th pivot, for every i below len(dst).
	ScorePivots(dst []float32)
}

// WithinScorer is a [Scorer] that can leave out rows that are too far to matter, faster than a search can.
type WithinScorer interface {
	Scorer
	// ScoreWithin does what Score does, moves the scores that are not above bound, nor NaN, to the front of dst and their rows
	// to the front of rows, in order, and returns how many they are. It may do anything to what lies behind them.
	ScoreWithin(dst []float32, rows []uint32, bound float32) int
}

// UnseenScorer is a [Scorer] that can have rows on their way from memory while a search looks up which of them are new, before it is
// asked to score these.
type UnseenScorer interface {
	Scorer
	// Unseen moves those of rows whose bits in seen are not set to the front of dst, in order, sets these bits, and returns how many
	// they are: bit row%64 of seen[row/64] is that of a row. Of equal rows only the first can be one of them. At the first row that is
	// not below n it stops, and returns false. dst is as long as rows, seen has n bits, and n is the number of rows of the graph. The
	// processor begins to load the rows that are moved; they need not be scored later.
	Unseen(dst []uint32, seen []uint64, rows []uint32, n uint32) (count int, ok bool)
}

// Filter says which rows may be returned. A roaring bitmap is one.
type Filter interface {
	Contains(row uint32) bool
}

// rowScorer makes a row of points the query.
type rowScorer struct {
	points Points
	row    uint32
}

func (s *rowScorer) Score(dst []float32, rows []uint32) { s.points.Distances(dst, s.row, rows) }
