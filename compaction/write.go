package compaction

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/nnd"
	"github.com/vicinaldb/store/storage"
)

// Stats are the statistics that a segment keeps of its build.
type Stats struct {
	// Reused is how many rows began with the neighbor lists of an older segment.
	Reused    int            `json:"reused,omitempty"`
	Neighbors nnd.BuildStats `json:"neighbors"`
	Search    nnd.GraphStats `json:"search"`
	Codes     CodeStats      `json:"codes"`
	Dials     DialStats      `json:"dials,omitzero"`
}

// writeAhead has the codes, which will not move any more, and the vectors beside them written to the segment file while graphs are built,
// by one thread more. Who allows one thread does not get a second one for that.
func (job Job) writeAhead(ctx context.Context, rows *loaded, g *graphs) (err error) {
	if job.Index.EnsureDefaults(rows.len()).Threads == 1 {
		return nil
	}
	var vectors func(context.Context, io.Writer) error
	if rows.beside {
		vectors = job.vectorsAhead(rows, g)
	}
	rows.ahead, err = storage.WriteAhead(ctx, job.Path, rows.codes.Codes, vectors)
	return err
}

// waitAhead waits until vectors that are written ahead take no memory any more.
func (l *loaded) waitAhead() error {
	if l.ahead == nil {
		return nil
	}
	return l.ahead.WaitRead()
}

// closeAhead ends what writeAhead began, if nothing came of it.
func (l *loaded) closeAhead() error {
	if l.ahead == nil {
		return nil
	}
	return l.ahead.Close()
}

// write puts everything into the segment file.
func (job Job) write(ctx context.Context, rows *loaded, g *graphs) (info storage.SegmentInfo, err error) {
	build, err := json.Marshal(Stats{Reused: g.reused, Neighbors: g.neighbors.Stats, Search: g.search.Stats, Codes: g.stats, Dials: g.dials})
	if err != nil {
		return info, fmt.Errorf("encoding statistics: %w", err)
	}
	codecParams, err := rows.params()
	if err != nil {
		return info, err
	}
	if job.SearchOnly {
		g.neighbors = new(nnd.NeighborGraph)
	}
	items, err := storage.NewItemWriter(job.Spool)
	if err != nil {
		return info, err
	}
	defer func() { err = errors.Join(err, items.Close()) }()
	if err := job.writeItems(ctx, items, rows, g.order); err != nil {
		return info, fmt.Errorf("writing records: %w", err)
	}
	job.Progress("writing", 0, 1)
	info, err = storage.WriteSegment(ctx, job.Path, &storage.SegmentContent{
		Params: storage.Params{
			Rows:            rows.len(),
			Dim:             job.Codec.Dim(),
			Metric:          job.Metric,
			MetricParams:    job.MetricParams,
			Codec:           rows.codec.Name(),
			CodecStride:     rows.codes.Stride,
			VectorStride:    rows.vectorStride(),
			CodecParams:     codecParams,
			Surplus:         surplus(rows, g),
			Deviations:      deviations(rows, g),
			AdjacencyStride: g.search.Stride,
			Neighbors:       g.neighbors.K,
			Pivots:          len(g.search.Pivots),
			Entries:         entries(g.search),
			Seed:            job.Index.Seed,
			Index:           job.IndexJSON,
			Build:           build,
		},
		Codes:             rows.codes.Codes,
		Ahead:             rows.ahead,
		CodeOffsets:       rows.codes.Offsets,
		Vectors:           rows.codes.Vectors,
		WriteVectors:      job.vectorWriter(ctx, rows, g),
		Adjacency:         g.search.Adjacency,
		PivotRows:         g.search.Pivots,
		NeighborRows:      g.neighbors.Rows,
		NeighborDistances: g.neighbors.Distances,
		Items:             items,
	})
	job.Progress("writing", 1, 1)
	return info, err
}

// writeItems hands over ids, metadata and payloads in the segment's order of
// rows. Records are read again, a batch in a transaction, so that memory need not hold them: unless there is nothing in them.
func (job Job) writeItems(ctx context.Context, items *storage.ItemWriter, rows *loaded, order []uint32) error {
	if rows.bare {
		for _, i := range order {
			if err := items.Add(rows.id(i), nil, nil); err != nil {
				return err
			}
		}
		return nil
	}
	done := 0
	return job.eachAgain(ctx, rows, order, func(i uint32, record codec.Record) error {
		if done++; done%batchRows == 0 || done == len(order) {
			job.Progress("records", done, len(order))
		}
		return items.Add(rows.id(i), record.Metadata, record.Payload)
	})
}

// surplus is what the segment says to its readers: nothing when its codes need no ranking.
func surplus(rows *loaded, g *graphs) int {
	if rows.beside {
		return g.stats.Surplus
	}
	return 0
}

// deviations is what the segment says to its readers of the errors of its codes.
func deviations(rows *loaded, g *graphs) float64 {
	if rows.beside {
		return g.stats.Deviations
	}
	return 0
}

// entries is what the segment says to its readers: nothing when searches begin as they would anyway.
func entries(g *nnd.SearchGraph) int {
	if g.Entries == 1 {
		return 0
	}
	return g.Entries
}
