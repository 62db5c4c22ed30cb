package nnd_test

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/vicinaldb/store/nnd"
)

func TestSearchRecall(t *testing.T) {
	none := 0.0
	for _, test := range []struct {
		name    string
		points  vectors
		queries vectors
		o       nnd.Options
		epsilon float32
		recall  float64
		reason  string
	}{
		{"uniform", uniform(3000, 8, 1), uniform(100, 8, 2), nnd.Options{Neighbors: 15}, 0.1, 0.98, "queries between the rows"},
		{"uniform, all edges", uniform(3000, 8, 1), uniform(100, 8, 2), nnd.Options{Neighbors: 15, DiversifyProb: &none}, 0.1, 0.99, "occluded edges kept"},
		{"uniform, forward", uniform(3000, 8, 1), uniform(100, 8, 2), nnd.Options{Neighbors: 15, DiversifyMethod: nnd.DiversifyForward}, 0.1, 0.98, "another method"},
		{"uniform, bidirectional", uniform(3000, 8, 1), uniform(100, 8, 2), nnd.Options{Neighbors: 15, DiversifyMethod: nnd.DiversifyBidirectional}, 0.1, 0.97, "fewer edges"},
		{"uniform, degree aware", uniform(3000, 8, 1), uniform(100, 8, 2), nnd.Options{Neighbors: 15, DegreeAware: 1}, 0.1, 0.97, "fewer edges to hubs"},
		{"mixture", mixture(3000, 16, 20, 0.1, 1), mixture(100, 16, 20, 0.1, 1), nnd.Options{Neighbors: 15}, 0.1, 0.98, "queries from the clusters"},
		{"islands", mixture(3000, 8, 200, 0.001, 1), mixture(100, 8, 200, 0.001, 1), nnd.Options{Neighbors: 10}, 0.1, 0.95, "most clusters have no pivot"},
		{"line", uniform(3000, 1, 1), uniform(100, 1, 2), nnd.Options{Neighbors: 10}, 0.1, 0.98, "long walks"},
		{"repeated", repeated(3000, 8, 400, 1), repeated(100, 8, 400, 1), nnd.Options{Neighbors: 15}, 0.1, 0.95, "most neighbors are duplicates"},
		{"two heaps", heaps(3000, 8, 500), uniform(100, 8, 2), nnd.Options{Neighbors: 15}, 0.1, 0.98, "large groups of duplicates among other rows"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := build(t, test.points, test.o)
			found, all := 0, 0
			for _, vector := range test.queries {
				truth := nearest(b.points, vector, 10, anyRow)
				found += hits(b.search(t, vector, 10, test.epsilon, nil), truth)
				all += len(truth)
			}
			if recall := float64(found) / float64(all); recall < test.recall {
				t.Errorf("recall %.4f < %.4f (%s)", recall, test.recall, test.reason)
			}
		})
	}
}

// heaps are uniform points of which many are one and many another.
func heaps(n, dim, many int) vectors {
	points := uniform(n, dim, 1)
	for i := range many {
		points[i], points[many+i] = points[0], points[many]
	}
	return points
}

// Every search at the default epsilon finds the row it searches for, even if it asks for one result: that is what the repair of
// the graph is about. Of rows that are equal, one is as good as the other.
func TestRowsFindThemselves(t *testing.T) {
	for name, points := range map[string]vectors{
		"islands":  mixture(3000, 8, 400, 0.001, 1),
		"hard":     uniform(3000, 60, 1),
		"clusters": mixture(4000, 16, 30, 0.05, 2),
		"repeated": repeated(3000, 8, 400, 1),
		"line":     uniform(3000, 1, 1),
	} {
		entries := 1
		if name == "islands" || name == "hard" {
			entries = 4
		}
		b := build(t, points, nnd.Options{Neighbors: 15, Pivots: 8, Entries: entries})
		for row, vector := range b.points {
			for _, k := range []int{1, 10} {
				found := b.search(t, vector, k, nnd.DefaultEpsilon, nil)
				if found[0].Row != uint32(row) && found[0].Distance > 0 {
					t.Fatalf("%s: row %d is not found among %d, but %v", name, row, k, found[0])
				}
			}
		}
	}
}

type evenRows struct{}

func (evenRows) Contains(row uint32) bool { return row%2 == 0 }

type rowSet map[uint32]bool

func (s rowSet) Contains(row uint32) bool { return s[row] }

