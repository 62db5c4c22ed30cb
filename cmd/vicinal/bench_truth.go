package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/vicinaldb/store"
	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/internal/dataset"
)

// truth gives the row numbers of each query's nearest --recall-at base vectors,
// nearest first: from the file that was named, from an earlier run, or computed.
func (b *bench) truth(ctx context.Context, queries []store.Item) ([][]uint32, error) {
	if err := b.checkRecallAt(b.rows); err != nil {
		return nil, err
	}
	if b.Truth != "" {
		return b.givenTruth(len(queries), b.rows)
	}
	mark, err := markFile(b.Queries)
	if err != nil {
		return nil, err
	}
	path := b.dir.truth(mark, len(queries), b.RecallAt)
	truth, err := dataset.ReadRowNumbers(path)
	if err == nil {
		b.report.note("truth", "reused from "+path)
		return truth, b.checkTruth(path, truth, len(queries), b.rows)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	start := time.Now()
	if truth, err = b.computeTruth(ctx, queries); err != nil {
		return nil, fmt.Errorf("computing the truth: %w", err)
	}
	b.report.note("truth", "computed in "+timeText(time.Since(start)))
	return truth, writeWhole(path, func(w io.Writer) error { return dataset.WriteRowNumbers(w, truth) })
}

// checkRecallAt makes sure that there are as many true neighbors; rows are those of the base, or -1.
func (b *bench) checkRecallAt(rows int) error {
	if rows >= 0 && b.RecallAt > rows {
		return fmt.Errorf("--recall-at, which is k when not given, is %d, but %s holds only %d vectors", b.RecallAt, b.Base, rows)
	}
	return nil
}

// givenTruth reads the file of --truth, which may go on after the last of limited queries. Numbers that are not known yet are -1.
func (b *bench) givenTruth(queries, rows int) ([][]uint32, error) {
	truth, err := dataset.ReadRowNumbers(b.Truth)
	if err != nil {
		return nil, fmt.Errorf("--truth: %w", err)
	}
	if b.QueriesLimit > 0 {
		most := queries
		if most < 0 {
			most = b.QueriesLimit
		}
		truth = truth[:min(most, len(truth))]
	}
	return truth, b.checkTruth(b.Truth, truth, queries, rows)
}

// checkTruth makes sure that the row numbers can be those of these queries and this base, as far as their numbers are known.
func (b *bench) checkTruth(path string, truth [][]uint32, queries, rows int) error {
	if queries < 0 {
		queries = len(truth)
	}
	if len(truth) != queries {
		return fmt.Errorf("%s is the truth of %d queries, not %d", path, len(truth), queries)
	}
	for i, row := range truth {
		if len(row) < b.RecallAt {
			return fmt.Errorf("%s names %d neighbors of each query, too few for --recall-at %d", path, len(row), b.RecallAt)
		}
		if far := slices.Max(row); rows >= 0 && int(far) >= rows {
			return fmt.Errorf("%s: query %d: there is no row %d among the %d stored", path, i, far, rows)
		}
	}
	return nil
}

// computeTruth compares every query with every base vector. The base is read
// block by block, and each block meets all queries before the next is read, so
// that the base may be larger than memory.
func (b *bench) computeTruth(ctx context.Context, queries []store.Item) (truth [][]uint32, err error) {
	file, err := b.vectorFlags.open(b.Base)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	bar := b.out.progress()
	defer bar.end()
	scan, err := newTruthScan(b.codec, queries, b.RecallAt)
	if err != nil {
		return nil, err
	}
	for {
		row, reading := file.Next()
		if reading != nil && !errors.Is(reading, io.EOF) {
			return nil, reading
		}
		if reading == nil && !scan.take(itemOf(row)) {
			continue
		}
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		if err := scan.compare(); err != nil {
			return nil, err
		}
		bar.show("exact truth", int64(scan.done), int64(b.rows))
		if reading != nil {
			return scan.result(), nil
		}
	}
}

// truthScan keeps the nearest k rows of each query among those compared so far.
type truthScan struct {
	codec   codec.Codec
	queries []store.Item
	nearest [][]neighbor // of each query, sorted
	k       int
	block   codec.Table // rows that are to be compared next
	room    int         // rows of a block
	done    int         // rows compared
}

type neighbor struct {
	distance float32 // fast form
	row      uint32
}

func newTruthScan(c codec.Codec, queries []store.Item, k int) (*truthScan, error) {
	// A block fits a core's second-level cache together with a query.
	const blockBytes, sparseBytes = 512 << 10, 1 << 10
	t := &truthScan{codec: c, queries: queries, nearest: make([][]neighbor, len(queries)), k: k}
	t.room = max(16, blockBytes/max(c.Stride(), sparseBytes/8))
	if c.Stride() == 0 {
		t.room = blockBytes / sparseBytes
	}
	for i := range t.nearest {
		t.nearest[i] = make([]neighbor, 0, k+1)
	}
	var err error
	t.block, err = c.NewTable(t.room)
	return t, err
}

// take adds a row to the block, and reports whether the block is full.
func (t *truthScan) take(item store.Item) bool {
	t.block.Append(vectorOf(item))
	return t.block.Len() == t.room
}

// compare compares all queries with the block, on all cores, and begins a new one.
func (t *truthScan) compare() (err error) {
	workers := runtime.GOMAXPROCS(0)
	var running sync.WaitGroup
	for w := range workers {
		begin, end := len(t.queries)*w/workers, len(t.queries)*(w+1)/workers
		running.Go(func() { t.work(begin, end) })
	}
	running.Wait()
	t.done += t.block.Len()
	t.block, err = t.codec.NewTable(t.room)
	return err
}

func (t *truthScan) work(begin, end int) {
	all := make([]uint32, t.block.Len())
	for i := range all {
		all[i] = uint32(i)
	}
	distances := make([]float32, len(all))
	scorer := t.block.Rows().Scorer()
	for i := begin; i < end; i++ {
		scorer.Prepare(vectorOf(t.queries[i]))
		scorer.Exact(distances, all)
		t.offer(i, distances)
	}
}

// offer adds what is near in a block to the nearest of a query. Rows come in
// ascending order, so of equally near ones the first stays ahead.
func (t *truthScan) offer(query int, distances []float32) {
	nearest := t.nearest[query]
	for i, d := range distances {
		if len(nearest) == t.k && !(d < nearest[t.k-1].distance) {
			continue
		}
		at := len(nearest)
		for at > 0 && d < nearest[at-1].distance {
			at--
		}
		nearest = slices.Insert(nearest, at, neighbor{d, uint32(t.done + i)})
		nearest = nearest[:min(t.k, len(nearest))]
	}
	t.nearest[query] = nearest
}

func (t *truthScan) result() [][]uint32 {
	truth := make([][]uint32, len(t.nearest))
	for i, nearest := range t.nearest {
		truth[i] = make([]uint32, len(nearest))
		for j, n := range nearest {
			truth[i][j] = n.row
		}
	}
	return truth
}
