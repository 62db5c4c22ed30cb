package store_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"testing"

	"github.com/vicinaldb/store"
	"github.com/vicinaldb/store/metric"
)

// nearest computes the true answer from the vectors themselves.
func nearest(t *testing.T, metricName string, vectors [][]float32, alive func(row int) bool, q []float32, k int) []store.Result {
	t.Helper()
	m, err := metric.Lookup(metricName)
	if err != nil {
		t.Fatal(err)
	}
	var all []store.Result
	for row, v := range vectors {
		if alive == nil || alive(row) {
			all = append(all, store.Result{ID: fmt.Sprint(row), Distance: m.Distance(q, v)})
		}
	}
	slices.SortFunc(all, func(a, b store.Result) int {
		return cmp.Or(cmp.Compare(a.Distance, b.Distance), cmp.Compare(a.ID, b.ID))
	})
	return all[:min(k, len(all))]
}

// recall is the share of the true answer that was found, ties in distance counted as found.
func recall(truth, got []store.Result) float64 {
	if len(truth) == 0 {
		return 1
	}
	found := 0
	for _, r := range got {
		if r.Distance <= truth[len(truth)-1].Distance {
			found++
		}
	}
	return float64(min(found, len(truth))) / float64(len(truth))
}

func close32(a, b float32) bool {
	return math.Abs(float64(a-b)) <= 1e-4*math.Max(1, math.Abs(float64(b)))
}

var metricNames = []string{"euclidean", "sqeuclidean", "cosine", "dot", "inner_product", "manhattan"}

func TestCollection_Query_EveryMetric(t *testing.T) {
	vectors, queries := clusters(3, 2400, 12), clusters(4, 50, 12)
	for _, name := range metricNames {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := create(t, open(t, t.TempDir()), store.Schema{Dim: 12, Metric: name})
			upsert(t, c, items(vectors[:2200]))
			prepare(t, c)
			upsert(t, c, items(vectors)[2200:])
			total := 0.0
			for _, q := range queries {
				truth := nearest(t, name, vectors, nil, q, 10)
				exact := query(t, c, q, 10, store.Exact())
				for i := range truth {
					if !close32(exact[i].Distance, truth[i].Distance) {
						t.Fatalf("exact result %d is %+v, want %+v", i, exact[i], truth[i])
					}
				}
				got := query(t, c, q, 10)
				if len(got) != 10 {
					t.Fatalf("%d results, want 10", len(got))
				}
				total += recall(exact, got)
			}
			if mean := total / float64(len(queries)); mean < 0.97 {
				t.Errorf("recall@10 is %.3f, want at least 0.97", mean)
			}
		})
	}
}

func TestCollection_Query_NeverFewer(t *testing.T) {
	vectors := clusters(5, 2500, 8)
	c := create(t, open(t, t.TempDir()), store.Schema{Dim: 8})
	upsert(t, c, items(vectors[:2400]))
	prepare(t, c)
	upsert(t, c, items(vectors)[2400:])
	var dead []string
	for row := range 2450 {
		if row%50 != 0 {
			dead = append(dead, fmt.Sprint(row))
		}
	}
	if _, err := c.Delete(t.Context(), dead...); err != nil {
		t.Fatal(err)
	}
	live := 2500 - len(dead)
	for _, k := range []int{1, 10, live - 1, live, live + 1, 5000, math.MaxInt} {
		for _, epsilon := range []float64{0, 0.1} {
			got := query(t, c, vectors[7], k, store.Epsilon(epsilon))
			if len(got) != min(k, live) {
				t.Errorf("k %d of %d, epsilon %v: %d results", k, live, epsilon, len(got))
			}
			if ids := idsOf(got); len(slices.Compact(slices.Sorted(slices.Values(ids)))) != len(ids) {
				t.Errorf("k %d: an item is there twice", k)
			}
			if !slices.IsSortedFunc(got, func(a, b store.Result) int { return cmp.Compare(a.Distance, b.Distance) }) {
				t.Errorf("k %d: not sorted", k)
			}
		}
	}
}