func TestFilter(t *testing.T) {
	b := build(t, uniform(3000, 4, 1), nnd.Options{Neighbors: 10})
	for _, vector := range uniform(20, 4, 2) {
		found := b.search(t, vector, 10, 0.3, evenRows{})
		truth := nearest(b.points, vector, 10, func(row uint32) bool { return row%2 == 0 })
		if !slices.Equal(found, truth) {
			t.Errorf("every other row: found %v, want %v", found, truth)
		}
		for _, allowed := range []rowSet{{}, {17: true}, {17: true, 2999: true, 0: true}} {
			found := b.search(t, vector, 10, 0, allowed)
			if truth := nearest(b.points, vector, 10, allowed.Contains); !slices.Equal(found, truth) {
				t.Errorf("rows %v: found %v, want %v", allowed, found, truth)
			}
		}
	}
}

func TestSearchMoreThanThereIs(t *testing.T) {
	b := build(t, mixture(500, 3, 20, 0.001, 1), nnd.Options{Neighbors: 5})
	for _, epsilon := range []float32{0, 0.1, float32(math.Inf(1))} {
		for _, k := range []int{1, 499, 500, 501, math.MaxInt32} {
			found := b.search(t, b.points[3], k, epsilon, nil)
			if want := min(k, len(b.points)); len(found) != want {
				t.Errorf("k %d, epsilon %v: %d results, want %d", k, epsilon, len(found), want)
			}
			if k >= len(b.points) && !slices.Equal(found, nearest(b.points, b.points[3], k, anyRow)) {
				t.Errorf("k %d, epsilon %v: not all rows in order", k, epsilon)
			}
		}
	}
}

func TestSearchErrors(t *testing.T) {
	b := build(t, uniform(100, 2, 1), nnd.Options{Neighbors: 5})
	good := nnd.Query{Scorer: &query{b.points, b.points[0]}, K: 3}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, test := range []struct {
		name   string
		ctx    context.Context
		graph  nnd.SearchGraph
		change func(*nnd.Query)
		want   error
	}{
		{"no scorer", t.Context(), *b.graph, func(q *nnd.Query) { q.Scorer = nil }, nnd.ErrOptions},
		{"k 0", t.Context(), *b.graph, func(q *nnd.Query) { q.K = 0 }, nnd.ErrOptions},
		{"epsilon -1", t.Context(), *b.graph, func(q *nnd.Query) { q.Epsilon = -1 }, nnd.ErrOptions},
		{"epsilon NaN", t.Context(), *b.graph, func(q *nnd.Query) { q.Epsilon = float32(math.NaN()) }, nnd.ErrOptions},
		{"canceled", canceled, *b.graph, func(*nnd.Query) {}, context.Canceled},
		{"half a row", t.Context(), nnd.SearchGraph{Adjacency: b.graph.Adjacency[1:], Stride: b.graph.Stride, Pivots: b.graph.Pivots}, func(*nnd.Query) {}, nnd.ErrCorrupt},
		{"stride 0", t.Context(), nnd.SearchGraph{Adjacency: b.graph.Adjacency}, func(*nnd.Query) {}, nnd.ErrCorrupt},
		{"pivot 100", t.Context(), nnd.SearchGraph{Adjacency: b.graph.Adjacency, Stride: b.graph.Stride, Pivots: []uint32{100}}, func(*nnd.Query) {}, nnd.ErrCorrupt},
	} {
		q := good
		test.change(&q)
		dst := []nnd.Candidate{{Row: 7}}
		got, _, err := test.graph.Search(test.ctx, q, dst)
		if !errors.Is(err, test.want) || len(got) != 1 {
			t.Errorf("%s: %v, error %v, want %v", test.name, got, err, test.want)
		}
	}
}

// endless cancels a context while it is searched with.
type endless struct {
	query
	calls  int
	cancel context.CancelFunc
}

func (e *endless) Score(dst []float32, rows []uint32) {
	if e.calls++; e.calls == 3 {
		e.cancel()
	}
	e.query.Score(dst, rows)
}

func TestSearchStops(t *testing.T) {
	b := build(t, uniform(3000, 4, 1), nnd.Options{Neighbors: 5})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	scorer := &endless{query: query{b.points, b.points[0]}, cancel: cancel}
	_, stats, err := b.graph.Search(ctx, nnd.Query{Scorer: scorer, K: 3000}, nil)
	if !errors.Is(err, context.Canceled) || stats.Expanded > 200 {
		t.Errorf("error %v after %d expansions", err, stats.Expanded)
	}
}

