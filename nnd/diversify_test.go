package nnd

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// plane are points with small whole coordinates, compared by the sum of differences: ties and duplicates are common.
type plane [][2]int8

func (p plane) Len() int { return len(p) }

func (p plane) Distances(dst []float32, row uint32, rows []uint32) {
	for i, other := range rows {
		dst[i] = p.distance(row, other)
	}
}

func (p plane) distance(a, b uint32) float32 {
	dx, dy := int(p[a][0])-int(p[b][0]), int(p[a][1])-int(p[b][1])
	return float32(max(dx, -dx) + max(dy, -dy))
}

// planeBlocks is a plane that is compared in blocks.
type planeBlocks struct{ plane }

func (p planeBlocks) BlockDistances(dst []float32, rows, others []uint32) {
	for i, row := range rows {
		p.Distances(dst[i*len(others):], row, others)
	}
}

func drawPlane(t *rapid.T) plane {
	least := rapid.SampledFrom([]int{0, 40}).Draw(t, "at least")
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) [2]int8 {
		return [2]int8{rapid.Int8Range(-6, 6).Draw(t, "x"), rapid.Int8Range(-6, 6).Draw(t, "y")}
	}), least, 80).Draw(t, "points")
}

// pruneNaively is occlusion as it is told: an edge goes if a kept one leads to a row that is, by alpha, nearer to its end.
func pruneNaively(p plane, o Options, near func(id uint32) int, degree int, row uint32, edges []uint64) (kept []uint64) {
	for _, key := range edges {
		id, length := neighborOf(row, key), distanceOf(key)
		threshold := length
		if excess := float64(near(id))/float64(degree) - 1; o.DegreeAware > 0 && excess > 0 {
			threshold = length * (1 + float32(min(0.2, 0.04*o.DegreeAware*min(excess, 2))))
		}
		if !slices.ContainsFunc(kept, func(other uint64) bool {
			middle := p.distance(neighborOf(row, other), id)
			switch {
			case middle == 0:
				return true // of duplicates one is kept
			case distanceOf(other) == 0:
				return false // what is where the row is occludes nothing else
			}
			return middle*float32(o.Alpha) < threshold
		}) {
			kept = append(kept, key)
		}
	}
	return kept
}

// edgesNaively is what NewSearchGraph makes of a neighbor graph before repairs, by the methods that prune neighbors alone.
func edgesNaively(p plane, g *NeighborGraph, o Options) [][]uint32 {
	n := p.Len()
	degree := max(1, min(o.degreeBound(), n-1))
	near := func(id uint32) (count int) {
		for row := range uint32(n) {
			there, _ := g.Neighbors(row)
			here, _ := g.Neighbors(id)
			if slices.Contains(there, id) || slices.Contains(here, row) {
				count++
			}
		}
		return count
	}
	forward, reverse := make([][]uint64, n), make([][]uint64, n)
	for row := range uint32(n) {
		var edges []uint64
		rows, distances := g.Neighbors(row)
		for i, id := range rows {
			edges = append(edges, newEntry(row, id, distances[i]))
		}
		forward[row] = pruneNaively(p, o, near, degree, row, edges)
		for _, key := range forward[row] {
			id := neighborOf(row, key)
			reverse[id] = append(reverse[id], newEntry(id, row, distanceOf(key)))
		}
	}
	all := make([][]uint32, n)
	for row := range uint32(n) {
		back := reverse[row]
		slices.Sort(back)
		if o.DiversifyMethod == DiversifyBidirectional {
			back = pruneNaively(p, o, near, degree, row, back[:min(len(back), degree)])
		}
		union := slices.Concat(forward[row], back)
		slices.Sort(union)
		union = slices.Compact(union)
		for _, key := range union[:min(len(union), degree)] {
			all[row] = append(all[row], neighborOf(row, key))
		}
	}
	return all
}

// checkLikeBlocks fails the test when edges depend on whether points are compared in blocks, with some occluded edges kept or none.
func checkLikeBlocks(t *rapid.T, p plane, g *NeighborGraph, o Options) {
	for _, prob := range []float64{1, 0.5} {
		o.DiversifyProb = &prob
		one, err := Diversify(context.Background(), p, g, o)
		if err != nil {
			t.Fatalf("%v", err)
		}
		many, err := Diversify(context.Background(), planeBlocks{p}, g, o)
		if err != nil {
			t.Fatalf("%v", err)
		}
		if !slices.Equal(one.Adjacency, many.Adjacency) {
			t.Fatalf("probability %v: compared in blocks, points have other edges:\n%v\n%v", prob, one.Adjacency, many.Adjacency)
		}
	}
}

