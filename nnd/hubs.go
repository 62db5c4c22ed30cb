package nnd

import (
	"context"
	"slices"
	"sync/atomic"
)

// hubs know how many rows each row is near to: as a neighbor, as a reverse neighbor, or as both, which counts once. Rows that are
// near to more than the degree bound are hubs. Edges to them crowd out others and lead where every search comes by anyway.
type hubs struct {
	degrees []uint32
	bound   float64
	options Options
}

const (
	// hubShare is how much farther a row may be than the edge is long and still occlude a hub of twice the degree bound, at
	// a strength of 1. More than hubExcess times the bound above it has no more effect.
	hubShare, hubExcess = 0.04, 2
	// hubMost bounds the effect, whatever the strength.
	hubMost = 0.2
)

// findHubs counts the near rows of each. Without degree awareness there are no hubs.
func findHubs(ctx context.Context, graph *NeighborGraph, o Options, bound int) (*hubs, error) {
	if o.DegreeAware == 0 {
		return nil, nil
	}
	n := graph.Len()
	h := &hubs{degrees: make([]uint32, n), bound: float64(bound), options: o}
	return h, o.stage("", n, 1024).run(ctx, func() func(lo, hi int) {
		return func(lo, hi int) {
			for row := uint32(lo); row < uint32(hi); row++ {
				rows, _ := graph.Neighbors(row)
				atomic.AddUint32(&h.degrees[row], uint32(len(rows)))
				for _, id := range rows {
					if back, _ := graph.Neighbors(id); !slices.Contains(back, row) {
						atomic.AddUint32(&h.degrees[id], 1)
					}
				}
			}
		}
	})
}

// reach is the distance below which a row occludes the edge of the given length to id: that length, or more when id is a hub.
func (h *hubs) reach(id uint32, length float32) float32 {
	if h == nil {
		return length
	}
	excess := float64(h.degrees[id])/h.bound - 1
	if excess <= 0 {
		return length
	}
	share := min(hubShare*h.options.DegreeAware*min(excess, hubExcess), hubMost)
	return h.options.Stretch(length, float32(share))
}
