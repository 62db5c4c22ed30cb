package store

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/internal/fashionmnist"
	"github.com/vicinaldb/store/internal/mapped"
	"github.com/vicinaldb/store/nnd"
)

// BenchmarkSegment_MappedBesideHeap searches the mapped file of an index, and in turns with it a copy of all that a search reads in
// ordinary memory; mapped/heap is the ratio of the times. VICINAL_BENCH_STORE names a store that "vicinal bench --store DIR"
// has left, DIR/bench.vicinal, in place of one of the images in the repository; queries are every so many of its own vectors.
func BenchmarkSegment_MappedBesideHeap(b *testing.B) {
	ctx := context.Background()
	c := benchmarkCollection(b)
	s, err := c.acquire()
	if err != nil {
		b.Fatal(err)
	}
	defer s.release()
	file, queries := s.segments[0], benchmarkQueries(b, c)
	ways := []*segment{file, onHeap(b, file)}
	var took [2]time.Duration
	for _, way := range ways {
		searchAll(ctx, b, way, queries)
	}
	for b.Loop() {
		for i, way := range ways {
			start := time.Now()
			searchAll(ctx, b, way, queries)
			took[i] += time.Since(start)
		}
	}
	b.ReportMetric(took[0].Seconds()/took[1].Seconds(), "mapped/heap")
	b.ReportMetric(float64(b.N*len(queries))/took[0].Seconds(), "mapped-queries/s")
}

func benchmarkCollection(b *testing.B) *Collection {
	path, name := os.Getenv("VICINAL_BENCH_STORE"), "bench"
	if path == "" {
		path = filepath.Join(b.TempDir(), "s")
	}
	s, err := Open(path)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	ctx := context.Background()
	if c, err := s.Collection(ctx, name); err == nil {
		return c
	}
	images, err := fashionmnist.Images()
	if err != nil {
		b.Fatal(err)
	}
	c, err := s.Create(ctx, name, Schema{Dim: len(images[0])})
	if err != nil {
		b.Fatal(err)
	}
	items := make([]Item, len(images))
	for i, image := range images {
		items[i] = Item{ID: strconv.Itoa(i), Vector: fashionmnist.Vector(image)}
	}
	if _, err := c.Upsert(ctx, items...); err != nil {
		b.Fatal(err)
	}
	if _, err := c.Prepare(ctx); err != nil {
		b.Fatal(err)
	}
	return c
}

// benchmarkQueries makes queries of stored vectors halfway to the next one.
func benchmarkQueries(b *testing.B, c *Collection) (queries []query) {
	const count = 1000
	every, last := max(1, c.Len()/count), []float32(nil)
	for i := 0; i < c.Len() && len(queries) < count; i += every {
		item, err := c.Get(context.Background(), strconv.Itoa(i))
		if err != nil {
			b.Fatal(err)
		}
		if last != nil {
			between := slices.Clone(last)
			for j := range between {
				between[j] += (item.Vector[j] - last[j]) / 8
			}
			q, err := c.checkQuery(context.Background(), codec.Vector{Dense: between}, 10, nil)
			if err != nil {
				b.Fatal(err)
			}
			queries = append(queries, q)
		}
		last = item.Vector
	}
	return queries
}

// onHeap copies what a search reads.
func onHeap(b *testing.B, seg *segment) *segment {
	heap := &segment{
		Segment: seg.Segment, record: seg.record, path: seg.path, codec: seg.codec, log: seg.log,
		stretch: seg.stretch, most: seg.most, reach: seg.reach,
	}
	clone := func(from []byte) []byte {
		to := mapped.Aligned(len(from))
		copy(to, from)
		return to
	}
	p := seg.Params()
	var err error
	heap.rows, err = seg.codec.View(codec.Codes{
		Stride: p.CodecStride, Codes: clone(seg.Codes()), Offsets: clone(seg.CodeOffsets()),
		VectorStride: p.VectorStride, Vectors: clone(seg.Vectors()),
	})
	if err != nil {
		b.Fatal(err)
	}
	if seg.pivots != nil {
		if heap.pivots, err = seg.codec.View(codec.Codes{Stride: p.CodecStride, Codes: clone(seg.PivotCodes())}); err != nil {
			b.Fatal(err)
		}
	}
	adjacency, err := mapped.Uint32s(clone(mapped.BytesOfUint32s(seg.Adjacency())))
	if err != nil {
		b.Fatal(err)
	}
	heap.graph = &nnd.SearchGraph{
		Adjacency: adjacency, Stride: p.AdjacencyStride, Pivots: slices.Clone(seg.PivotRows()), Entries: p.Entries,
	}
	heap.scorers.New = func() any { return newSegmentScorer(heap) }
	return heap
}

func searchAll(ctx context.Context, b *testing.B, seg *segment, queries []query) {
	scorer := seg.scorers.Get().(*segmentScorer)
	defer seg.scorers.Put(scorer)
	for i := range queries {
		if _, err := seg.search(ctx, &queries[i], scorer, nil); err != nil {
			b.Fatal(err)
		}
	}
}
