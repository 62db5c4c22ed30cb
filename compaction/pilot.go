package compaction

import (
	"context"
	"math"
	"slices"
	"sync"

	"github.com/vicinaldb/store/nnd"
)

// pilot is a sample of points: rows at equal intervals. Where rows are numbered by the leaves of a tree, all regions are in it.
type pilot struct {
	points  nnd.Points
	rows    int
	scratch sync.Pool // *[]uint32
}

func newPilot(points nnd.Points, rows int) *pilot {
	p := &pilot{points: points, rows: rows}
	p.scratch.New = func() any { return new([]uint32) }
	return p
}

// row is the number that a row of the sample has among the points.
func (p *pilot) row(i uint32) uint32 {
	return uint32(uint64(i) * uint64(p.points.Len()) / uint64(p.rows))
}

// Len is nnd.Points'.
func (p *pilot) Len() int { return p.rows }

// Distances is nnd.Points'.
func (p *pilot) Distances(dst []float32, row uint32, rows []uint32) {
	scratch := p.scratch.Get().(*[]uint32)
	numbers := (*scratch)[:0]
	for _, i := range rows {
		numbers = append(numbers, p.row(i))
	}
	p.points.Distances(dst, p.row(row), numbers)
	*scratch = numbers
	p.scratch.Put(scratch)
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
func (p *pilot) sampled(i, samples int) uint32 { return uint32(i * p.rows / samples) }

// farthest gives the distances of some rows to the k-th nearest, by comparing them with all. A block of rows meets all of them while
// it is in the cache.
func (p *pilot) farthest(ctx context.Context, k int) ([]float32, error) {
	const block = 256
	nearest := make([][]float32, min(pilotSample, p.rows))
	all, distances := make([]uint32, p.rows), make([]float32, block)
	for i := range all {
		all[i] = uint32(i)
	}
	for rows := range slices.Chunk(all, block) {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		for i := range nearest {
			row := p.sampled(i, len(nearest))
			p.Distances(distances[:len(rows)], row, rows)
			nearest[i] = mergeNearest(nearest[i], distances[:len(rows)], slices.Index(rows, row), k)
		}
	}
	farthest := make([]float32, len(nearest))
	for i, list := range nearest {
		if farthest[i] = float32(math.Inf(1)); len(list) == k {
			farthest[i] = list[k-1]
		}
	}
	return farthest, nil
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
