package nnd_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/vicinaldb/store/nnd"
)

// change says which share of the rows goes, becomes another, and comes, of the rows there are.
type change struct{ remove, replace, add float64 }

// edited are points after a change, and what Update is to know.
type edited struct {
	points vectors
	to     []uint32 // new numbers of the old rows
	fresh  []uint32
}

// edit applies a change to points. New vectors come from spare, which it shortens. Rows get new numbers at random, or in the
// order they had when they are to stay in order.
func edit(points vectors, c change, spare *vectors, seed uint64, inOrder ...bool) edited {
	random := rand.New(rand.NewPCG(seed, 4))
	take := func() []float32 {
		vector := (*spare)[0]
		*spare = (*spare)[1:]
		return vector
	}
	type row struct {
		vector []float32
		old    int // -1 for a fresh one
	}
	var rows []row
	for i, vector := range points {
		switch draw := random.Float64(); {
		case draw < c.remove:
		case draw < c.remove+c.replace:
			rows = append(rows, row{take(), -1})
		default:
			rows = append(rows, row{vector, i})
		}
	}
	for range int(c.add * float64(len(points))) {
		rows = append(rows, row{take(), -1})
	}
	if len(inOrder) == 0 || !inOrder[0] {
		random.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	}
	e := edited{to: slices.Repeat([]uint32{nnd.NoRow}, len(points))}
	for i, r := range rows {
		e.points = append(e.points, r.vector)
		if r.old < 0 {
			e.fresh = append(e.fresh, uint32(i))
		} else {
			e.to[r.old] = uint32(i)
		}
	}
	return e
}

