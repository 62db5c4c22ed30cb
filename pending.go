package store

import (
	"context"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/nnd"
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
	vectors codec.Table // the writer's
	view    codec.Rows  // of vectors
	rows    []pendingRow
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

// at finds a row by its number. Rows are spread evenly, so this is one division.
func (p *pendingRows) at(row uint32) (*pendingChunk, uint32) {
	perChunk := uint32(len(p.chunks[0].rows))
	return p.chunks[row/perChunk], row % perChunk
}

// pendingScorer scores one query against pending rows, which lie in chunks. It is reusable.
type pendingScorer struct {
	scorer codec.Scorer
	chunks []*pendingChunk
	places []uint32 // of rows within their chunk
	ranking
}

// search compares the query with every pending row that is alive. The rows found are good until the next call.
func (p *pendingScorer) search(ctx context.Context, rows *pendingRows, q *query) ([]nnd.Candidate, nnd.SearchStats, error) {
	live := rows.live()
	if live == 0 {
		return nil, nnd.SearchStats{}, nil
	}
	if p.scorer == nil {
		p.scorer = rows.chunks[0].view.Scorer()
	}
	p.scorer.Prepare(q.vector)
	p.chunks = rows.chunks
	defer func() { p.chunks = nil }()
	var allowed nnd.Filter
	if rows.dead != nil {
		allowed = alive{rows.dead}
	}
	stats, err := p.scan(ctx, p, q, int(rows.n), live, allowed)
	return p.found, stats, err
}

// Score is nnd.Scorer's.
func (p *pendingScorer) Score(dst []float32, rows []uint32) { p.each(dst, rows, p.scorer.Score) }

// Exact is codec.Scorer's.
func (p *pendingScorer) Exact(dst []float32, rows []uint32) { p.each(dst, rows, p.scorer.Exact) }

// each scores the rows of one chunk after the other.
func (p *pendingScorer) each(dst []float32, rows []uint32, score func(dst []float32, rows []uint32)) {
	perChunk := uint32(len(p.chunks[0].rows))
	for len(rows) > 0 {
		at := rows[0] / perChunk
		p.places = p.places[:0]
		for _, row := range rows {
			if row/perChunk != at {
				break
			}
			p.places = append(p.places, row%perChunk)
		}
		p.scorer.Over(p.chunks[at].view)
		score(dst[:len(p.places)], p.places)
		dst, rows = dst[len(p.places):], rows[len(p.places):]
	}
}
