package nnd_test

import (
	"context"
	"errors"
	"math"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/vicinaldb/store/nnd"
)

// kept tells whether a graph has all edges of another, in both directions, and how many it has besides.
func kept(got, of *nnd.CSR) (all bool, more int) {
	want := of.Symmetrize()
	more = len(got.Rows) - len(want.Rows)
	for row := range uint32(want.Len()) {
		there := map[uint32]float32{}
		rows, distances := got.Neighbors(row)
		for i, id := range rows {
			there[id] = distances[i]
		}
		rows, distances = want.Neighbors(row)
		for i, id := range rows {
			if distance, ok := there[id]; !ok || distance != distances[i] {
				return false, more
			}
		}
	}
	return true, more
}

// weight is the sum of all distances.
func weight(c *nnd.CSR) (sum float64) {
	for _, distance := range c.Distances {
		sum += float64(distance)
	}
	return sum
}

// spanning is the weight of the shortest edges that join the components of a graph, by Kruskal's algorithm, both directions
// counted.
func spanning(points vectors, c *nnd.CSR) (sum float64) {
	of, count := c.Components()
	for ; count > 1; count-- {
		least, a, b := math.Inf(1), uint32(0), uint32(0)
		for row := range points {
			for id := range points {
				if d := float64(squared(points[row], points[id])); of[row] != of[id] && d < least {
					least, a, b = d, of[row], of[id]
				}
			}
		}
		sum += 2 * least
		for row := range of {
			if of[row] == a {
				of[row] = b
			}
		}
	}
	return sum
}

func TestJoinIsExactForFew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		points := smallPoints(t, 30)
		o := nnd.Options{Neighbors: rapid.IntRange(1, 3).Draw(t, "k"), Stretch: stretch, Threads: 2}
		g, err := nnd.Build(background, points, o)
		if err != nil {
			t.Fatalf("%v", err)
		}
		var search *nnd.SearchGraph
		if rapid.Bool().Draw(t, "search graph") {
			if search, err = nnd.NewSearchGraph(background, points, g, o); err != nil {
				t.Fatalf("%v", err)
			}
		}
		c := g.CSR(rapid.Bool().Draw(t, "self"), nil)
		got, err := nnd.Join(background, points, c, search, o)
		if err != nil {
			t.Fatalf("%v", err)
		}
		if err := got.Check(); err != nil {
			t.Fatalf("%v", err)
		}
		_, before := c.Components()
		_, after := got.Components()
		if after != min(1, len(points)) {
			t.Fatalf("%d components of %d are left", after, before)
		}
		all, more := kept(got, c)
		if !all || more != 2*(max(before, 1)-1) {
			t.Fatalf("all edges kept: %v, %d more to join %d components", all, more, before)
		}
		if added, want := weight(got)-weight(c.Symmetrize()), spanning(points, c); added != want {
			t.Fatalf("added edges weigh %v, the shortest %v", added, want)
		}
	})
}

// Cases in which one round finds more edges than it may add.
func TestJoinAddsNoMore(t *testing.T) {
	for _, test := range []struct {
		name   string
		points vectors
		links  [][2]uint32
		reason string
	}{
		{"from the far end", vectors{{0}, {0.5}, {0.25}, {-9}, {10}, {-8}}, [][2]uint32{{0, 1}, {1, 2}, {3, 4}}, "row 4 finds the largest component, but row 5, once joined, is nearer to it"},
		{"two ways", vectors{{0, 0}, {1, 1}, {0, 1}, {1, 0}, {9}, {9}, {9}}, [][2]uint32{{0, 3}, {1, 2}, {4, 5}, {5, 6}}, "both have an edge of length 1 to the other"},
		{"a cycle", vectors{{9}, {9}, {0, 0}, {2, 0}, {4, 0}, {0, 2}, {4, 2}, {2, 4}}, [][2]uint32{{0, 1}}, "ties everywhere"},
	} {
		for i := range test.points {
			test.points[i] = append(test.points[i], 0)[:2]
		}
		ends := make([][]uint32, len(test.points))
		for _, l := range test.links {
			ends[l[0]] = append(ends[l[0]], l[1])
		}
		c := &nnd.CSR{Offsets: []int{0}}
		for row, rows := range ends {
			for _, id := range rows {
				c.Rows, c.Distances = append(c.Rows, id), append(c.Distances, squared(test.points[row], test.points[id]))
			}
			c.Offsets = append(c.Offsets, len(c.Rows))
		}
		got, err := nnd.Join(t.Context(), test.points, c, nil, nnd.Options{})
		if err != nil {
			t.Fatal(err)
		}
		_, before := c.Components()
		_, more := kept(got, c)
		want := spanning(test.points, c)
		if added := weight(got) - weight(c.Symmetrize()); more != 2*(before-1) || math.Abs(added-want) > 1e-3 {
			t.Errorf("%s: %d more edges for %d components, they weigh %v, want %v (%s)", test.name, more, before, added, want, test.reason)
		}
	}
}

// counted are points that count how often they are compared.
type counted struct {
	vectors
	count *atomic.Int64
}

