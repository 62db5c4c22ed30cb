package compaction

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/nnd"
	"github.com/vicinaldb/store/storage"
)

// Job says which segment to make.
type Job struct {
	// Data is where the rows are; those with a sequence number up to Upto are taken.
	Data *storage.DataFile
	Upto uint64
	// Codec is the collection's. Metric names what it compares by, with parameters as the segment keeps them.
	Codec codec.Codec
	// Codes is the name of the codec that the segment is to have; empty for the one that suits best.
	Codes        string
	Metric       string
	MetricParams json.RawMessage
	// Index are the dials of the graphs, and IndexJSON the same as the segment keeps them. Without Neighbors, these and the degree
	// are chosen by how hard neighbors are to find.
	Index     nnd.Options
	IndexJSON json.RawMessage
	// SearchOnly leaves the neighbor lists out of the segment.
	SearchOnly bool
	// Before are the statistics of the segment before, the choices of which are kept as long as it has not been outgrown.
	Before Stats
	// Warm, when set, is what to begin with: the neighbor lists of an older segment with most of the rows.
	Warm *Warm
	// Init, when set, walks neighbors by ids, to begin with in place of trees.
	Init iter.Seq2[InitialList, error]
	// Path is where the segment goes, and Spool a file used on the way. Nothing may be at either.
	Path, Spool string
	// Progress, when set, is called as the work advances, from one goroutine at a time.
	Progress func(stage string, done, total int)
}

// Output is a segment that was written.
type Output struct {
	storage.SegmentInfo
	Rows   int
	Reused int // of them, rows whose neighbor lists were begun with
	Build  nnd.BuildStats
	Search nnd.GraphStats
	Codes  CodeStats
	Dials  DialStats

	sequences []uint64 // of the rows in the order they were read, ascending
	rowOf     []uint32 // the segment's row of each of them
}

// Row returns the segment's row of a row of the data file, if it is in the segment.
func (o *Output) Row(sequence uint64) (row uint32, ok bool) {
	i, ok := slices.BinarySearch(o.sequences, sequence)
	if !ok {
		return 0, false
	}
	return o.rowOf[i], true
}

// Rewrite makes a segment of the live rows of a data file. Rows that die while
// it works are in the segment or not; the caller marks those dead that are, see
// [Output.Row]. When ctx ends, or on any other error, nothing is left on disk.
// Without live rows there is no segment, and the output has no rows.
func Rewrite(ctx context.Context, job Job) (*Output, error) {
	if job.Progress == nil {
		job.Progress = func(string, int, int) {}
	}
	tried, err := job.triedBefore()
	if err != nil {
		return nil, err
	}
	if tried.stats.Coarse {
		job.Codes = nameFloat32
	}
	out, err := job.make(ctx, tried)
	if errors.Is(err, errCoarse) {
		job.Codes, job.Before.Dials = nameFloat32, tried.dials
		out, err = job.make(ctx, tried)
	}
	return out, err
}

// make makes the segment. When it fails with errCoarse, it leaves in tried what it has found.
func (job Job) make(ctx context.Context, tried *trial) (out *Output, err error) {
	rows, err := job.load(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading rows: %w", err)
	}
	if rows.len() == 0 {
		return new(Output), nil
	}
	defer func() {
		if closing := rows.closeAhead(); closing != nil {
			out, err = nil, errors.Join(err, closing)
		}
	}()
	graphs, err := job.build(ctx, rows, tried)
	if errors.Is(err, errCoarse) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("building graphs: %w", err)
	}
	info, err := job.write(ctx, rows, graphs)
	if err != nil {
		return nil, err
	}
	return &Output{
		SegmentInfo: info,
		Rows:        rows.len(),
		Reused:      graphs.reused,
		Build:       graphs.neighbors.Stats,
		Search:      graphs.search.Stats,
		Codes:       graphs.stats,
		Dials:       graphs.dials,
		sequences:   rows.sequences,
		rowOf:       invert(graphs.order),
	}, nil
}

// graphs are neighbor graph and search graph in the segment's order of rows.
type graphs struct {
	order     []uint32 // order[row] is the row's place in the order of reading
	reused    int
	stats     CodeStats
	dials     DialStats
	neighbors *nnd.NeighborGraph
	search    *nnd.SearchGraph
}

// build brings the codes into an order that keeps near rows together, then
// builds everything in that order.
func (job Job) build(ctx context.Context, rows *loaded, tried *trial) (*graphs, error) {
	options := job.Index
	options.Progress = func(p nnd.Progress) { job.Progress(stageName(p), p.Done, p.Total) }
	g := new(graphs)
	points, err := rows.codec.View(rows.codes)
	if err != nil {
		return nil, err
	}
	if g.order, err = nnd.Order(ctx, points, options); err != nil {
		return nil, err
	}
	rows.codes.Permute(g.order)
	options.Ordered = true
	if points, err = rows.codec.View(rows.codes); err != nil {
		return nil, err
	}
	if g.dials, err = job.chooseDials(ctx, points, rows, &options); err != nil {
		return nil, err
	}
	if err := job.writeAhead(ctx, rows, g); err != nil {
		return nil, err
	}
	if err := job.findNeighbors(ctx, points, rows, g, options); err != nil {
		return nil, err
	}
	g.stats, err = job.measure(ctx, points, rows, g)
	if errors.Is(err, errCoarse) {
		tried.fail(rows, g)
	}
	if err != nil {
		return nil, err
	}
	if tried.stats.Coarse {
		tried.stats.Codec = g.stats.Codec
		g.stats = tried.stats
	}
	if err := rows.waitAhead(); err != nil {
		return nil, err
	}
	return g, job.searchGraph(ctx, points, g, options)
}

func stageName(p nnd.Progress) string {
	if p.Round > 0 {
		return fmt.Sprintf("%s, round %d", p.Stage, p.Round)
	}
	return p.Stage
}

// invert gives the place of each number in a permutation.
func invert(order []uint32) []uint32 {
	place := make([]uint32, len(order))
	for i, number := range order {
		place[number] = uint32(i)
	}
	return place
}
