package codec_test

import (
	"bytes"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/metric"
)

// lossyMetrics have codes, all of them with an error.
func lossyMetrics(t testing.TB) []*metric.Dense {
	t.Helper()
	proxied, err := metric.Lookup("jensen-shannon", metric.Params{Proxy: "cosine"})
	if err != nil {
		t.Fatal(err)
	}
	all := []*metric.Dense{proxied}
	for _, name := range []string{
		"euclidean", "manhattan", "chebyshev", "cosine", "inner_product", "correlation", "hellinger", "wasserstein_1d", "proxy_jensen-shannon",
	} {
		all = append(all, float32Metric(t, name))
	}
	return all
}

// codeError bounds how far a score is from the fast form of the metric that codes are searched by, when each component of
// what the kernel takes is off by up to half of the scale, and so each difference by the scale.
func codeError(m *metric.Dense, scale float64, x, y []float32) float64 {
	fast, n := math.Abs(float64(m.Fast(x, y))), float64(len(x))
	rounding := 1e-5 * (1 + fast)
	switch m.Kernel() {
	case metric.Max:
		return scale + rounding
	case metric.L1:
		return n*scale + rounding
	case metric.InnerProduct:
		sum := 0.0
		for i := range x {
			sum += math.Abs(float64(x[i])) + math.Abs(float64(y[i]))
		}
		return sum*scale/2 + n*scale*scale/4 + rounding
	case metric.Cosine:
		fast, scale = 2*fast, scale/math.Sqrt2
	}
	return 2*math.Sqrt(fast)*scale*math.Sqrt(n) + n*scale*scale + rounding
}

// Scores are the metric's fast forms but for the error of the codes, whether a row or a query is compared, and also of
// queries that lie outside of what codes reach.
func TestUint8Score(t *testing.T) {
	for _, m := range lossyMetrics(t) {
		searched := m
		if proxy, ok := m.Proxy(); ok {
			searched = proxy
		}
		for _, dim := range []int{3, 60, 64, 150, 320} {
			vectors := shares(uint64(dim), 70, dim)
			queries := append(shares(1000, 5, dim), slices.Clone(vectors[0]), slices.Clone(vectors[1]))
			queries[5][0], queries[6][0] = 8, -8 // outside
			c, rows := compactRows(t, m, vectors)
			scale := float64(c.CodeParams().Scale)
			scores, scorer := make([]float32, len(vectors)), rows.Scorer()
			numbers := make([]uint32, len(vectors))
			for i := range numbers {
				numbers[i] = uint32(i)
			}
			check := func(x []float32, scale float64) {
				t.Helper()
				for j, y := range vectors {
					want, allowed := float64(searched.Fast(x, y)), codeError(searched, scale, x, y)
					if got := float64(scores[j]); !(math.Abs(got-want) <= allowed) {
						t.Fatalf("%s, dim %d: row %d scores %v, want %v within %v", m.Name(), dim, j, got, want, allowed)
					}
				}
			}
			for i, x := range vectors {
				rows.Distances(scores, uint32(i), numbers)
				check(x, scale)
			}
			for _, query := range queries {
				if m.Check(query) != nil {
					continue
				}
				scorer.Prepare(codec.Vector{Dense: query})
				scorer.Score(scores, numbers)
				check(query, max(scale, 12.0/255)) // the scale that a query of its own has
			}
		}
	}
}

// Of the ten nearest rows by the metric, at least 99 in 100 are among the 20 nearest by score.
func TestUint8Candidates(t *testing.T) {
	const count, dim, queries, wanted, candidates = 3000, 48, 40, 10, 20
	for _, name := range []string{"euclidean", "manhattan", "cosine", "inner_product", "correlation"} {
		_, rows := compactRows(t, float32Metric(t, name), float32Vectors(11, count, dim))
		scorer, found := rows.Scorer(), 0
		numbers, scores, exact := make([]uint32, count), make([]float32, count), make([]float32, count)
		for i := range numbers {
			numbers[i] = uint32(i)
		}
		for _, query := range float32Vectors(12, queries, dim) {
			scorer.Prepare(codec.Vector{Dense: query})
			scorer.Score(scores, numbers)
			scorer.Exact(exact, numbers)
			limit, nearest := sorted(scores)[candidates-1], sorted(exact)[wanted-1]
			for i := range numbers {
				if exact[i] <= nearest && scores[i] <= limit {
					found++
				}
			}
		}
		if recall := float64(found) / (queries * wanted); recall < 0.99 {
			t.Errorf("%s: %.3f of the nearest rows are candidates, want 0.99", name, recall)
		}
	}
}