func TestCollection_Query_SameAfterReopening(t *testing.T) {
	path := t.TempDir()
	s := open(t, path)
	c := create(t, s, store.Schema{Dim: 10, Metric: "cosine"})
	vectors, queries := clusters(6, 4000, 10), clusters(7, 40, 10)
	upsert(t, c, items(vectors[:3500]))
	prepare(t, c)
	upsert(t, c, items(vectors)[3500:])
	if _, err := c.Delete(t.Context(), "1", "2", "3600"); err != nil {
		t.Fatal(err)
	}
	before, err := c.QueryBatch(t.Context(), queries, 10, store.WithMetadata())
	if err != nil {
		t.Fatal(err)
	}
	_, c = reopen(t, s, path)
	after, err := c.QueryBatch(t.Context(), queries, 10, store.WithMetadata())
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(before) != fmt.Sprint(after) {
		t.Error("results differ after reopening")
	}
	for i, q := range queries {
		if single := query(t, c, q, 10, store.WithMetadata()); fmt.Sprint(single) != fmt.Sprint(after[i]) {
			t.Errorf("query %d: alone %v, in a batch %v", i, single, after[i])
		}
	}
}

func TestCollection_Query_Refuses(t *testing.T) {
	c := create(t, open(t, t.TempDir()), store.Schema{Dim: 2, Metric: "cosine"})
	upsert(t, c, []store.Item{{ID: "a", Vector: []float32{1, 2}}})
	v := []float32{1, 2}
	nan := float32(math.NaN())
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, test := range []struct {
		reason string
		ctx    context.Context
		vector []float32
		k      int
		opts   []store.QueryOption
		want   error
	}{
		{"too long a vector", t.Context(), []float32{1, 2, 3}, 1, nil, store.ErrDimension},
		{"NaN has no distance", t.Context(), []float32{1, nan}, 1, nil, store.ErrNotFinite},
		{"a zero vector has no direction", t.Context(), []float32{0, 0}, 1, nil, store.ErrDomain},
		{"no results are asked for", t.Context(), v, 0, nil, store.ErrInvalid},
		{"a negative k", t.Context(), v, -3, nil, store.ErrInvalid},
		{"an epsilon of -1", t.Context(), v, 1, []store.QueryOption{store.Epsilon(-1)}, store.ErrInvalid},
		{"epsilon NaN", t.Context(), v, 1, []store.QueryOption{store.Epsilon(math.NaN())}, store.ErrInvalid},
		{"a negative patience", t.Context(), v, 1, []store.QueryOption{store.Patience(-1)}, store.ErrInvalid},
		{"the caller has gone", cancelled, v, 1, nil, context.Canceled},
	} {
		if r, err := c.Query(test.ctx, test.vector, test.k, test.opts...); !errors.Is(err, test.want) {
			t.Errorf("%s: %v and error %v, want %v", test.reason, r, err, test.want)
		}
		if r, err := c.QueryBatch(test.ctx, [][]float32{v, test.vector}, test.k, test.opts...); !errors.Is(err, test.want) || r != nil {
			t.Errorf("%s, in a batch: %v and error %v, want %v", test.reason, r, err, test.want)
		}
	}
}

// TestPatience asks for the nearest by codes that lose nothing and by others.
func TestPatience(t *testing.T) {
	for codec, vectors := range map[string][][]float32{"float32": clusters(3, 3000, 16), "uint8": clusters(4, 3000, 16)} {
		c := create(t, open(t, t.TempDir()), store.Schema{Dim: 16, Codec: codec})
		upsert(t, c, items(vectors))
		prepare(t, c)
		cost := func(opts ...store.QueryOption) int {
			var stats store.QueryStats
			for _, vector := range clusters(5, 50, 16) {
				query(t, c, vector, 10, append(opts, store.Epsilon(0.5), store.CollectStats(&stats))...)
			}
			return stats.Expanded
		}
		little, more, none, all := cost(store.Patience(5)), cost(store.Patience(50)), cost(store.Patience(0)), cost(store.Patience(3000))
		if got := query(t, c, vectors[0], 10, store.Patience(1)); len(got) != 10 {
			t.Errorf("%s: %d results of 10 with little patience", codec, len(got))
		}
		within := store.Within(5)
		if few, all := cost(within, store.Patience(1)), cost(within); few != all {
			t.Errorf("%s: expansions within a distance with little patience, and with none: %d, %d", codec, few, all)
		}
		if little >= more || more >= none || none != all {
			t.Errorf("%s: expansions with a patience of 5, of 50, with none, and with one of all rows: %d, %d, %d, %d", codec, little, more, none, all)
		}
	}
}

