package store

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/internal/mapped"
	"github.com/vicinaldb/store/internal/simd"
	"github.com/vicinaldb/store/nnd"
	"github.com/vicinaldb/store/storage"
)

// segment is a mapped segment file, ready to be searched. It is counted: each
// snapshot that names it holds a reference, and the last one unmaps it.
type segment struct {
	*storage.Segment
	record storage.SegmentRecord
	path   string
	of     *Collection
	codec  codec.Codec // of its codes: the collection's, or one with parameters of its own
	rows   codec.Rows
	pivots codec.Rows // nil when the codec packs none
	graph  *nnd.SearchGraph
	log    *slog.Logger

	// stretch is the codec's StretchScore, kept since making the method value allocates.
	stretch func(score, epsilon float32) float32
	signed  bool // scores may be below zero, as of inner products, which stretch moves towards it
	// most and reach tell what the codes lose, nil where nobody knows: the greatest score of a row at an exact distance, and that of
	// one which may be among the nearest when the last of these has a score.
	most, reach func(float32) float32

	scorers  sync.Pool // *segmentScorer
	refs     atomic.Int64
	obsolete atomic.Bool // no manifest names it: the file goes with the last reference
}

// openSegment maps a segment and takes its parts together, decoding nothing. It
// comes without a reference.
func (c *Collection) openSegment(path string, record storage.SegmentRecord) (*segment, error) {
	file, err := storage.OpenSegment(path, record.Info())
	if err != nil {
		return nil, err
	}
	seg := &segment{Segment: file, record: record, path: path, of: c, log: c.log}
	if err := mapped.Guard(func() error { return seg.assemble(c.schema, c.codec) }); err != nil {
		return nil, errors.Join(fmt.Errorf("opening segment %s: %w", path, err), file.Close())
	}
	seg.stretch = seg.codec.StretchScore
	seg.signed = seg.stretch(-1, 1) > -1
	if blur, ok := codec.BlurOf(seg.codec, seg.Params().Deviations); ok && seg.Params().Deviations > 0 {
		seg.most = blur.Most
		seg.reach = func(score float32) float32 { return blur.Most(blur.Farthest(score)) }
	}
	seg.scorers.New = func() any { return newSegmentScorer(seg) }
	return seg, nil
}

// assemble checks that the segment is one of this collection and views its codes and graph.
func (seg *segment) assemble(schema Schema, vectors codec.Codec) error {
	p := seg.Params()
	params, err := schema.paramsDigest()
	if err != nil {
		return err
	}
	if p.Metric != schema.Metric || p.Dim != schema.Dim || !bytes.Equal(p.MetricParams, params) {
		return fmt.Errorf("it holds %s vectors of %d components, the collection is %s, %d, or has other parameters of the metric: %w",
			p.Metric, p.Dim, schema.Metric, schema.Dim, ErrCorrupt)
	}
	if seg.codec, err = codec.WithParams(vectors, p.Codec, p.CodecParams); err != nil {
		return fmt.Errorf("codes: %w: %w", ErrCorrupt, err)
	}
	vectors = seg.codec
	if _, unknown := vectors.(*codec.Plain); !unknown && (p.CodecStride != vectors.Stride() || p.VectorStride != vectors.VectorStride()) {
		return fmt.Errorf("its codes and vectors take %d and %d bytes, those of codec %s %d and %d: %w",
			p.CodecStride, p.VectorStride, p.Codec, vectors.Stride(), vectors.VectorStride(), ErrCorrupt)
	}
	seg.rows, err = vectors.View(codec.Codes{
		Stride: p.CodecStride, Codes: seg.Codes(), Offsets: seg.CodeOffsets(),
		VectorStride: p.VectorStride, Vectors: seg.Vectors(),
	})
	if err != nil {
		return fmt.Errorf("codes: %w: %w", ErrCorrupt, err)
	}
	if p.CodecStride > 0 {
		if seg.pivots, err = vectors.View(codec.Codes{Stride: p.CodecStride, Codes: seg.PivotCodes()}); err != nil {
			return fmt.Errorf("pivot codes: %w: %w", ErrCorrupt, err)
		}
	}
	seg.graph = &nnd.SearchGraph{Adjacency: seg.Adjacency(), Stride: p.AdjacencyStride, Pivots: seg.PivotRows(), Entries: p.Entries}
	return nil
}

// release gives a reference back. What cannot be unmapped or removed is left
// to the next Open of a writer, which removes files that no manifest names.
func (seg *segment) release() {
	if seg.refs.Add(-1) > 0 {
		return
	}
	if err := seg.Close(); err != nil {
		seg.log.Warn("unmapping segment", "path", seg.path, "error", err)
	}
	if !seg.obsolete.Load() {
		return
	}
	if err := os.Remove(seg.path); err != nil && !errors.Is(err, os.ErrNotExist) {
		seg.log.Warn("removing segment", "path", seg.path, "error", err)
	}
}

