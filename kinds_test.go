package store_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/vicinaldb/store"
	"github.com/vicinaldb/store/metric"
)

// kind is a collection of some kind of vectors, and how it is asked.
type kind struct {
	schema   store.Schema
	items    []store.Item
	distance func(a, b store.Item) float32 // the metric's, by its definition
}

const kindItems = 2500

// kinds are collections of each kind of vectors, and of a metric that is searched by a proxy.
func kinds(t testing.TB) map[string]kind {
	t.Helper()
	r := rand.New(rand.NewPCG(7, 8))
	dense, sparse, bits := make([]store.Item, kindItems), make([]store.Item, kindItems), make([]store.Item, kindItems)
	for i := range dense {
		id := fmt.Sprintf("item %05d", i)
		dense[i] = store.Item{ID: id, Vector: histogram(r)}
		sparse[i] = store.Item{ID: id, Sparse: words(r)}
		bits[i] = store.Item{ID: id, Bits: flags(r)}
	}
	js, err := metric.Lookup("jensen-shannon")
	must(t, err)
	minkowski, err := metric.Lookup("minkowski", metric.Params{P: new(3.0)})
	must(t, err)
	cosine, err := metric.LookupSparse("cosine", 5000)
	must(t, err)
	jaccard, err := metric.LookupBits("bit_jaccard", 100)
	must(t, err)
	return map[string]kind{
		"dense with a proxy": {
			store.Schema{Dim: 12, Metric: "jensen-shannon", Params: metric.Params{Proxy: "hellinger"}},
			dense,
			func(a, b store.Item) float32 { return js.Distance(a.Vector, b.Vector) },
		},
		"dense with a parameter": {
			store.Schema{Dim: 12, Metric: "minkowski", Params: metric.Params{P: new(3.0)}},
			dense,
			func(a, b store.Item) float32 { return minkowski.Distance(a.Vector, b.Vector) },
		},
		"sparse": {
			store.Schema{Dim: 5000, Kind: store.Sparse, Metric: "cosine"},
			sparse,
			func(a, b store.Item) float32 { return cosine.Distance(a.Sparse, b.Sparse) },
		},
		"bits": {
			store.Schema{Dim: 100, Kind: store.Bits, Metric: "bit_jaccard"},
			bits,
			func(a, b store.Item) float32 { return jaccard.Distance(a.Bits, b.Bits) },
		},
	}
}

// histogram draws 12 shares around one of a few centers.
func histogram(r *rand.Rand) []float32 {
	v := make([]float32, 12)
	for i := range v {
		v[i] = float32(math.Exp(r.NormFloat64()))
	}
	v[r.IntN(12)] += 10
	return v
}

// words draws a vector of the words of one of 50 topics, some of them rare.
func words(r *rand.Rand) (v store.SparseVector) {
	for feature := r.Uint32N(50) * 100; len(v.Indices) < 8; feature += 3 {
		v.Indices = append(v.Indices, feature)
		v.Values = append(v.Values, 0.1+r.Float32())
	}
	return v
}

// flags draws 100 bits, half of which are set.
func flags(r *rand.Rand) []uint64 { return []uint64{r.Uint64(), r.Uint64() >> 28} }

// must ends a test at an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// ask queries with an item's vector.
func ask(c *store.Collection, item store.Item, k int, opts ...store.QueryOption) ([]store.Result, error) {
	ctx := context.Background()
	switch c.Schema().Kind {
	case store.Sparse:
		return c.QuerySparse(ctx, item.Sparse, k, opts...)
	case store.Bits:
		return c.QueryBits(ctx, item.Bits, k, opts...)
	default:
		return c.Query(ctx, item.Vector, k, opts...)
	}
}