// update renumbers and updates.
func update(t testing.TB, old *nnd.NeighborGraph, e edited, o nnd.Options) *nnd.NeighborGraph {
	t.Helper()
	renumbered, err := old.Renumber(e.to, len(e.points))
	if err != nil {
		t.Fatal(err)
	}
	g, err := nnd.Update(t.Context(), e.points, renumbered, e.fresh, o)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func neighbors(t testing.TB, points vectors, o nnd.Options) *nnd.NeighborGraph {
	t.Helper()
	g, err := nnd.Build(t.Context(), points, o)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// cost is how many distances a graph took, trees included.
func cost(g *nnd.NeighborGraph) float64 { return float64(g.Stats.Distances + g.Stats.TreeDistances) }

// fullRecall is the share of true neighbors in a neighbor graph, of all rows.
func fullRecall(t testing.TB, points vectors, g *nnd.NeighborGraph) float64 {
	t.Helper()
	found, all := 0, 0
	var truth []nnd.Candidate
	for row := range uint32(g.Len()) {
		var err error
		scan := nnd.Scan{Scorer: &query{points, points[row]}, N: len(points), K: g.K + 1} // the row is one of them
		if truth, _, err = scan.Run(t.Context(), truth[:0]); err != nil {
			t.Fatal(err)
		}
		_, distances := g.Neighbors(row)
		all += len(truth) - 1
		for _, distance := range distances {
			if distance <= truth[len(truth)-1].Distance {
				found++
			}
		}
	}
	return float64(found) / float64(all)
}

func TestUpdateRecall(t *testing.T) {
	if raceDetector {
		t.Skip("it is about recall alone")
	}
	const n = 1500
	changes := []struct {
		name string
		change
		cost   float64 // of a build's
		reason string
	}{
		{"append", change{add: 0.25}, 0.45, "fresh rows among complete lists"},
		{"append a few", change{add: 0.01}, 0.25, "little to do"},
		{"replace 5 %", change{replace: 0.05}, 0.55, "half of the lists lack something"},
		{"replace 50 %", change{replace: 0.5}, 0.95, "all lists lack half"},
		{"remove 20 %", change{remove: 0.2}, 0.75, "nothing fresh, all lists lack something"},
		{"mixed", change{remove: 0.1, replace: 0.05, add: 0.1}, 0.7, "everything at once"},
		{"nothing", change{}, 0.05, "but new numbers"},
	}
	for _, data := range []struct {
		name   string
		points vectors // twice n: the second half is for fresh rows
		k      int
		order  bool // Rows stay in order: in another one, rows prefer others of those at equal distance, which takes time.
		reason string
	}{
		{"uniform", uniform(2*n, 8, 1), 15, false, "no structure to exploit"},
		{"mixture", mixture(2*n, 16, 20, 0.1, 1), 15, false, "clusters, as real data have them"},
		{"islands", mixture(2*n, 8, 200, 0.001, 1), 10, false, "lists that seldom leave clusters"},
		{"line", uniform(2*n, 1, 1), 10, false, "one dimension: rows know 2k others at most"},
		{"repeated", repeated(2*n, 8, 80, 1), 10, true, "duplicates in groups of more than k"},
		{"equal", repeated(2*n, 2, 1, 1), 10, true, "nothing to tell rows apart by"},
	} {
		o := nnd.Options{Neighbors: data.k, Seed: 1}
		old := neighbors(t, data.points[:n], o)
		before := fullRecall(t, data.points[:n], old)
		for _, c := range changes {
			t.Run(data.name+"/"+c.name, func(t *testing.T) {
				spare := data.points[n:]
				e := edit(data.points[:n], c.change, &spare, 7, data.order)
				got, want := update(t, old, e, o), neighbors(t, e.points, o)
				checkNeighborGraph(t, e.points, got)
				// What a build missed, little changes do not find.
				least := min(fullRecall(t, e.points, want), before) - 0.005
				if recall := fullRecall(t, e.points, got); recall < least {
					t.Errorf("recall %.4f < %.4f (%s; %s)", recall, least, data.reason, c.reason)
				}
				if share := cost(got) / cost(want); share > c.cost {
					t.Errorf("%.2f of a build's distances, more than %.2f (%s; %s)", share, c.cost, data.reason, c.reason)
				}
			})
		}
	}
}

// In high dimension a build misses some neighbors. Rows that walk at the same time miss one another there, if nothing is done; with
// two trees for four, leaves do not make up for it.
func TestUpdateInHighDimension(t *testing.T) {
	if raceDetector {
		t.Skip("it is about recall alone")
	}
	all := uniform(4000, 24, 1)
	o := nnd.Options{Neighbors: 15, Seed: 1}
	old := neighbors(t, all[:2000], o)
	for _, c := range []change{{add: 1}, {replace: 0.5}} {
		spare := all[2000:]
		e := edit(all[:2000], c, &spare, 7)
		want := neighbors(t, e.points, o)
		got := update(t, old, e, nnd.Options{Neighbors: 15, Seed: 1, Trees: 2})
		if recall, least := fullRecall(t, e.points, got), fullRecall(t, e.points, want)-0.005; recall < least {
			t.Errorf("%+v: recall %.4f < %.4f", c, recall, least)
		}
		if share := cost(got) / cost(want); share > 0.9 {
			t.Errorf("%+v: %.2f of a build's distances", c, share)
		}
	}
}

// Errors do not add up over many updates.
func TestUpdateAgainAndAgain(t *testing.T) {
	for name, all := range map[string]vectors{"uniform": uniform(9000, 8, 1), "islands": mixture(9000, 8, 300, 0.001, 1)} {
		t.Run(name, func(t *testing.T) {
			o := nnd.Options{Neighbors: 12, Seed: 3}
			e, spare := edited{points: all[:2500]}, all[2500:]
			g := neighbors(t, e.points, o)
			for round := range uint64(8) {
				e = edit(e.points, change{remove: 0.08, replace: 0.05, add: 0.12}, &spare, round)
				g = update(t, g, e, o)
			}
			checkNeighborGraph(t, e.points, g)
			if recall, least := fullRecall(t, e.points, g), fullRecall(t, e.points, neighbors(t, e.points, o))-0.005; recall < least {
				t.Errorf("recall %.4f < %.4f after eight updates", recall, least)
			}
		})
	}
}

// What cannot be updated with profit is what Build makes of it, to the bit.
func TestUpdateFromLittleIsBuild(t *testing.T) {
	points := mixture(3000, 8, 30, 0.05, 1)
	o := nnd.Options{Neighbors: 10, Seed: 2}
	want := neighbors(t, points, o)
	for _, size := range []int{0, 1, 10, 1000} {
		old := neighbors(t, points[:size], o)
		to, fresh := make([]uint32, size), []uint32(nil)
		for row := range uint32(len(points)) {
			if int(row) < size {
				to[row] = row
			} else {
				fresh = append(fresh, row)
			}
		}
		if got := update(t, old, edited{points, to, fresh}, o); !slices.Equal(got.Rows, want.Rows) || got.Stats.Placed != 0 {
			t.Errorf("from %d rows: not what Build finds", size)
		}
	}
	// No lists at all, but rows that are not said to be fresh: they have lost all they had.
	got, err := nnd.Update(t.Context(), points, &nnd.NeighborGraph{}, nil, o)
	if err != nil {
		t.Fatal(err)
	}
	checkNeighborGraph(t, points, got)
	if recall := neighborRecall(points, got); recall < 0.98 {
		t.Errorf("recall %.4f < 0.98 from nothing", recall)
	}
}

func TestUpdateOfFewEqualsBuild(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		points := smallPoints(t, 50)
		o := nnd.Options{Neighbors: rapid.IntRange(1, 60).Draw(t, "k"), Threads: 2}
		old, err := nnd.Build(background, points, o)
		if err != nil {
			t.Fatalf("%v", err)
		}
		e := edited{to: make([]uint32, len(points))}
		for i, vector := range points {
			e.to[i] = nnd.NoRow
			if rapid.IntRange(0, 3).Draw(t, "stays") > 0 {
				e.to[i] = uint32(len(e.points))
				e.points = append(e.points, vector)
			}
		}
		dim := 1
		if len(points) > 0 {
			dim = len(points[0])
		}
		for range rapid.IntRange(0, 9).Draw(t, "fresh") {
			e.fresh = append(e.fresh, uint32(len(e.points)))
			e.points = append(e.points, make([]float32, dim))
		}
		renumbered, err := old.Renumber(e.to, len(e.points))
		if err != nil {
			t.Fatalf("%v", err)
		}
		got, err := nnd.Update(background, e.points, renumbered, e.fresh, o)
		if err != nil {
			t.Fatalf("%v", err)
		}
		want, err := nnd.Build(background, e.points, o)
		if err != nil {
			t.Fatalf("%v", err)
		}
		if !slices.Equal(got.Rows, want.Rows) || !slices.Equal(got.Distances, want.Distances) || got.Stats.Exact != (len(e.points) > 1) {
			t.Fatalf("update %v, build %v", got.Rows, want.Rows)
		}
	})
}

