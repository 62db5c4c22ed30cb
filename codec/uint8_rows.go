package codec

import (
	"fmt"

	"github.com/vicinaldb/store/internal/simd"
	"github.com/vicinaldb/store/metric"
)

// Uint8Rows are encoded rows that can be computed with. Any number of goroutines may use them at once, as long as the bytes
// they were made from are there.
type Uint8Rows struct {
	codec   *Uint8
	codes   []byte
	vectors []float32 // dim of each row; nil when codes are lossless, or alone
}

// Len returns the number of rows.
func (r *Uint8Rows) Len() int { return len(r.codes) / r.codec.stride }

// Vector returns the components of a row: those beside its code, as a read-only view that is valid as long as the bytes of
// the rows, or those that a lossless code stands for, a copy. The error wraps ErrCorrupt when the vector is in neither.
func (r *Uint8Rows) Vector(row uint32) (Vector, error) {
	switch {
	case r.codec.params.Lossless:
		decoded := make([]float32, r.codec.stride)
		simd.FloatsOfBytes(decoded, r.code(row))
		dim := r.codec.Dim()
		return Vector{Dense: decoded[:dim:dim]}, nil
	case r.vectors == nil:
		return Vector{}, fmt.Errorf("%w: row %d has a code and no vector", ErrCorrupt, row)
	}
	return Vector{Dense: r.vector(row)}, nil
}

// Prefetch has the processor begin to load what is compared of rows. Every row must be below Len.
func (r *Uint8Rows) Prefetch(rows []uint32) {
	simd.PrefetchRows(r.codes, r.codec.stride, r.codec.stride, rows)
}

// Unseen finds and prefetches new rows, as [Rows] says.
func (r *Uint8Rows) Unseen(dst []uint32, seen []uint64, rows []uint32, n uint32) (count int, ok bool) {
	return simd.UnseenAhead(dst, seen, rows, n, r.codes, r.codec.stride, r.codec.stride)
}

func (r *Uint8Rows) code(row uint32) []byte {
	begin := int(row) * r.codec.stride
	return r.codes[begin : begin+r.codec.stride : begin+r.codec.stride]
}

func (r *Uint8Rows) vector(row uint32) []float32 {
	dim := r.codec.Dim()
	begin := int(row) * dim
	return r.vectors[begin : begin+dim : begin+dim]
}

// Distances sets dst[i] to the fast form of the distance between row and rows[i], computed from their codes. It is symmetric
// bit for bit and allocates nothing. Every row must be below Len.
func (r *Uint8Rows) Distances(dst []float32, row uint32, rows []uint32) {
	p := r.codec.params
	r.score(dst, uint8Code{r.code(row), float64(p.Offset), float64(p.Scale)}, rows)
}

// BlockDistances sets dst[i*len(others)+j] to what Distances gives for rows[i] and others[j]. It allocates nothing. Every row must be
// below Len.
func (r *Uint8Rows) BlockDistances(dst []float32, rows, others []uint32) {
	c := r.codec
	switch kernel := c.searched.Kernel(); {
	case kernel == metric.L1 || kernel == metric.Max || kernel == metric.InnerProduct:
		for i, row := range rows {
			r.Distances(dst[i*len(others):], row, others)
		}
	case c.round:
		simd.SphericalU8Block(dst, r.codes, c.double, c.stride, c.stride, rows, others, c.factor)
	case c.summed:
		simd.SquaredL2U8SummedBlock(dst, r.codes, c.stride, c.stride, rows, others, c.factor)
	default:
		simd.SquaredL2U8Block(dst, r.codes, c.stride, c.stride, rows, others, c.factor)
	}
}

// Scorer returns a scorer for queries against the rows. It scores nothing sensible before Prepare.
func (r *Uint8Rows) Scorer() Scorer { return newUint8Scorer(r) }

// uint8Code is a code, with what its bytes stand for.
type uint8Code struct {
	code          []byte
	offset, scale float64
}

// score compares the code of q with rows. An offset and a scale that are not those of the rows count under the inner product
// only.
func (r *Uint8Rows) score(dst []float32, q uint8Code, rows []uint32) {
	dst = dst[:len(rows)]
	for begin := 0; begin < len(rows); begin += countedRows {
		end := min(begin+countedRows, len(rows))
		r.scoreBlock(dst[begin:end], q, rows[begin:end])
	}
}

// scoreBlock is score for as many rows as the sums on its stack.
func (r *Uint8Rows) scoreBlock(dst []float32, q uint8Code, rows []uint32) {
	c := r.codec
	var sums [countedRows]uint32
	switch c.searched.Kernel() {
	case metric.L1:
		simd.L1U8Rows(sums[:], q.code, r.codes, c.stride, rows)
	case metric.Max:
		simd.MaxU8Rows(sums[:], q.code, r.codes, c.stride, rows)
	case metric.InnerProduct:
		simd.DotU8SummedRows(sums[:], q.code, r.codes, c.stride, rows)
		for i, row := range rows {
			dst[i] = c.innerProduct(sums[i], q, r.code(row))
		}
		return
	default: // squared L2, and cosine at unit length
		if c.round {
			sum, _ := simd.SumAndSquaresU8(q.code)
			simd.SphericalU8Rows(sums[:], q.code, r.codes, sum, c.double, c.stride, rows)
		} else if c.summed {
			simd.SquaredL2U8SummedRows(sums[:], q.code, r.codes, c.stride, rows)
		} else {
			simd.SquaredL2U8Rows(sums[:], q.code, r.codes, c.stride, rows)
		}
	}
	for i := range dst {
		dst[i] = float32(c.factor * float64(sums[i]))
	}
}

// innerProduct returns the fast form of the inner product of what two codes stand for, from the dot product of their bytes.
// With components o+s*x and p+t*y, it is
//
//	dim*o*p + o*t*sum(y) + p*s*sum(x) + s*t*sum(x*y)
//
// The two terms in the middle are added first, so that the order of the codes cannot matter.
func (c *Uint8) innerProduct(dot uint32, q uint8Code, row []byte) float32 {
	x, _ := simd.SumsU8(q.code)
	y, _ := simd.SumsU8(row)
	sumX, sumY := float64(x), float64(y)
	offset, scale := float64(c.params.Offset), float64(c.params.Scale)
	sums := float64(float64(q.offset*scale)*sumY) + float64(float64(offset*q.scale)*sumX)
	total := float64(float64(q.offset*offset)*float64(c.Dim())) + sums
	return float32(0 - (total + float64(float64(q.scale*scale)*float64(dot))))
}