// find looks up the row of an id, dead or alive.
func (seg *segment) find(id string) (row uint32, found bool, err error) {
	err = seg.guard(func() error {
		row, found, err = seg.Find(id)
		return err
	})
	return row, found, err
}

// damage is an error that one segment's bytes caused, so that the segment can be set aside.
type damage struct {
	seg *segment
	err error
}

func (d *damage) Error() string { return d.err.Error() }
func (d *damage) Unwrap() error { return d.err }

// guard runs what reads the mapping: a memory fault becomes an error, and
// damage is blamed on the segment. Every goroutine that reads a segment does so
// under a guard of its own.
func (seg *segment) guard(read func() error) error {
	err := mapped.Guard(read)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, mapped.ErrFault):
		return &damage{seg, &storage.CorruptError{File: seg.path, Offset: -1, Reason: "reading the mapped file failed", Cause: err}}
	case errors.Is(err, ErrCorrupt):
		return &damage{seg, err}
	case errors.Is(err, nnd.ErrCorrupt), errors.Is(err, codec.ErrCorrupt):
		return &damage{seg, &storage.CorruptError{File: seg.path, Offset: -1, Cause: err}}
	}
	return err
}

// segmentScorer scores one query against the rows and the pivots of a segment.
type segmentScorer struct {
	codec.Scorer            // of the rows
	walked       nnd.Scorer // what walks of the graph ask: the scorer of the rows where it has all that they may ask for, else this one
	segment      *segment   // whose rows they are
	numbers      []uint32   // 0, 1, 2, ...: of the pivots
	pivots       []uint32   // the same when they are packed, else their rows
	reached      []uint32   // scratch: a copy of them
	keys         []uint64   // scratch: of the pivots
	distances    []float32  // scratch: to the pivots
	ranking
}

func newSegmentScorer(seg *segment) *segmentScorer {
	s := &segmentScorer{Scorer: seg.rows.Scorer(), segment: seg, pivots: seg.graph.Pivots}
	s.walked = s
	if all, ok := s.Scorer.(interface {
		nnd.WithinScorer
		nnd.UnseenScorer
	}); ok {
		s.walked = all
	}
	for i := range s.pivots {
		s.numbers = append(s.numbers, uint32(i))
	}
	if seg.pivots != nil {
		s.pivots = s.numbers[:seg.pivots.Len()]
	}
	return s
}

// ScoreWithin is nnd.WithinScorer's.
func (s *segmentScorer) ScoreWithin(dst []float32, rows []uint32, bound float32) int {
	return codec.ScoreWithin(s.Scorer, dst, rows, bound)
}

// Unseen is nnd.UnseenScorer's.
func (s *segmentScorer) Unseen(dst []uint32, seen []uint64, rows []uint32, n uint32) (count int, ok bool) {
	return s.segment.rows.Unseen(dst, seen, rows, n)
}

// PrefetchExact is exactPrefetcher's.
func (s *segmentScorer) PrefetchExact(rows []uint32) {
	if ahead, ok := s.Scorer.(exactPrefetcher); ok {
		ahead.PrefetchExact(rows)
	}
}

// toPivots are the distances to the pivots, which may be known already. They are valid until the next call.
func (s *segmentScorer) toPivots(q *query) ([]float32, error) {
	if q.pivotsOf == s.segment {
		return q.pivots, nil
	}
	pivots := len(s.segment.graph.Pivots)
	s.distances = slices.Grow(s.distances[:0], pivots)[:pivots]
	return s.distances, s.segment.graph.ScorePivots(s, s.distances)
}

// ScorePivots is nnd.PivotScorer's.
func (s *segmentScorer) ScorePivots(dst []float32) {
	if s.segment.pivots != nil {
		s.Over(s.segment.pivots)
		defer s.Over(s.segment.rows)
	}
	// Within any distance are all of them, and the form with a bound has none of them prefetched: they are in the cache.
	s.reached = append(s.reached[:0], s.pivots[:len(dst)]...)
	if s.ScoreWithin(dst, s.reached, float32(math.Inf(1))) < len(dst) {
		s.Score(dst, s.pivots[:len(dst)]) // what has no distance has lost its place
	}
}

// place sorts queries by where they lie among the pivots: by the nearest one, and then from the side of the pivot before that to the side of
// the one after it. What is near none comes last. The 16 lowest bits are left to the caller.
func (s *segmentScorer) place(distances []float32) uint64 {
	s.keys = slices.Grow(s.keys[:0], len(distances))[:len(distances)]
	nearest := simd.MakeKeys(s.keys, s.numbers, distances)
	if nearest == math.MaxUint64 {
		return nearest &^ math.MaxUint16
	}
	at := int(uint32(nearest))
	before, after := distances[max(at-1, 0)], distances[min(at+1, len(distances)-1)]
	return uint64(min(at, math.MaxUint16))<<48 | uint64(simd.SortableBits(before-after))<<16
}

// alive allows the rows that no tombstone marks.
type alive struct{ dead *roaring.Bitmap }

// Contains is nnd.Filter's.
func (a alive) Contains(row uint32) bool { return !a.dead.Contains(row) }
