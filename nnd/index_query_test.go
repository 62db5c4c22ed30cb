package nnd_test

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/vicinaldb/store/metric"
	"github.com/vicinaldb/store/nnd"
)

// TestIndexQueryForMany asks for more rows than walks look for, and for more than there are.
func TestIndexQueryForMany(t *testing.T) {
	d := denseData(lookup(t, "euclidean"), uniform(1450, 3, 1), 10)
	x := d.prepared(t, nnd.Options{Neighbors: 10})
	for _, k := range []int{1, 3, 300, 400, 1439, 1440, 1441, math.MaxInt} {
		for _, v := range d.queries {
			found, err := x.Query(t.Context(), v, k, nnd.QueryOptions{Epsilon: new(0.0)})
			must(t, err)
			if len(found) != min(k, 1440) {
				t.Fatalf("k %d: %d results", k, len(found))
			}
			d.check(t, v, found)
			if share := float64(hitsAt(found, d.nearest(v, k, -1))) / float64(len(found)); k > 1 && share < 0.6 {
				t.Errorf("k %d at epsilon 0: recall %v < 0.6", k, share)
			}
		}
	}
}

// TestIndexQueryForOne asks for the nearest row alone, which leaves a search least to go by.
func TestIndexQueryForOne(t *testing.T) {
	d := denseData(lookup(t, "cosine"), mixture(2600, 20, 25, 0.1, 2), 200)
	x := d.prepared(t, nnd.Options{Neighbors: 10, Seed: 1})
	if recall := d.queryRecall(t, x, 1, nnd.DefaultEpsilon); recall < 0.9 {
		t.Errorf("recall@1 is %.3f < 0.9", recall)
	}
	found, err := x.QueryBatch(t.Context(), d.vectors, 1, nnd.QueryOptions{Epsilon: new(0.0)})
	must(t, err)
	lost := 0
	for row := range d.vectors {
		if found[row][0].Row != uint32(row) {
			lost++
		}
	}
	if share := float64(lost) / float64(len(d.vectors)); share > 0.005 {
		t.Errorf("at epsilon 0, %.4f of the rows do not find themselves, more than 0.005", share)
	}
}

// TestIndexQueryExact compares with the naive model, for each kind.
func TestIndexQueryExact(t *testing.T) {
	exact(t, denseData(lookup(t, "cosine"), uniform(1320, 3, 1), 20))
	exact(t, denseData(lookup(t, "jensen-shannon", metric.Params{Proxy: "hellinger"}), uniform(1320, 5, 1), 20))
	exact(t, sparseData(lookupSparse(t, "manhattan", 50), half(1120, 50, 1), 20))
	exact(t, bitsData(lookupBits(t, "bit_jaccard", 70), flips(1320, 70, 1, 2, 1), 20))
}

func exact[V any](t *testing.T, d data[V]) {
	x := d.build(t, nnd.Options{Neighbors: 5})
	for _, v := range d.queries {
		var stats nnd.SearchStats
		found, err := x.Query(t.Context(), v, 12, nnd.QueryOptions{Exact: true, Stats: &stats})
		must(t, err)
		d.check(t, v, found)
		if got, want := distances(found), d.nearest(v, 12, -1); !slices.Equal(got, want) {
			t.Fatalf("found distances %v, want %v", got, want)
		}
		if stats.Distances != len(d.vectors) {
			t.Fatalf("%d distances, want one for each of %d vectors", stats.Distances, len(d.vectors))
		}
	}
}

// TestIndexQueryEpsilon looks at what epsilon does.
func TestIndexQueryEpsilon(t *testing.T) {
	d := denseData(lookup(t, "euclidean"), uniform(2100, 12, 1), 100)
	x := d.prepared(t, nnd.Options{Neighbors: 10})
	cost := func(o nnd.QueryOptions) int {
		var stats nnd.SearchStats
		o.Stats = &stats
		_, err := x.QueryBatch(t.Context(), d.queries, 10, o)
		must(t, err)
		return stats.Distances
	}
	greedy, byDefault, named, far := cost(nnd.QueryOptions{Epsilon: new(0.0)}), cost(nnd.QueryOptions{}),
		cost(nnd.QueryOptions{Epsilon: new(nnd.DefaultEpsilon)}), cost(nnd.QueryOptions{Epsilon: new(0.3)})
	if greedy >= byDefault || byDefault != named || named >= far {
		t.Errorf("distances at epsilon 0, unset, 0.1, 0.3: %d, %d, %d, %d", greedy, byDefault, named, far)
	}
}

