package store_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vicinaldb/store"
	"github.com/vicinaldb/store/metric"
)

// The graph in memory is the same whether lists are read from the index or built, for every kind: true distances, in order.
func TestCollection_Graph(t *testing.T) {
	if raceDetector {
		t.Skip("it is about recall, and long")
	}
	for name, kd := range kinds(t) {
		t.Run(name, func(t *testing.T) {
			c := create(t, open(t, t.TempDir()), kd.schema)
			upsert(t, c, kd.items)
			built, err := c.Graph(t.Context(), store.GraphOptions{})
			must(t, err)
			prepare(t, c)
			read, err := c.Graph(t.Context(), store.GraphOptions{})
			must(t, err)
			kd.checkRows(t, built, 30)
			kd.checkRows(t, read, 30)
			if _, err := c.Delete(t.Context(), kd.items[0].ID); err != nil {
				t.Fatal(err)
			}
			upsert(t, c, kd.items[1:2])
			changed, err := c.Graph(t.Context(), store.GraphOptions{IncludeSelf: true})
			must(t, err)
			if slices.Contains(changed.IDs, kd.items[0].ID) || !slices.Contains(changed.IDs, kd.items[1].ID) {
				t.Error("the graph is not of what is stored")
			}
			kd.checkRows(t, changed, 31)
		})
	}
}

// checkRows compares a graph with the definition of the metric, and its recall with what can be asked.
func (kd kind) checkRows(t *testing.T, g *store.Graph, degree int) {
	t.Helper()
	byID := map[string]store.Item{}
	for _, item := range kd.items {
		byID[item.ID] = item
	}
	must(t, g.Check())
	found, wanted := 0, 0
	for row := 0; row < g.Len(); row += 100 {
		item := byID[g.IDs[row]]
		rows, distances := g.Neighbors(uint32(row))
		if len(rows) != degree {
			t.Fatalf("%s has %d neighbors, want %d", item.ID, len(rows), degree)
		}
		truth := kd.nearest(item, 31)
		for i, neighbor := range rows {
			want := float64(kd.distance(item, byID[g.IDs[neighbor]]))
			if math.Abs(float64(distances[i])-want) > 1e-5*math.Abs(want)+1e-6 || i > 0 && distances[i] < distances[i-1] {
				t.Errorf("%s and %s are at %v, the graph has %v, after %v", item.ID, g.IDs[neighbor], want, distances[i], distances[:i])
			}
			if want <= float64(truth[30])*(1+1e-5)+1e-6 {
				found++
			}
		}
		wanted += degree
	}
	if recall := float64(found) / float64(wanted); recall < 0.95 {
		t.Errorf("recall %v, want at least .95", recall)
	}
}

func TestCollection_Graph_Options(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "store"))
	c := create(t, s, store.Schema{Dim: 2, Index: store.IndexParams{Neighbors: 3}})
	empty, err := c.Graph(t.Context(), store.GraphOptions{Symmetrize: true})
	if err != nil || empty.Len() != 0 || len(empty.IDs) != 0 {
		t.Errorf("the graph of nothing is %+v, %v", empty, err)
	}
	upsert(t, c, items(clusters(1, 2500, 2)))
	reported := 0
	g, err := c.Graph(t.Context(), store.GraphOptions{Symmetrize: true, Threads: 1, Progress: func(store.Progress) { reported++ }})
	must(t, err)
	if reported == 0 {
		t.Error("no progress was reported")
	}
	for row := range uint32(g.Len()) {
		rows, _ := g.Neighbors(row)
		if !slices.IsSorted(rows) {
			t.Fatalf("neighbors of row %d are %v", row, rows)
		}
		for _, neighbor := range rows {
			if back, _ := g.Neighbors(neighbor); !slices.Contains(back, row) {
				t.Fatalf("row %d has neighbor %d, but not the other way round", row, neighbor)
			}
		}
	}
	if _, err := c.Graph(t.Context(), store.GraphOptions{Threads: -1}); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("-1 threads: %v, want ErrInvalid", err)
	}
}

// An index is read on as many threads as allowed, with the same result, and tells how far it is.
func TestCollection_Graph_ReadsIndex(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4)) // else there are no more threads than this machine has cores
	const n = 3000
	c := create(t, open(t, t.TempDir()), store.Schema{Dim: 12, Metric: "cosine"})
	upsert(t, c, items(clusters(3, n, 12)))
	prepare(t, c)
	var graphs []*store.Graph
	for _, threads := range []int{1, 4, 0} {
		var last store.Progress
		g, err := c.Graph(t.Context(), store.GraphOptions{Threads: threads, Progress: func(p store.Progress) {
			if p.Stage != "reading the index" || p.Done <= last.Done || p.Total != n {
				t.Errorf("progress %+v after %+v", p, last)
			}
			last = p
		}})
		must(t, err)
		if last.Done != n {
			t.Errorf("%d threads: the last progress is %+v", threads, last)
		}
		graphs = append(graphs, g)
	}
	for _, g := range graphs[1:] {
		if diff := cmp.Diff(graphs[0], g); diff != "" {
			t.Fatalf("graphs that were read on different numbers of threads differ:\n%s", diff)
		}
	}
}

