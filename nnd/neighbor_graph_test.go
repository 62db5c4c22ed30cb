package nnd_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/vicinaldb/store/nnd"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestBuildRecall(t *testing.T) {
	for _, test := range []struct {
		name   string
		points vectors
		k      int
		recall float64
		reason string
	}{
		{"uniform", uniform(3000, 8, 1), 15, 0.99, "no structure to exploit, low dimension"},
		{"mixture", mixture(3000, 16, 20, 0.1, 1), 15, 0.99, "clusters, as real data have them"},
		{"islands", mixture(3000, 8, 300, 0.001, 1), 10, 0.95, "clusters of about k rows: what is missing is the nearest of another cluster"},
		{"line", uniform(3000, 1, 1), 10, 0.99, "one dimension: the reverse neighbors are the neighbors"},
		{"repeated", repeated(3000, 8, 80, 1), 10, 1, "duplicates in groups of more than k"},
		{"equal", repeated(3000, 4, 1, 1), 5, 1, "nothing to tell rows apart by"},
		{"k 1", uniform(3000, 4, 1), 1, 0.80, "lists of one entry, joins of one candidate"},
	} {
		t.Run(test.name, func(t *testing.T) {
			g, err := nnd.Build(t.Context(), test.points, nnd.Options{Neighbors: test.k, Seed: 1})
			if err != nil {
				t.Fatal(err)
			}
			if g.Stats.Exact {
				t.Fatal("compared all pairs; the descent is what is tested")
			}
			checkNeighborGraph(t, test.points, g)
			if recall := neighborRecall(test.points, g); recall < test.recall {
				t.Errorf("recall %.4f < %.4f (%s)", recall, test.recall, test.reason)
			}
		})
	}
}

// checkNeighborGraph checks what holds for every neighbor graph: sorted true distances, no repetition, no row its own
// neighbor, padding only at the end and only where there are no more rows.
func checkNeighborGraph(t interface{ Fatalf(string, ...any) }, points vectors, g *nnd.NeighborGraph) {
	if g.Len() != len(points) || len(g.Rows) != len(g.Distances) {
		t.Fatalf("graph of %d rows, %d distances for %d points", len(g.Rows), len(g.Distances), len(points))
	}
	for row := range uint32(len(points)) {
		rows, distances := g.Neighbors(row)
		if want := min(g.K, len(points)-1); len(rows) != want {
			t.Fatalf("row %d has %d neighbors, want %d", row, len(rows), want)
		}
		if !slices.IsSorted(distances) {
			t.Fatalf("row %d: distances %v are not sorted", row, distances)
		}
		seen := map[uint32]bool{row: true}
		for i, id := range rows {
			if seen[id] {
				t.Fatalf("row %d: neighbor %d is the row or a repetition", row, id)
			}
			seen[id] = true
			if want := squared(points[row], points[id]); distances[i] != want {
				t.Fatalf("row %d: distance %v of neighbor %d, want %v", row, distances[i], id, want)
			}
		}
		for i := int(row)*g.K + len(rows); i < (int(row)+1)*g.K; i++ {
			if g.Rows[i] != row || !math.IsInf(float64(g.Distances[i]), 1) {
				t.Fatalf("row %d: padding %d at %v", row, g.Rows[i], g.Distances[i])
			}
		}
	}
}

func TestBuildSmallIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		points := smallPoints(t, 60)
		k := rapid.IntRange(1, 70).Draw(t, "k")
		g, err := nnd.Build(background, points, nnd.Options{Neighbors: k, Threads: 2})
		if err != nil {
			t.Fatalf("%v", err)
		}
		checkNeighborGraph(t, points, g)
		for row := range uint32(len(points)) {
			_, got := g.Neighbors(row)
			want := distances(nearest(points, points[row], k, func(other uint32) bool { return other != row }))
			if !slices.Equal(got, want) {
				t.Fatalf("row %d: distances %v, want %v", row, got, want)
			}
		}
	})
}

// smallPoints draws few points of few dimensions on a coarse grid, so that ties and duplicates are common.
func smallPoints(t *rapid.T, most int) vectors {
	n := rapid.IntRange(0, most).Draw(t, "n")
	dim := rapid.IntRange(1, 3).Draw(t, "dim")
	component := rapid.Map(rapid.IntRange(-5, 5), func(i int) float32 { return float32(i) })
	points := make(vectors, n)
	for i := range points {
		points[i] = rapid.SliceOfN(component, dim, dim).Draw(t, "vector")
	}
	return points
}

