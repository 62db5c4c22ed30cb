package store_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/vicinaldb/store"
	"github.com/vicinaldb/store/compaction"
)

// directionless draws vectors whose neighbors are as hard to find as can be: all directions are alike.
func directionless(seed uint64, n, dim int) [][]float32 {
	random := rand.New(rand.NewPCG(seed, 9))
	vectors := make([][]float32, n)
	for i := range vectors {
		vectors[i] = make([]float32, dim)
		for d := range vectors[i] {
			vectors[i][d] = float32(random.NormFloat64())
		}
	}
	return vectors
}

// lengthened gives vectors more components, zeros, so that their codes are longer and their distances the same.
func lengthened(vectors [][]float32, dim int) [][]float32 {
	for i, v := range vectors {
		vectors[i] = append(v, make([]float32, dim-len(v))...)
	}
	return vectors
}

// fewRounds makes a build short where only its dials are looked at.
var fewRounds = store.IndexParams{Iterations: 1, Trees: 1, MaxCandidates: 8}

// dialsOf are the dials that the one segment of a collection says that it has.
func dialsOf(t *testing.T, c *store.Collection) compaction.DialStats {
	t.Helper()
	info, err := c.Info(t.Context())
	must(t, err)
	return info.Segments[0].Build.Dials
}

// Where the schema names no neighbors, Prepare chooses them by how hard neighbors are to find, and the index says what it chose.
func TestCollection_Prepare_ChoosesDials(t *testing.T) {
	skipLong(t)
	const n, dim, hardest = 20_000, 32, 0.7224
	named, multiplied, weakened := fewRounds, fewRounds, fewRounds
	named.Neighbors, multiplied.PruningDegreeMultiplier, weakened.Alpha = 12, 0.5, 1.1
	for _, tc := range []struct {
		reason            string
		vectors           [][]float32
		index             store.IndexParams
		neighbors, degree int
		alpha             float64
		sampled           int
		recall            float64 // of the pilot
	}{
		{"easy", clusters(1, n, 8), fewRounds, 20, 32, 1.2, 4096, 0.9945},
		{"easy, long codes", lengthened(clusters(1, n, 8), 193), fewRounds, 20, 32, 1.05, 4096, 0.9938},
		{"less easy", directionless(1, n, 12), fewRounds, 30, 48, 1.2, 4096, 0.9558},
		{"less easy, long codes", lengthened(directionless(1, n, 12), 193), fewRounds, 30, 32, 1.05, 4096, 0.9514},
		{"middling", lengthened(directionless(1, n, 18), 192), fewRounds, 40, 64, 1.2, 4096, 0.8742},
		{"middling, long codes", lengthened(directionless(1, n, 18), 193), fewRounds, 40, 32, 1.05, 4096, 0.8827},
		{"hard", directionless(1, n, dim), fewRounds, 60, 64, 1.2, 4096, hardest},
		{"hard, but few", directionless(1, 2000, dim), fewRounds, 30, 45, 1.05, 0, 0},
		{"named neighbors", directionless(1, n, dim), named, 12, 18, 1.05, 0, 0},
		{"named multiplier", directionless(1, n, dim), multiplied, 60, 30, 1.2, 4096, hardest},
		{"named alpha", directionless(1, n, dim), weakened, 60, 64, 1.1, 4096, hardest},
	} {
		t.Run(tc.reason, func(t *testing.T) {
			path := t.TempDir()
			s := open(t, path)
			c := create(t, s, store.Schema{Dim: len(tc.vectors[0]), Index: tc.index})
			upsert(t, c, items(tc.vectors))
			dials := prepare(t, c).Dials
			if dials.Neighbors != tc.neighbors || dials.Degree != tc.degree || dials.Alpha != tc.alpha || dials.Sampled != tc.sampled {
				t.Errorf("dials are %+v, want %d neighbors, degree %d, alpha %v, %d rows sampled",
					dials, tc.neighbors, tc.degree, tc.alpha, tc.sampled)
			}
			if measured := tc.sampled > 0; measured && dials.Of != n || math.Abs(dials.Recall-tc.recall) > 0.0003 {
				t.Errorf("dials are %+v, measured: %v, want a recall of %v", dials, measured, tc.recall)
			}
			_, c = reopen(t, s, path)
			info, err := c.Info(t.Context())
			must(t, err)
			if build := info.Segments[0].Build; build.Dials != dials || build.Search.GreatestDegree > (dials.Degree+15)/16*16 { // repairs fill the rows
				t.Errorf("info after opening again has dials %+v and degrees up to %d, Prepare said %+v", build.Dials, build.Search.GreatestDegree, dials)
			}
			if _, list := firstNeighbors(t, c); len(list) != tc.neighbors {
				t.Errorf("lists of %d neighbors, want %d", len(list), tc.neighbors)
			}
		})
	}
}