func TestCollection_Graph_Stops(t *testing.T) {
	const n = 5000
	c := create(t, open(t, t.TempDir()), store.Schema{Dim: 12, Metric: "cosine"})
	enough := errors.New("enough")
	ended, cancel := context.WithCancelCause(t.Context())
	cancel(enough)
	if _, err := c.Graph(ended, store.GraphOptions{}); !errors.Is(err, enough) {
		t.Errorf("the graph of nothing under a context that has ended: %v", err)
	}
	upsert(t, c, items(clusters(4, n, 12)))
	prepare(t, c)
	if _, err := c.Graph(ended, store.GraphOptions{Progress: func(p store.Progress) { t.Errorf("progress %+v", p) }}); !errors.Is(err, enough) {
		t.Errorf("the graph of an index under a context that has ended: %v", err)
	}
	for _, threads := range []int{1, 2} {
		ctx, cancel := context.WithCancelCause(t.Context())
		var last store.Progress
		_, err := c.Graph(ctx, store.GraphOptions{Threads: threads, Progress: func(p store.Progress) {
			last = p
			cancel(enough)
		}})
		if !errors.Is(err, enough) || last.Done == 0 || last.Done == n {
			t.Errorf("%d threads: %v after %+v", threads, err, last)
		}
		cancel(nil)
	}
}

// Goroutines that read a damaged index end, and the graph is built in its place.
func TestCollection_Graph_DamagedIndex(t *testing.T) {
	vectors := clusters(5, 2000, 5)
	path, segment := prepared(t, vectors)
	c, err := open(t, path).Collection(t.Context(), "songs")
	must(t, err)
	overwrite(t, segment) // the mapping is shared, so it sees the file change
	g, err := c.Graph(t.Context(), store.GraphOptions{})
	if err != nil || g.Len() != len(vectors) {
		t.Errorf("the graph of a damaged index: %v", err)
	}
	if info, err := c.Info(t.Context()); err != nil || len(info.Problems) != 1 {
		t.Errorf("info is %+v, %v", info, err)
	}
}

// UMAP, t-SNE and clusterings take a neighbor graph in compressed sparse rows. It needs no index.
func ExampleCollection_Graph() {
	ctx, notes := context.Background(), []float32{440, 466.16, 493.88, 523.25, 880}
	c, done := newCollection(store.Schema{Dim: 1, Index: store.IndexParams{Neighbors: 2}})
	defer done()
	for _, hertz := range notes {
		if _, err := c.Upsert(ctx, store.Item{ID: fmt.Sprint(hertz), Vector: []float32{hertz}}); err != nil {
			log.Fatal(err)
		}
	}
	g, err := c.Graph(ctx, store.GraphOptions{IncludeSelf: true})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("ids      ", g.IDs)
	fmt.Println("offsets  ", g.Offsets)
	fmt.Println("rows     ", g.Rows)
	fmt.Printf("distances %.2f\n", g.Distances)
	// Output:
	// ids       [440 466.16 493.88 523.25 880]
	// offsets   [0 3 6 9 12 15]
	// rows      [0 1 2 1 0 2 2 1 3 3 2 1 4 3 2]
	// distances [0.00 26.16 53.88 0.00 26.16 27.72 0.00 27.72 29.37 0.00 29.37 57.09 0.00 356.75 386.12]
}

// A joined graph has one part, though the nearest neighbors of no item are in another cluster than it is.
func TestCollection_Graph_Join(t *testing.T) {
	var vectors [][]float32
	for i := range 3000 {
		vectors = append(vectors, []float32{float32(i%3) * 1e4, float32(i), float32(i % 7)})
	}
	for _, schema := range []store.Schema{
		{Dim: 3, Index: store.IndexParams{Neighbors: 5}},
		{Dim: 3, Metric: "manhattan", Params: metric.Params{Proxy: "euclidean"}, Index: store.IndexParams{Neighbors: 5}},
	} {
		c, err := open(t, t.TempDir()).Create(t.Context(), "c", schema)
		must(t, err)
		upsert(t, c, items(vectors))
		apart, err := c.Graph(t.Context(), store.GraphOptions{Symmetrize: true})
		must(t, err)
		joined, err := c.Graph(t.Context(), store.GraphOptions{Join: true})
		must(t, err)
		if _, parts := apart.Components(); parts != 3 {
			t.Errorf("%d parts before, want 3", parts)
		}
		if _, parts := joined.Components(); parts != 1 {
			t.Errorf("%d parts after, want 1", parts)
		}
		if len(joined.Rows) != len(apart.Rows)+4 {
			t.Errorf("%d edges became %d, want two more in both directions", len(apart.Rows), len(joined.Rows))
		}
		m, err := metric.Lookup(c.Schema().Metric)
		must(t, err)
		for row := 0; row < joined.Len(); row += 50 {
			rows, distances := joined.Neighbors(uint32(row))
			for i, other := range rows {
				a, err := c.Get(t.Context(), joined.IDs[row])
				must(t, err)
				b, err := c.Get(t.Context(), joined.IDs[other])
				must(t, err)
				if want := m.Distance(a.Vector, b.Vector); math.Abs(float64(distances[i]-want)) > 1e-5*float64(want) {
					t.Fatalf("%s and %s are at %v, the graph has %v", a.ID, b.ID, want, distances[i])
				}
			}
		}
	}
}
