package store

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/vicinaldb/store/codec"
)

// pendingRows are the rows that no segment holds yet. Queries scan them all. A
// pendingRows is immutable: each commit derives the next from the last one, and
// they share chunks.
type pendingRows struct {
	chunks []*pendingChunk
	n      uint32          // rows in the chunks that belong to this value, dead ones included
	dead   *roaring.Bitmap // rows among them that were replaced or deleted since; nil when none
}

// pendingChunk holds some rows at fixed places. Rows below the n of a
// pendingRows never change, so readers need no lock while the writer appends.
type pendingChunk struct {
	codes []byte // cap(rows) times the codec's stride
	view  *codec.Float32Rows
	rows  []pendingRow
}

// pendingRow is a row without its vector.
type pendingRow struct {
	seq    uint64
	id     string
	fields []byte // metadata, encoded
	data   []byte // payload
}

// live counts the rows that queries may return.
func (p *pendingRows) live() int {
	if p.dead == nil {
		return int(p.n)
	}
	return int(p.n) - int(p.dead.GetCardinality())
}

// isDead reports whether a row was replaced or deleted.
func (p *pendingRows) isDead(row uint32) bool { return p.dead != nil && p.dead.Contains(row) }

// at finds a row by its number. Rows are spread evenly, so this is one division.
func (p *pendingRows) at(row uint32) (*pendingChunk, uint32) {
	perChunk := uint32(len(p.chunks[0].rows))
	return p.chunks[row/perChunk], row % perChunk
}

// code is the place of one row's vector.
func (p *pendingChunk) code(i uint32, c *codec.Float32) []byte {
	stride := c.Stride()
	return p.codes[int(i)*stride : (int(i)+1)*stride]
}

// pendingScorer finds the nearest pending rows of one query. It is reusable.
type pendingScorer struct {
	scorer    *codec.Float32Scorer
	numbers   []uint32 // of the live rows of a chunk
	distances []float32
	found     []hit
}

// scan compares the query with every pending row that is alive, and gives the k
// nearest in order. The slice is good until the next call.
func (p *pendingScorer) scan(ctx context.Context, rows *pendingRows, q *query) ([]hit, error) {
	p.found = p.found[:0]
	p.prepare(rows, q.vector)
	bound := float32(math.Inf(1))
	perChunk := uint32(len(rows.chunks[0].rows))
	for at, begin := 0, uint32(0); begin < rows.n; at, begin = at+1, begin+perChunk {
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		p.score(rows, rows.chunks[at], begin, min(perChunk, rows.n-begin))
		for i, distance := range p.distances {
			if distance < bound || distance == bound && len(p.found) < q.k {
				p.found = append(p.found, hit{distance: distance, row: begin + p.numbers[i]})
			}
		}
		bound = p.cut(q.k)
		if q.stats != nil {
			q.stats.Distances += len(p.numbers)
		}
	}
	return p.found, nil
}

func (p *pendingScorer) prepare(rows *pendingRows, vector []float32) {
	if p.scorer == nil {
		p.scorer = rows.chunks[0].view.Scorer()
	}
	p.scorer.Prepare(vector)
}

// score fills numbers and distances for the live rows among the first n of a chunk.
func (p *pendingScorer) score(rows *pendingRows, chunk *pendingChunk, begin, n uint32) {
	p.numbers = p.numbers[:0]
	for i := range n {
		if !rows.isDead(begin + i) {
			p.numbers = append(p.numbers, i)
		}
	}
	p.distances = slices.Grow(p.distances[:0], len(p.numbers))[:len(p.numbers)]
	p.scorer.Over(chunk.view)
	p.scorer.Score(p.distances, p.numbers)
}

// cut sorts, drops what is beyond the k nearest and gives
// the distance that a row must be below to be among them.
func (p *pendingScorer) cut(k int) float32 {
	if len(p.found) < k {
		return float32(math.Inf(1))
	}
	slices.SortFunc(p.found, func(a, b hit) int {
		if order := cmp.Compare(a.distance, b.distance); order != 0 {
			return order
		}
		return cmp.Compare(a.row, b.row)
	})
	p.found = p.found[:k]
	return p.found[k-1].distance
}