// Few rows have a pilot as well, where it takes little beside all else: where kernels compare codes of bytes.
func TestCollection_Prepare_ChoosesDialsOfFew(t *testing.T) {
	const dim = 32
	for _, tc := range []struct {
		reason             string
		rows               int
		codec              string
		neighbors, sampled int
	}{
		{"as many as the pilot has", 4096, "", 60, 4096},
		{"one row less", 4095, "", 30, 0},
		{"no codes of bytes", 4096, "float32", 30, 0},
	} {
		c := create(t, open(t, t.TempDir()), store.Schema{Dim: dim, Codec: tc.codec, Index: fewRounds})
		upsert(t, c, items(directionless(1, tc.rows, dim)))
		if dials := prepare(t, c).Dials; dials.Neighbors != tc.neighbors || dials.Sampled != tc.sampled {
			t.Errorf("%s: dials are %+v, want %d neighbors, %d rows sampled", tc.reason, dials, tc.neighbors, tc.sampled)
		}
	}
}

// Codes that differ in length are not short, however few components their vectors have.
func TestCollection_Prepare_ChoosesDialsSparse(t *testing.T) {
	if raceDetector {
		t.Skip("long, and it is about numbers")
	}
	const n, dim = 20_000, 8
	c := create(t, open(t, t.TempDir()), store.Schema{Kind: store.Sparse, Dim: dim, Index: fewRounds})
	all := items(clusters(1, n, dim))
	for i, v := range all {
		all[i].Vector, all[i].Sparse = nil, store.SparseVector{Indices: []uint32{0, 1, 2, 3, 4, 5, 6, 7}, Values: v.Vector}
	}
	upsert(t, c, all)
	if dials := prepare(t, c).Dials; dials.Neighbors != 20 || dials.Degree != 32 || dials.Alpha != 1.05 {
		t.Errorf("dials are %+v, want 20 neighbors, degree 32, alpha 1.05", dials)
	}
}

// Where Prepare chooses the dials, descents end with more of the lists new than where neighbors or Delta are named.
func TestCollection_Prepare_EndsDescents(t *testing.T) {
	skipLong(t)
	const n, dim = 20_000, 8
	vectors := items(clusters(5, n, dim))
	for _, tc := range []struct {
		reason string
		index  store.IndexParams
		most   float64 // share of new entries after the last round
	}{
		{"chosen", store.IndexParams{}, 0.035},
		{"named neighbors", store.IndexParams{Neighbors: 20}, 0.01},
		{"named delta", store.IndexParams{Delta: 0.02}, 0.02},
	} {
		tc.index.Trees, tc.index.MaxCandidates = 1, 8
		c := create(t, open(t, t.TempDir()), store.Schema{Dim: dim, Index: tc.index})
		upsert(t, c, vectors)
		prepare(t, c)
		info, err := c.Info(t.Context())
		must(t, err)
		updates := info.Segments[0].Build.Neighbors.Updates
		last, before := float64(updates[len(updates)-1])/(20*n), float64(updates[len(updates)-2])/(20*n)
		if last > tc.most || before <= tc.most {
			t.Errorf("%s: the last rounds left shares of %v and %v of the lists new, want the last alone below %v", tc.reason, before, last, tc.most)
		}
	}
}

// firstNeighbors is the first list of the neighbor graph.
func firstNeighbors(t *testing.T, c *store.Collection) (id string, list []store.Neighbor) {
	t.Helper()
	for neighbors, err := range c.NeighborGraph(t.Context()) {
		must(t, err)
		return neighbors.ID, neighbors.Neighbors
	}
	t.Fatal("no neighbor graph")
	return "", nil
}

