package store

import (
	"slices"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/internal/simd"
	"github.com/vicinaldb/store/nnd"
)

// codedScorer is a scorer that compares queries as codes, which can be made before.
type codedScorer interface {
	codec.Scorer
	Code(code []byte, query codec.Vector) bool
	PrepareCode(query codec.Vector, code []byte)
}

// pivotTable has the codes of a segment's pivots, and behind them those of the queries of a block. So a run of queries is compared with
// the pivots in blocks, for which each code is loaded once for several pairs, and a query that is searched for later has its code already.
type pivotTable struct {
	codes   []byte
	stride  int
	rows    nnd.BlockPoints // of these codes; nil where queries have none, or nothing compares them in blocks
	numbers []uint32        // 0, 1, 2, ... of all rows
	pivots  int
	codec   codec.Codec // of the segment before
}

// reset makes the table that of a segment, with room for so many queries. It reads the segment.
func (t *pivotTable) reset(seg *segment, queries int) error {
	t.rows, t.stride = nil, seg.codec.Stride()
	packed, blocks := seg.pivots.(nnd.BlockPoints)
	if !blocks {
		return nil
	}
	t.pivots = packed.Len()
	count := t.pivots + queries
	if t.codec != seg.codec {
		t.codec = seg.codec
		clear(t.codes[:cap(t.codes)]) // codes of another layout may end otherwise
	}
	t.codes = slices.Grow(t.codes[:0], count*t.stride)[:count*t.stride]
	copy(t.codes, seg.PivotCodes())
	for row := len(t.numbers); row < count; row++ {
		t.numbers = append(t.numbers, uint32(row))
	}
	rows, err := seg.codec.View(codec.Codes{Stride: t.stride, Codes: t.codes})
	if err != nil {
		return err
	}
	t.rows = rows.(nnd.BlockPoints)
	return nil
}

// score sets distances[i*pivots+j] to how far the i-th of a run of queries, which begins with the query begin of the block, is from pivot j,
// false when not all of them have codes. Those that have keep them.
func (t *pivotTable) score(distances []float32, run []query, begin int, scorer codec.Scorer) bool {
	coded, ok := scorer.(codedScorer)
	if t.rows == nil || !ok {
		return false
	}
	for i := range run {
		at := (t.pivots + begin + i) * t.stride
		code := t.codes[at:][:t.stride:t.stride]
		if !coded.Code(code, run[i].vector) {
			return false
		}
		run[i].code = code
	}
	t.rows.BlockDistances(distances, t.numbers[t.pivots+begin:][:len(run)], t.numbers[:t.pivots])
	return true
}

// prefetch has the processor begin to load the code of a query of the block.
func (t *pivotTable) prefetch(query int) {
	if t.rows != nil {
		simd.PrefetchRows(t.codes, t.stride, t.stride, t.numbers[t.pivots+query:][:1])
	}
}

// begin makes the vector of a query the one that is compared.
func (s *segmentScorer) begin(q *query) {
	if q.code != nil && q.pivotsOf == s.segment {
		s.Scorer.(codedScorer).PrepareCode(q.vector, q.code)
		return
	}
	s.Prepare(q.vector)
}