func TestUpdateThreadsDoNotMatter(t *testing.T) {
	for name, all := range map[string]vectors{"mixture": mixture(4000, 8, 30, 0.05, 1), "repeated": repeated(4000, 3, 50, 1)} {
		o := nnd.Options{Neighbors: 8, MaxCandidates: 5, Seed: 7, Threads: 1}
		old, spare := neighbors(t, all[:3000], o), all[3000:]
		e := edit(all[:3000], change{remove: 0.1, replace: 0.1, add: 0.1}, &spare, 1)
		one := update(t, old, e, o)
		o.Threads = 5
		five := update(t, old, e, o)
		if !slices.Equal(one.Rows, five.Rows) || !slices.Equal(one.Distances, five.Distances) {
			t.Errorf("%s: another graph on five threads", name)
		}
		if one.Stats.Distances != five.Stats.Distances || !slices.Equal(one.Stats.Updates, five.Stats.Updates) {
			t.Errorf("%s: statistics %+v, on five threads %+v", name, one.Stats, five.Stats)
		}
	}
}

// Without distances they are computed, which costs something and changes nothing else. Another number of neighbors is possible.
func TestUpdateForms(t *testing.T) {
	all := mixture(4000, 8, 30, 0.05, 1)
	o := nnd.Options{Neighbors: 10, Seed: 1}
	old, spare := neighbors(t, all[:3000], o), all[3000:]
	e := edit(all[:3000], change{remove: 0.1, add: 0.2}, &spare, 1)
	want := update(t, old, e, nnd.Options{Seed: 1}) // old's K
	renumbered, err := old.Renumber(e.to, len(e.points))
	if err != nil {
		t.Fatal(err)
	}
	before := slices.Clone(renumbered.Rows)
	renumbered.Distances = nil
	got, err := nnd.Update(t.Context(), e.points, renumbered, e.fresh, o)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.Rows, want.Rows) || got.Stats.Distances <= want.Stats.Distances {
		t.Error("without distances: another graph, or they cost nothing")
	}
	if !slices.Equal(before, renumbered.Rows) {
		t.Error("the old graph was written to")
	}
	for _, k := range []int{5, 16} {
		g := update(t, old, e, nnd.Options{Neighbors: k, Seed: 1})
		checkNeighborGraph(t, e.points, g)
		if recall := neighborRecall(e.points, g); g.K != k || recall < 0.98 {
			t.Errorf("%d neighbors from %d: recall %.4f < 0.98", g.K, old.K, recall)
		}
	}
}

// Duplicates stay spread: none is the neighbor of very many others, however often the graph was updated.
func TestUpdateKeepsRings(t *testing.T) {
	all := repeated(8000, 2, 1, 1)
	o := nnd.Options{Neighbors: 4, Seed: 1}
	e, spare := edited{points: all[:3000]}, all[3000:]
	g := neighbors(t, e.points, o)
	for round := range uint64(5) {
		e = edit(e.points, change{remove: 0.1, add: 0.15}, &spare, round)
		g = update(t, g, e, o)
	}
	chosen := make([]int, len(e.points))
	for _, id := range g.Rows {
		chosen[id]++
	}
	if most := slices.Max(chosen); most > 40 {
		t.Errorf("a row among %d equal ones is the neighbor of %d others", len(e.points), most)
	}
	if _, parts := g.CSR(false, nil).Components(); parts > len(e.points)/100 {
		t.Errorf("%d equal rows fall into %d components", len(e.points), parts)
	}
}

