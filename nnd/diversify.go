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
	block  BlockPoints // nil when points are none
	random stream
	keys   []uint64
	kept   []uint64
	rows   []uint32 // of kept
	values [occluders]float32
	ahead  distancesAhead
}

// occluders is how many kept edges are asked at a time whether they occlude the next: an edge that is occluded usually
// is so by one of the first.
const occluders = 8

// distancesAhead are the distances of the rows at the ends of some edges, from begin to end of those that are pruned, to the first that
// were kept: all of them for the first one kept, then for the second, and so on.
type distancesAhead struct {
	begin, end int
	rows       []uint32
	values     [occluders * edgesAhead]float32
}

// edgesAhead is how many edges they are for.
const edgesAhead = 32

func newPruner(d *diversifier) *pruner {
	block, _ := d.points.(BlockPoints)
	return &pruner{diversifier: d, block: block, random: newStream(d.options.Seed, forDiversify)}
}

// union sorts edges with reverse edges and drops repetitions. It works in the memory of edges.
func (p *pruner) union(edges, reverse []uint64) []uint64 {
	p.keys = append(edges, reverse...)
	slices.Sort(p.keys)
	p.keys = slices.Compact(p.keys)
	return p.keys
}

// prune keeps of a vertex's sorted edges those that no shorter kept one occludes, at most so many; and of the occluded ones a
// random share of 1-DiversifyProb.
func (p *pruner) prune(row uint32, edges []uint64, most int) []uint64 {
	p.kept, p.rows, p.ahead.end = p.kept[:0], p.rows[:0], 0
	for i, key := range edges {
		if len(p.kept) == most {
			break
		}
		if p.block != nil && i >= p.ahead.end && len(p.rows) >= occluders {
			p.lookAhead(row, edges, i)
		}
		id, distance := neighborOf(row, key), distanceOf(key)
		if p.random.share(edge(row, id)) < *p.options.DiversifyProb && p.occluded(i, id, distance) {
			continue
		}
		p.kept, p.rows = append(p.kept, key), append(p.rows, id)
	}
	return p.kept
}

// lookAhead compares the ends of the next edges of a vertex with those of the first that were kept, all at once.
func (p *pruner) lookAhead(row uint32, edges []uint64, next int) {
	a := &p.ahead
	a.begin, a.end, a.rows = next, min(next+edgesAhead, len(edges)), a.rows[:0]
	for _, key := range edges[a.begin:a.end] {
		a.rows = append(a.rows, neighborOf(row, key))
	}
	p.block.BlockDistances(a.values[:], p.rows[:occluders], a.rows)
}

// compare computes the distances of the end id of the i-th edge to those of some kept edges, from the given place on.
func (p *pruner) compare(i int, id uint32, kept int) []float32 {
	block := p.rows[kept:min(kept+occluders, len(p.rows))]
	values := p.values[:len(block)]
	if kept > 0 || i >= p.ahead.end {
		p.points.Distances(values, id, block)
		return values
	}
	for at := range values {
		values[at] = p.ahead.values[at*len(p.ahead.rows)+i-p.ahead.begin]
	}
	return values
}

// occluded says whether some kept row is nearer to the end id of the i-th edge than distance, by the factor alpha, and by less when id
// is a hub. A row at distance zero of id does occlude it, so that of many duplicates one is kept; but a duplicate of the vertex itself
// occludes nothing else, since all rows are as far from the one as from the other.
func (p *pruner) occluded(i int, id uint32, distance float32) bool {
	slack, reach := float32(p.options.Alpha-1), p.hubs.reach(id, distance)
	for at := 0; at < len(p.rows); at += occluders {
		for j, value := range p.compare(i, id, at) {
			if value > reach { // and even more so when it is stretched, which may take long
				continue
			}
			value = p.options.Stretch(value, slack)
			if value < distance || value == 0 && distance == 0 {
				return true
			}
			if value < reach && distanceOf(p.kept[at+j]) != 0 {
				return true
			}
		}
	}
	return false
}
