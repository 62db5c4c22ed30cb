package store_test

import (
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vicinaldb/store"
)

// A Prepare after changes begins with the neighbor lists that there are: it compares less than one from nothing, and is as good.
func TestCollection_Prepare_Warm(t *testing.T) {
	if raceDetector {
		t.Skip("it is about recall, and long")
	}
	const n = 4000
	vectors := clusters(1, 2*n, 12)
	for _, tc := range []struct {
		change string
		first  int // items of the first Prepare
		apply  func(t *testing.T, c *store.Collection) (now [][]float32)
	}{
		{"append a fifth", n * 4 / 5, func(t *testing.T, c *store.Collection) [][]float32 {
			upsert(t, c, items(vectors[:n])[n*4/5:])
			return vectors[:n]
		}},
		{"replace 5 %", n, func(t *testing.T, c *store.Collection) [][]float32 { return replace(t, c, vectors, n, n/20) }},
		{"replace half", n, func(t *testing.T, c *store.Collection) [][]float32 { return replace(t, c, vectors, n, n/2) }},
		{"remove a fifth", n, func(t *testing.T, c *store.Collection) [][]float32 {
			for i := range n / 5 {
				_, err := c.Delete(t.Context(), fmt.Sprint(i))
				must(t, err)
			}
			return vectors[n/5 : n]
		}},
	} {
		t.Run(tc.change, func(t *testing.T) {
			c := create(t, open(t, t.TempDir()), store.Schema{Dim: 12, Index: store.IndexParams{Neighbors: 15}})
			upsert(t, c, items(vectors[:tc.first]))
			prepare(t, c)
			now := tc.apply(t, c)
			warm := prepare(t, c)
			info, err := c.Info(t.Context())
			must(t, err)
			if b := info.Segments[0].Build; b.Reused != warm.Reused || b.Neighbors.Distances != warm.Distances || b.Search.Edges != warm.Search.Edges {
				t.Errorf("info has %+v, Prepare said %+v", b, warm)
			}
			warmRecall, warmGraph := recallOf(t, c, now), graphRecall(t, c, now)
			cold := prepare(t, c, store.Rebuild())
			coldRecall, coldGraph := recallOf(t, c, now), graphRecall(t, c, now)
			if warm.Reused == 0 || cold.Reused != 0 || warm.Distances >= cold.Distances {
				t.Errorf("warm: %d of %d reused, %d distances; from nothing: %d reused, %d distances",
					warm.Reused, warm.Items, warm.Distances, cold.Reused, cold.Distances)
			}
			if warmRecall < coldRecall-0.005 || warmGraph < coldGraph-0.005 {
				t.Errorf("recall %v and of the graph %v, from nothing %v and %v", warmRecall, warmGraph, coldRecall, coldGraph)
			}
		})
	}
}

// replace gives the first items other vectors.
func replace(t *testing.T, c *store.Collection, vectors [][]float32, n, count int) [][]float32 {
	now := slices.Concat(vectors[n:n+count], vectors[count:n])
	upsert(t, c, items(now)[:count])
	return now
}

// recallOf is the share of the true ten nearest among those that queries near some items find.
func recallOf(t *testing.T, c *store.Collection, vectors [][]float32) float64 {
	t.Helper()
	total, asked := 0.0, 0
	for i := 0; i < len(vectors); i += 40 {
		v := slices.Clone(vectors[i])
		v[0] += 0.25
		total += recall(query(t, c, v, 10, store.Exact()), query(t, c, v, 10))
		asked++
	}
	return total / float64(asked)
}

// graphRecall is the share of the true ten nearest in the neighbor lists of some items.
func graphRecall(t *testing.T, c *store.Collection, vectors [][]float32) float64 {
	t.Helper()
	found, wanted, at := 0, 0, 0
	for list, err := range c.NeighborGraph(t.Context()) {
		must(t, err)
		if at++; at%40 != 0 {
			continue
		}
		item, err := c.Get(t.Context(), list.ID)
		must(t, err)
		for _, r := range query(t, c, item.Vector, 11, store.Exact()) {
			if r.ID == list.ID {
				continue
			}
			wanted++
			if slices.ContainsFunc(list.Neighbors, func(n store.Neighbor) bool { return n.ID == r.ID }) {
				found++
			}
		}
	}
	if at != len(vectors) {
		t.Fatalf("the graph has %d lists, want %d", at, len(vectors))
	}
	return float64(found) / float64(wanted)
}