func TestDiversifyMethods(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		points := drawPlane(t)
		o := Options{
			Neighbors:               rapid.IntRange(1, 12).Draw(t, "k"),
			PruningDegreeMultiplier: rapid.SampledFrom([]float64{0.3, 1, 1.5}).Draw(t, "multiplier"),
			DiversifyMethod:         DiversifyMethod(rapid.IntRange(0, 2).Draw(t, "method")),
			DegreeAware:             rapid.SampledFrom([]float64{0, 1, 50}).Draw(t, "degree aware"),
			Alpha:                   rapid.SampledFrom([]float64{1, 1.25}).Draw(t, "alpha"), // times whole distances, not rounded
			Threads:                 2,
			Stretch:                 func(fast, epsilon float32) float32 { return fast * (1 + epsilon) },
		}
		ctx := context.Background()
		neighbors, err := Build(ctx, points, o)
		if err != nil {
			t.Fatalf("%v", err)
		}
		prepared, err := o.prepare(points.Len())
		if err != nil {
			t.Fatalf("%v", err)
		}
		d := newDiversifier(points, neighbors, prepared)
		if err := d.pruneNeighbors(ctx, neighbors); err != nil {
			t.Fatalf("%v", err)
		}
		g, err := d.addReverse(ctx)
		if err != nil {
			t.Fatalf("%v", err)
		}
		checkLikeBlocks(t, points, neighbors, o)
		bound := max(1, min(prepared.degreeBound(), points.Len()-1))
		var want [][]uint32
		if o.DiversifyMethod != DiversifyUnion {
			want = edgesNaively(points, neighbors, prepared)
		}
		for row := range uint32(g.Len()) {
			if len(g.Edges(row)) > bound {
				t.Fatalf("row %d has %d edges, the bound is %d", row, len(g.Edges(row)), bound)
			}
			if want != nil && !slices.Equal(g.Edges(row), want[row]) {
				t.Fatalf("row %d: edges %v, want %v", row, g.Edges(row), want[row])
			}
		}
	})
}

func TestHubsReachFarther(t *testing.T) {
	o := Options{DegreeAware: 1, Stretch: linear}
	degrees := []uint32{5, 10, 15, 20, 30, 1000}
	for strength, want := range map[float64][]float32{
		1:   {1, 1, 1.02, 1.04, 1.08, 1.08},
		0.5: {1, 1, 1.01, 1.02, 1.04, 1.04},
		10:  {1, 1, 1.2, 1.2, 1.2, 1.2},
	} {
		o.DegreeAware = strength
		h := &hubs{degrees: degrees, bound: 10, options: o}
		for id := range degrees {
			if got := h.reach(uint32(id), 1); got-want[id] > 1e-6 || want[id]-got > 1e-6 {
				t.Errorf("strength %v, %d near rows of 10: an edge of 1 reaches %v, want %v", strength, degrees[id], got, want[id])
			}
		}
	}
	if got := (*hubs)(nil).reach(3, 7); got != 7 {
		t.Errorf("without hubs an edge of 7 reaches %v", got)
	}
}

func TestDiversifyMethodNames(t *testing.T) {
	names := fmt.Sprint(DiversifyUnion, DiversifyForward, DiversifyBidirectional, DiversifyMethod(9))
	if want := "union forward bidirectional method 9"; names != want {
		t.Errorf("names %q, want %q", names, want)
	}
}

// Segments keep the statistics of a build: their JSON is part of what must stay the same.
func TestBuildStatsJSON(t *testing.T) {
	points := make(plane, 40)
	for i := range points {
		points[i] = [2]int8{int8(i % 7), int8(i)}
	}
	g, err := Build(context.Background(), points, Options{Neighbors: 3})
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(g.Stats)
	if want := `{"Exact":true,"Distances":780,"Updates":null}`; err != nil || string(got) != want {
		t.Errorf("statistics %s (%v), want %s", got, err, want)
	}
}
