package nnd_test

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/vicinaldb/store/metric"
	"github.com/vicinaldb/store/nnd"
)

// data are vectors of some kind, vectors to ask for, and a metric.
type data[V any] struct {
	vectors, queries []V
	index            func(ctx context.Context, vectors []V, o nnd.Options) (*nnd.Index[V], error)
	distance         func(x, y V) float32 // the true one, by the metric's definition
}

// denseData takes as many of the vectors for queries.
func denseData(m *metric.Dense, vectors [][]float32, queries int) data[[]float32] {
	return data[[]float32]{
		vectors: vectors[queries:], queries: vectors[:queries], distance: m.Distance,
		index: func(ctx context.Context, vectors [][]float32, o nnd.Options) (*nnd.Index[[]float32], error) {
			return nnd.NewDense(ctx, vectors, m, o)
		},
	}
}

func sparseData(m *metric.Sparse, vectors []metric.SparseVector, queries int) data[metric.SparseVector] {
	return data[metric.SparseVector]{
		vectors: vectors[queries:], queries: vectors[:queries], distance: m.Distance,
		index: func(ctx context.Context, vectors []metric.SparseVector, o nnd.Options) (*nnd.Index[metric.SparseVector], error) {
			return nnd.NewSparse(ctx, vectors, m, o)
		},
	}
}

func bitsData(m *metric.Bits, vectors [][]uint64, queries int) data[[]uint64] {
	return data[[]uint64]{
		vectors: vectors[queries:], queries: vectors[:queries], distance: m.Distance,
		index: func(ctx context.Context, vectors [][]uint64, o nnd.Options) (*nnd.Index[[]uint64], error) {
			return nnd.NewBits(ctx, vectors, m, o)
		},
	}
}

// build makes an index.
func (d data[V]) build(t testing.TB, o nnd.Options) *nnd.Index[V] {
	t.Helper()
	x, err := d.index(t.Context(), d.vectors, o)
	must(t, err)
	return x
}

// prepared makes an index with a search graph.
func (d data[V]) prepared(t testing.TB, o nnd.Options) *nnd.Index[V] {
	t.Helper()
	x := d.build(t, o)
	must(t, x.Prepare(t.Context()))
	return x
}

// nearest is the naive model of a query: the distances of the nearest vectors of which number is not except.
func (d data[V]) nearest(v V, k, except int) []float32 {
	var all []float32
	for number, other := range d.vectors {
		if number != except {
			all = append(all, d.distance(v, other))
		}
	}
	slices.Sort(all)
	return all[:min(k, len(all))]
}

// check fails unless candidates are sorted, different rows with their true distances.
func (d data[V]) check(t testing.TB, v V, found []nnd.Candidate) {
	t.Helper()
	seen := map[uint32]bool{}
	for i, c := range found {
		if want := d.distance(v, d.vectors[c.Row]); !alike(c.Distance, want) {
			t.Fatalf("row %d is at %v, want %v", c.Row, c.Distance, want)
		}
		if seen[c.Row] {
			t.Fatalf("row %d is found twice", c.Row)
		}
		seen[c.Row] = true
		if i > 0 && (c.Distance < found[i-1].Distance || c.Distance == found[i-1].Distance && c.Row < found[i-1].Row) {
			t.Fatalf("results %v, %v are not sorted", found[i-1], c)
		}
	}
}

// graphRecall is the share of true neighbors in the neighbor graph, of every so manieth row. Among equals any will do.
func (d data[V]) graphRecall(t testing.TB, x *nnd.Index[V], k, step int) float64 {
	t.Helper()
	g := x.NeighborGraph()
	if g.Len() != len(d.vectors) {
		t.Fatalf("graph of %d rows, want %d", g.Len(), len(d.vectors))
	}
	hits, all := 0, 0
	for row := 0; row < len(d.vectors); row += step {
		rows, distances := g.Neighbors(uint32(row))
		var found []nnd.Candidate
		for i, id := range rows {
			if id == uint32(row) {
				t.Fatalf("row %d is its own neighbor", row)
			}
			found = append(found, nnd.Candidate{Row: id, Distance: distances[i]})
		}
		if !slices.IsSorted(distances) {
			t.Fatalf("row %d: distances %v are not sorted", row, distances)
		}
		found = found[:min(k, len(found))]
		truth := d.nearest(d.vectors[row], k, row)
		hits, all = hits+hitsAt(found, truth), all+len(truth)
	}
	return float64(hits) / float64(all)
}

