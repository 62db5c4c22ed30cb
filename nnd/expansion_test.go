package nnd_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/vicinaldb/store/nnd"
)

// fetching is a scorer that notes which rows it was told of, and how often it was asked.
type fetching struct {
	nnd.Scorer
	t     *testing.T
	told  map[uint32]bool
	calls int
}

func (s *fetching) Prefetch(rows []uint32) {
	for _, row := range rows {
		s.told[row] = true
	}
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
			search := func(k int, epsilon float32) float32 {
				found, _, err := g.Search(t.Context(), nnd.Query{Scorer: &query{points, vector}, K: k, Epsilon: epsilon, Stretch: stretch}, nil)
				if err != nil {
					t.Fatal(err)
				}
				return found[0].Distance
			}
			narrow := search(1, nnd.DefaultEpsilon*random.Float32())
			if wide := search(1+random.IntN(10), nnd.DefaultEpsilon+random.Float32()/4); wide > narrow {
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