// TestPatienceByDefault compares a query that names no patience with one that names what the documentation says.
func TestPatienceByDefault(t *testing.T) {
	const n, dim = 4000, 40
	c := create(t, open(t, t.TempDir()), store.Schema{Dim: dim})
	all := items(directionless(3, n, dim))
	upsert(t, c, all)
	prepare(t, c)
	bounded := 0
	same := func(share float64) {
		for _, k := range []int{1, 10, 100} {
			for _, epsilon := range []float64{-0.1, 0, 0.1, 0.3, 0.4} {
				cost := func(opts ...store.QueryOption) (stats store.QueryStats) {
					for _, vector := range directionless(5, 20, dim) {
						query(t, c, vector, k, append(opts, store.Epsilon(epsilon), store.CollectStats(&stats))...)
					}
					return stats
				}
				patience := (float64(k) + 160*math.Sqrt(float64(k))*max(epsilon, 0)*max(1, math.Pow(epsilon/0.3, 8))) / share
				byDefault, named, none := cost(), cost(store.Patience(int(patience))), cost(store.Patience(0))
				if byDefault != named || epsilon <= 0 && byDefault != none {
					t.Errorf("%v live, k %d, epsilon %v: %+v by default, %+v with a patience of %v, %+v with none", share, k, epsilon, byDefault, named, patience, none)
				}
				if byDefault != none {
					bounded++
				}
			}
		}
	}
	same(1)
	for _, item := range all[:n/2] {
		if _, err := c.Delete(t.Context(), item.ID); err != nil {
			t.Fatal(err)
		}
	}
	same(0.5)
	if bounded < 8 {
		t.Errorf("patience ended queries in %d cases", bounded)
	}
}

// TestPatienceOfProducts queries by a metric of which epsilon says little: only a patience that is named ends queries.
func TestPatienceOfProducts(t *testing.T) {
	c := create(t, open(t, t.TempDir()), store.Schema{Dim: 40, Metric: "inner_product"})
	upsert(t, c, items(integers(clusters(23, 4000, 40))))
	prepare(t, c)
	cost := func(opts ...store.QueryOption) (stats store.QueryStats) {
		for _, vector := range integers(clusters(24, 10, 40)) {
			query(t, c, vector, 10, append(opts, store.CollectStats(&stats))...)
		}
		return stats
	}
	if byDefault, named, none := cost(), cost(store.Patience(60)), cost(store.Patience(0)); byDefault != none || named.Expanded > none.Expanded/2 {
		t.Errorf("%+v by default, %+v with a patience of 60, %+v with none", byDefault, named, none)
	}
}

func TestCollection_Query_Empty(t *testing.T) {
	c := create(t, open(t, t.TempDir()), store.Schema{Dim: 2})
	for _, stage := range []string{"new", "prepared", "emptied"} {
		if got := query(t, c, []float32{1, 2}, 3); len(got) != 0 {
			t.Errorf("%s: an empty collection gave %v", stage, got)
		}
		prepare(t, c)
		upsert(t, c, []store.Item{{ID: "a", Vector: []float32{1, 2}}})
		prepare(t, c)
		if _, err := c.Delete(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
	}
	prepare(t, c)
	if info, err := c.Info(t.Context()); err != nil || info.Items != 0 || len(info.Segments) != 0 {
		t.Errorf("an emptied and prepared collection is %+v, %v", info, err)
	}
}

func TestCollection_QueryID(t *testing.T) {
	c := create(t, open(t, t.TempDir()), store.Schema{Dim: 6})
	vectors := clusters(8, 1500, 6)
	upsert(t, c, items(vectors))
	prepare(t, c)
	got, err := c.QueryID(t.Context(), "17", 5, store.Exact())
	if err != nil {
		t.Fatal(err)
	}
	want := nearest(t, "euclidean", vectors, func(row int) bool { return row != 17 }, vectors[17], 5)
	if !slices.Equal(idsOf(got), idsOf(want)) {
		t.Errorf("got %v, want %v", idsOf(got), idsOf(want))
	}
	if _, err := c.QueryID(t.Context(), "nobody", 5); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an unknown id gave %v", err)
	}
	if _, err := c.QueryID(t.Context(), "17", 0); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("k 0 gave %v", err)
	}
}

