package codec

import (
	"fmt"
	"math"

	"github.com/vicinaldb/store/internal/simd"
	"github.com/vicinaldb/store/metric"
)

// SparseRows are encoded rows that can be computed with. Any number of goroutines may use them at once, as long as the
// bytes they were made from are there.
type SparseRows struct {
	codec   *Sparse
	metric  *metric.Sparse
	offsets []uint64

	// The same bytes three times.
	longs  []uint64
	words  []uint32
	floats []float32

	listed []listedRow // instead of all of the above, the rows of a table
}

// listedRow is a row that lies by itself.
type listedRow struct {
	vector  metric.SparseVector
	summary metric.Summary
}

// Len returns the number of rows.
func (r *SparseRows) Len() int {
	if r.listed != nil {
		return len(r.listed)
	}
	return len(r.offsets) - 1
}

// Vector returns the vector of a row. It is a read-only view, valid as long as the bytes of the rows. The error wraps
// ErrCorrupt when the row does not lie inside of the rows' bytes, or its indices are not those of a vector.
func (r *SparseRows) Vector(row uint32) (Vector, error) {
	v, _, ok := r.at(row)
	if !ok {
		return Vector{}, fmt.Errorf("%w: sparse row %d lies at bytes %d to %d of %d",
			ErrCorrupt, row, r.offsets[row], r.offsets[row+1], 8*len(r.longs))
	}
	if !ascending(v.Indices, r.metric.Dim()) {
		return Vector{}, fmt.Errorf("%w: the features of sparse row %d do not ascend to less than %d", ErrCorrupt, row, r.metric.Dim())
	}
	return Vector{Sparse: v}, nil
}

// at returns the vector of a row and its summary, if the row lies inside of the bytes. The indices are as they are there.
func (r *SparseRows) at(row uint32) (v metric.SparseVector, summary metric.Summary, ok bool) {
	if r.listed != nil {
		return r.listed[row].vector, r.listed[row].summary, true
	}
	begin, end := r.offsets[row], r.offsets[row+1]
	if (begin|end)%8 != 0 || begin > end || end-begin < sparseHeader || end > 8*uint64(len(r.longs)) {
		return v, summary, false
	}
	n := (end - begin - sparseHeader) / 8
	summary[0] = math.Float64frombits(r.longs[begin/8])
	summary[1] = math.Float64frombits(r.longs[begin/8+1])
	indices := (begin + sparseHeader) / 4
	v.Indices = r.words[indices : indices+n : indices+n]
	v.Values = r.floats[indices+n : indices+2*n : indices+2*n]
	return v, summary, true
}

// ascending tells whether indices are those of a vector of dim features.
func ascending(indices []uint32, dim uint32) bool {
	before, order := int64(-1), int64(-1)
	for _, feature := range indices {
		order &= before - int64(feature) // stays negative
		before = int64(feature)
	}
	return order < 0 && before < int64(dim)
}

// tableRows is from how many rows on it pays to put a vector into a table.
const tableRows = 3

// Distances sets dst[i] to the fast form of the distance between row and rows[i], NaN when one of them is no vector. It is
// symmetric bit for bit. It allocates nothing, except for tables that are kept between calls. Every row must be below Len.
func (r *SparseRows) Distances(dst []float32, row uint32, rows []uint32) {
	dst = dst[:len(rows)]
	x, summary, ok := r.at(row)
	if !ok || !ascending(x.Indices, r.metric.Dim()) {
		fillNaN(dst)
		return
	}
	if len(rows) < tableRows || !tabled(r.metric, len(x.Indices)) {
		r.merge(dst, x, summary, rows)
		return
	}
	table := r.codec.tables.Get().(*sparseTable)
	table.load(x, summary)
	r.look(dst, table, rows)
	table.unload()
	r.codec.tables.Put(table)
}

// fillNaN makes all distances those of what is no vector.
func fillNaN(dst []float32) {
	for i := range dst {
		dst[i] = float32(math.NaN())
	}
}

// merge compares x with rows pair by pair.
func (r *SparseRows) merge(dst []float32, x metric.SparseVector, ofX metric.Summary, rows []uint32) {
	for i, row := range rows {
		r.prefetch(rows, i+rowsAhead)
		y, ofY, ok := r.at(row)
		if !ok || !ascending(y.Indices, r.metric.Dim()) {
			dst[i] = float32(math.NaN())
			continue
		}
		dst[i] = r.metric.FastSummarized(x, y, ofX, ofY)
	}
}

// Prefetch has the processor begin to load where rows lie. What lies there is prefetched while others are compared.
func (r *SparseRows) Prefetch(rows []uint32) { simd.PrefetchRows(r.offsets, 1, 1, rows) }

// Unseen finds and prefetches new rows, as [Rows] says.
func (r *SparseRows) Unseen(dst []uint32, seen []uint64, rows []uint32, n uint32) (count int, ok bool) {
	return simd.UnseenAhead(dst, seen, rows, n, r.offsets, 1, 1)
}

// look compares the vector in a table with rows, by what it shares with each. The results are those of merge.
func (r *SparseRows) look(dst []float32, table *sparseTable, rows []uint32) {
	for i, row := range rows {
		r.prefetch(rows, i+rowsAhead)
		y, ofY, ok := r.at(row)
		if !ok {
			dst[i] = float32(math.NaN())
			continue
		}
		overlap, ok := table.overlap(y, ofY)
		if !ok {
			dst[i] = float32(math.NaN())
			continue
		}
		if dst[i], ok = r.metric.FromOverlap(overlap, table.summary, ofY); !ok {
			dst[i] = r.metric.Pairwise(table.vector, y)
		}
	}
}

// rowsAhead is how many rows ahead are prefetched: so much is computed while memory answers.
const rowsAhead = 2

// prefetch asks for the beginning of the i-th of rows, if there is one. The rest of it follows by the processor's own
// means, since it is read in order.
func (r *SparseRows) prefetch(rows []uint32, i int) {
	if i < len(rows) && r.listed == nil {
		if begin := r.offsets[rows[i]] / 4; begin < uint64(len(r.words)) {
			simd.Prefetch(r.words[begin:])
		}
	}
}