// askAll queries with the vectors of items.
func askAll(c *store.Collection, items []store.Item, k int) ([][]store.Result, error) {
	ctx := context.Background()
	var dense [][]float32
	var sparse []store.SparseVector
	var bits [][]uint64
	for _, item := range items {
		dense, sparse, bits = append(dense, item.Vector), append(sparse, item.Sparse), append(bits, item.Bits)
	}
	switch c.Schema().Kind {
	case store.Sparse:
		return c.QuerySparseBatch(ctx, sparse, k)
	case store.Bits:
		return c.QueryBitsBatch(ctx, bits, k)
	default:
		return c.QueryBatch(ctx, dense, k)
	}
}

// nearest are the true distances of the k items nearest to one, by comparing all.
func (kd kind) nearest(item store.Item, k int) []float32 {
	all := make([]float32, len(kd.items))
	for i, other := range kd.items {
		all[i] = kd.distance(item, other)
	}
	slices.Sort(all)
	return all[:k]
}

// recall is the share of results that are as near as the true ones.
func (kd kind) recall(t *testing.T, c *store.Collection, opts ...store.QueryOption) float64 {
	t.Helper()
	const k = 10
	found, asked := 0, 0
	for i := 3; i < len(kd.items); i += 50 {
		results, err := ask(c, kd.items[i], k, opts...)
		must(t, err)
		if len(results) != k {
			t.Fatalf("%d results, want %d", len(results), k)
		}
		bound := kd.nearest(kd.items[i], k)[k-1]
		for _, r := range results {
			if r.Distance <= bound*(1+1e-5)+1e-6 {
				found++
			}
		}
		asked += k
	}
	return float64(found) / float64(asked)
}

// Every kind of vectors is stored, found while pending, indexed, found by the index, and the same after reopening, also by a
// reader that has only the index.
func TestKinds(t *testing.T) {
	for name, kd := range kinds(t) {
		t.Run(name, func(t *testing.T) {
			ctx, path := t.Context(), filepath.Join(t.TempDir(), "kinds")
			s, err := store.Open(path)
			must(t, err)
			c, err := s.Create(ctx, "c", kd.schema)
			must(t, err)
			_, err = c.Upsert(ctx, kd.items...)
			must(t, err)
			if got := kd.recall(t, c, store.Exact()); got != 1 {
				t.Errorf("recall of pending items %v, want 1", got)
			}
			_, err = c.Prepare(ctx)
			must(t, err)
			if got := kd.recall(t, c, store.Exact()); got != 1 {
				t.Errorf("exact recall %v, want 1", got)
			}
			if got := kd.recall(t, c); got < 0.95 {
				t.Errorf("recall %v, want at least .95", got)
			}
			kd.checkAnswers(t, c)
			before, err := askAll(c, kd.items[:20], 5)
			must(t, err)
			must(t, c.Verify(ctx))
			must(t, s.Close())
			for _, opts := range [][]store.Option{nil, {store.ReadOnly()}} {
				s, err = store.Open(path, opts...)
				must(t, err)
				c, err = s.Collection(ctx, "c")
				must(t, err)
				if !reflect.DeepEqual(c.Schema().Params, kd.schema.Params) || c.Schema().Metric != kd.schema.Metric {
					t.Errorf("reopened, the schema is %+v", c.Schema())
				}
				kd.checkAnswers(t, c)
				after, err := askAll(c, kd.items[:20], 5)
				must(t, err)
				if !reflect.DeepEqual(before, after) {
					t.Error("reopened, queries have other answers")
				}
				must(t, s.Close())
			}
		})
	}
}

