package compaction

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/vicinaldb/store/nnd"
	"github.com/vicinaldb/store/storage"
)

// Stats are the statistics that a segment keeps of its build.
type Stats struct {
	// Reused is how many rows began with the neighbor lists of an older segment.
	Reused    int            `json:"reused,omitempty"`
	Neighbors nnd.BuildStats `json:"neighbors"`
	Search    nnd.GraphStats `json:"search"`
}

// write puts everything into the segment file.
func (job Job) write(ctx context.Context, rows *loaded, g *graphs) (info storage.SegmentInfo, err error) {
	build, err := json.Marshal(Stats{Reused: g.reused, Neighbors: g.neighbors.Stats, Search: g.search.Stats})
	if err != nil {
		return info, fmt.Errorf("encoding statistics: %w", err)
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
			Codec:           job.Codec.Name(),
			CodecStride:     g.codes.Stride,
			VectorStride:    g.codes.VectorStride,
			AdjacencyStride: g.search.Stride,
			Neighbors:       g.neighbors.K,
			Pivots:          len(g.search.Pivots),
			Seed:            job.Index.Seed,
			Index:           job.IndexJSON,
			Build:           build,
		},
		Codes:             g.codes.Codes,
		CodeOffsets:       g.codes.Offsets,
		Vectors:           g.codes.Vectors,
		Adjacency:         g.search.Adjacency,
		PivotRows:         g.search.Pivots,
		NeighborRows:      g.neighbors.Rows,
		NeighborDistances: g.neighbors.Distances,
		Items:             items,
	})
	job.Progress("writing", 1, 1)
	return info, err
}

// Bounds of one read transaction, which must be short: while it lasts the
// writer cannot use the pages again that it sees.
const (
	batchRows  = 512
	batchBytes = 4 << 20
)

// writeItems hands over ids, metadata and payloads in the segment's order of
// rows. Records are read again, a batch in a transaction, so that memory need not hold them.
func (job Job) writeItems(ctx context.Context, items *storage.ItemWriter, rows *loaded, order []uint32) error {
	for len(order) > 0 {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		done, err := job.writeBatch(items, rows, order)
		if err != nil {
			return err
		}
		order = order[done:]
		job.Progress("records", rows.len()-len(order), rows.len())
	}
	return nil
}

func (job Job) writeBatch(items *storage.ItemWriter, rows *loaded, order []uint32) (done int, err error) {
	size := 0
	err = job.Data.View(func(v *storage.View) error {
		for _, i := range order[:min(len(order), batchRows)] {
			var metadata, payload []byte
			row, err := v.Row(rows.sequences[i])
			switch {
			case errors.Is(err, storage.ErrNotFound):
				// The row died after it was read: nobody will ask for its record.
			case err != nil:
				return err
			default:
				metadata, payload = row.Metadata, row.Payload
			}
			if err := items.Add(rows.id(i), metadata, payload); err != nil {
				return err
			}
			done++
			if size += len(metadata) + len(payload); size >= batchBytes {
				return nil
			}
		}
		return nil
	})
	return done, err
}