func TestDuplicatesFormRings(t *testing.T) {
	points := repeated(3000, 2, 1, 1)
	g, err := nnd.Build(t.Context(), points, nnd.Options{Neighbors: 4, Trees: 8})
	if err != nil {
		t.Fatal(err)
	}
	// Were ties broken by number, the first rows would be everyone's neighbors.
	chosen := make([]int, len(points))
	for _, id := range g.Rows {
		chosen[id]++
	}
	if most := slices.Max(chosen); most > 40 {
		t.Errorf("a row among %d equal ones is the neighbor of %d others", len(points), most)
	}
}

func TestBuildIgnoresNaNAndKeepsInfinity(t *testing.T) {
	points := uniform(3000, 4, 1)
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for row := 0; row < len(points); row += 100 {
		points[row] = []float32{nan, 0, 0, 0}
	}
	points[1] = []float32{inf, 0, 0, 0}
	b := build(t, points, nnd.Options{Neighbors: 8})
	for row := range uint32(len(points)) {
		rows, distances := b.neighbors.Neighbors(row)
		for i := range rows {
			if distances[i] != distances[i] {
				t.Fatalf("row %d has a neighbor at distance NaN", row)
			}
		}
		if isNaN := b.points[row][0] != b.points[row][0]; isNaN && len(rows) > 0 {
			t.Fatalf("row %d, all NaN, has neighbors", row)
		}
	}
	for _, candidate := range b.search(t, points[2], 2000, 0.1, nil) {
		if candidate.Distance != candidate.Distance {
			t.Fatal("a search returned a row at distance NaN")
		}
	}
}

// fingerprint is a hash of everything a build gives.
func fingerprint(t testing.TB, points vectors, o nnd.Options) uint64 {
	t.Helper()
	b := build(t, points, o)
	hash := fnv.New64a()
	for _, part := range []any{b.neighbors.Rows, b.neighbors.Distances, b.graph.Adjacency, b.graph.Pivots} {
		if err := binary.Write(hash, binary.LittleEndian, part); err != nil {
			t.Fatal(err)
		}
	}
	for _, vector := range b.points { // the order
		if err := binary.Write(hash, binary.LittleEndian, vector); err != nil {
			t.Fatal(err)
		}
	}
	return hash.Sum64()
}

func TestThreadsDoNotMatter(t *testing.T) {
	half := 0.5
	for name, points := range map[string]vectors{
		"mixture":  mixture(3000, 8, 30, 0.05, 1),
		"repeated": repeated(3000, 3, 50, 1),
		"few":      uniform(200, 3, 1),
	} {
		t.Run(name, func(t *testing.T) {
			o := nnd.Options{Neighbors: 8, MaxCandidates: 5, Seed: 7, DiversifyProb: &half}
			o.Threads = 1
			want := fingerprint(t, points, o)
			for threads := 2; threads <= 4; threads++ {
				o.Threads = threads
				if got := fingerprint(t, points, o); got != want {
					t.Errorf("%d threads give %x, one gives %x", threads, got, want)
				}
			}
			o.Seed++
			if got := fingerprint(t, points, o); got == want && name != "few" {
				t.Error("another seed gives the same graphs")
			}
		})
	}
}

// The same points give the same graphs on every machine and with every version, unless a change means to change them:
// then the new value goes here.
func TestBlocksDoNotMatter(t *testing.T) {
	for _, n := range []int{300, 3000} { // all pairs, and a descent
		points := mixture(n, 8, 20, 0.1, 1)
		o := nnd.Options{Neighbors: 30, MaxCandidates: 13, DiversifyProb: new(0.9), Seed: 1, Threads: 2}
		want, wantGraph := buildBoth(t, points, o)
		var calls atomic.Int64
		got, gotGraph := buildBoth(t, blocks{points, &calls}, o)
		if !slices.Equal(got.Rows, want.Rows) || !slices.Equal(got.Distances, want.Distances) {
			t.Errorf("%d points: other neighbors by blocks", n)
		}
		if !slices.Equal(gotGraph.Adjacency, wantGraph.Adjacency) {
			t.Errorf("%d points: other edges by blocks", n)
		}
		if got.Stats.Distances != want.Stats.Distances || calls.Load() == 0 {
			t.Errorf("%d points: %d distances, want %d; %d blocks", n, got.Stats.Distances, want.Stats.Distances, calls.Load())
		}
	}
}