// TestIndexQueryPatience looks at what patience does, and that it does not count with a radius.
func TestIndexQueryPatience(t *testing.T) {
	d := denseData(lookup(t, "euclidean"), uniform(2100, 12, 1), 100)
	x := d.prepared(t, nnd.Options{Neighbors: 10})
	cost := func(patience int, within *float32) int {
		var stats nnd.SearchStats
		_, err := x.QueryBatch(t.Context(), d.queries, 10, nnd.QueryOptions{Epsilon: new(0.5), Patience: patience, Within: within, Stats: &stats})
		must(t, err)
		return stats.Distances
	}
	if little, more, none, all := cost(5, nil), cost(50, nil), cost(0, nil), cost(2100, nil); little >= more || more >= none || none != all {
		t.Errorf("distances with a patience of 5, 50, none, and of all rows: %d, %d, %d, %d", little, more, none, all)
	}
	within := new(float32(0.6))
	if little, none := cost(5, within), cost(0, within); little != none {
		t.Errorf("distances within a radius with a patience of 5, and none: %d, %d", little, none)
	}
	d = denseData(lookup(t, "jensen-shannon", metric.Params{Proxy: "hellinger"}), uniform(2100, 12, 1), 100)
	x, within = d.prepared(t, nnd.Options{Neighbors: 10}), new(float32(0.2))
	if little, none := cost(5, within), cost(0, within); little != none {
		t.Errorf("distances by a proxy within a radius with a patience of 5, and none: %d, %d", little, none)
	}
}

// TestIndexQueryWithin asks for all rows within a radius, from none to most of them.
func TestIndexQueryWithin(t *testing.T) {
	t.Run("dense", func(t *testing.T) { radius(t, denseData(lookup(t, "euclidean"), uniform(1540, 3, 1), 40), 100) })
	t.Run("cosine", func(t *testing.T) { radius(t, denseData(lookup(t, "cosine"), uniform(1540, 3, 1), 40), 100) })
	t.Run("proxy", func(t *testing.T) {
		radius(t, denseData(lookup(t, "jensen-shannon", metric.Params{Proxy: "hellinger"}), uniform(1540, 3, 1), 40), 100)
	})
	t.Run("sparse", func(t *testing.T) { // as many as are about the same topic: others are as good as random
		radius(t, sparseData(lookupSparse(t, "cosine", allWords), texts(1240, 1), 40), 40)
	})
	t.Run("bits", func(t *testing.T) {
		radius(t, bitsData(lookupBits(t, "bit_hamming", 100), flips(1340, 100, 20, 8, 1), 40), 40)
	})
}

// radius asks for what is not farther than the vectors of some ranks, from the nearest to the farthest, many in between.
func radius[V any](t *testing.T, d data[V], many int) {
	x := d.prepared(t, nnd.Options{Neighbors: 10})
	n := len(d.vectors)
	for _, rank := range []int{0, 3, 20, many, n - 1} {
		hits, all := 0, 0
		for _, v := range d.queries {
			truth := d.nearest(v, n, -1)
			within := truth[rank] // a row lies at this very distance: it is within
			want := 0
			for want < n && truth[want] <= within {
				want++
			}
			for _, exact := range []bool{false, true} {
				found, err := x.Query(t.Context(), v, n, nnd.QueryOptions{Within: &within, Exact: exact})
				must(t, err)
				d.check(t, v, found)
				if len(found) > want || exact && len(found) != want {
					t.Fatalf("within %v: %d rows, want %d", within, len(found), want)
				}
				if !exact {
					hits, all = hits+len(found), all+want
				}
			}
			if found, err := x.Query(t.Context(), v, 2, nnd.QueryOptions{Within: &within, Exact: true}); err != nil || len(found) != min(2, want) {
				t.Fatalf("k 2 within %v: %v, %v", within, found, err)
			}
		}
		if recall := float64(hits) / float64(all); recall < 0.97 {
			t.Errorf("within the distance of number %d: recall %.3f < 0.97", rank, recall)
		}
	}
	found, err := x.Query(t.Context(), d.queries[0], n, nnd.QueryOptions{Within: new(float32(-1))})
	if err != nil || len(found) != 0 {
		t.Errorf("within -1: %v, %v", found, err)
	}
}

