package nnd_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/vicinaldb/store/internal/simd"
	"github.com/vicinaldb/store/nnd"
)

// fetching is a scorer that notes which rows it was told of, and how often it was asked.
type fetching struct {
	nnd.Scorer
	t     *testing.T
	told  map[uint32]bool
	calls int
}

func (s *fetching) Unseen(dst []uint32, seen []uint64, rows []uint32, n uint32) (count int, ok bool) {
	count, ok = simd.Unseen(dst, seen, rows, n)
	for _, row := range dst[:count] {
		s.told[row] = true
	}
	return count, ok
}

func (s *fetching) Score(dst []float32, rows []uint32) {
	s.calls++
	for _, row := range rows {
		if s.calls > 1 && !s.told[row] { // the first call is for the pivots
			s.t.Errorf("row %d is scored before it was to be prefetched", row)
		}
	}
	s.Scorer.Score(dst, rows)
}

// TestSearchExpandsTogether looks at how a search goes: it says of all rows beforehand that it will score them, and where it looks far it
// asks for those of several expansions at a time.
func TestSearchExpandsTogether(t *testing.T) {
	b := build(t, uniform(3000, 8, 1), nnd.Options{Neighbors: 15})
	for _, vector := range uniform(20, 8, 2) {
		s := &fetching{Scorer: &query{b.points, vector}, t: t, told: map[uint32]bool{}}
		_, stats, err := b.graph.Search(t.Context(), nnd.Query{Scorer: s, K: 10, Epsilon: 0.5, Stretch: stretch}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if stats.Expanded < 50 || s.calls > stats.Expanded/2 {
			t.Errorf("%d expansions in %d calls", stats.Expanded, s.calls)
		}
		if len(s.told) > stats.Distances {
			t.Errorf("%d rows are prefetched for %d distances", len(s.told), stats.Distances)
		}
	}
}

// TestWideSearchesFindWhatNarrowOnesFind is what makes it enough for the guide to search for one result at the default epsilon. The graphs
// have few edges, to any of the rows nearby, so that there are many ways to be led astray.
func TestWideSearchesFindWhatNarrowOnesFind(t *testing.T) {
	const n, stride = 300, 4
	random := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		points := uniform(n, 3, random.Uint64())
		g := &nnd.SearchGraph{Stride: stride, Pivots: []uint32{0, n - 1}}
		for row := range points {
			near := nearest(points, points[row], 12, func(other uint32) bool { return other != uint32(row) })
			for range stride {
				g.Adjacency = append(g.Adjacency, near[random.IntN(len(near))].Row)
			}
		}
		for _, vector := range points {
			search := func(k int, epsilon float32, patience int) float32 {
				q := nnd.Query{Scorer: &query{points, vector}, K: k, Epsilon: epsilon, Patience: patience, Stretch: stretch}
				found, _, err := g.Search(t.Context(), q, nil)
				if err != nil {
					t.Fatal(err)
				}
				return found[0].Distance
			}
			narrow := search(1, nnd.DefaultEpsilon*random.Float32(), 0)
			if wide := search(1+random.IntN(10), nnd.DefaultEpsilon+random.Float32()/4, random.IntN(4)); wide > narrow {
				t.Fatalf("the nearest of a wide search is at %v, that of a narrow one at %v", wide, narrow)
			}
		}
	}
}

// With a negative epsilon a search expands those results that are so much nearer than the last of them, and hardly any others.
func TestNegativeEpsilon(t *testing.T) {
	const k = 10
	b := build(t, uniform(3000, 8, 3), nnd.Options{Neighbors: 15})
	expanded, spared := map[float32]int{}, 0
	for _, epsilon := range []float32{0, -0.01, -0.1, -0.3, -0.9} {
		for _, vector := range uniform(50, 8, 4) {
			s := &fetching{Scorer: &query{b.points, vector}, t: t, told: map[uint32]bool{}}
			found, stats, err := b.graph.Search(t.Context(), nnd.Query{Scorer: s, K: k, Epsilon: epsilon, Stretch: stretch}, nil)
			if err != nil || len(found) != k {
				t.Fatalf("epsilon %v: %d found, %v", epsilon, len(found), err)
			}
			expanded[epsilon] += stats.Expanded
			for _, c := range found {
				isNear := stretch(c.Distance, -epsilon) < found[k-1].Distance
				for _, edge := range b.graph.Edges(c.Row) {
					if known := s.told[edge] || slices.Contains(b.graph.Pivots, edge); isNear && !known {
						t.Fatalf("epsilon %v: row %d at %v was not expanded, the last is at %v", epsilon, c.Row, c.Distance, found[k-1].Distance)
					} else if !known {
						spared++
					}
				}
			}
		}
	}
	if spared == 0 || !(expanded[0] > expanded[-0.01] && expanded[-0.01] > expanded[-0.1] && expanded[-0.1] > expanded[-0.3]) {
		t.Errorf("expanded by epsilon: %v; %d edges of results not followed", expanded, spared)
	}
}