// The choice does not depend on the number of threads, stays as the collection changes, and is made again when it has grown.
func TestCollection_Prepare_KeepsDials(t *testing.T) {
	skipLong(t)
	const n, dim = 20_000, 14
	easy := clusters(2, 2*n+100, dim)
	c := create(t, open(t, t.TempDir()), store.Schema{Dim: dim, Index: fewRounds})
	list := items(directionless(2, n, dim))
	upsert(t, c, list)
	first := prepare(t, c, store.Threads(1))
	if second := prepare(t, c, store.Threads(3), store.Rebuild()); second.Dials != first.Dials || second.SHA256 != first.SHA256 {
		t.Errorf("on 1 thread %+v, on 3 threads %+v", first.Dials, second.Dials)
	}

	// Other vectors take the place of the hard ones: what they are like is not measured as long as there are about as many.
	upsert(t, c, items(easy[:n-100]))
	if kept := prepare(t, c); kept.Dials != first.Dials || dialsOf(t, c) != first.Dials {
		t.Errorf("after changes %+v, before %+v", kept.Dials, first.Dials)
	}
	const gone = 5
	for i := n - gone; i < n; i++ {
		_, err := c.Delete(t.Context(), list[i].ID)
		must(t, err)
	}
	if kept := prepare(t, c); kept.Dials != first.Dials || kept.Reused != n-gone {
		t.Errorf("of fewer than are measured %+v with %d reused, before %+v", kept.Dials, kept.Reused, first.Dials)
	}
	upsert(t, c, items(easy))
	if grown := prepare(t, c); grown.Dials.Neighbors != 20 || first.Dials.Neighbors == 20 || grown.Dials.Of != len(easy) {
		t.Errorf("after growing to %d %+v", len(easy), grown.Dials)
	}
}

// Where rows lie in clusters that a walk does not leave, searches start from several pivots, of more of them; not where the schema names
// these, nor where walks are short.
func TestCollection_Prepare_ChoosesEntries(t *testing.T) {
	skipLong(t)
	const n, dim = 20_000, 16
	named := fewRounds
	named.Pivots = 70
	for _, tc := range []struct {
		reason          string
		vectors         [][]float32
		index           store.IndexParams
		entries, pivots int
		measured        bool
	}{
		{"islands", islands(3, n, dim), fewRounds, 4, 283, true},
		{"islands, named pivots", islands(3, n, dim), named, 0, 70, false},
		{"one cloud, of few dimensions", directionless(4, n, 8), fewRounds, 0, 64, false},
	} {
		t.Run(tc.reason, func(t *testing.T) {
			path := t.TempDir()
			s := open(t, path)
			c := create(t, s, store.Schema{Dim: len(tc.vectors[0]), Index: tc.index})
			upsert(t, c, items(tc.vectors))
			first := prepare(t, c)
			if dials := first.Dials; dials.Entries != tc.entries || (dials.Greedy > 0) != tc.measured {
				t.Errorf("dials are %+v, want %d entries", dials, tc.entries)
			}
			if again := prepare(t, c, store.Rebuild()); again.SHA256 != first.SHA256 {
				t.Errorf("built again, it is another: %+v, first %+v", again.Dials, first.Dials)
			}
			_, c = reopen(t, s, path)
			var stats store.QueryStats
			query(t, c, tc.vectors[0], 1, store.Epsilon(0), store.CollectStats(&stats))
			if stats.Expanded < max(tc.entries, 1) || stats.Distances < tc.pivots {
				t.Errorf("a query is %+v, want %d entries of %d pivots at least", stats, tc.entries, tc.pivots)
			}
			expanded := func(opts ...store.QueryOption) int {
				var stats store.QueryStats
				for _, vector := range directionless(5, 20, len(tc.vectors[0])) {
					query(t, c, vector, 10, append(opts, store.Epsilon(0.3), store.CollectStats(&stats))...)
				}
				return stats.Expanded
			}
			patience := 10 + 160*0.3*math.Sqrt(10)
			if tc.entries > 1 {
				patience = 10 + 160*0.3*math.Sqrt(10)/3
			}
			if byDefault, named, none := expanded(), expanded(store.Patience(int(patience))), expanded(store.Patience(0)); byDefault != named || tc.entries > 1 && named == none {
				t.Errorf("expansions by default %d, with a patience of %v %d, with none %d", byDefault, patience, named, none)
			}
			upsert(t, c, items(tc.vectors[:100]))
			if warm := prepare(t, c); warm.Dials != first.Dials || warm.Reused != n-100 {
				t.Errorf("after changes %+v with %d reused, before %+v", warm.Dials, warm.Reused, first.Dials)
			}
			query(t, c, tc.vectors[0], 1, store.Epsilon(0), store.CollectStats(&stats))
			if stats.Expanded < max(tc.entries, 1) || stats.Distances < tc.pivots {
				t.Errorf("after changes a query is %+v, want %d entries of %d pivots at least", stats, tc.entries, tc.pivots)
			}
		})
	}
}

// islands are many small groups of vectors, far from one another.
func islands(seed uint64, n, dim int) [][]float32 {
	random := rand.New(rand.NewPCG(seed, 10))
	vectors, centers := make([][]float32, n), directionless(seed, n/40, dim)
	for i := range vectors {
		vectors[i] = slices.Clone(centers[random.IntN(len(centers))])
		for d := range vectors[i] {
			vectors[i][d] += 0.1 * float32(random.NormFloat64())
		}
	}
	return vectors
}
