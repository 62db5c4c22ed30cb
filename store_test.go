package store_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/vicinaldb/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open opens a store that is closed, and verified, when the test ends.
func open(t *testing.T, path string, opts ...store.Option) *store.Store {
	t.Helper()
	s, err := store.Open(path, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return s
}

// create makes a collection that is verified when the test ends.
func create(t *testing.T, s *store.Store, schema store.Schema) *store.Collection {
	t.Helper()
	c, err := s.Create(t.Context(), "songs", schema)
	if err != nil {
		t.Fatal(err)
	}
	verifyAtEnd(t, c)
	return c
}

func verifyAtEnd(t *testing.T, c *store.Collection) {
	t.Cleanup(func() {
		if err := c.Verify(context.Background()); err != nil && !errors.Is(err, store.ErrClosed) {
			t.Errorf("verifying: %v", err)
		}
	})
}

// reopen closes a store and opens it and its collection again.
func reopen(t *testing.T, s *store.Store, path string) (*store.Store, *store.Collection) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	c, err := s.Collection(t.Context(), "songs")
	if err != nil {
		t.Fatal(err)
	}
	verifyAtEnd(t, c)
	return s, c
}

// clusters gives n vectors around some centers, as real data lie. The centers are the same for every seed.
func clusters(seed uint64, n, dim int) [][]float32 {
	random := rand.New(rand.NewPCG(1, 1))
	centers := make([][]float32, 25)
	for i := range centers {
		centers[i] = make([]float32, dim)
		for j := range centers[i] {
			centers[i][j] = float32(random.NormFloat64()) * 2
		}
	}
	random = rand.New(rand.NewPCG(seed, 2))
	vectors := make([][]float32, n)
	for i := range vectors {
		vectors[i] = slices.Clone(centers[random.IntN(len(centers))])
		for j := range vectors[i] {
			vectors[i][j] += float32(random.NormFloat64())
		}
	}
	return vectors
}

// items gives the vectors ids "0", "1", ... and metadata that tell the row.
func items(vectors [][]float32) []store.Item {
	list := make([]store.Item, len(vectors))
	for i, v := range vectors {
		list[i] = store.Item{
			ID:       fmt.Sprint(i),
			Vector:   v,
			Metadata: store.Metadata{"row": int64(i), "even": i%2 == 0},
			Payload:  []byte(strings.Repeat("x", i%7)),
		}
	}
	return list
}

func upsert(t *testing.T, c *store.Collection, list []store.Item) {
	t.Helper()
	if _, err := c.Upsert(t.Context(), list...); err != nil {
		t.Fatal(err)
	}
}

func prepare(t *testing.T, c *store.Collection, opts ...store.PrepareOption) store.PrepareStats {
	t.Helper()
	stats, err := c.Prepare(t.Context(), opts...)
	if err != nil {
		t.Fatal(err)
	}
	return stats
}

