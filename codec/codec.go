package codec

import "github.com/vicinaldb/store/metric"

// The names of the codecs. They are part of the format.
const (
	nameFloat32 = "float32"
	nameSparse  = "sparse"
	nameBits    = "bits"
	nameUint8   = "uint8"
	nameFloat16 = "float16"
)

// Vector is a vector of any kind. One field is set, that of the codec's kind; a sparse vector without features leaves all
// of them empty.
type Vector struct {
	Dense  []float32
	Sparse metric.SparseVector
	Bits   []uint64
}

// Codec says how the vectors of a collection are checked, kept and compared. It is immutable: any number of goroutines may
// use it at once. Distances are in the fast form of the collection's metric unless said otherwise.
//
// A vector has two forms in bytes. Its plain form is the vector and nothing else, as a [Record] keeps it. Its code is what
// graphs are searched in; it may be longer, or may have lost something.
type Codec interface {
	// Name is what files call the codec.
	Name() string
	// Kind is that of the vectors.
	Kind() Kind
	// Metric is the canonical name of the metric, and Params are its parameters, completed by their defaults.
	Metric() string
	Params() metric.Params
	// Dim is the number of components, features or bits of a vector.
	Dim() int
	// Stride is the length of a code in bytes, a multiple of 64, or 0 when codes have different lengths.
	Stride() int
	// VectorStride is the length in bytes of what is kept of each vector beside its code, 0 when the code has lost nothing.
	VectorStride() int
	// Reranked tells whether Scorer.Score and Rows.Distances are those of another metric, or of codes that have lost something, so
	// that more candidates than are wanted should be searched for, and ranked by Scorer.Exact.
	Reranked() bool

	// Check returns nil for a vector that can be kept and compared. Else the error wraps ErrKind, ErrDimension, ErrNoCode, or
	// what package metric says of it.
	Check(v Vector) error
	// Correct makes a true distance of a fast form; Stretch multiplies the true distance that a fast form stands for
	// by 1+epsilon. They speak of Scorer.Exact.
	Correct(fast float32) float32
	Stretch(fast, epsilon float32) float32
	// StretchScore is Stretch for what Scorer.Score and Rows.Distances give.
	StretchScore(score, epsilon float32) float32

	// AppendPlain appends the plain form of a vector that Check accepts.
	AppendPlain(dst []byte, v Vector) []byte
	// DecodePlain returns the vector of a plain form, a copy. The error wraps ErrCorrupt when the bytes are none.
	DecodePlain(plain []byte) (Vector, error)

	// NewTable returns an empty table with room for so many vectors. The error is one of package mapped's when the machine
	// cannot compute with rows in place.
	NewTable(capacity int) (Table, error)
	// View returns the rows that codes consist of: nothing is copied, decoded or trusted. The error wraps ErrCorrupt when
	// the lengths cannot be right; it is one of package mapped's when the machine cannot compute with rows in place.
	View(codes Codes) (Rows, error)
}

// Rows are the vectors of a table or a view, which can be computed with. Any number of goroutines may use them at once.
// Rows satisfies package nnd's Points.
type Rows interface {
	// Len is the number of rows.
	Len() int
	// Vector returns the vector of a row: a read-only view, valid as long as the bytes of the rows. The error wraps
	// ErrCorrupt.
	Vector(row uint32) (Vector, error)
	// Distances sets dst[i] to the distance of row and rows[i], NaN when one of them is no vector. It is symmetric bit for
	// bit and allocates nothing. Every row must be below Len.
	Distances(dst []float32, row uint32, rows []uint32)
	// Prefetch has the processor begin to load what is compared of rows that will be compared soon. It changes nothing but
	// speed. Every row must be below Len.
	Prefetch(rows []uint32)
	// Unseen moves those of rows whose bits in seen are not set to the front of dst, in order, sets these bits, prefetches these rows,
	// and returns how many they are: bit row%64 of seen[row/64] is that of a row. Of equal rows only the first can be one of them. At the
	// first row that is not below n it stops, and returns false. dst is as long as rows, seen has n bits, and n is at most Len.
	Unseen(dst []uint32, seen []uint64, rows []uint32, n uint32) (count int, ok bool)
	// Scorer returns a scorer for queries against the rows. It scores nothing sensible before Prepare.
	Scorer() Scorer
}

// Scorer compares one query at a time with rows. It is reusable, and not for concurrent use.
type Scorer interface {
	// Prepare makes query, which Check accepts, the one that is compared. It keeps a copy.
	Prepare(query Vector)
	// Over has the scorer compare its query with other rows of the same codec from now on.
	Over(rows Rows)
	// Score sets dst[i] to the distance between the query and rows[i]: bit for bit what Distances gives for a row with the
	// query's components, NaN when the row is no vector. It allocates nothing. Every row must be below Len.
	Score(dst []float32, rows []uint32)
	// Exact is Score in the metric itself: the same unless the codec is Reranked.
	Exact(dst []float32, rows []uint32)
}

// Table collects vectors in memory. One goroutine appends; others may meanwhile read the rows that it has told them of.
type Table interface {
	// Append adds a copy of a vector that Check accepts. There must be room.
	Append(v Vector)
	// AppendPlain adds the vector of a plain form. The error wraps ErrCorrupt when the bytes are none.
	AppendPlain(plain []byte) error
	// Len is the number of vectors.
	Len() int
	// Rows are the table's places for vectors. Those that were not appended yet hold nothing sensible.
	Rows() Rows
	// Codes returns the codes of the vectors, in the table's own memory where it has it in that form: the table is not to
	// be used any more.
	Codes() Codes
}