// TestIndexQueryWithinIsCheap has a radius with few rows cost little, whatever k is.
func TestIndexQueryWithinIsCheap(t *testing.T) {
	for _, m := range []*metric.Dense{lookup(t, "euclidean"), lookup(t, "euclidean", metric.Params{Proxy: "manhattan"})} {
		d := denseData(m, uniform(4000, 3, 1), 0)
		x := d.prepared(t, nnd.Options{Neighbors: 10})
		var stats nnd.SearchStats
		found, err := x.Query(t.Context(), d.vectors[5], 4000, nnd.QueryOptions{Within: new(float32(0.05)), Stats: &stats})
		if err != nil || len(found) == 0 || stats.Distances > 600 {
			t.Errorf("%d rows within, for %d distances, %v; want some, for at most 600", len(found), stats.Distances, err)
		}
	}
}

// TestIndexQueryWithinNothing has a metric without a fast form for distances as small as the radius.
func TestIndexQueryWithinNothing(t *testing.T) {
	m, err := metric.New(metric.Definition{
		Name: "test_squares", Fast: func(x, y []float32) float32 { return squared(x, y) },
		Correct: func(fast float32) float32 { return max(fast, 0) },
		Stretch: func(fast, epsilon float32) float32 { return (1 + epsilon) * fast },
	})
	must(t, err)
	for _, n := range []int{20, 1200} {
		x := denseData(m, uniform(n, 2, 1), 0).prepared(t, nnd.Options{Neighbors: 5})
		for _, exact := range []bool{false, true} {
			found, err := x.Query(t.Context(), []float32{1, 1}, 3, nnd.QueryOptions{Within: new(float32(-1)), Exact: exact})
			if err != nil || len(found) != 0 {
				t.Errorf("within -1 of %d rows: %v, %v", n, found, err)
			}
		}
	}
}

// TestIndexQueryCutOff has rows that no walk comes to, since the metric knows no distances to those before them.
func TestIndexQueryCutOff(t *testing.T) {
	m, err := metric.New(metric.Definition{Name: "test_colors", Fast: func(x, y []float32) float32 {
		if (x[0] == 0) != (y[0] == 0) {
			return float32(math.NaN())
		}
		return squared(x, y)
	}})
	must(t, err)
	points := uniform(1200, 2, 1)
	for row := range points[:5] {
		points[row*7][0] = 0
	}
	x := denseData(m, points, 0).prepared(t, nnd.Options{Neighbors: 8})
	for _, k := range []int{3, 10} {
		found, err := x.Query(t.Context(), []float32{0, 0.5}, k, nnd.QueryOptions{})
		if err != nil || len(found) != min(k, 5) {
			t.Errorf("k %d: found %v, %v; want %d of 5", k, found, err, k)
		}
	}
}