func query(t *testing.T, c *store.Collection, v []float32, k int, opts ...store.QueryOption) []store.Result {
	t.Helper()
	results, err := c.Query(t.Context(), v, k, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return results
}

func idsOf(results []store.Result) []string {
	ids := make([]string, len(results))
	for i, r := range results {
		ids[i] = r.ID
	}
	return ids
}

func TestStore_Open_CreatesAndReopens(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shop.vicinal")
	s := open(t, path)
	c := create(t, s, store.Schema{Dim: 3, Metric: "l2"})
	if got := c.Schema().Metric; got != "euclidean" {
		t.Errorf("metric is kept as %q, want the canonical name", got)
	}
	upsert(t, c, []store.Item{{ID: "a", Vector: []float32{1, 2, 3}}})
	s, c = reopen(t, s, path)
	if c.Len() != 1 {
		t.Errorf("Len is %d after reopening, want 1", c.Len())
	}
	infos, err := s.Collections(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(infos) != 1 || infos[0].Name != "songs" || infos[0].Items != 1 || infos[0].Pending != 1 || infos[0].Schema.Dim != 3 {
		t.Errorf("collections: %+v", infos)
	}
}

func TestStore_Open_Refuses(t *testing.T) {
	foreign := t.TempDir()
	if err := os.WriteFile(filepath.Join(foreign, "letter.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(foreign, "letter.txt")
	for _, test := range []struct {
		path   string
		opts   []store.Option
		reason string
	}{
		{foreign, nil, "a directory of somebody else's files must not become a store"},
		{file, nil, "a file is no directory"},
		{filepath.Join(foreign, "none"), []store.Option{store.ReadOnly()}, "a reader creates nothing"},
		{"", nil, "no path is not the working directory"},
	} {
		if s, err := store.Open(test.path, test.opts...); err == nil {
			s.Close()
			t.Errorf("opening %s gave no error: %s", test.path, test.reason)
		}
	}
}

func TestStore_Open_SecondWriterIsTold(t *testing.T) {
	path := t.TempDir()
	open(t, path)
	started := time.Now()
	_, err := store.Open(path)
	if !errors.Is(err, store.ErrLocked) || !strings.Contains(err.Error(), fmt.Sprint("pid ", os.Getpid())) {
		t.Errorf("got %v, want ErrLocked with the holder's pid", err)
	}
	if took := time.Since(started); took > 1500*time.Millisecond {
		t.Errorf("the second writer waited for %v", took)
	}
}

func TestStore_Create_Refuses(t *testing.T) {
	s := open(t, t.TempDir())
	create(t, s, store.Schema{Dim: 2})
	minus := -1.0
	for _, test := range []struct {
		name   string
		schema store.Schema
		want   error
	}{
		{"songs", store.Schema{Dim: 2}, store.ErrExists},
		{"", store.Schema{Dim: 2}, store.ErrInvalid},
		{"../evil", store.Schema{Dim: 2}, store.ErrInvalid},
		{"Songs", store.Schema{Dim: 2}, store.ErrInvalid},
		{strings.Repeat("a", 64), store.Schema{Dim: 2}, store.ErrInvalid},
		{"a", store.Schema{}, store.ErrInvalid},
		{"a", store.Schema{Dim: store.MaxDim + 1}, store.ErrInvalid},
		{"a", store.Schema{Dim: 2, Metric: "taste"}, store.ErrInvalid},
		{"a", store.Schema{Dim: 3, Metric: "haversine"}, store.ErrInvalid},
		{"a", store.Schema{Dim: 2, Metric: "kantorovich"}, store.ErrInvalid},
		{"a", store.Schema{Dim: 2, Index: store.IndexParams{Neighbors: -1}}, store.ErrInvalid},
		{"a", store.Schema{Dim: 2, Index: store.IndexParams{DiversifyProb: &minus}}, store.ErrInvalid},
		{"a", store.Schema{Dim: 2, Index: store.IndexParams{Delta: math.NaN()}}, store.ErrInvalid},
		{"a", store.Schema{Dim: 2, Index: store.IndexParams{PruningDegreeMultiplier: math.Inf(1)}}, store.ErrInvalid},
	} {
		if _, err := s.Create(t.Context(), test.name, test.schema); !errors.Is(err, test.want) {
			t.Errorf("creating %q with %+v: %v, want %v", test.name, test.schema, err, test.want)
		}
	}
	if infos, err := s.Collections(t.Context()); err != nil || len(infos) != 1 {
		t.Errorf("%d collections and %v after refusals, want 1", len(infos), err)
	}
}

func TestStore_Drop(t *testing.T) {
	path := t.TempDir()
	s := open(t, path)
	c := create(t, s, store.Schema{Dim: 2})
	upsert(t, c, []store.Item{{ID: "a", Vector: []float32{1, 2}}})
	if err := s.Drop(t.Context(), "songs"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Get(t.Context(), "a"); !errors.Is(err, store.ErrClosed) {
		t.Errorf("reading a dropped collection: %v, want ErrClosed", err)
	}
	if _, err := s.Collection(t.Context(), "songs"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("opening a dropped collection: %v, want ErrNotFound", err)
	}
	if err := s.Drop(t.Context(), "songs"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("dropping twice: %v, want ErrNotFound", err)
	}
	if c = create(t, s, store.Schema{Dim: 5}); c.Len() != 0 {
		t.Errorf("a new collection of the same name has %d items", c.Len())
	}
}

func TestStore_Close_EndsEverything(t *testing.T) {
	s := open(t, t.TempDir())
	c := create(t, s, store.Schema{Dim: 2})
	upsert(t, c, []store.Item{{ID: "a", Vector: []float32{1, 2}}})
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	ctx := t.Context()
	calls := map[string]func() error{
		"Upsert": func() error {
			_, err := c.Upsert(ctx, store.Item{Vector: []float32{1, 2}})
			return err
		},
		"Delete":     func() error { _, err := c.Delete(ctx, "a"); return err },
		"Get":        func() error { _, err := c.Get(ctx, "a"); return err },
		"Query":      func() error { _, err := c.Query(ctx, []float32{1, 2}, 1); return err },
		"QueryBatch": func() error { _, err := c.QueryBatch(ctx, [][]float32{{1, 2}}, 1); return err },
		"Prepare":    func() error { _, err := c.Prepare(ctx); return err },
		"Info":       func() error { _, err := c.Info(ctx); return err },
		"Verify":     func() error { return c.Verify(ctx) },
		"Warm":       func() error { return c.Warm(ctx, nil) },
		"Create":     func() error { _, err := s.Create(ctx, "b", store.Schema{Dim: 1}); return err },
		"Collection": func() error { _, err := s.Collection(ctx, "songs"); return err },
		"All": func() error {
			for _, err := range c.All(ctx) {
				return err
			}
			return nil
		},
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, store.ErrClosed) {
			t.Errorf("%s after Close: %v, want ErrClosed", name, err)
		}
	}
}

func TestCollection_Items_ComeBackAsTheyWere(t *testing.T) {
	path := t.TempDir()
	s := open(t, path)
	c := create(t, s, store.Schema{Dim: 2})
	item := store.Item{
		ID:     "naïve 日本",
		Vector: []float32{math.SmallestNonzeroFloat32, -1e18},
		Metadata: store.Metadata{
			"s": "text", "b": true, "i": 7, "f": 1.5, "f32": float32(0.25), "list": []string{"x", ""},
			"t": time.Date(1959, 8, 17, 1, 2, 3, 4, time.FixedZone("", 3600)),
		},
		Payload: []byte{0, 1, 255},
	}
	upsert(t, c, []store.Item{item})
	want := item
	want.Metadata = store.Metadata{
		"s": "text", "b": true, "i": int64(7), "f": 1.5, "f32": 0.25, "list": []string{"x", ""},
		"t": time.Date(1959, 8, 17, 0, 2, 3, 4, time.UTC),
	}
	check := func(stage string) {
		t.Helper()
		got, err := c.Get(t.Context(), item.ID)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: Get differs (-want +got):\n%s", stage, diff)
		}
		r := query(t, c, item.Vector, 1, store.WithMetadata(), store.WithPayload(), store.WithVector())
		if diff := cmp.Diff(want, store.Item{ID: r[0].ID, Vector: r[0].Vector, Metadata: r[0].Metadata, Payload: r[0].Payload}); diff != "" {
			t.Errorf("%s: Query differs (-want +got):\n%s", stage, diff)
		}
	}
	check("pending")
	prepare(t, c)
	check("prepared")
	_, c = reopen(t, s, path)
	check("reopened")
}

func TestCollection_Upsert_GivesIDs(t *testing.T) {
	c := create(t, open(t, t.TempDir()), store.Schema{Dim: 1})
	ids, err := c.Upsert(t.Context(), store.Item{Vector: []float32{1}}, store.Item{ID: "b", Vector: []float32{2}}, store.Item{Vector: []float32{3}})
	if err != nil {
		t.Fatal(err)
	}
	if len(ids) != 3 || len(ids[0]) != 36 || ids[0][14] != '7' || ids[1] != "b" || ids[0] >= ids[2] {
		t.Errorf("ids are %q, want a version 7 UUID, b, and a later UUID", ids)
	}
	for _, id := range ids {
		if _, err := c.Get(t.Context(), id); err != nil {
			t.Error(err)
		}
	}
}

func TestCollection_Upsert_Refuses(t *testing.T) {
	s := open(t, t.TempDir())
	c := create(t, s, store.Schema{Dim: 2, Metric: "cosine"})
	good := store.Item{ID: "good", Vector: []float32{1, 2}}
	nan := float32(math.NaN())
	for _, test := range []struct {
		reason string
		item   store.Item
		want   error
	}{
		{"too short a vector", store.Item{ID: "x", Vector: []float32{1}}, store.ErrDimension},
		{"no vector", store.Item{ID: "x"}, store.ErrDimension},
		{"NaN has no distance", store.Item{ID: "x", Vector: []float32{1, nan}}, store.ErrNotFinite},
		{"infinity has no distance", store.Item{ID: "x", Vector: []float32{float32(math.Inf(-1)), 0}}, store.ErrNotFinite},
		{"a zero vector has no direction", store.Item{ID: "x", Vector: []float32{0, 0}}, store.ErrDomain},
		{"id over 1 KiB", store.Item{ID: strings.Repeat("i", 1025), Vector: []float32{1, 2}}, store.ErrInvalid},
		{"id that is no text", store.Item{ID: "\xff", Vector: []float32{1, 2}}, store.ErrInvalid},
		{"metadata over 1 MiB", store.Item{ID: "x", Vector: []float32{1, 2}, Metadata: store.Metadata{"a": strings.Repeat("m", 1<<20)}}, store.ErrMetadata},
		{"nested metadata", store.Item{ID: "x", Vector: []float32{1, 2}, Metadata: store.Metadata{"a": map[string]any{"b": 1}}}, store.ErrMetadata},
		{"payload over 16 MiB", store.Item{ID: "x", Vector: []float32{1, 2}, Payload: make([]byte, 16<<20+1)}, store.ErrInvalid},
	} {
		_, err := c.Upsert(t.Context(), good, test.item)
		var which *store.ItemError
		if !errors.Is(err, test.want) || !errors.As(err, &which) || which.Index != 1 {
			t.Errorf("%s: %v, want %v for item 1", test.reason, err, test.want)
		}
	}
	if c.Len() != 0 {
		t.Errorf("%d items are stored by calls that failed", c.Len())
	}
}

func TestCollection_Delete(t *testing.T) {
	path := t.TempDir()
	s := open(t, path)
	c := create(t, s, store.Schema{Dim: 4})
	vectors := clusters(1, 3000, 4)
	upsert(t, c, items(vectors[:2000]))
	prepare(t, c)
	upsert(t, c, items(vectors)[2000:])
	check := func(stage string) {
		t.Helper()
		if c.Len() != 2998 {
			t.Errorf("%s: Len is %d, want 2998", stage, c.Len())
		}
		for _, id := range []int{5, 2500} {
			if _, err := c.Get(t.Context(), fmt.Sprint(id)); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s: getting deleted item %d: %v", stage, id, err)
			}
			for _, opts := range [][]store.QueryOption{nil, {store.Exact()}} {
				if slices.Contains(idsOf(query(t, c, vectors[id], 20, opts...)), fmt.Sprint(id)) {
					t.Errorf("%s: deleted item %d is found", stage, id)
				}
			}
		}
	}
	n, err := c.Delete(t.Context(), "5", "2500", "nobody", "5")
	if n != 2 || err != nil {
		t.Fatalf("Delete gave %d, %v, want 2", n, err)
	}
	check("deleted")
	s, c = reopen(t, s, path)
	check("reopened")
	prepare(t, c)
	check("prepared")
	_, c = reopen(t, s, path)
	check("reopened again")
}

func TestCollection_Upsert_Replaces(t *testing.T) {
	path := t.TempDir()
	s := open(t, path)
	c := create(t, s, store.Schema{Dim: 2})
	upsert(t, c, []store.Item{{ID: "a", Vector: []float32{0, 0}}, {ID: "b", Vector: []float32{9, 9}}, {ID: "a", Vector: []float32{1, 1}}})
	prepare(t, c)
	upsert(t, c, []store.Item{{ID: "a", Vector: []float32{5, 5}}})
	upsert(t, c, []store.Item{{ID: "a", Vector: []float32{8, 8}}})
	check := func(stage string) {
		t.Helper()
		got := query(t, c, []float32{8, 8}, 10)
		if diff := cmp.Diff([]string{"a", "b"}, idsOf(got)); diff != "" || got[0].Distance != 0 || c.Len() != 2 {
			t.Errorf("%s: %+v with Len %d", stage, got, c.Len())
		}
	}
	check("replaced")
	s, c = reopen(t, s, path)
	check("reopened")
	prepare(t, c)
	check("prepared")
	_, c = reopen(t, s, path)
	check("reopened again")
}

func TestCollection_All(t *testing.T) {
	c := create(t, open(t, t.TempDir()), store.Schema{Dim: 3})
	vectors := clusters(2, 1500, 3)
	upsert(t, c, items(vectors))
	if _, err := c.Delete(t.Context(), "3"); err != nil {
		t.Fatal(err)
	}
	row := 0
	for item, err := range c.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if row == 3 {
			row++
		}
		if item.ID != fmt.Sprint(row) || !slices.Equal(item.Vector, vectors[row]) || item.Metadata["row"] != int64(row) {
			t.Fatalf("item %d is %+v", row, item)
		}
		row++
	}
	if row != 1500 {
		t.Errorf("the walk ended at %d", row)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range c.All(ctx) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("a walk whose context ended gave %v", err)
		}
	}
}

// Who stores what a walk gives comes to its end, and sees each item once as it was.
func TestCollection_All_StoringMeanwhile(t *testing.T) {
	c := create(t, open(t, t.TempDir()), store.Schema{Dim: 1})
	const count = 1500 // several batches
	vectors := make([][]float32, count)
	for i := range vectors {
		vectors[i] = []float32{float32(i)}
	}
	upsert(t, c, items(vectors))
	seen := make(map[string]bool)
	for item, err := range c.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if seen[item.ID] || item.Vector[0] < 0 {
			t.Fatalf("item %s at %v is met again", item.ID, item.Vector)
		}
		seen[item.ID] = true
		if len(seen)%50 == 0 {
			upsert(t, c, []store.Item{{ID: item.ID, Vector: []float32{-1}}, {ID: "new " + item.ID, Vector: []float32{-2}}})
		}
	}
	if len(seen) != count {
		t.Errorf("%d items, want %d", len(seen), count)
	}
}