func sorted(v []float32) []float32 {
	v = slices.Clone(v)
	slices.Sort(v)
	return v
}

// Queries far outside are still told apart by the rows that are nearer to them.
func TestUint8QueryOutside(t *testing.T) {
	for _, name := range []string{"euclidean", "manhattan", "chebyshev", "inner_product"} {
		m := float32Metric(t, name)
		vectors := float32Vectors(5, 50, 30)
		for _, v := range vectors {
			clear(v[5:]) // what a single component decides must not be outweighed by the others
			clear(v[:4])
		}
		_, rows := compactRows(t, m, vectors)
		scorer := rows.Scorer()
		for _, far := range []float32{40, -40, 3000, 1e25} {
			query := make([]float32, 30)
			query[4] = far
			scorer.Prepare(codec.Vector{Dense: query})
			var scores [2]float32
			best, worst := uint32(0), uint32(0) // in the one component that decides
			for i, v := range vectors {
				if v[4]*far > vectors[best][4]*far {
					best = uint32(i)
				}
				if v[4]*far < vectors[worst][4]*far {
					worst = uint32(i)
				}
			}
			scorer.Score(scores[:], []uint32{best, worst})
			told := scores[0] < scores[1] || far > 1e20 && scores[0] == scores[1] // lost in the precision of float32
			if !told || math.IsInf(float64(scores[0]), 0) {
				t.Errorf("%s: from %v the nearest row is at %v, the farthest at %v", name, far, scores[0], scores[1])
			}
		}
	}
}

// sameExact compares the exact distances of queries to coded vectors with those that float32 rows give, bit for bit.
func sameExact(t *testing.T, m *metric.Dense, rows codec.Rows, vectors, queries [][]float32) {
	t.Helper()
	table := collector{codec: codec.NewFloat32(m, len(vectors[0]))}.table(t, len(vectors))
	numbers := make([]uint32, len(vectors))
	for i, v := range vectors {
		table.Append(codec.Vector{Dense: v})
		numbers[i] = uint32(i)
	}
	got, want := make([]float32, len(vectors)), make([]float32, len(vectors))
	scorer, model := rows.Scorer(), table.Rows().Scorer()
	for _, query := range queries {
		scorer.Prepare(codec.Vector{Dense: query})
		model.Prepare(codec.Vector{Dense: query})
		scorer.(interface{ PrefetchExact(rows []uint32) }).PrefetchExact(numbers)
		scorer.Exact(got, numbers)
		model.Exact(want, numbers)
		for i := range got {
			if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
				t.Fatalf("%s: row %d is at %v, want %v", m.Name(), i, got[i], want[i])
			}
		}
	}
}

// Exact gives the bits that the scorer of float32 rows gives, so that rows of both kinds can be ranked together.
func TestUint8Exact(t *testing.T) {
	for _, m := range lossyMetrics(t) {
		vectors := shares(9, 40, 37)
		c, rows := compactRows(t, m, vectors)
		sameExact(t, m, rows, vectors, append(shares(10, 3, 37), vectors[3]))
		if got, want := c.Correct(0.25), m.Correct(0.25); got != want {
			t.Errorf("%s: 0.25 is the distance %v, want %v", m.Name(), got, want)
		}
		searched := m
		if proxy, ok := m.Proxy(); ok {
			searched = proxy
		}
		if got, want := c.StretchScore(0.25, 0.1), searched.Stretch(0.25, 0.1); got != want {
			t.Errorf("%s: a score of 0.25 is stretched to %v, want %v", m.Name(), got, want)
		}
		if got, want := c.Stretch(0.25, 0.1), m.Stretch(0.25, 0.1); got != want {
			t.Errorf("%s: 0.25 is stretched to %v, want %v", m.Name(), got, want)
		}
	}
}