// checkAnswers has each kind of read answer for some items.
func (kd kind) checkAnswers(t *testing.T, c *store.Collection) {
	t.Helper()
	for _, item := range kd.items[:30] {
		got, err := c.Get(t.Context(), item.ID)
		must(t, err)
		if !reflect.DeepEqual(got, item) {
			t.Fatalf("stored %+v, got %+v", item, got)
		}
		results, err := ask(c, item, 4, store.WithVector())
		must(t, err)
		if first := results[0]; !reflect.DeepEqual([]any{first.Vector, first.Sparse, first.Bits}, []any{item.Vector, item.Sparse, item.Bits}) {
			t.Fatalf("item %s does not find itself first, but %+v", item.ID, first)
		}
		others, err := c.QueryID(t.Context(), item.ID, 3)
		must(t, err)
		for i, r := range others {
			if r.ID != results[i+1].ID {
				t.Errorf("beside item %s there are %v, by its vector %v", item.ID, others, results)
			}
		}
	}
	kd.checkGraph(t, c)
}

// checkGraph compares distances of the neighbor graph with the definition.
func (kd kind) checkGraph(t *testing.T, c *store.Collection) {
	t.Helper()
	byID := map[string]store.Item{}
	for _, item := range kd.items {
		byID[item.ID] = item
	}
	walked := 0
	for list, err := range c.NeighborGraph(t.Context()) {
		must(t, err)
		if walked++; walked > 50 {
			break
		}
		if len(list.Neighbors) != 30 {
			t.Fatalf("item %s has %d neighbors, want 30", list.ID, len(list.Neighbors))
		}
		last := float32(0)
		for _, n := range list.Neighbors {
			want := kd.distance(byID[list.ID], byID[n.ID])
			if math.Abs(float64(n.Distance-want)) > 1e-5*math.Abs(float64(want))+1e-6 {
				t.Errorf("%s and %s are at %v, the graph has %v", list.ID, n.ID, want, n.Distance)
			}
			if n.Distance < last {
				t.Errorf("neighbors of %s are not in order: %v after %v", list.ID, n.Distance, last)
			}
			last = n.Distance
		}
	}
}

// Items of each kind are replaced and deleted, in the index and pending.
func TestKinds_Writes(t *testing.T) {
	for name, kd := range kinds(t) {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			c, err := open(t, filepath.Join(t.TempDir(), "store")).Create(ctx, "c", kd.schema)
			must(t, err)
			_, err = c.Upsert(ctx, kd.items[:2000]...)
			must(t, err)
			_, err = c.Prepare(ctx)
			must(t, err)
			replaced := kd.items[2000]
			replaced.ID = kd.items[0].ID
			_, err = c.Upsert(ctx, replaced, kd.items[2001])
			must(t, err)
			if n, err := c.Delete(ctx, kd.items[1].ID, kd.items[2001].ID); err != nil || n != 2 {
				t.Errorf("deleted %d, %v", n, err)
			}
			for range 2 {
				results, err := ask(c, kd.items[2000], 1)
				must(t, err)
				if results[0].ID != replaced.ID {
					t.Errorf("nearest to the replaced item is %+v", results[0])
				}
				for _, gone := range []int{1, 2001} {
					results, err = ask(c, kd.items[gone], 3)
					must(t, err)
					for _, r := range results {
						if r.ID == kd.items[gone].ID {
							t.Errorf("%s is found after it was deleted", r.ID)
						}
					}
				}
				_, err = c.Prepare(ctx)
				must(t, err)
			}
			if c.Len() != 1999 {
				t.Errorf("%d items, want 1,999", c.Len())
			}
		})
	}
}

