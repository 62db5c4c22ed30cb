package nnd

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// clustered are points of 6 dimensions in clusters, far from one another.
type clustered [][6]float32

func newClustered(n, clusters int) clustered {
	random := rand.New(rand.NewPCG(1, 2))
	centers, points := make(clustered, clusters), make(clustered, n)
	for i := range centers {
		for d := range centers[i] {
			centers[i][d] = float32(random.NormFloat64())
		}
	}
	for i := range points {
		points[i] = centers[i*clusters/n]
		for d := range points[i] {
			points[i][d] += 0.1 * float32(random.NormFloat64())
		}
	}
	return points
}

func (c clustered) Len() int { return len(c) }

func (c clustered) Distances(dst []float32, row uint32, rows []uint32) {
	for i, other := range rows {
		sum := float32(0)
		for d, x := range c[row] {
			difference := x - c[other][d]
			sum += difference * difference
		}
		dst[i] = sum
	}
}

// A row that is not searched for again, since the search would go the same way, is found on the same way when it is: whatever edges
// were added, or given up, since then.
func TestGuideSame(t *testing.T) {
	points := newClustered(4000, 60)
	none := 0.0
	for name, tc := range map[string]struct {
		o     Options
		least int // rows that need no search though edges were added
	}{
		"room for edges":    {Options{Neighbors: 5}, 1000},
		"several entries":   {Options{Neighbors: 5, Entries: 3}, 3000},
		"no room for edges": {Options{Neighbors: 16, PruningDegreeMultiplier: 1, DiversifyProb: &none}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			o, err := tc.o.prepare(len(points))
			if err != nil {
				t.Fatal(err)
			}
			s := newSeeker(guided(t, points, o))
			same, other := 0, 0
			for row := range uint32(len(points)) {
				path := s.paths[row]
				if !slices.ContainsFunc(path, func(id uint32) bool { return s.edited[id] }) {
					continue
				}
				stays := s.same(row)
				s.scorer.row, s.scorer.pivots = row, make([]float32, len(s.graph.Pivots))
				s.points.Distances(s.scorer.pivots, row, s.graph.Pivots)
				path = slices.Clone(path)
				found := s.tries(row)
				switch {
				case !stays:
					other++
				case !found || !slices.Equal(s.path, path):
					t.Fatalf("row %d was found by way of %v, is so (%v) by way of %v", row, path, found, s.path)
				default:
					same++
				}
			}
			if same < tc.least || other < 100 {
				t.Errorf("%d rows on ways with other edges need no search, %d do", same, other)
			}
		})
	}
}

// A walk for several searches comes to what each of them comes to when it is made alone, as any query would: to the same rows, and
// as far. Only what is greedy for several rows may expand others.
func TestGuideWalk(t *testing.T) {
	points := newClustered(4000, 60)
	for name, o := range map[string]Options{
		"one entry": {Neighbors: 5}, "several entries": {Neighbors: 5, Entries: 3},
	} {
		t.Run(name, func(t *testing.T) {
			o, err := o.prepare(len(points))
			if err != nil {
				t.Fatal(err)
			}
			c := unguided(t, points, o)
			s, all := newSeeker(c), make([]uint32, len(points))
			for row := range all {
				all[row] = uint32(row)
			}
			ends := map[[3]bool]int{} // how many rows are found by which searches
			differ := 0
			s.each(all, func(_ int, row uint32) {
				s.seek(row, true)
				var found [3]bool
				for i, o := range s.searches {
					query := Query{Scorer: &rowScorer{points, row}, K: o.k, Epsilon: o.epsilon}
					got, stats, err := c.graph.Search(t.Context(), query, nil)
					if err != nil {
						t.Fatal(err)
					}
					found[i] = slices.ContainsFunc(got, func(c Candidate) bool { return c.Row == row })
					switch {
					case o.k > 1 && found[i] != o.found && !found[0]:
						differ++
					case o.k > 1 || i > 0 && found[0]:
					case found[i] != o.found || !found[i] && stats.Expanded != o.steps:
						t.Fatalf("row %d, search %d: found %v after %d rows, alone %v after %d", row, i, o.found, o.steps, found[i], stats.Expanded)
					}
				}
				ends[found]++
			})
			if ends[[3]bool{}] < 10 || ends[[3]bool{false, true, true}] < 10 || differ > len(points)/200 {
				t.Errorf("%d differ, found by searches: %v", differ, ends)
			}
		})
	}
}

// guided is a graph after its repairs, and what is known of it.
func guided(t *testing.T, points Points, o Options) *connector {
	t.Helper()
	c := unguided(t, points, o)
	lost, err := c.guideAll(t.Context())
	if err == nil {
		err = c.reachAll(t.Context(), "connect")
	}
	if err == nil {
		err = c.guideAgain(t.Context(), lost)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// unguided is a graph before its repairs.
func unguided(t *testing.T, points Points, o Options) *connector {
	t.Helper()
	neighbors, err := Build(t.Context(), points, o)
	if err != nil {
		t.Fatal(err)
	}
	d := newDiversifier(points, neighbors, o)
	if err := d.pruneNeighbors(t.Context(), neighbors); err != nil {
		t.Fatal(err)
	}
	g, err := d.addReverse(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	g.Pivots, g.Entries = spread(points.Len(), 8), o.Entries
	return newConnector(points, g, o)
}