func TestCollection_QueryBatch_CountsWork(t *testing.T) {
	c := create(t, open(t, t.TempDir()), store.Schema{Dim: 6})
	vectors := clusters(9, 2000, 6)
	upsert(t, c, items(vectors))
	prepare(t, c)
	var stats store.QueryStats
	if _, err := c.QueryBatch(t.Context(), vectors[:20], 3, store.Exact(), store.CollectStats(&stats)); err != nil {
		t.Fatal(err)
	}
	if stats.Distances != 20*2000 {
		t.Errorf("20 scans of 2,000 items took %d distances", stats.Distances)
	}
}

func TestCollection_Query_Allocations(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector makes pools forget at random")
	}
	vectors := clusters(10, 3000, 16)
	whole := clusters(10, 3000, 16)
	for _, v := range whole {
		for i := range v {
			v[i] = float32(uint8(20 * v[i]))
		}
	}
	for _, test := range []struct {
		reason, metric, codec string
		vectors               [][]float32
	}{
		{"by the vectors themselves", "euclidean", "float32", vectors},
		{"candidates by codes are ranked", "cosine", "uint8", vectors},
		{"codes that lose nothing", "euclidean", "uint8", whole},
		{"a metric without codes", "manhattan", "", vectors},
	} {
		c := create(t, open(t, t.TempDir()), store.Schema{Dim: 16, Metric: test.metric, Codec: test.codec})
		upsert(t, c, items(test.vectors))
		prepare(t, c)
		ctx := t.Context()
		for _, k := range []int{1, 10, 100} {
			n := testing.AllocsPerRun(200, func() {
				if _, err := c.Query(ctx, test.vectors[3], k, store.Epsilon(0.1)); err != nil {
					t.Error(err)
				}
			})
			// The results, and the string that their ids share.
			if n > 2 {
				t.Errorf("%s: a query for %d allocates %v times, want 2", test.reason, k, n)
			}
		}
	}
}

// Where there is nothing to walk, a context that has ended is an error, too.
func TestCollection_NeighborGraph_EndedContext(t *testing.T) {
	c := create(t, open(t, t.TempDir()), store.Schema{Dim: 4})
	enough := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(enough)
	for _, stage := range []string{"empty", "prepared"} {
		if err := walk(c.NeighborGraph(ctx)); !errors.Is(err, enough) {
			t.Errorf("%s: a walk under a context that has ended: %v", stage, err)
		}
		if err := walk(c.NeighborGraph(t.Context())); err != nil {
			t.Errorf("%s: %v", stage, err)
		}
		upsert(t, c, items(clusters(42, 50, 4)))
		prepare(t, c)
	}
}

func TestCollection_NeighborGraph(t *testing.T) {
	c := create(t, open(t, t.TempDir()), store.Schema{Dim: 5, Index: store.IndexParams{Neighbors: 8}})
	vectors := clusters(11, 900, 5)
	upsert(t, c, items(vectors))
	for _, err := range c.NeighborGraph(t.Context()) {
		if !errors.Is(err, store.ErrNotPrepared) {
			t.Errorf("before Prepare: %v, want ErrNotPrepared", err)
		}
	}
	prepare(t, c)
	if _, err := c.Delete(t.Context(), "4"); err != nil {
		t.Fatal(err)
	}
	lists, found, total := 0, 0, 0
	for list, err := range c.NeighborGraph(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		lists++
		var row int
		if _, err := fmt.Sscan(list.ID, &row); err != nil {
			t.Fatal(err)
		}
		// A list is short of the deleted item if it had that.
		others := func(other int) bool { return other != row && other != 4 }
		want := nearest(t, "euclidean", vectors, others, vectors[row], 8)[:min(len(list.Neighbors), 8)]
		if len(want) < 7 {
			t.Fatalf("%s has %d neighbors", list.ID, len(want))
		}
		for i, n := range list.Neighbors {
			if n.ID == "4" || n.ID == list.ID || n.Distance < want[i].Distance-1e-4 {
				t.Fatalf("neighbor %d of %s is %+v, the true one %+v", i, list.ID, n, want[i])
			}
			if n.Distance <= want[len(want)-1].Distance+1e-4 {
				found++
			}
			total++
		}
	}
	if lists != 899 {
		t.Errorf("%d lists, want one for each of 899 items", lists)
	}
	if share := float64(found) / float64(total); share < 0.99 {
		t.Errorf("%.3f of the neighbors are true ones, want at least 0.99", share)
	}
}

