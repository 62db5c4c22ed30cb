package nnd

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

const (
	// joinExact is how many distances for each row, or in all when that is more, a round of joining may take to be exact.
	joinExact, joinExactLeast = 256, 1 << 22
	// joinSample is from how many rows of a component others are searched for, when that is not exact.
	joinSample = 32
	// joinEpsilon is the slack of these searches, and joinSteps how often the nearest row on either side is looked for from the other.
	joinEpsilon, joinSteps = 0.2, 8
)

// Join adds edges, in both directions, until a graph over points is connected, and returns what comes of it symmetrized, as by
// [CSR.Symmetrize]. The edges are those of Borůvka's algorithm for a spanning tree ("O jistém problému minimálním", 1926): in
// each round every component but the largest gets the shortest edge that leads out of it.
//
// Distances of the graph are in the fast form; see [CSR.Correct] for what comes after. When few rows are outside the
// largest component, or few in all, they are compared with all others, and the edges are the shortest there are. Else the shortest are
// those that searches of a search graph over the same points find, from up to 32 rows of each component. Without a search
// graph, that is with nil, they are always compared with all. Of the options only Threads, Stretch and Progress matter.
//
// A row that has no distance to any other stays alone. When ctx ends, Join returns its error soon, with all goroutines gone. Other
// errors wrap [ErrOptions], or [ErrCorrupt] when the graphs are none over the points.
func Join(ctx context.Context, points Points, c *CSR, search *SearchGraph, o Options) (*CSR, error) {
	n := points.Len()
	o, err := o.prepare(n)
	if err != nil {
		return nil, err
	}
	if err := c.Check(); err != nil {
		return nil, err
	}
	if c.Len() != n || search != nil && search.Len() != n {
		return nil, fmt.Errorf("joining a graph of %d rows over %d points: %w", c.Len(), n, ErrCorrupt)
	}
	j := &componentJoiner{points: points, search: search, options: o, parts: newParts(n), scan: search == nil}
	for row := range uint32(n) {
		rows, _ := c.Neighbors(row)
		for _, id := range rows {
			j.parts.unite(row, id)
		}
	}
	for {
		more, err := j.round(ctx)
		switch {
		case err != nil:
			return nil, err
		case !more && j.scan:
			return symmetric(c, j.links), nil
		}
		// What searches do not find, a last round of scans does, if there is anything.
		j.scan = j.scan || !more
	}
}

// componentJoiner joins the components of a graph, round by round.
type componentJoiner struct {
	points  Points
	search  *SearchGraph
	options Options
	parts   parts
	links   []link // added so far
	rounds  int
	scan    bool // no searches

	of      []uint32   // the component of each row in this round
	members [][]uint32 // its rows
}

// round gives every component but the largest an edge, and says whether that joined any.
func (j *componentJoiner) round(ctx context.Context) (more bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	j.rounds++
	if j.divide() < 2 {
		return false, nil
	}
	shortest, err := j.find(ctx, j.starts())
	if err != nil {
		return false, err
	}
	for _, l := range shortest {
		// Of two components that found one another by different edges, only the first adds one.
		if j.parts.unite(l.a, l.b) {
			j.links, more = append(j.links, l), true
		}
	}
	return more, nil
}

// divide notes the components, and how many they are.
func (j *componentJoiner) divide() int {
	of, count := j.parts.number()
	j.of, j.members = of, make([][]uint32, count)
	for row, component := range of {
		j.members[component] = append(j.members[component], uint32(row))
	}
	return count
}

// starts picks rows from which the way out of their component is looked for, of every component but the largest, of equally large
// ones the first: all rows when they are few, and then all rows are scanned; or a sample of them.
func (j *componentJoiner) starts() (starts []uint32) {
	n, largest := len(j.of), 0
	for i, members := range j.members {
		if len(members) > len(j.members[largest]) {
			largest = i
		}
	}
	outside := n - len(j.members[largest])
	all := j.search == nil || uint64(outside)*uint64(n) <= max(joinExactLeast, joinExact*uint64(n))
	j.scan = j.scan || all
	for i, members := range j.members {
		if i == largest {
			continue
		}
		count := len(members)
		if !all {
			count = min(count, joinSample)
		}
		for at := range count {
			starts = append(starts, members[at*len(members)/count])
		}
	}
	return starts
}