// line is a graph of rows that lead from one to the next, each farther from a query at 0 than the one before it, from 10 on.
func line(n int, step float32) (vectors, *nnd.SearchGraph) {
	const stride = 16
	points := make(vectors, n)
	g := &nnd.SearchGraph{Stride: stride, Pivots: []uint32{0}}
	for row := range points {
		points[row] = []float32{10 + step*float32(row)}
		edges := slices.Repeat([]uint32{uint32(row)}, stride)
		edges[0] = uint32(min(row+1, n-1))
		g.Adjacency = append(g.Adjacency, edges...)
	}
	return points, g
}

// TestPatience walks along a line of rows: the search goes on as long as something nearer comes in time, and to the end when nothing bounds it.
func TestPatience(t *testing.T) {
	const n = 40
	points, g := line(n, 1)
	points[5], points[20] = []float32{9}, []float32{8}
	for _, test := range []struct {
		patience, k       int
		bounded           bool
		nearest, expanded int
	}{
		{patience: 0, k: 1, nearest: 20, expanded: n},
		{patience: 1, k: 1, nearest: 0, expanded: 1},
		{patience: 4, k: 1, nearest: 0, expanded: 4},
		{patience: 5, k: 1, nearest: 5, expanded: 5 + 5},
		{patience: 14, k: 1, nearest: 5, expanded: 5 + 14},
		{patience: 15, k: 1, nearest: 20, expanded: 20 + 15},
		{patience: n, k: 1, nearest: 20, expanded: n},
		{patience: math.MaxInt, k: 1, nearest: 20, expanded: n},
		{patience: 1, k: 4, nearest: 0, expanded: 3 + 1}, // it begins when all that are wanted are found
		{patience: 2, k: 4, nearest: 5, expanded: 5 + 2},
		{patience: 1, k: n, bounded: true, nearest: 20, expanded: n}, // as many are never found
		{patience: 5, k: 1, bounded: true, nearest: 5, expanded: 5 + 5},
	} {
		q := nnd.Query{
			Scorer: &query{points, []float32{0}}, K: test.k, Epsilon: 1000, Stretch: stretch, Patience: test.patience,
			Bounded: test.bounded, Radius: 1e6,
		}
		found, stats, err := g.Search(t.Context(), q, nil)
		if err != nil || len(found) != test.k {
			t.Fatalf("%+v: %v, %v", test, found, err)
		}
		if int(found[0].Row) != test.nearest || stats.Expanded != test.expanded {
			t.Errorf("patience %d, %d wanted: row %d after %d expansions, want row %d after %d",
				test.patience, test.k, found[0].Row, stats.Expanded, test.nearest, test.expanded)
		}
	}
}

// TestPatienceSparesNarrowSearches walks along rows so near one another that a search for one result expands them all: patience leaves as many
// of them as the guide looks at.
func TestPatienceSparesNarrowSearches(t *testing.T) {
	const n, spared = 100, 64
	points, g := line(n, 0.005)
	for patience, expanded := range map[int]int{0: n, 1: spared, spared: spared, spared + 10: spared + 10, n: n} {
		q := nnd.Query{Scorer: &query{points, []float32{0}}, K: 1, Epsilon: 1, Stretch: stretch, Patience: patience}
		if _, stats, err := g.Search(t.Context(), q, nil); err != nil || stats.Expanded != expanded {
			t.Errorf("patience %d: %d expansions, want %d, %v", patience, stats.Expanded, expanded, err)
		}
	}
}

// TestPatienceWide looks at searches that expand several rows at a time: patience bounds those as well, and none changes nothing.
func TestPatienceWide(t *testing.T) {
	b := build(t, uniform(3000, 8, 5), nnd.Options{Neighbors: 15})
	for _, vector := range uniform(30, 8, 6) {
		search := func(patience int) ([]nnd.Candidate, int) {
			q := nnd.Query{Scorer: &query{b.points, vector}, K: 10, Epsilon: 0.5, Stretch: stretch, Patience: patience}
			found, stats, err := b.graph.Search(t.Context(), q, nil)
			if err != nil || len(found) != 10 {
				t.Fatalf("patience %d: %v, %v", patience, found, err)
			}
			return found, stats.Expanded
		}
		all, most := search(0)
		before := 0
		for patience := 1; patience < 100; patience += 7 {
			found, expanded := search(patience)
			if expanded < before || expanded > most || expanded <= patience && expanded < most {
				t.Fatalf("patience %d: %d expansions, %d before, %d without", patience, expanded, before, most)
			}
			if found[9].Distance < all[9].Distance {
				t.Fatalf("patience %d finds what none does not", patience)
			}
			before = expanded
		}
		if found, expanded := search(most); expanded != most || !slices.Equal(found, all) {
			t.Errorf("with patience for all %d expansions there are %d", most, expanded)
		}
	}
}