// Within finds what is near enough, in the index and pending, by a walk and by a scan, and by a proxy as well.
func TestCollection_Query_Within(t *testing.T) {
	if raceDetector {
		t.Skip("it is about recall, and long")
	}
	for name, kd := range kinds(t) {
		t.Run(name, func(t *testing.T) {
			c := create(t, open(t, t.TempDir()), kd.schema)
			upsert(t, c, kd.items[:2400])
			prepare(t, c)
			upsert(t, c, kd.items[2400:])
			found, there := 0, 0
			for i := 0; i < len(kd.items); i += 90 {
				truth := kd.nearest(kd.items[i], 60)
				for _, distance := range []float64{-1, 0, float64(truth[5]), float64(truth[30])} {
					results, err := ask(c, kd.items[i], 1000, store.Within(distance))
					must(t, err)
					exact, err := ask(c, kd.items[i], len(kd.items), store.Within(distance), store.Exact())
					must(t, err)
					for _, r := range append(results, exact...) {
						if float64(r.Distance) > distance {
							t.Fatalf("%s is at %v, not within %v", r.ID, r.Distance, distance)
						}
					}
					if distance < 0 && len(exact) > 0 || distance == float64(truth[30]) && len(exact) < 25 {
						t.Fatalf("%d items within %v", len(exact), distance)
					}
					found, there = found+len(results), there+len(exact)
				}
				capped, err := ask(c, kd.items[i], 3, store.Within(float64(truth[30])))
				must(t, err)
				if len(capped) != 3 {
					t.Errorf("%d results, want the 3 nearest of those within", len(capped))
				}
			}
			if recall := float64(found) / float64(there); recall < 0.95 {
				t.Errorf("recall %v, want at least .95", recall)
			}
			if _, err := ask(c, kd.items[0], 3, store.Within(math.NaN())); !errors.Is(err, store.ErrInvalid) {
				t.Errorf("within NaN: %v, want ErrInvalid", err)
			}
		})
	}
}

// Results at one distance come in the order of their ids, whatever the order of the rows: pending, indexed, and both.
func TestCollection_Query_TiesByID(t *testing.T) {
	const n = 60
	vectors := make([][]float32, n)
	for i := range vectors {
		vectors[i] = []float32{float32(i % 3), 1}
	}
	c := create(t, open(t, t.TempDir()), store.Schema{Dim: 2})
	check := func(state string) {
		t.Helper()
		got, err := c.Query(t.Context(), []float32{0, 1}, n)
		must(t, err)
		inOrder := slices.IsSortedFunc(got, func(a, b store.Result) int {
			return cmp.Or(cmp.Compare(a.Distance, b.Distance), cmp.Compare(a.ID, b.ID))
		})
		if len(got) == 0 || !inOrder {
			t.Errorf("%s: %v", state, got)
		}
	}
	upsert(t, c, items(vectors[:n/2])) // by row they are 0, 1, 2; by id 0, 1, 10
	check("pending")
	prepare(t, c)
	check("indexed")
	upsert(t, c, items(vectors)[n/2:])
	check("both")
}

// Under a metric that has no distance for some pairs, what has one is found at that distance: scores of pivots keep their places.
func TestCollection_Query_NoDistance(t *testing.T) {
	apart, err := metric.New(metric.Definition{Name: "apart_when_colors_differ", Fast: func(x, y []float32) float32 {
		if x[1] != y[1] {
			return float32(math.NaN())
		}
		return float32(math.Abs(float64(x[0] - y[0])))
	}})
	must(t, err)
	must(t, metric.Register(apart))
	vectors := make([][]float32, 3000)
	for i := range vectors {
		vectors[i] = []float32{float32(i*7919%3000) + 1, float32(i % 2)}
	}
	c := create(t, open(t, t.TempDir()), store.Schema{Dim: 2, Metric: apart.Name()})
	upsert(t, c, items(vectors))
	prepare(t, c)
	for i := range 50 {
		q := []float32{float32(60 * i), 1}
		got, err := c.Query(t.Context(), q, 3)
		must(t, err)
		for _, r := range got {
			row, err := strconv.Atoi(r.ID)
			must(t, err)
			if want := apart.Distance(q, vectors[row]); r.Distance != want {
				t.Errorf("row %s is at %v, want %v", r.ID, r.Distance, want)
			}
		}
	}
}
