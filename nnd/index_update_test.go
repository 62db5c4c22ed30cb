package nnd_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/vicinaldb/store/metric"
	"github.com/vicinaldb/store/nnd"
)

// apply is the naive model of an update.
func apply[V any](vectors []V, c nnd.Changes[V]) []V {
	var after []V
	for number, v := range vectors {
		if slices.Contains(c.Remove, uint32(number)) {
			continue
		}
		if fresh, ok := c.Replace[uint32(number)]; ok {
			v = fresh
		}
		after = append(after, v)
	}
	return append(after, c.Append...)
}

// TestIndexUpdateRecall compares updated indexes with fresh ones of the same vectors.
func TestIndexUpdateRecall(t *testing.T) {
	if raceDetector {
		t.Skip("it is about recall alone")
	}
	t.Run("dense", func(t *testing.T) {
		updateRecall(t, denseData(lookup(t, "euclidean"), mixture(3000, 12, 25, 0.1, 8), 0), 10)
	})
	t.Run("sparse", func(t *testing.T) {
		if testing.Short() {
			t.Skip("takes long")
		}
		updateRecall(t, sparseData(lookupSparse(t, "cosine", allWords), texts(2100, 9), 0), 12)
	})
	t.Run("bits", func(t *testing.T) {
		updateRecall(t, bitsData(lookupBits(t, "bit_jaccard", 160), flips(2500, 160, 20, 8, 10), 0), 10)
	})
}

func updateRecall[V any](t *testing.T, all data[V], neighbors int) {
	n := len(all.vectors)
	pool := all.vectors[n*2/3:] // replaces and appends
	rows := func(share float64) []uint32 {
		order := rand.New(rand.NewPCG(1, 8)).Perm(n * 2 / 3)
		var picked []uint32
		for _, row := range order[:int(share*float64(n*2/3))] {
			picked = append(picked, uint32(row))
		}
		return picked
	}
	replace := func(share float64) map[uint32]V {
		fresh := map[uint32]V{}
		for i, row := range rows(share) {
			fresh[row] = pool[i]
		}
		return fresh
	}
	for _, c := range []struct {
		name    string
		changes nnd.Changes[V]
	}{
		{"append 5%", nnd.Changes[V]{Append: pool[:n/30]}},
		{"append half", nnd.Changes[V]{Append: pool}},
		{"replace 5%", nnd.Changes[V]{Replace: replace(0.05)}},
		{"replace 50%", nnd.Changes[V]{Replace: replace(0.5)}},
		{"remove 20%", nnd.Changes[V]{Remove: rows(0.2)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := nnd.Options{Neighbors: neighbors, Seed: 1}
			updated := data[V]{vectors: all.vectors[:n*2/3], index: all.index, distance: all.distance}
			x := updated.build(t, o)
			must(t, x.Update(t.Context(), c.changes))
			must(t, x.Prepare(t.Context()))
			updated.vectors = apply(updated.vectors, c.changes)
			updated.queries = all.vectors[:25]
			fresh := updated.prepared(t, o)
			if fresh.Stats().Build.Exact {
				t.Fatal("compared all pairs; the descent is what is tested")
			}
			got, want := updated.graphRecall(t, x, neighbors, 17), updated.graphRecall(t, fresh, neighbors, 17)
			if got < want-0.005 {
				t.Errorf("the neighbor graph has recall %.4f, a fresh one %.4f", got, want)
			}
			got, want = updated.queryRecall(t, x, 10, nnd.DefaultEpsilon), updated.queryRecall(t, fresh, 10, nnd.DefaultEpsilon)
			if got < want-0.01 {
				t.Errorf("queries have recall %.4f, those in a fresh index %.4f", got, want)
			}
			if got, want := distancesOf(x), distancesOf(fresh); got >= want {
				t.Errorf("the update took %d distances, a fresh build %d", got, want)
			}
		})
	}
}

// distancesOf is what the neighbor graph of an index cost.
func distancesOf[V any](x *nnd.Index[V]) int64 {
	b := x.Stats().Build
	return b.Distances + b.TreeDistances
}

// TestIndexUpdateModel updates small indexes again and again, and compares them with the model.
func TestIndexUpdateModel(t *testing.T) {
	m := lookup(t, "euclidean")
	vector := rapid.SliceOfN(rapid.Float32Range(-9, 9), 2, 2)
	rapid.Check(t, func(t *rapid.T) {
		o := nnd.Options{Neighbors: 3}
		model := rapid.SliceOfN(vector, 0, 6).Draw(t, "vectors")
		x, err := nnd.NewDense(context.Background(), model, m, o)
		if err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(1, 4).Draw(t, "updates") {
			c := drawChanges(t, len(model), vector)
			if err := x.Update(context.Background(), c); err != nil {
				t.Fatal(err)
			}
			model = apply(model, c)
			checkModel(t, x, model, o, m)
		}
	})
}

// drawChanges draws changes that fit n rows.
func drawChanges(t *rapid.T, n int, vector *rapid.Generator[[]float32]) nnd.Changes[[]float32] {
	c := nnd.Changes[[]float32]{Append: rapid.SliceOfN(vector, 0, 3).Draw(t, "append"), Replace: map[uint32][]float32{}}
	for row := range uint32(n) {
		switch rapid.IntRange(0, 5).Draw(t, "change") {
		case 0:
			c.Replace[row] = vector.Draw(t, "replacement")
		case 1:
			c.Remove = append(c.Remove, row)
		}
	}
	return c
}