// Vectors of another kind, or that are none, are refused, to store and to ask with.
func TestKinds_Refuses(t *testing.T) {
	all := kinds(t)
	inf := float32(math.Inf(1))
	for _, tc := range []struct {
		kind, reason string
		item         store.Item
		want         error
	}{
		{"dense with a parameter", "sparse", store.Item{Sparse: store.SparseVector{Indices: []uint32{1}, Values: []float32{1}}}, store.ErrKind},
		{"dense with a parameter", "bits", store.Item{Bits: []uint64{1}}, store.ErrKind},
		{"dense with a parameter", "nothing", store.Item{}, store.ErrDimension},
		{"dense with a parameter", "infinite", store.Item{Vector: slices.Repeat([]float32{inf}, 12)}, store.ErrNotFinite},
		{"dense with a proxy", "negative", store.Item{Vector: slices.Repeat([]float32{-1}, 12)}, store.ErrDomain},
		{"sparse", "dense", store.Item{Vector: make([]float32, 5000)}, store.ErrKind},
		{"sparse", "no direction", store.Item{}, store.ErrDomain},
		{"sparse", "beyond the last feature", store.Item{Sparse: store.SparseVector{Indices: []uint32{5000}, Values: []float32{1}}}, store.ErrDimension},
		{"sparse", "descending", store.Item{Sparse: store.SparseVector{Indices: []uint32{3, 2}, Values: []float32{1, 1}}}, store.ErrDomain},
		{"sparse", "twice", store.Item{Sparse: store.SparseVector{Indices: []uint32{3, 3}, Values: []float32{1, 1}}}, store.ErrDomain},
		{"sparse", "a zero", store.Item{Sparse: store.SparseVector{Indices: []uint32{3}, Values: []float32{0}}}, store.ErrDomain},
		{"sparse", "infinite", store.Item{Sparse: store.SparseVector{Indices: []uint32{3}, Values: []float32{inf}}}, store.ErrNotFinite},
		{"sparse", "a value too few", store.Item{Sparse: store.SparseVector{Indices: []uint32{3}}}, store.ErrDomain},
		{"bits", "dense", store.Item{Vector: make([]float32, 100)}, store.ErrKind},
		{"bits", "a word too few", store.Item{Bits: []uint64{1}}, store.ErrDimension},
		{"bits", "beyond the last bit", store.Item{Bits: []uint64{1, 1 << 36}}, store.ErrDomain},
	} {
		c, err := open(t, filepath.Join(t.TempDir(), "store")).Create(t.Context(), "c", all[tc.kind].schema)
		must(t, err)
		if _, err := c.Upsert(t.Context(), tc.item); !errors.Is(err, tc.want) {
			t.Errorf("%s: storing one that is %s: %v, want %v", tc.kind, tc.reason, err, tc.want)
		}
		item := tc.item
		if tc.want == store.ErrKind { // the calls to ask with have the kind in their names
			continue
		}
		if _, err := ask(c, item, 1); !errors.Is(err, tc.want) {
			t.Errorf("%s: asking with one that is %s: %v, want %v", tc.kind, tc.reason, err, tc.want)
		}
	}
	c, err := open(t, filepath.Join(t.TempDir(), "store")).Create(t.Context(), "c", all["sparse"].schema)
	must(t, err)
	if _, err := c.Query(t.Context(), make([]float32, 5000), 1); !errors.Is(err, store.ErrKind) {
		t.Errorf("a dense query: %v, want ErrKind", err)
	}
	if _, err := c.QueryBits(t.Context(), make([]uint64, 79), 1); !errors.Is(err, store.ErrKind) {
		t.Errorf("a query of bits: %v, want ErrKind", err)
	}
}

func TestCreate_RefusesSchema(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "store"))
	for reason, schema := range map[string]store.Schema{
		"another kind":                 {Dim: 3, Kind: "images"},
		"too many components":          {Dim: store.MaxDim + 1},
		"too many features":            {Dim: store.MaxFeatures, Kind: store.Bits},
		"a metric of another kind":     {Dim: 3, Kind: store.Sparse, Metric: "haversine"},
		"no variances":                 {Dim: 3, Metric: "seuclidean"},
		"variances of others":          {Dim: 3, Metric: "seuclidean", Params: metric.Params{Sigma: []float64{1}}},
		"a parameter of others":        {Dim: 3, Metric: "euclidean", Params: metric.Params{P: new(2.0)}},
		"parameters of a bit metric":   {Dim: 3, Kind: store.Bits, Params: metric.Params{P: new(2.0)}},
		"a proxy that there is not":    {Dim: 3, Metric: "euclidean", Params: metric.Params{Proxy: "nothing"}},
		"a metric that there is not":   {Dim: 3, Metric: "nothing"},
		"two components for haversine": {Dim: 3, Metric: "haversine"},
	} {
		if _, err := s.Create(t.Context(), "c", schema); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", reason, err)
		}
	}
}

