package nnd

import (
	"context"
	"fmt"
	"slices"
)

// DiversifyMethod is a way to choose the edges of a search graph. All of them prune by occlusion, and all keep the degree bound
// exactly; what they differ in is which edges are asked whether they are occluded.
type DiversifyMethod uint8

const (
	// DiversifyUnion prunes the union of the neighbors and the reverse neighbors of a row, adds the reverse edges of what is
	// left, and prunes again where there are more than the degree bound.
	DiversifyUnion DiversifyMethod = iota
	// DiversifyForward prunes the neighbors of a row, adds the reverse edges of what is left, and keeps the shortest where there
	// are more than the degree bound. That is what PyNNDescent comes to.
	DiversifyForward
	// DiversifyBidirectional prunes the neighbors of a row, and prunes the reverse edges of what is left as well, of hubs only
	// the shortest up to the degree bound; it keeps the shortest of both where they are more than that. That is what
	// PyNNDescent describes.
	DiversifyBidirectional
)

// String is the name of the method, in lower case.
func (m DiversifyMethod) String() string {
	switch m {
	case DiversifyUnion:
		return "union"
	case DiversifyForward:
		return "forward"
	case DiversifyBidirectional:
		return "bidirectional"
	}
	return fmt.Sprintf("method %d", uint8(m))
}

// diversifier makes the edges of a search graph out of those of a neighbor graph, in two passes:
//
// 1. The candidates of a vertex are its neighbors, or by DiversifyUnion its neighbors and its reverse neighbors, the nearest
// 2k. Occlusion leaves the diverse ones.
//
// 2. What pass 1 left is reversed and united with itself, as the method says.
//
// Edges are keys as in the best lists: distance, then offset of the far end. An edge from a to b and one from b to a have
// the same distance to the bit, so repetitions are neighbors after sorting.
type diversifier struct {
	points  Points
	options Options
	degree  int      // the degree bound
	room    int      // how many edges pass 1 leaves at most
	edges   []uint64 // room for each vertex
	degrees []uint32
	hubs    *hubs // nil when they are like other rows
}

func newDiversifier(points Points, graph *NeighborGraph, o Options) *diversifier {
	n := points.Len()
	degree := max(1, min(o.degreeBound(), n-1))
	room := degree
	if o.DiversifyMethod != DiversifyUnion {
		room = max(1, min(graph.K, n-1))
	}
	return &diversifier{
		points: points, options: o, degree: degree, room: room,
		edges: make([]uint64, n*room), degrees: make([]uint32, n),
	}
}

// of are the edges that pass 1 left of a vertex.
func (d *diversifier) of(row uint32) []uint64 {
	start := int(row) * d.room
	return d.edges[start : start+int(d.degrees[row])]
}

// pruneNeighbors is pass 1.
func (d *diversifier) pruneNeighbors(ctx context.Context, graph *NeighborGraph) (err error) {
	forward := func(dst []uint64, row uint32) []uint64 {
		rows, distances := graph.Neighbors(row)
		for i, id := range rows {
			dst = append(dst, newEntry(row, id, distances[i]))
		}
		return dst
	}
	candidates := func(p *pruner, row uint32) []uint64 { return p.union(forward(p.keys[:0], row), nil) }
	if d.options.DiversifyMethod == DiversifyUnion {
		reverse, err := d.reverse(ctx, forward)
		if err != nil {
			return err
		}
		candidates = func(p *pruner, row uint32) []uint64 {
			union := p.union(forward(p.keys[:0], row), reverse.of(row))
			return union[:min(len(union), 2*graph.K)]
		}
	}
	if d.hubs, err = findHubs(ctx, graph, d.options, d.degree); err != nil {
		return err
	}
	return d.options.stage("prune", len(d.degrees), 64).run(ctx, func() func(lo, hi int) {
		p := newPruner(d)
		return func(lo, hi int) {
			for row := uint32(lo); row < uint32(hi); row++ {
				kept := p.prune(row, candidates(p, row), d.room)
				d.degrees[row] = uint32(copy(d.edges[int(row)*d.room:], kept))
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
				room := g.room(row)
				for i := range room {
					room[i] = row
				}
				for i, key := range p.unite(row, reverse.of(row)) {
					room[i] = neighborOf(row, key)
				}
			}
		}
	})
}

// unite makes the edges of a vertex of those that pass 1 left it and of the reverse edges that lead to it.
func (p *pruner) unite(row uint32, reverse []uint64) []uint64 {
	if p.options.DiversifyMethod == DiversifyBidirectional {
		slices.Sort(reverse)
		reverse = p.prune(row, reverse[:min(len(reverse), p.degree)], p.degree)
	}
	union := p.union(append(p.keys[:0], p.of(row)...), reverse)
	if p.options.DiversifyMethod == DiversifyUnion && len(union) > p.degree {
		return p.prune(row, union, p.degree)
	}
	return union[:min(len(union), p.degree)]
}