// buildBoth makes a neighbor graph and its search graph.
func buildBoth(t *testing.T, points nnd.Points, o nnd.Options) (*nnd.NeighborGraph, *nnd.SearchGraph) {
	t.Helper()
	neighbors, err := nnd.Build(t.Context(), points, o)
	if err != nil {
		t.Fatal(err)
	}
	graph, err := nnd.NewSearchGraph(t.Context(), points, neighbors, o)
	if err != nil {
		t.Fatal(err)
	}
	return neighbors, graph
}

func TestGolden(t *testing.T) {
	const want = 0x6ce9a3827c5cdb15
	if got := fingerprint(t, mixture(3000, 6, 40, 0.02, 1), nnd.Options{Neighbors: 10, Seed: 42}); got != want {
		t.Errorf("fingerprint %#x, want %#x", got, uint64(want))
	}
}

func TestCancel(t *testing.T) {
	points := mixture(3000, 8, 30, 0.05, 1)
	stages := map[string]bool{}
	record := nnd.Options{Neighbors: 8, Threads: 2, Progress: func(p nnd.Progress) { stages[p.Stage] = true }}
	build(t, points, record)
	for _, stage := range []string{"trees", "leaves", "descent", "prune", "reverse", "guide", "connect"} {
		if !stages[stage] {
			t.Errorf("no progress in stage %q", stage)
		}
	}
	for stage := range stages {
		t.Run(stage, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			calls := 0
			o := nnd.Options{Neighbors: 8, Threads: 2, Progress: func(p nnd.Progress) {
				if p.Stage == stage {
					cancel()
					calls++
				}
			}}
			err := buildAll(ctx, points, o)
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("error %v, want context.Canceled", err)
			}
			if calls > 4 {
				t.Errorf("%d more progress calls after the end of the context", calls-1)
			}
		})
	}
}

func buildAll(ctx context.Context, points nnd.Points, o nnd.Options) error {
	if _, err := nnd.Order(ctx, points, o); err != nil {
		return err
	}
	g, err := nnd.Build(ctx, points, o)
	if err != nil {
		return err
	}
	_, err = nnd.NewSearchGraph(ctx, points, g, o)
	return err
}

func TestProgress(t *testing.T) {
	type key struct {
		stage string
		round int
	}
	last := map[key]int{}
	busy := false
	points := mixture(3000, 8, 30, 0.05, 1)
	o := nnd.Options{Neighbors: 8, Threads: 4, Progress: func(p nnd.Progress) {
		if busy {
			t.Error("calls overlap")
		}
		busy = true
		if k := (key{p.Stage, p.Round}); p.Done <= last[k] || p.Done > p.Total {
			t.Errorf("%+v after %d", p, last[k])
		} else {
			last[k] = p.Done
		}
		busy = false
	}}
	neighbors, err := nnd.Build(t.Context(), points, o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := nnd.NewSearchGraph(t.Context(), points, neighbors, o); err != nil {
		t.Fatal(err)
	}
	if done := last[key{"prune", 0}]; done != len(points) {
		t.Errorf("pruning ended at %d of %d", done, len(points))
	}
}

// faulty are points some of which cannot be read.
type faulty struct {
	vectors
	value any
}

func (f faulty) Distances(dst []float32, row uint32, rows []uint32) {
	if row == 1234 {
		panic(f.value)
	}
	f.vectors.Distances(dst, row, rows)
}

type fault struct{ error }

func (fault) Addr() uintptr { return 42 }

// A panic of a goroutine that Build started comes out of Build, so that whoever mapped the points can recover it.
func TestPanicsComeOut(t *testing.T) {
	for name, value := range map[string]any{"fault": fault{errors.New("fault")}, "bug": "a bug"} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				got := recover()
				if name == "fault" && got != value {
					t.Errorf("recovered %v, want the fault itself", got)
				}
				if text := fmt.Sprint(got); name == "bug" && !slices.Contains([]bool{len(text) > 100, text[:5] == "a bug"}, true) {
					t.Errorf("recovered %q, want what happened and where", text)
				}
			}()
			_, err := nnd.Build(t.Context(), faulty{uniform(3000, 2, 1), value}, nnd.Options{Neighbors: 4, Threads: 2})
			t.Errorf("Build returned %v", err)
		})
	}
}