func (c counted) Distances(dst []float32, row uint32, rows []uint32) {
	c.count.Add(int64(len(rows)))
	c.vectors.Distances(dst, row, rows)
}

// Components that are too large for comparing all rows are joined by searches, and about as well.
func TestJoinBySearch(t *testing.T) {
	points := mixture(5000, 4, 12, 0.01, 1)
	o := nnd.Options{Neighbors: 6, Stretch: stretch}
	b := build(t, points, o)
	c := b.neighbors.CSR(false, nil)
	_, before := c.Components()
	if before < 5 {
		t.Fatalf("%d components, too few to try", before)
	}
	var count atomic.Int64
	got, err := nnd.Join(t.Context(), counted{b.points, &count}, c, b.graph, o)
	if err != nil {
		t.Fatal(err)
	}
	if _, after := got.Components(); after != 1 {
		t.Errorf("%d components of %d are left", after, before)
	}
	if all := int64(len(points)) * int64(len(points)); count.Load() > all/10 {
		t.Errorf("%d distances, all pairs are %d", count.Load(), all/2)
	}
	if all, more := kept(got, c); !all || more != 2*(before-1) {
		t.Errorf("all edges kept: %v, %d more to join %d components", all, more, before)
	}
	exact, err := nnd.Join(t.Context(), b.points, c, nil, o)
	if err != nil {
		t.Fatal(err)
	}
	old := weight(c.Symmetrize())
	if added, least := weight(got)-old, weight(exact)-old; added > 1.05*least {
		t.Errorf("added edges weigh %.4f, the shortest %.4f", added, least)
	}
	o.Threads = 5
	again, err := nnd.Join(t.Context(), b.points, c, b.graph, o)
	if err != nil || !cmp.Equal(got, again) {
		t.Errorf("another graph on five threads, error %v", err)
	}
}

// Rows without a distance stay alone, and nothing else does.
func TestJoinWithoutDistances(t *testing.T) {
	points := mixture(600, 3, 60, 0.0001, 1)
	nan := float32(math.NaN())
	for row := 0; row < len(points); row += 100 {
		points[row] = []float32{nan, 0, 0}
	}
	b := build(t, points, nnd.Options{Neighbors: 4})
	for _, search := range []*nnd.SearchGraph{nil, b.graph} {
		got, err := nnd.Join(t.Context(), b.points, b.neighbors.CSR(false, nil), search, nnd.Options{Stretch: stretch})
		if err != nil {
			t.Fatal(err)
		}
		if _, count := got.Components(); count != 1+6 {
			t.Errorf("%d components, want one of all and 6 of a row without distances", count)
		}
	}
}

// A search graph that leads nowhere does not keep components apart: what searches do not find is found by comparing.
func TestJoinWithoutWays(t *testing.T) {
	points := mixture(9000, 2, 2, 0.01, 1)
	g := neighbors(t, points, nnd.Options{Neighbors: 6})
	search := &nnd.SearchGraph{Adjacency: make([]uint32, 16*len(points)), Stride: 16, Pivots: []uint32{0}}
	for i := range search.Adjacency {
		search.Adjacency[i] = uint32(i / 16)
	}
	got, err := nnd.Join(t.Context(), points, g.CSR(false, nil), search, nnd.Options{Stretch: stretch})
	if err != nil {
		t.Fatal(err)
	}
	if _, count := got.Components(); count != 1 {
		t.Errorf("%d components are left", count)
	}
}

func TestJoinErrors(t *testing.T) {
	points := mixture(9000, 2, 12, 0.001, 1)
	b := build(t, points, nnd.Options{Neighbors: 5})
	c := b.neighbors.CSR(false, nil)
	corrupt := &nnd.SearchGraph{Adjacency: make([]uint32, 16*len(points)), Stride: 16, Pivots: []uint32{9000}}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	later, cancelLater := context.WithCancel(t.Context())
	defer cancelLater()
	progress := nnd.Options{Progress: func(nnd.Progress) { cancelLater() }}
	for _, test := range []struct {
		name   string
		ctx    context.Context
		c      *nnd.CSR
		search *nnd.SearchGraph
		o      nnd.Options
		want   error
	}{
		{"options", t.Context(), c, b.graph, nnd.Options{Threads: -1}, nnd.ErrOptions},
		{"no graph", t.Context(), &nnd.CSR{Offsets: []int{1}}, b.graph, nnd.Options{}, nnd.ErrCorrupt},
		{"another number of rows", t.Context(), &nnd.CSR{}, b.graph, nnd.Options{}, nnd.ErrCorrupt},
		{"a search graph of other rows", t.Context(), c, &nnd.SearchGraph{}, nnd.Options{}, nnd.ErrCorrupt},
		{"a corrupt search graph", t.Context(), c, corrupt, nnd.Options{}, nnd.ErrCorrupt},
		{"canceled", canceled, c, b.graph, nnd.Options{}, context.Canceled},
		{"canceled later", later, c, b.graph, progress, context.Canceled},
	} {
		if _, err := nnd.Join(test.ctx, b.points, test.c, test.search, test.o); !errors.Is(err, test.want) {
			t.Errorf("%s: error %v, want %v", test.name, err, test.want)
		}
	}
}
