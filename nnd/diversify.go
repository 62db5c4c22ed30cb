package nnd

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/vicinaldb/store/internal/simd"
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
			union := p.union(forward(p.keys[:0], row), p.nearest(reverse.of(row), 2*graph.K))
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
	most := p.degree
	if p.options.DiversifyMethod == DiversifyUnion {
		most = len(reverse)
	}
	reverse = p.nearest(reverse, most)
	if p.options.DiversifyMethod == DiversifyBidirectional {
		reverse = p.prune(row, reverse, p.degree)
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
	return reverse, reverse.fill(ctx, d.options.stage("", len(d.degrees), 1024), edges)
}

// pruneRows is how many edges are compared at a time with all behind them, where points can do that at once. What is compared in
// vain, since one of them occludes another, is less than that saves.
const pruneRows = 4

// never is the distance up to which rows occlude an edge that none occludes.
var never = float32(math.Inf(-1))

// pruner is a goroutine's scratch for pruning.
type pruner struct {
	*diversifier
	random    stream
	always    bool           // what is occluded goes, whatever random says
	block     BlockPoints    // nil when points are none
	ahead     PrefetchPoints // nil when points are none
	occlusion *occlusion
	keys      []uint64
	merged    []uint64
	kept      []uint64
	left      []uint64  // edges that are neither kept nor occluded yet
	rows      []uint32  // the ends of these
	sure      []float32 // up to which distance a kept row occludes each of them, whatever it is
	most      []float32 // up to which distance it may
	gone      []uint8   // 1 for those that are occluded
	values    []float32
	places    []uint32
}

func newPruner(d *diversifier) *pruner {
	block, _ := d.points.(BlockPoints)
	ahead, _ := d.points.(PrefetchPoints)
	random, always := newStream(d.options.Seed, forDiversify), *d.options.DiversifyProb == 1
	return &pruner{diversifier: d, random: random, always: always, block: block, ahead: ahead, occlusion: newOcclusion(d)}
}

// nearest are so many of some edges at most, sorted. It works in their memory.
func (p *pruner) nearest(edges []uint64, most int) []uint64 {
	if len(edges) > most {
		selectFew(edges, most, p.random)
		edges = edges[:most]
	}
	slices.Sort(edges)
	return edges
}

// union merges edges with sorted reverse edges and drops repetitions. The former are sorted as a rule, and it works in their memory.
func (p *pruner) union(edges, reverse []uint64) []uint64 {
	p.keys = edges
	if !slices.IsSorted(edges) {
		slices.Sort(edges)
	}
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
// random share of 1-DiversifyProb. The ends of the next few are compared with those of all that are left behind them.
func (p *pruner) prune(row uint32, edges []uint64, most int) []uint64 {
	p.open(row, edges)
	p.kept = p.kept[:0]
	for len(p.left) > 0 && len(p.kept) < most {
		count := p.compare(most - len(p.kept))
		for i := range count {
			if p.gone[i] == 0 {
				if p.kept = append(p.kept, p.left[i]); len(p.kept) == most {
					return p.kept
				}
				p.occlude(row, i)
			}
		}
		p.close(count)
	}
	return p.kept
}

// open has all edges of a vertex left, and their ends on their way from memory.
func (p *pruner) open(row uint32, edges []uint64) {
	n := len(edges)
	p.left, p.rows = append(p.left[:0], edges...), slices.Grow(p.rows[:0], n)[:n]
	p.sure, p.most = slices.Grow(p.sure[:0], n)[:n], slices.Grow(p.most[:0], n)[:n]
	p.gone = slices.Grow(p.gone[:0], n)[:n]
	clear(p.gone)
	for i, key := range edges {
		p.rows[i] = neighborOf(row, key)
	}
	if p.ahead != nil && n > 1 {
		p.ahead.Prefetch(p.rows)
	}
	for i, key := range edges {
		b := p.occlusion.bounds(p.rows[i], distanceOf(key))
		if b.most != b.most {
			b.most = never
		}
		p.sure[i], p.most[i] = b.sure, b.most
	}
	p.values = slices.Grow(p.values[:0], pruneRows*n)[:pruneRows*n]
	p.places = slices.Grow(p.places[:0], n)[:n]
}

// compare computes the distances of the first few edges that are left, of which so many can be kept, to all others, and returns how
// many these few are.
func (p *pruner) compare(most int) int {
	others := p.rows[1:]
	if p.block == nil || most == 1 || len(others) == 0 {
		if most > 1 {
			p.points.Distances(p.values[:len(others)], p.rows[0], others)
		}
		return 1
	}
	some := p.rows[:min(pruneRows, most, len(p.rows))]
	p.block.BlockDistances(p.values, some, others)
	return len(some)
}

// occlude notes which of the edges behind one, which is kept, that occludes.
func (p *pruner) occlude(row uint32, i int) {
	width, first := len(p.left)-1, i+1
	values, kept := p.values[i*width:][i:width], distanceOf(p.left[i])
	for _, at := range p.places[:simd.Near(p.places, values, p.most[first:], never)] {
		key, id, value := p.left[first:][at], p.rows[first:][at], values[at]
		gone := value <= p.sure[first:][at] || p.occlusion.occludes(kept, value, id, distanceOf(key))
		if gone && (p.always || p.random.share(edge(row, id)) < *p.options.DiversifyProb) {
			p.gone[first:][at] = 1
		}
	}
}

// close takes away the first few edges that are left, and those that are occluded.
func (p *pruner) close(count int) {
	open, n := 0, len(p.left)
	left, rows, sure, most, gone := p.left, p.rows[:n], p.sure[:n], p.most[:n], p.gone[:n]
	for i := count; i < n; i++ {
		left[open], rows[open], sure[open], most[open] = left[i], rows[i], sure[i], most[i]
		open += 1 - int(gone[i])
	}
	p.left, p.rows, p.sure, p.most, p.gone = left[:open], rows[:open], sure[:open], most[:open], gone[:open]
	clear(p.gone)
}