// TestUnknownMetric has another process, in which it is registered, make a store with a metric of its own.
func TestUnknownMetric(t *testing.T) {
	const variable = "VICINAL_TEST_UNKNOWN_METRIC"
	if path := os.Getenv(variable); path != "" {
		makeUnknown(t, path)
		return
	}
	path := filepath.Join(t.TempDir(), "store")
	child := exec.Command(os.Args[0], "-test.run=^TestUnknownMetric$")
	child.Env = append(os.Environ(), variable+"="+path)
	if out, err := child.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, opts := range [][]store.Option{{store.ReadOnly()}, nil} {
		s, err := store.Open(path, opts...)
		must(t, err)
		c, err := s.Collection(t.Context(), "c")
		must(t, err)
		checkUnknown(t, c, len(opts) > 0)
		must(t, s.Close())
	}
}

func makeUnknown(t *testing.T, path string) {
	m, err := metric.New(metric.Definition{Name: "first", Kernel: metric.Cosine})
	must(t, err)
	must(t, metric.Register(m))
	s, err := store.Open(path)
	must(t, err)
	c, err := s.Create(t.Context(), "c", store.Schema{Dim: 16, Metric: "first"}) // 64 bytes, and an inverse norm
	must(t, err)
	for i := range 40 {
		if i == 30 {
			_, err = c.Prepare(t.Context())
			must(t, err)
		}
		_, err = c.Upsert(t.Context(), unknownItem(i))
		must(t, err)
	}
	must(t, s.Close())
}

func unknownItem(i int) store.Item {
	v := make([]float32, 16)
	for j := range v {
		v[j] = float32(i + j)
	}
	return store.Item{ID: fmt.Sprint(i), Vector: v, Metadata: store.Metadata{"i": int64(i)}}
}

func checkUnknown(t *testing.T, c *store.Collection, readOnly bool) {
	ctx, items := t.Context(), 40
	if readOnly {
		items = 30
	}
	info, err := c.Info(ctx)
	must(t, err)
	if !info.MetricUnknown || info.Items != items {
		t.Errorf("read-only %v: info is %+v", readOnly, info)
	}
	walked := 0
	for item, err := range c.All(ctx) {
		must(t, err)
		walked++
		var i int
		if _, err := fmt.Sscan(item.ID, &i); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(item, unknownItem(i)) {
			t.Errorf("item %s is %+v", item.ID, item)
		}
	}
	if walked != items {
		t.Errorf("read-only %v: walked %d items, want %d", readOnly, walked, items)
	}
	must(t, c.Verify(ctx))
	_, queried := c.Query(ctx, unknownItem(1).Vector, 3)
	_, beside := c.QueryID(ctx, "1", 3)
	failures := map[string]error{"querying": queried, "querying by id": beside}
	for _, err := range c.NeighborGraph(ctx) {
		failures["walking the neighbor graph"] = err
	}
	if !readOnly {
		_, failures["upserting"] = c.Upsert(ctx, unknownItem(1))
		_, failures["preparing"] = c.Prepare(ctx)
		for _, id := range []string{"3", "35"} {
			if n, err := c.Delete(ctx, id); err != nil || n != 1 {
				t.Errorf("deleting item %s: %d, %v", id, n, err)
			}
			if _, err := c.Get(ctx, id); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("getting the deleted item %s: %v", id, err)
			}
		}
	}
	for doing, err := range failures {
		if !errors.Is(err, store.ErrUnknownMetric) {
			t.Errorf("%s: %v, want ErrUnknownMetric", doing, err)
		}
	}
}