func TestSearchAllocatesNothing(t *testing.T) {
	b := build(t, uniform(3000, 8, 1), nnd.Options{Neighbors: 10})
	var (
		s      nnd.Searcher
		dst    []nnd.Candidate
		scorer = &query{b.points, b.points[5]}
	)
	allocs := testing.AllocsPerRun(100, func() {
		var err error
		dst, _, err = s.Search(background, b.graph, nnd.Query{Scorer: scorer, K: 20, Epsilon: 0.2, Stretch: stretch, Allowed: evenRows{}}, dst[:0])
		if err != nil {
			t.Fatal(err)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations a search, want 0", allocs)
	}
}

// A searcher keeps nothing of one search that could change another, in whatever order of graphs and whatever went wrong.
func TestSearcherForgets(t *testing.T) {
	large := build(t, uniform(2000, 3, 1), nnd.Options{Neighbors: 6})
	small := build(t, uniform(50, 3, 2), nnd.Options{Neighbors: 6})
	corrupt := built{points: small.points, graph: &nnd.SearchGraph{
		Adjacency: slices.Clone(small.graph.Adjacency), Stride: small.graph.Stride, Pivots: small.graph.Pivots,
	}}
	for i := range corrupt.graph.Adjacency {
		if i%5 == 4 {
			corrupt.graph.Adjacency[i] = 50
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		var s nnd.Searcher
		for range rapid.IntRange(1, 20).Draw(t, "searches") {
			b := rapid.SampledFrom([]built{large, small, corrupt}).Draw(t, "graph")
			q := nnd.Query{
				Scorer:  &query{b.points, b.points[rapid.IntRange(0, 49).Draw(t, "vector")]},
				K:       rapid.SampledFrom([]int{1, 10, 60, 1000}).Draw(t, "k"),
				Epsilon: 0.1,
			}
			got, _, err := s.Search(background, b.graph, q, nil)
			var fresh nnd.Searcher
			want, _, wantErr := fresh.Search(background, b.graph, q, nil)
			if !slices.Equal(got, want) || (err == nil) != (wantErr == nil) {
				t.Fatalf("found %v (%v), a new searcher %v (%v)", got, err, want, wantErr)
			}
		}
	})
}

// tabled scores rows from a table, which may hold anything.
type tabled []float32

func (s tabled) Score(dst []float32, rows []uint32) {
	for i, row := range rows {
		dst[i] = s[row]
	}
}

// Rows at infinite distance are walked through to nearer ones: no bound is made of infinity, nor of what a careless Stretch
// makes of it.
func TestSearchPassesInfinity(t *testing.T) {
	const n, stride = 40, 16
	g := &nnd.SearchGraph{Adjacency: make([]uint32, n*stride), Stride: stride, Pivots: []uint32{0}}
	scorer := make(tabled, n)
	for row := range uint32(n) {
		for i := range g.Adjacency[row*stride : (row+1)*stride] {
			g.Adjacency[row*stride+uint32(i)] = row
		}
		g.Adjacency[row*stride] = (row + 1) % n
		scorer[row] = float32(math.Inf(1))
	}
	scorer[4] = 7
	nan := func(float32, float32) float32 { return float32(math.NaN()) }
	for _, stretch := range []func(float32, float32) float32{nil, nan} {
		found, _, err := g.Search(t.Context(), nnd.Query{Scorer: scorer, K: 3, Stretch: stretch}, nil)
		if err != nil || len(found) != 3 || found[0] != (nnd.Candidate{Row: 4, Distance: 7}) {
			t.Errorf("found %v, error %v", found, err)
		}
	}
	// Once enough finite distances are known, infinite ones are none of its business.
	found, stats, err := g.Search(t.Context(), nnd.Query{Scorer: scorer, K: 1, Stretch: nan}, nil)
	if err != nil || found[0].Row != 4 || stats.Expanded > 6 {
		t.Errorf("found %v after %d expansions, error %v", found, stats.Expanded, err)
	}
}

// A file may have edges anywhere among the padding of a row. None is passed by, nor one that leads nowhere.
func TestSearchLooksBehindPadding(t *testing.T) {
	const stride = 32
	scorer := tabled{1, 2}
	for slot := range stride {
		g := &nnd.SearchGraph{Adjacency: slices.Concat(make([]uint32, stride), slices.Repeat([]uint32{1}, stride)), Stride: stride, Pivots: []uint32{0}}
		g.Adjacency[slot] = 1
		found, _, err := g.Search(t.Context(), nnd.Query{Scorer: scorer, K: 2}, nil)
		if err != nil || len(found) != 2 {
			t.Errorf("found %v by the edge in place %d, error %v", found, slot, err)
		}
		g.Adjacency[slot] = 2
		if _, _, err := g.Search(t.Context(), nnd.Query{Scorer: scorer, K: 2}, nil); !errors.Is(err, nnd.ErrCorrupt) {
			t.Errorf("row 2 of 2 in place %d: error %v, want %v", slot, err, nnd.ErrCorrupt)
		}
	}
}

// FuzzSearch searches a graph of arbitrary numbers: there must be an end, and either an error or an answer that is well-formed.
func FuzzSearch(f *testing.F) {
	f.Add([]byte("\x10\x00\x00\x05\x00\x00\x80\x3f and so on, a graph of sorts, in bytes"))
	f.Add(binary.LittleEndian.AppendUint32([]byte{3, 1, 2, 9}, 0x7fc00000))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) < 4 {
			return
		}
		stride, k, pivots, spread := int(data[0]%20), int(data[1]), int(data[2]%8), uint32(data[3])
		data = data[4:]
		var numbers []uint32
		for ; len(data) >= 4 && len(numbers) < 1<<14; data = data[4:] {
			numbers = append(numbers, binary.LittleEndian.Uint32(data))
		}
		pivots = min(pivots, len(numbers))
		g := &nnd.SearchGraph{Adjacency: slices.Clone(numbers[pivots:]), Stride: stride, Pivots: numbers[:pivots]}
		if n := uint32(g.Len()); n > 0 {
			for i := range numbers {
				if numbers[i] > spread<<24 { // most numbers shall be rows, or nothing but the check of bounds is tried
					numbers[i] %= n
				}
			}
			copy(g.Adjacency, numbers[pivots:])
		}
		scorer := make(tabled, g.Len())
		for i := range scorer {
			scorer[i] = math.Float32frombits(numbers[i] * 2654435761)
		}
		found, _, err := g.Search(background, nnd.Query{Scorer: scorer, K: k, Epsilon: 0.5}, nil)
		if err != nil {
			if !errors.Is(err, nnd.ErrCorrupt) && !errors.Is(err, nnd.ErrOptions) {
				t.Fatalf("error %v", err)
			}
			return
		}
		if len(found) > k {
			t.Fatalf("%d results for k %d", len(found), k)
		}
		seen := map[uint32]bool{}
		for i, candidate := range found {
			if seen[candidate.Row] || candidate.Distance != scorer[candidate.Row] {
				t.Fatalf("result %+v is a repetition or not what was scored", candidate)
			}
			seen[candidate.Row] = true
			if i > 0 && found[i-1].Distance > candidate.Distance {
				t.Fatalf("results %+v are not sorted", found)
			}
		}
	})
}