// alike says whether distances are equal but for rounding: kernels compute some of them another way than the definition.
func alike(a, b float32) bool { return math.Abs(float64(a-b)) <= 1e-5*math.Abs(float64(b))+1e-6 }

// hitsAt counts how many of the candidates are as near as the true ones.
func hitsAt(found []nnd.Candidate, truth []float32) int {
	count := 0
	for _, c := range found {
		if len(truth) > 0 && (c.Distance <= truth[len(truth)-1] || alike(c.Distance, truth[len(truth)-1])) {
			count++
		}
	}
	return min(count, len(truth))
}

// queryRecall is the share of the true k nearest that queries find by walking the graph.
func (d data[V]) queryRecall(t testing.TB, x *nnd.Index[V], k int, epsilon float64) float64 {
	t.Helper()
	hits, all := 0, 0
	var stats nnd.SearchStats
	for _, v := range d.queries {
		found, err := x.Query(t.Context(), v, k, nnd.QueryOptions{Epsilon: &epsilon, Stats: &stats})
		must(t, err)
		if len(found) != k {
			t.Fatalf("%d results, want %d", len(found), k)
		}
		d.check(t, v, found)
		hits, all = hits+hitsAt(found, d.nearest(v, k, -1)), all+k
	}
	if stats.Expanded < len(d.queries) || stats.Distances >= len(d.queries)*len(d.vectors) {
		t.Fatalf("%+v: some query compared all rows; the graph is what is tested", stats)
	}
	return float64(hits) / float64(all)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func lookup(t testing.TB, name string, params ...metric.Params) *metric.Dense {
	t.Helper()
	m, err := metric.Lookup(name, params...)
	must(t, err)
	return m
}

func lookupSparse(t testing.TB, name string, dim uint32, params ...metric.Params) *metric.Sparse {
	t.Helper()
	m, err := metric.LookupSparse(name, dim, params...)
	must(t, err)
	return m
}

func lookupBits(t testing.TB, name string, bits uint32) *metric.Bits {
	t.Helper()
	m, err := metric.LookupBits(name, bits)
	must(t, err)
	return m
}

// half draws sparse vectors of which every second component, by chance, is there.
func half(n, dim int, seed uint64) []metric.SparseVector {
	r := rand.New(rand.NewPCG(seed, 4))
	vectors := make([]metric.SparseVector, n)
	for i := range vectors {
		for feature := range uint32(dim) {
			if r.IntN(2) == 0 {
				vectors[i].Indices = append(vectors[i].Indices, feature)
				vectors[i].Values = append(vectors[i].Values, 0.01+r.Float32())
			}
		}
	}
	return vectors
}

// texts draws sparse vectors like those of words in texts: few of many features, some of them common to all texts, most of
// them common to those about one topic.
func texts(n int, seed uint64) []metric.SparseVector {
	r := rand.New(rand.NewPCG(seed, 5))
	vectors := make([]metric.SparseVector, n)
	for i := range vectors {
		counts := map[uint32]float32{}
		topic := r.Uint32N(topics)
		for range 20 + r.IntN(40) {
			if r.IntN(4) == 0 {
				counts[rare(r, topicWords)]++
			} else {
				counts[topicWords*(1+topic)+rare(r, topicWords)]++
			}
		}
		for feature := range counts {
			vectors[i].Indices = append(vectors[i].Indices, feature)
		}
		slices.Sort(vectors[i].Indices)
		for _, feature := range vectors[i].Indices {
			vectors[i].Values = append(vectors[i].Values, 1+float32(math.Log(float64(counts[feature]))))
		}
	}
	return vectors
}

const topics, topicWords, allWords = 20, 100, 21 * 100

// rare draws a number below n, small ones more often.
func rare(r *rand.Rand, n uint32) uint32 { return min(r.Uint32N(n), r.Uint32N(n), r.Uint32N(n)) }

// flips draws vectors of so many bits: centers, with every bit flipped with a probability of 1 in rarity.
func flips(n int, bits uint32, centers, rarity int, seed uint64) [][]uint64 {
	r := rand.New(rand.NewPCG(seed, 6))
	words := int(bits+63) / 64
	middle := make([][]uint64, centers)
	for i := range middle {
		middle[i] = make([]uint64, words)
		for bit := range bits {
			middle[i][bit/64] |= uint64(r.IntN(2)) << (bit % 64)
		}
	}
	vectors := make([][]uint64, n)
	for i := range vectors {
		vectors[i] = slices.Clone(middle[r.IntN(centers)])
		for bit := range bits {
			if r.IntN(rarity) == 0 {
				vectors[i][bit/64] ^= 1 << (bit % 64)
			}
		}
	}
	return vectors
}