// Whatever the components: distances are symmetric, a scorer gives a row's vector what the row gets, and vectors come back,
// bit for bit.
func TestUint8Properties(t *testing.T) {
	metrics := lossyMetrics(t)
	rapid.Check(t, func(rt *rapid.T) {
		m := rapid.SampledFrom(metrics).Draw(rt, "metric")
		dim := rapid.OneOf(rapid.IntRange(1, 140), rapid.SampledFrom([]int{256, 320})).Draw(rt, "dim")
		spread := rapid.SampledFrom([]float64{0, 1e-30, 1, 1e15}).Draw(rt, "spread")
		vectors := drawVectors(rt, codec.NewFloat32(m, dim), spread, 80)
		_, rows := compactRows(t, m, vectors)
		checkAgreement(rt, rows, vectors)
	})
}

// The range of codes is that of all components: each comes back within half of the scale, however far one lies.
func TestUint8Range(t *testing.T) {
	for _, outlier := range []float32{0, 1000, -30000} {
		vectors := float32Vectors(2, 200, 11)
		vectors[150][10] = outlier
		c, codes := compact(t, float32Metric(t, "euclidean"), vectors)
		p := c.CodeParams()
		if lowest := slices.Min(slices.Concat(vectors...)); p.Offset != lowest {
			t.Errorf("offset %v, the least component is %v", p.Offset, lowest)
		}
		for i, v := range vectors {
			for j, x := range v {
				code := codes.Codes[i*codes.Stride+j]
				decoded := float64(p.Offset) + float64(p.Scale)*float64(code)
				if math.Abs(decoded-float64(x)) > float64(p.Scale)*0.5001 {
					t.Fatalf("component %v has code %d, which stands for %v: %+v", x, code, decoded, p)
				}
			}
		}
	}
}

// Equal vectors have equal parameters and codes, whatever their order.
func TestUint8Order(t *testing.T) {
	for _, m := range lossyMetrics(t) {
		vectors := shares(4, 30, 21)
		first, codes := compact(t, m, vectors)
		slices.Reverse(vectors)
		second, reversed := compact(t, m, vectors)
		order := make([]uint32, len(vectors))
		for i := range order {
			order[i] = uint32(len(order) - 1 - i)
		}
		codes.Permute(order)
		if first.CodeParams() != second.CodeParams() || !bytes.Equal(codes.Codes, reversed.Codes) || !bytes.Equal(codes.Vectors, reversed.Vectors) {
			t.Errorf("%s: %+v and, backwards, %+v", m.Name(), first.CodeParams(), second.CodeParams())
		}
	}
}

// A block of distances is that of the rows one after the other, in every metric, of codes that lose something and of others.
func TestUint8Block(t *testing.T) {
	check := func(m *metric.Dense, vectors [][]float32) {
		_, view := compactRows(t, m, vectors)
		rows := view.(*codec.Uint8Rows)
		some, others := []uint32{3, 0, 7, 7, 21, 2, 5}, []uint32{1, 9, 3, 21, 30, 30, 8}
		got, want := make([]float32, len(some)*len(others)), make([]float32, len(some)*len(others))
		for i, row := range some {
			rows.Distances(want[i*len(others):], row, others)
		}
		allocations := testing.AllocsPerRun(1, func() { rows.BlockDistances(got, some, others) })
		if !slices.Equal(got, want) || allocations != 0 {
			t.Errorf("%s: %v, want %v; %v allocations", m.Name(), got, want, allocations)
		}
	}
	for _, dim := range []int{70, 64, 320} { // with and without room for sums, and spherical
		for _, m := range lossyMetrics(t) {
			check(m, shares(4, 40, dim))
		}
		check(float32Metric(t, "cosine"), ternary(6, 40, 320)) // spherical codes that are not all of one length
		whole := shares(5, 40, dim)
		for _, v := range whole {
			for i := range v {
				v[i] = float32(int(v[i] * 255))
			}
		}
		for _, name := range []string{"euclidean", "manhattan", "chebyshev"} {
			check(float32Metric(t, name), whole)
		}
	}
}