// A search expands as many pivots as it is to enter by, the nearest of them, whatever the bound.
func TestSearchEntries(t *testing.T) {
	points := uniform(100, 2, 1)
	g := &nnd.SearchGraph{Adjacency: make([]uint32, 16*len(points)), Stride: 16, Pivots: []uint32{5, 90, 33, 71, 12, 48}}
	for i := range g.Adjacency {
		g.Adjacency[i] = uint32(i / 16)
	}
	vector := points[50]
	slices.SortFunc(g.Pivots, func(a, b uint32) int {
		return cmp.Compare(squared(points[a], vector), squared(points[b], vector))
	})
	nearest := g.Pivots
	g.Pivots = []uint32{nearest[3], nearest[0], nearest[5], nearest[2], nearest[1], nearest[4]}
	for entries, want := range []int{1, 1, 2, 3, 4, 5, 6, 6} {
		g.Entries = entries
		scorer := &query{points: points, vector: vector}
		found, stats, err := g.Search(t.Context(), nnd.Query{Scorer: scorer, K: 1, Keep: 10}, nil)
		if err != nil {
			t.Fatal(err)
		}
		var rows []uint32
		for _, candidate := range found {
			rows = append(rows, candidate.Row)
		}
		if stats.Expanded != want || !slices.Equal(rows, nearest[:want]) {
			t.Errorf("by %d entries %d were expanded, %v; want %v", entries, stats.Expanded, rows, nearest[:want])
		}
	}
	if other := g.WithPivots(-1, 2); len(other.Pivots) > 0 {
		t.Errorf("less than no pivots: %v", other.Pivots)
	}
	if other := g.WithPivots(3, 2); !slices.Equal(other.Pivots, []uint32{16, 50, 83}) || other.Entries != 2 || len(g.Pivots) != 6 {
		t.Errorf("with other pivots %v, %d entries; %v", other.Pivots, other.Entries, g.Pivots)
	}
}