// find is the shortest way out of each component that the starts lead to, in ascending order of length. Ways that searches have
// found are tried to shorten.
func (j *componentJoiner) find(ctx context.Context, starts []uint32) ([]link, error) {
	found := make([]link, len(starts))
	err := j.each(ctx, len(starts), func(w *wayOut, i int) (err error) {
		found[i], err = w.nearest(ctx, starts[i], component{of: w.of, is: w.of[starts[i]], not: true})
		return err
	})
	if err != nil {
		return nil, err
	}
	shortest := j.first(found)
	if j.scan {
		return shortest, nil
	}
	err = j.each(ctx, len(shortest), func(w *wayOut, i int) (err error) {
		shortest[i], err = w.shorten(ctx, shortest[i])
		return err
	})
	return j.first(shortest), err
}

// each lets goroutines do pieces of work.
func (j *componentJoiner) each(ctx context.Context, count int, do func(w *wayOut, i int) error) error {
	var first firstError
	stage := j.options.stage("join", count, 1)
	stage.round = j.rounds
	err := stage.run(ctx, func() func(lo, hi int) {
		w := &wayOut{componentJoiner: j, scorer: rowScorer{points: j.points}}
		return func(lo, hi int) {
			for i := lo; i < hi; i++ {
				first.keep(uint32(i), do(w, i))
			}
		}
	})
	if err != nil {
		return err
	}
	return first.err
}

// first sorts links by length and keeps the first of each component, without those that lead nowhere.
func (j *componentJoiner) first(found []link) []link {
	slices.SortFunc(found, func(a, b link) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.a, b.a), cmp.Compare(a.b, b.b))
	})
	has := make([]bool, len(j.members))
	return slices.DeleteFunc(found, func(l link) bool {
		drop := l.a == l.b || has[j.of[l.a]]
		has[j.of[l.a]] = has[j.of[l.a]] || !drop
		return drop
	})
}

// wayOut is a goroutine's scratch for looking for the way out of a component.
type wayOut struct {
	*componentJoiner
	scorer rowScorer
	found  []Candidate
}

// shorten looks from the far end of a way out for the nearest row inside, from there for the nearest outside, and so on, as long
// as the way becomes shorter.
func (w *wayOut) shorten(ctx context.Context, shortest link) (link, error) {
	inside := component{of: w.of, is: w.of[shortest.a]}
	outside := component{of: w.of, is: inside.is, not: true}
	for range joinSteps {
		back, err := w.nearest(ctx, shortest.b, inside)
		if err != nil || back.a == back.b {
			return shortest, err
		}
		again, err := w.nearest(ctx, back.b, outside)
		if err != nil || again.a == again.b || !(again.distance < shortest.distance) {
			return shortest, err
		}
		shortest = again
	}
	return shortest, nil
}

// nearest is the edge from a row to the nearest of the allowed rows, to itself when there is none.
func (w *wayOut) nearest(ctx context.Context, row uint32, allowed Filter) (l link, err error) {
	w.scorer.row = row
	if w.scan {
		scan := Scan{Scorer: &w.scorer, N: len(w.of), K: 1, Allowed: allowed}
		w.found, _, err = scan.Run(ctx, w.found[:0])
	} else {
		query := Query{Scorer: &w.scorer, K: 1, Epsilon: joinEpsilon, Stretch: w.options.Stretch, Allowed: allowed}
		w.found, _, err = w.search.Search(ctx, query, w.found[:0])
	}
	if err != nil || len(w.found) == 0 {
		return link{a: row, b: row}, err
	}
	return link{row, w.found[0].Row, w.found[0].Distance}, nil
}

// component are the rows of one component, or all others, as a filter.
type component struct {
	of  []uint32
	is  uint32
	not bool
}

// Contains says whether a row is one of them.
func (c component) Contains(row uint32) bool { return (c.of[row] == c.is) != c.not }