// TestIndexQueryAllowed filters by the caller's numbers, down to few rows and to none.
func TestIndexQueryAllowed(t *testing.T) {
	d := denseData(lookup(t, "euclidean"), mixture(1620, 4, 10, 0.1, 1), 20)
	x := d.prepared(t, nnd.Options{Neighbors: 10})
	for _, count := range []int{0, 1, 4, 30, 800} {
		allowed := rowSet{}
		for _, row := range rand.New(rand.NewPCG(1, 9)).Perm(1600)[:count] {
			allowed[uint32(row)] = true
		}
		hits, all := 0, 0
		for _, v := range d.queries {
			var truth []float32
			for row := range allowed {
				truth = append(truth, d.distance(v, d.vectors[row]))
			}
			slices.Sort(truth)
			truth = truth[:min(5, count)]
			for _, o := range []nnd.QueryOptions{{}, {Exact: true}, {Within: new(float32(100))}} {
				o.Allowed = allowed
				found, err := x.Query(t.Context(), v, 5, o)
				must(t, err)
				d.check(t, v, found)
				if len(found) != len(truth) {
					t.Fatalf("%d rows allowed: found %v", count, found)
				}
				for _, c := range found {
					if !allowed[c.Row] {
						t.Fatalf("row %d is not allowed", c.Row)
					}
				}
				hits, all = hits+hitsAt(found, truth), all+len(truth)
			}
		}
		if float64(hits) < 0.97*float64(all) {
			t.Errorf("%d rows allowed: %d hits of %d, want 0.97 of them", count, hits, all)
		}
	}
}

// TestIndexQueryBatch gives what single queries do, and counts what they cost.
func TestIndexQueryBatch(t *testing.T) {
	d := denseData(lookup(t, "euclidean"), mixture(1640, 4, 10, 0.1, 1), 40)
	x := d.prepared(t, nnd.Options{Neighbors: 10})
	var total, sum nnd.SearchStats
	batch, err := x.QueryBatch(t.Context(), d.queries, 5, nnd.QueryOptions{Stats: &total})
	must(t, err)
	for i, v := range d.queries {
		single, err := x.Query(t.Context(), v, 5, nnd.QueryOptions{Stats: &sum})
		must(t, err)
		if !reflect.DeepEqual(single, batch[i]) {
			t.Errorf("query %d finds %v alone and %v in a batch", i, single, batch[i])
		}
	}
	if total != sum || total.Expanded == 0 {
		t.Errorf("a batch costs %+v, its queries %+v", total, sum)
	}
}

// TestIndexOfProxy ranks by the metric itself what it finds by a proxy.
func TestIndexOfProxy(t *testing.T) {
	d := denseData(lookup(t, "wasserstein_1d", metric.Params{Proxy: "euclidean"}), uniform(1540, 6, 1), 40)
	x := d.prepared(t, nnd.Options{Neighbors: 12})
	g := x.NeighborGraph()
	for row := range uint32(x.Len()) {
		rows, distances := g.Neighbors(row)
		if len(rows) != 12 || !slices.IsSorted(distances) {
			t.Fatalf("row %d has neighbors %v at %v", row, rows, distances)
		}
		for i, id := range rows {
			if want := d.distance(d.vectors[row], d.vectors[id]); distances[i] != want {
				t.Fatalf("rows %d and %d are at %v, want %v", row, id, distances[i], want)
			}
		}
	}
	recall := func(times int) float64 {
		hits := 0
		for _, v := range d.queries {
			found, err := x.Query(t.Context(), v, 10, nnd.QueryOptions{Oversample: times})
			must(t, err)
			d.check(t, v, found)
			if len(found) != 10 {
				t.Fatalf("%d results, want 10", len(found))
			}
			hits += hitsAt(found, d.nearest(v, 10, -1))
		}
		return float64(hits) / float64(10*len(d.queries))
	}
	small := data[[]float32]{vectors: d.vectors[:500], index: d.index}.prepared(t, nnd.Options{Neighbors: 12})
	var stats nnd.SearchStats
	_, err := small.Query(t.Context(), d.queries[0], 10, nnd.QueryOptions{Stats: &stats})
	if must(t, err); stats.Distances != 500+4*10 {
		t.Errorf("%d distances among 500 vectors, want one by the proxy for each, and 4*10 by the metric", stats.Distances)
	}
	if one, unset, four, many := recall(1), recall(0), recall(nnd.DefaultOversample), recall(1e9); !(one < four && unset == four && four < many && many > 0.9999) {
		t.Errorf("recall %v, %v, %v, %v of oversampling by 1, unset, 4 and 1e9", one, unset, four, many)
	}
}