func TestUpdateWithoutDistances(t *testing.T) {
	all := uniform(4000, 4, 1)
	nan := float32(math.NaN())
	for row := 0; row < len(all); row += 50 {
		all[row] = []float32{nan, 0, 0, 0}
	}
	o := nnd.Options{Neighbors: 8}
	old, spare := neighbors(t, all[:3000], o), all[3000:]
	e := edit(all[:3000], change{remove: 0.1, add: 0.2}, &spare, 1)
	g := update(t, old, e, o)
	for row := range uint32(g.Len()) {
		rows, _ := g.Neighbors(row)
		if isNaN := e.points[row][0] != e.points[row][0]; isNaN != (len(rows) == 0) {
			t.Fatalf("row %d, NaN %v, has %d neighbors", row, isNaN, len(rows))
		}
	}
}

func TestUpdateErrors(t *testing.T) {
	points := uniform(3000, 4, 1)
	o := nnd.Options{Neighbors: 5}
	built := neighbors(t, points, o)
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	nan := float32(math.NaN())
	same := identity(len(points))
	without := slices.Clone(same)
	without[4], without[5] = nnd.NoRow, nnd.NoRow
	for _, test := range []struct {
		name   string
		ctx    context.Context
		to     []uint32
		change func(g *nnd.NeighborGraph)
		fresh  []uint32
		o      nnd.Options
		want   error
	}{
		{"options", t.Context(), same, nil, nil, nnd.Options{Trees: -1}, nnd.ErrOptions},
		{"initial graph", t.Context(), same, nil, nil, nnd.Options{InitGraph: built}, nnd.ErrOptions},
		{"fresh row out of range", t.Context(), same, nil, []uint32{3000}, o, nnd.ErrCorrupt},
		{"fresh rows descend", t.Context(), without, nil, []uint32{5, 4}, o, nnd.ErrCorrupt},
		{"fresh row twice", t.Context(), without, nil, []uint32{5, 5}, o, nnd.ErrCorrupt},
		{"fresh row has neighbors", t.Context(), same, nil, []uint32{5}, o, nnd.ErrCorrupt},
		{"fewer rows", t.Context(), same, func(g *nnd.NeighborGraph) { g.Rows, g.Distances = g.Rows[5:], g.Distances[5:] }, nil, o, nnd.ErrCorrupt},
		{"fewer distances", t.Context(), same, func(g *nnd.NeighborGraph) { g.Distances = g.Distances[1:] }, nil, o, nnd.ErrCorrupt},
		{"no such row", t.Context(), same, func(g *nnd.NeighborGraph) { g.Rows[77] = 3000 }, nil, o, nnd.ErrCorrupt},
		{"neighbor twice", t.Context(), same, func(g *nnd.NeighborGraph) { g.Rows[76] = g.Rows[75] }, nil, o, nnd.ErrCorrupt},
		{"NaN", t.Context(), same, func(g *nnd.NeighborGraph) { g.Distances[77] = nan }, nil, o, nnd.ErrCorrupt},
		{"true distances", t.Context(), same, func(g *nnd.NeighborGraph) {
			for i, d := range g.Distances {
				g.Distances[i] = float32(math.Sqrt(float64(d)))
			}
		}, nil, o, nnd.ErrCorrupt},
		{"canceled", canceled, same, nil, nil, o, context.Canceled},
	} {
		bad, err := built.Renumber(test.to, len(points))
		if err != nil {
			t.Fatal(err)
		}
		if test.change != nil {
			test.change(bad)
		}
		if _, err := nnd.Update(test.ctx, points, bad, test.fresh, test.o); !errors.Is(err, test.want) {
			t.Errorf("%s: error %v, want %v", test.name, err, test.want)
		}
	}
}

func TestUpdateCancel(t *testing.T) {
	all := mixture(4000, 8, 30, 0.05, 1)
	old, spare := neighbors(t, all[:3000], nnd.Options{Neighbors: 8}), all[3000:]
	e := edit(all[:3000], change{remove: 0.1, add: 0.2}, &spare, 1)
	renumbered, err := old.Renumber(e.to, len(e.points))
	if err != nil {
		t.Fatal(err)
	}
	for _, stage := range []string{"load", "trees", "leaves", "walk", "descent"} {
		ctx, cancel := context.WithCancel(t.Context())
		seen := false
		o := nnd.Options{Neighbors: 8, Threads: 2, Progress: func(p nnd.Progress) {
			if p.Stage == stage {
				seen = true
				cancel()
			}
		}}
		_, err := nnd.Update(ctx, e.points, renumbered, e.fresh, o)
		cancel()
		if !seen || !errors.Is(err, context.Canceled) {
			t.Errorf("stage %q seen: %v, error %v, want context.Canceled", stage, seen, err)
		}
	}
}
