package nnd

import (
	"context"
	"slices"
)

// diversifier makes the edges of a search graph out of those of a neighbor graph, in two passes:
//
// 1. The candidates of a vertex are its neighbors and its reverse neighbors, the nearest 2k. Occlusion leaves the diverse
// ones, at most as many as the degree bound.
//
// 2. What pass 1 left is reversed and united with itself. Where that exceeds the degree bound, occlusion prunes again.
//
// Edges are keys as in the best lists: distance, then offset of the far end. An edge from a to b and one from b to a have
// the same distance to the bit, so repetitions are neighbors after sorting.
type diversifier struct {
	points  Points
	options Options
	degree  int
	edges   []uint64 // degree for each vertex
	degrees []uint32
}

func newDiversifier(points Points, o Options) *diversifier {
	n := points.Len()
	degree := max(1, min(o.degreeBound(), n-1))
	return &diversifier{
		points: points, options: o, degree: degree,
		edges: make([]uint64, n*degree), degrees: make([]uint32, n),
	}
}

// of are the edges that pass 1 left of a vertex.
func (d *diversifier) of(row uint32) []uint64 {
	start := int(row) * d.degree
	return d.edges[start : start+int(d.degrees[row])]
}

// pruneNeighbors is pass 1.
func (d *diversifier) pruneNeighbors(ctx context.Context, graph *NeighborGraph) error {
	forward := func(dst []uint64, row uint32) []uint64 {
		rows, distances := graph.Neighbors(row)
		for i, id := range rows {
			dst = append(dst, newEntry(row, id, distances[i]))
		}
		return dst
	}
	reverse, err := d.reverse(ctx, forward)
	if err != nil {
		return err
	}
	return d.options.stage("prune", len(d.degrees), 64).run(ctx, func() func(lo, hi int) {
		p := newPruner(d)
		return func(lo, hi int) {
			for row := uint32(lo); row < uint32(hi); row++ {
				union := p.union(forward(p.keys[:0], row), reverse.of(row))
				kept := p.prune(row, union[:min(len(union), 2*graph.K)])
				d.degrees[row] = uint32(copy(d.edges[int(row)*d.degree:], kept))
			}
		}
	})
}

// addReverse is pass 2.
func (d *diversifier) addReverse(ctx context.Context) (*SearchGraph, error) {
	forward := func(dst []uint64, row uint32) []uint64 { return append(dst, d.of(row)...) }
	reverse, err := d.reverse(ctx, forward)
	if err != nil {
		return nil, err
	}
	n := len(d.degrees)
	stride := (d.degree + rowAlign - 1) / rowAlign * rowAlign
	g := &SearchGraph{Adjacency: make([]uint32, n*stride), Stride: stride}
	return g, d.options.stage("reverse", n, 64).run(ctx, func() func(lo, hi int) {
		p := newPruner(d)
		return func(lo, hi int) {
			for row := uint32(lo); row < uint32(hi); row++ {
				union := p.union(forward(p.keys[:0], row), reverse.of(row))
				if len(union) > d.degree {
					union = p.prune(row, union)
				}
				room := g.room(row)
				for i := range room {
					room[i] = row
				}
				for i, key := range union {
					room[i] = neighborOf(row, key)
				}
			}
		}
	})
}

// reverse turns edges around: each becomes a key from the point of view of its far end.
func (d *diversifier) reverse(ctx context.Context, forward func(dst []uint64, row uint32) []uint64) (*incoming[uint64], error) {
	reverse := newIncoming[uint64](len(d.degrees))
	sweep := func(do func(row, id uint32, key uint64)) error {
		return d.options.stage("", len(d.degrees), 1024).run(ctx, func() func(lo, hi int) {
			var keys []uint64
			return func(lo, hi int) {
				for row := uint32(lo); row < uint32(hi); row++ {
					keys = forward(keys[:0], row)
					for _, key := range keys {
						do(row, neighborOf(row, key), key)
					}
				}
			}
		})
	}
	if err := sweep(func(_, id uint32, _ uint64) { reverse.count(id) }); err != nil {
		return nil, err
	}
	reverse.reserve()
	return reverse, sweep(func(row, id uint32, key uint64) { reverse.add(id, newEntry(id, row, distanceOf(key))) })
}

// pruner is a goroutine's scratch for pruning.
type pruner struct {
	*diversifier
	random stream
	keys   []uint64
	kept   []uint64
	rows   []uint32 // of kept
	values [occluders]float32
}

// occluders is how many kept edges are asked at a time whether they occlude the next: an edge that is occluded usually
// is so by one of the first.
const occluders = 8

func newPruner(d *diversifier) *pruner {
	return &pruner{diversifier: d, random: newStream(d.options.Seed, forDiversify)}
}

// union sorts edges with reverse edges and drops repetitions. It works in the memory of edges.
func (p *pruner) union(edges, reverse []uint64) []uint64 {
	p.keys = append(edges, reverse...)
	slices.Sort(p.keys)
	p.keys = slices.Compact(p.keys)
	return p.keys
}

// prune keeps of a vertex's sorted edges those that no shorter kept one occludes, up to the degree bound; and of the occluded
// ones a random share of 1-DiversifyProb.
func (p *pruner) prune(row uint32, edges []uint64) []uint64 {
	p.kept, p.rows = p.kept[:0], p.rows[:0]
	for _, key := range edges {
		if len(p.kept) == p.degree {
			break
		}
		id, distance := neighborOf(row, key), distanceOf(key)
		if p.random.share(edge(row, id)) < *p.options.DiversifyProb && p.occluded(id, distance) {
			continue
		}
		p.kept, p.rows = append(p.kept, key), append(p.rows, id)
	}
	return p.kept
}

// occluded says whether some kept row is nearer to id than distance, by the factor alpha. A row at distance zero of id does
// occlude it, so that of many duplicates one is kept; but a duplicate of the vertex itself occludes nothing else, since all
// rows are as far from the one as from the other.
func (p *pruner) occluded(id uint32, distance float32) bool {
	slack := float32(p.options.Alpha - 1)
	for kept := p.rows; len(kept) > 0; {
		block := kept[:min(len(kept), len(p.values))]
		kept = kept[len(block):]
		p.points.Distances(p.values[:], id, block)
		for _, value := range p.values[:len(block)] {
			value = p.options.Stretch(value, slack)
			if value < distance || value == 0 && distance == 0 {
				return true
			}
		}
	}
	return false
}