// reverse turns edges around: each becomes a key from the point of view of its far end.
func (d *diversifier) reverse(ctx context.Context, forward func(dst []uint64, row uint32) []uint64) (*incoming[uint64], error) {
	reverse := newIncoming[uint64](len(d.degrees))
	edges := func() func(row uint32, p *parcel[uint64]) {
		var keys []uint64
		return func(row uint32, p *parcel[uint64]) {
			keys = forward(keys[:0], row)
			for _, key := range keys {
				id := neighborOf(row, key)
				p.put(id, newEntry(id, row, distanceOf(key)))
			}
		}
	}
	return reverse, reverse.fill(ctx, d.options.stage("", len(d.degrees), 1024), edges, edges)
}

// pruner is a goroutine's scratch for pruning.
type pruner struct {
	*diversifier
	random    stream
	always    bool // what is occluded goes, whatever random says
	occlusion *occlusion
	keys      []uint64
	merged    []uint64
	kept      []uint64
	left      []uint64          // edges that are neither kept nor occluded yet
	rows      []uint32          // the ends of these
	bounds    []occlusionBounds // within which a kept row occludes each of them
	values    []float32
}

func newPruner(d *diversifier) *pruner {
	random, always := newStream(d.options.Seed, forDiversify), *d.options.DiversifyProb == 1
	return &pruner{diversifier: d, random: random, always: always, occlusion: newOcclusion(d)}
}

// union sorts edges with reverse edges and drops repetitions. The former are sorted as a rule, and it works in the memory of both.
func (p *pruner) union(edges, reverse []uint64) []uint64 {
	p.keys = edges
	if !slices.IsSorted(edges) {
		slices.Sort(edges)
	}
	slices.Sort(reverse)
	p.merged = p.merged[:0]
	for len(edges) > 0 && len(reverse) > 0 {
		next := min(edges[0], reverse[0])
		if edges[0] == next {
			edges = edges[1:]
		}
		if reverse[0] == next {
			reverse = reverse[1:]
		}
		p.merged = append(p.merged, next)
	}
	p.merged = append(append(p.merged, edges...), reverse...)
	return slices.Compact(p.merged)
}

// prune keeps of a vertex's sorted edges those that no shorter kept one occludes, at most so many; and of the occluded ones a
// random share of 1-DiversifyProb. As soon as an edge is kept, its end is compared with those of all that are left.
func (p *pruner) prune(row uint32, edges []uint64, most int) []uint64 {
	p.open(row, edges)
	p.kept = p.kept[:0]
	for len(p.left) > 0 && len(p.kept) < most {
		p.kept = append(p.kept, p.left[0])
		if len(p.kept) < most {
			p.occlude(row)
		}
	}
	return p.kept
}

// open has all edges of a vertex left.
func (p *pruner) open(row uint32, edges []uint64) {
	p.left, p.rows, p.bounds = append(p.left[:0], edges...), p.rows[:0], p.bounds[:0]
	for _, key := range edges {
		id := neighborOf(row, key)
		p.rows, p.bounds = append(p.rows, id), append(p.bounds, p.occlusion.bounds(id, distanceOf(key)))
	}
	p.values = slices.Grow(p.values[:0], len(edges))[:len(edges)]
}

// occlude takes away the first edge that is left, which is kept, and those that it occludes. The loop leaves the processor nothing to
// foresee but the few edges that bounds do not decide.
func (p *pruner) occlude(row uint32) {
	values := p.values[:len(p.left)-1]
	p.points.Distances(values, p.rows[0], p.rows[1:])
	left, rows, bounds := p.left[1:][:len(values)], p.rows[1:][:len(values)], p.bounds[1:][:len(values)]
	kept, open := distanceOf(p.left[0]), 0
	for i, value := range values {
		key, id, b := left[i], rows[i], bounds[i]
		p.left[open], p.rows[open], p.bounds[open] = key, id, b
		gone := one(value <= b.sure)
		if one(value <= b.most) > gone {
			gone = one(p.occlusion.occludes(kept, value, id, distanceOf(key)))
		}
		if !p.always && gone == 1 {
			gone = one(p.random.share(edge(row, id)) < *p.options.DiversifyProb)
		}
		open += 1 - gone
	}
	p.left, p.rows, p.bounds = p.left[:open], p.rows[:open], p.bounds[:open]
}

// one is 1 for what is true.
func one(is bool) int {
	if is {
		return 1
	}
	return 0
}
