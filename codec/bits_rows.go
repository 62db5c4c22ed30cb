package codec

import (
	"github.com/vicinaldb/store/internal/simd"
	"github.com/vicinaldb/store/metric"
)

// BitsRows are encoded rows that can be computed with. Any number of goroutines may use them at once, as long as the bytes
// they were made from are there.
type BitsRows struct {
	metric *metric.Bits
	length int // words of a vector
	stride int // words of a row
	words  []uint64
}

// Len returns the number of rows.
func (r *BitsRows) Len() int { return len(r.words) / r.stride }

// Vector returns the words of a row. They are a read-only view, valid as long as the bytes of the rows. There is no error.
func (r *BitsRows) Vector(row uint32) (Vector, error) { return Vector{Bits: r.bits(row)}, nil }

func (r *BitsRows) bits(row uint32) []uint64 {
	begin := int(row) * r.stride
	return r.words[begin : begin+r.length : begin+r.length]
}

// Prefetch has the processor begin to load what is compared of rows. Every row must be below Len.
func (r *BitsRows) Prefetch(rows []uint32) {
	simd.PrefetchRows(r.words, r.stride, r.stride, rows)
}

// Unseen finds and prefetches new rows, as [Rows] says.
func (r *BitsRows) Unseen(dst []uint32, seen []uint64, rows []uint32, n uint32) (count int, ok bool) {
	return simd.UnseenAhead(dst, seen, rows, n, r.words, r.stride, r.stride)
}

// Distances sets dst[i] to the fast form of the distance between row and rows[i]. It is symmetric bit for bit and
// allocates nothing. Every row must be below Len.
func (r *BitsRows) Distances(dst []float32, row uint32, rows []uint32) {
	r.score(dst, r.bits(row), rows)
}

// Scorer returns a scorer for queries against the rows. It scores nothing sensible before Prepare.
func (r *BitsRows) Scorer() Scorer {
	return &BitsScorer{rows: r, query: make([]uint64, r.length)}
}

// countedRows is how many rows are counted in one call of a kernel: the counts lie on the stack.
const countedRows = 64

// score compares q with rows by the batch kernel of the metric.
func (r *BitsRows) score(dst []float32, q []uint64, rows []uint32) {
	dst = dst[:len(rows)]
	for begin := 0; begin < len(rows); begin += countedRows {
		end := min(begin+countedRows, len(rows))
		r.scoreBlock(dst[begin:end], q, rows[begin:end])
	}
}

func (r *BitsRows) scoreBlock(dst []float32, q []uint64, rows []uint32) {
	var shared, differing [countedRows]uint32 // shared stays 0 where it is not counted
	switch r.metric.Kernel() {
	case metric.BitsDiffering:
		simd.HammingRows(differing[:], q, r.words, r.stride, rows)
	case metric.BitsOverlap:
		simd.OverlapRows(shared[:], differing[:], q, r.words, r.stride, rows)
	default:
		for i, row := range rows {
			dst[i] = r.metric.Fast(q, r.bits(row))
		}
		return
	}
	for i := range dst {
		dst[i] = r.metric.FromCounts(shared[i], differing[i])
	}
}

// BitsScorer compares one query at a time with rows. It is reusable, and not for concurrent use.
type BitsScorer struct {
	rows  *BitsRows
	query []uint64
}

// Prepare makes query, of as many words as a row's vector, the one that Score compares. It keeps a copy.
func (s *BitsScorer) Prepare(query Vector) { copy(s.query, query.Bits[:len(s.query)]) }

// Over has the scorer compare its query with other rows of the same codec from now on.
func (s *BitsScorer) Over(rows Rows) { s.rows = rows.(*BitsRows) }

// Score sets dst[i] to the fast form of the distance between the query and rows[i]: bit for bit what Distances gives
// for a row with the query's bits. It allocates nothing. Every row must be below Len.
func (s *BitsScorer) Score(dst []float32, rows []uint32) { s.rows.score(dst, s.query, rows) }

// Exact is Score.
func (s *BitsScorer) Exact(dst []float32, rows []uint32) { s.Score(dst, rows) }