// Every dial builds an index that finds what there is, and is kept.
func TestIndexParams(t *testing.T) {
	if raceDetector {
		t.Skip("it is about recall, and long")
	}
	vectors := clusters(1, 3000, 8)
	for name, params := range map[string]store.IndexParams{
		"random init":    {RandomInit: true},
		"forward":        {DiversifyMethod: store.DiversifyForward},
		"bidirectional":  {DiversifyMethod: store.DiversifyBidirectional},
		"degree aware":   {DegreeAware: 1},
		"alpha":          {Alpha: 1.2},
		"pivots":         {Pivots: 100},
		"shallow trees":  {MaxTreeDepth: 2},
		"search only":    {SearchOnly: true},
		"all edges":      {DiversifyProb: new(0.0)},
		"few candidates": {MaxCandidates: 10},
	} {
		t.Run(name, func(t *testing.T) {
			params.Neighbors = 15
			path := filepath.Join(t.TempDir(), "store")
			s := open(t, path)
			c := create(t, s, store.Schema{Dim: 8, Index: params})
			upsert(t, c, items(vectors))
			prepare(t, c)
			if got := recallOf(t, c, vectors); got < 0.97 {
				t.Errorf("recall %v, want at least .97", got)
			}
			_, c = reopen(t, s, path)
			if diff := cmp.Diff(params, c.Schema().Index); diff != "" {
				t.Errorf("reopened (-want +got): %s", diff)
			}
		})
	}
	for name, params := range map[string]store.IndexParams{
		"method": {DiversifyMethod: "other"}, "strength": {DegreeAware: -1}, "alpha": {Alpha: 0.5}, "pivots": {Pivots: -1},
	} {
		if _, err := open(t, t.TempDir()).Create(t.Context(), "c", store.Schema{Dim: 2, Index: params}); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
}

// An index for searches only has no neighbor graph, and is made from nothing each time.
func TestIndexParams_SearchOnly(t *testing.T) {
	vectors := clusters(1, 2500, 8)
	c := create(t, open(t, t.TempDir()), store.Schema{Dim: 8, Index: store.IndexParams{SearchOnly: true}})
	upsert(t, c, items(vectors[:2400]))
	small := prepare(t, c)
	for _, err := range c.NeighborGraph(t.Context()) {
		if !errors.Is(err, store.ErrSearchOnly) {
			t.Errorf("walking the neighbor graph: %v, want ErrSearchOnly", err)
		}
	}
	upsert(t, c, items(vectors)[2400:])
	if again := prepare(t, c); again.Reused != 0 {
		t.Errorf("%d rows were begun with lists that nobody kept", again.Reused)
	}
	full := create(t, open(t, t.TempDir()), store.Schema{Dim: 8})
	upsert(t, full, items(vectors[:2400]))
	if large := prepare(t, full); small.SegmentBytes >= large.SegmentBytes {
		t.Errorf("the segment has %d bytes without neighbor lists, %d with them", small.SegmentBytes, large.SegmentBytes)
	}
}

// A graph that is known already, of another collection or not, saves finding it; one that is nonsense costs, but does no harm.
func TestInitialGraph(t *testing.T) {
	vectors := clusters(1, 3000, 8)
	s := open(t, t.TempDir())
	schema := store.Schema{Dim: 8, Index: store.IndexParams{Neighbors: 15}}
	known := create(t, s, schema)
	upsert(t, known, items(vectors))
	cold := prepare(t, known)
	c, err := s.Create(t.Context(), "other", schema)
	must(t, err)
	upsert(t, c, items(vectors))
	warm := prepare(t, c, store.InitialGraph(known.NeighborGraph(t.Context())))
	if warm.Distances >= cold.Distances*3/4 {
		t.Errorf("%d distances with a graph to begin with, %d without", warm.Distances, cold.Distances)
	}
	if got := recallOf(t, c, vectors); got < 0.97 {
		t.Errorf("recall %v, want at least .97", got)
	}
	foreign := func(yield func(store.Neighbors, error) bool) {
		for _, id := range []string{"0", "nobody", "1", "1"} {
			list := store.Neighbors{ID: id, Neighbors: []store.Neighbor{{ID: "nobody"}, {ID: id}, {ID: "7"}, {ID: "7"}}}
			for i := range 40 {
				list.Neighbors = append(list.Neighbors, store.Neighbor{ID: fmt.Sprint(i)})
			}
			if !yield(list, nil) {
				return
			}
		}
	}
	prepare(t, c, store.InitialGraph(foreign))
	if got := recallOf(t, c, vectors); got < 0.97 {
		t.Errorf("recall %v after a poor beginning, want at least .97", got)
	}
	failure := errors.New("the source fails")
	failing := iter.Seq2[store.Neighbors, error](func(yield func(store.Neighbors, error) bool) { yield(store.Neighbors{}, failure) })
	if _, err := c.Prepare(t.Context(), store.InitialGraph(failing)); !errors.Is(err, failure) {
		t.Errorf("a walk that fails: %v", err)
	}
}