func checkModel(t *rapid.T, x *nnd.Index[[]float32], model [][]float32, o nnd.Options, m *metric.Dense) {
	if x.Len() != len(model) {
		t.Fatalf("%d rows, want %d", x.Len(), len(model))
	}
	for row, v := range model {
		if got := x.Vector(uint32(row)); !slices.Equal(got, v) {
			t.Fatalf("row %d is %v, want %v", row, got, v)
		}
	}
	fresh, err := nnd.NewDense(context.Background(), model, m, o)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := x.NeighborGraph(), fresh.NeighborGraph(); !slices.Equal(got.Distances, want.Distances) {
		t.Fatalf("neighbors at %v, want %v", got.Distances, want.Distances)
	}
}

// TestIndexUpdateFails asks for updates that cannot be, and finds the index as it was.
func TestIndexUpdateFails(t *testing.T) {
	nan := float32(math.NaN())
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	d := denseData(lookup(t, "euclidean"), mixture(1200, 4, 10, 0.1, 1), 0)
	x := d.prepared(t, nnd.Options{Neighbors: 5})
	before := x.NeighborGraph()
	for _, c := range []struct {
		name    string
		ctx     context.Context
		changes nnd.Changes[[]float32]
		want    error
		says    string
	}{
		{"dimension", t.Context(), nnd.Changes[[]float32]{Append: [][]float32{{1, 2, 3, 4}, {1}}}, nnd.ErrDimension, "appended vector 1"},
		{"not finite", t.Context(), nnd.Changes[[]float32]{Replace: map[uint32][]float32{7: {1, 2, nan, 4}}}, metric.ErrNotFinite, "row 7"},
		{"after removals", t.Context(), nnd.Changes[[]float32]{Remove: []uint32{0, 1}, Replace: map[uint32][]float32{7: {1}}}, nnd.ErrDimension, "row 7"},
		{"replaces nothing", t.Context(), nnd.Changes[[]float32]{Replace: map[uint32][]float32{1200: {1, 2, 3, 4}}}, nnd.ErrOptions, "1200"},
		{"removes nothing", t.Context(), nnd.Changes[[]float32]{Remove: []uint32{1200}}, nnd.ErrOptions, "1200"},
		{"both", t.Context(), nnd.Changes[[]float32]{Remove: []uint32{3}, Replace: map[uint32][]float32{3: {1, 2, 3, 4}}}, nnd.ErrOptions, "row 3"},
		{"canceled", canceled, nnd.Changes[[]float32]{Remove: []uint32{3}}, context.Canceled, ""},
		{"canceled without changes", canceled, nnd.Changes[[]float32]{}, context.Canceled, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			checkError(t, x.Update(c.ctx, c.changes), c.want, c.says)
			if x.Len() != 1200 || !reflect.DeepEqual(x.NeighborGraph(), before) || !x.Stats().Prepared {
				t.Error("the index has changed")
			}
		})
	}
}

// TestIndexUpdatePrepared looks at what an update leaves of a search graph.
func TestIndexUpdatePrepared(t *testing.T) {
	d := denseData(lookup(t, "euclidean"), mixture(1200, 4, 10, 0.1, 1), 0)
	x := d.build(t, nnd.Options{Neighbors: 5})
	remove := nnd.Changes[[]float32]{Remove: []uint32{1, 1, 5}} // naming a row twice removes it once
	must(t, x.Update(t.Context(), remove))
	if x.Stats().Prepared || x.Len() != 1198 {
		t.Errorf("%d rows, prepared %t; want 1198, and not prepared as before", x.Len(), x.Stats().Prepared)
	}
	must(t, x.Prepare(t.Context()))
	must(t, x.Update(t.Context(), remove))
	if !x.Stats().Prepared {
		t.Error("the search graph is gone")
	}
	must(t, x.Compress())
	checkError(t, x.Update(t.Context(), remove), nnd.ErrSearchOnly, "")
}

// TestIndexGrowsFromNothing gives an index without vectors its first ones, takes all away, and gives it others.
func TestIndexGrowsFromNothing(t *testing.T) {
	x, err := nnd.NewDense(t.Context(), nil, lookup(t, "euclidean"), nnd.Options{})
	must(t, err)
	must(t, x.Prepare(t.Context()))
	for _, dim := range []int{3, 5} {
		points := uniform(10, dim, 1)
		must(t, x.Update(t.Context(), nnd.Changes[[]float32]{Append: points}))
		found, err := x.Query(t.Context(), points[4], 1, nnd.QueryOptions{})
		if err != nil || len(found) != 1 || found[0] != (nnd.Candidate{Row: 4}) {
			t.Errorf("got %v, %v; want row 4", found, err)
		}
		must(t, x.Update(t.Context(), nnd.Changes[[]float32]{Remove: []uint32{9, 8, 7, 6, 5, 4, 3, 2, 1, 0}}))
		if found, err = x.Query(t.Context(), points[4], 1, nnd.QueryOptions{}); err != nil || len(found) != 0 {
			t.Errorf("got %v, %v from nothing", found, err)
		}
	}
}

// checkError fails unless err is of a kind and says something.
func checkError(t *testing.T, err, want error, says string) {
	t.Helper()
	if !errors.Is(err, want) || !strings.Contains(err.Error(), says) {
		t.Errorf("got error %v, want one that wraps %q and says %q", err, want, says)
	}
}
