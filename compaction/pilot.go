package compaction

import (
	"context"
	"math"
	"slices"

	"github.com/vicinaldb/store/internal/shares"
	"github.com/vicinaldb/store/nnd"
)

// pilot is a sample of rows: those at equal intervals. Where rows are numbered by the leaves of a tree, all regions are in it.
type pilot struct {
	nnd.Points
	block   nnd.BlockPoints // nil when points are none
	threads int
}

// newPilot copies the codes of a sample, so that they are compared as fast as any.
func newPilot(rows *encoded, sample, threads int) (*pilot, error) {
	numbers, n := make([]uint32, sample), rows.codes.Len()
	for i := range numbers {
		numbers[i] = uint32(uint64(i) * uint64(n) / uint64(sample))
	}
	points, err := rows.codec.View(rows.codes.Pick(numbers))
	if err != nil {
		return nil, err
	}
	p := &pilot{Points: points, threads: threads}
	p.block, _ = points.(nnd.BlockPoints)
	return p, nil
}

// recall is what share of the nearest rows the lists of some rows have. A row as far as the farthest of these is as good.
func (p *pilot) recall(ctx context.Context, graph *nnd.NeighborGraph) (float64, error) {
	truth, err := p.farthest(ctx, graph.K)
	if err != nil {
		return 0, err
	}
	found := 0
	for i, farthest := range truth {
		_, distances := graph.Neighbors(p.sampled(i, len(truth)))
		for _, distance := range distances {
			if distance <= farthest {
				found++
			}
		}
	}
	return float64(found) / float64(graph.K*len(truth)), nil
}

// sampled is the i-th of some rows whose lists are compared.
func (p *pilot) sampled(i, samples int) uint32 { return uint32(i * p.Len() / samples) }

const (
	// farthestRows is how many rows goroutines take at a time to find what is nearest to them.
	farthestRows = 64
	// farthestBlock is how many rows they are compared with at a time: they stay in the cache meanwhile.
	farthestBlock = 256
)

// farthest gives the distances of some rows to the k-th nearest, by comparing them with all.
func (p *pilot) farthest(ctx context.Context, k int) ([]float32, error) {
	farthest, all := make([]float32, min(pilotSample, p.Len())), make([]uint32, p.Len())
	for i := range all {
		all[i] = uint32(i)
	}
	return farthest, shares.Do(ctx, p.threads, (len(farthest)+farthestRows-1)/farthestRows, func(piece int) error {
		first := piece * farthestRows
		some := make([]uint32, min(farthestRows, len(farthest)-first))
		for i := range some {
			some[i] = p.sampled(first+i, len(farthest))
		}
		for i, nearest := range p.nearest(some, all, k) {
			if farthest[first+i] = float32(math.Inf(1)); len(nearest) == k {
				farthest[first+i] = nearest[k-1]
			}
		}
		return nil
	})
}

// nearest gives the distances of rows to the k nearest of all.
func (p *pilot) nearest(rows, all []uint32, k int) [][]float32 {
	nearest, distances := make([][]float32, len(rows)), make([]float32, len(rows)*farthestBlock)
	for block := range slices.Chunk(all, farthestBlock) {
		p.compare(distances, rows, block)
		for i, row := range rows {
			nearest[i] = mergeNearest(nearest[i], distances[i*len(block):][:len(block)], slices.Index(block, row), k)
		}
	}
	return nearest
}

// compare sets dst[i*len(others)+j] to the distance of rows[i] and others[j].
func (p *pilot) compare(dst []float32, rows, others []uint32) {
	if p.block != nil {
		p.block.BlockDistances(dst, rows, others)
		return
	}
	for i, row := range rows {
		p.Distances(dst[i*len(others):], row, others)
	}
}

// mergeNearest keeps the k smallest of a sorted list and of more distances, without that in one place.
func mergeNearest(nearest, distances []float32, without, k int) []float32 {
	for i, distance := range distances {
		if i == without || distance != distance || len(nearest) == k && distance >= nearest[k-1] {
			continue
		}
		at, _ := slices.BinarySearch(nearest, distance)
		nearest = slices.Insert(nearest, at, distance)
		nearest = nearest[:min(k, len(nearest))]
	}
	return nearest
}
