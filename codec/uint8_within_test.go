package codec_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/metric"
)

// ScoreWithin is Score with what is above the bound left out, bit for bit, whatever was prepared before: queries that are codes, with blocks
// in which they have nothing or without, and others.
func TestUint8ScoreWithin(t *testing.T) {
	check := func(m *metric.Dense, vectors [][]float32) {
		c, rows := compactRows(t, m, vectors)
		scorer := rows.Scorer().(*codec.Uint8Scorer)
		outside, gaps := slices.Clone(vectors[1]), slices.Clone(vectors[2])
		outside[0] = 1000.5
		clear(gaps[len(gaps)/9 : len(gaps)/3])
		clear(gaps[len(gaps)/2:])
		r := rand.New(rand.NewPCG(4, 5))
		for _, query := range [][]float32{vectors[3], gaps, vectors[50], gaps, outside, gaps} {
			v := codec.Vector{Dense: query}
			scorer.Prepare(v)
			checkWithin(t, r, m.Name(), scorer, len(vectors))
			code := make([]byte, c.Stride())
			if scorer.Code(code, v) {
				scorer.Prepare(codec.Vector{Dense: gaps})
				scorer.PrepareCode(v, code)
				checkWithin(t, r, m.Name()+" by a code", scorer, len(vectors))
			}
		}
	}
	for _, m := range lossyMetrics(t) {
		check(m, shares(9, 80, 100))
		check(m, shares(9, 80, 64))  // without sums
		check(m, shares(9, 80, 320)) // spherical under cosine
		check(m, shares(9, 80, 700))
	}
	for name := range norms {
		check(float32Metric(t, name), counts(9, 80, 100))
		check(float32Metric(t, name), counts(9, 80, 700))
	}
}

// checkWithin compares ScoreWithin with Score, for some of n rows.
func checkWithin(t *testing.T, r *rand.Rand, name string, scorer codec.WithinScorer, n int) {
	t.Helper()
	for range 30 {
		numbers := make([]uint32, r.IntN(150))
		for i := range numbers {
			numbers[i] = r.Uint32N(uint32(n))
		}
		all := make([]float32, len(numbers))
		scorer.Score(all, numbers)
		for _, bound := range append(boundsAt(r, all), float32(math.Inf(1)), float32(math.NaN()), 0, -1) {
			var want []float32
			var wantRows []uint32
			for i, score := range all {
				if score <= bound {
					want, wantRows = append(want, score), append(wantRows, numbers[i])
				}
			}
			dst, kept := make([]float32, len(numbers)), slices.Clone(numbers)
			count := scorer.ScoreWithin(dst, kept, bound)
			if !slices.Equal(dst[:count], want) || !slices.Equal(kept[:count], wantRows) {
				t.Fatalf("%s: %d of %d rows within %v, want %d", name, count, len(numbers), bound, len(want))
			}
		}
	}
}

// A scorer finds the rows that are new as rows do, whatever it asks for of them.
func TestUint8Scorer_Unseen(t *testing.T) {
	vectors := counts(9, 80, 700)
	_, rows := compactRows(t, float32Metric(t, "euclidean"), vectors)
	scorer := rows.Scorer().(*codec.Uint8Scorer)
	gaps := slices.Clone(vectors[2])
	clear(gaps[:300])
	for _, query := range [][]float32{vectors[3], gaps, make([]float32, 700)} {
		scorer.Prepare(codec.Vector{Dense: query})
		seen, dst := []uint64{1 << 5, 0}, make([]uint32, 6)
		if count, ok := scorer.Unseen(dst, seen, []uint32{5, 79, 4, 79, 0, 64}, 80); !ok || !slices.Equal(dst[:count], []uint32{79, 4, 0, 64}) {
			t.Errorf("new are %v, %t", dst[:count], ok)
		}
		if count, ok := scorer.Unseen(dst, seen, []uint32{5, 6, 80, 7}, 80); ok || !slices.Equal(dst[:count], []uint32{6}) {
			t.Errorf("before a row that is none, new are %v, %t", dst[:count], ok)
		}
	}
}

// A query whose code was made before is compared as one that is prepared, whatever was prepared in between.
func TestUint8PrepareCode(t *testing.T) {
	check := func(m *metric.Dense, vectors [][]float32) {
		c, rows := compactRows(t, m, vectors)
		scorer, numbers := rows.Scorer().(*codec.Uint8Scorer), make([]uint32, len(vectors))
		for i := range numbers {
			numbers[i] = uint32(i)
		}
		scores := func(exact bool) []float32 {
			dst := make([]float32, len(numbers))
			if exact {
				scorer.Exact(dst, numbers)
			} else {
				scorer.Score(dst, numbers)
			}
			return dst
		}
		code := make([]byte, c.Stride())
		outside := codec.Vector{Dense: slices.Clone(vectors[1])}
		outside.Dense[0] = 1000.5
		for i, v := range vectors {
			query := codec.Vector{Dense: v}
			scorer.Prepare(query)
			want, wantExact := scores(false), scores(true)
			if scorer.Prepare(outside); c.CodeParams().Lossless && scorer.Code(code, outside) {
				t.Fatalf("%s: a query that lies outside is a code", m.Name())
			}
			if !scorer.Code(code, query) {
				t.Fatalf("%s: query %d is no code", m.Name(), i)
			}
			scorer.PrepareCode(query, code)
			clear(code)
			if got := scores(false); !slices.Equal(got, want) {
				t.Fatalf("%s: query %d scores %v, want %v", m.Name(), i, got, want)
			}
			if got := scores(true); !slices.Equal(got, wantExact) {
				t.Fatalf("%s: query %d is exactly %v away, want %v", m.Name(), i, got, wantExact)
			}
		}
	}
	for _, m := range lossyMetrics(t) {
		check(m, shares(9, 80, 100))
		check(m, shares(9, 80, 320))
	}
	for name := range norms {
		check(float32Metric(t, name), counts(9, 80, 100))
	}
	check(float32Metric(t, "euclidean"), skewed(9, 80, 100)) // turned
}

// boundsAt returns a score, and the numbers next to it.
func boundsAt(r *rand.Rand, scores []float32) []float32 {
	if len(scores) == 0 {
		return nil
	}
	score := scores[r.IntN(len(scores))]
	return []float32{score, math.Nextafter32(score, -math.MaxFloat32), math.Nextafter32(score, math.MaxFloat32)}
}

func TestUint8ScoreWithinAllocatesNothing(t *testing.T) {
	for _, dim := range []int{100, 320} {
		vectors := shares(1, 80, dim)
		_, rows := compactRows(t, float32Metric(t, "cosine"), vectors)
		scorer := rows.Scorer().(codec.WithinScorer)
		scorer.Prepare(codec.Vector{Dense: vectors[0]})
		dst, numbers := make([]float32, 80), make([]uint32, 80)
		bound := float32(0)
		if allocations := testing.AllocsPerRun(10, func() { bound += 0.01; scorer.ScoreWithin(dst, numbers, bound) }); allocations != 0 {
			t.Errorf("%d components: %v allocations", dim, allocations)
		}
	}
}

// BenchmarkUint8Within compares one call with two steps, of 32 random rows of which a fourth are within the bound.
func BenchmarkUint8Within(b *testing.B) {
	for _, dim := range []int{100, 784} {
		vectors := counts(1, 400_000/dim, dim)
		_, rows := compactRows(b, float32Metric(b, "euclidean"), vectors)
		scorer := rows.Scorer().(codec.WithinScorer)
		scorer.Prepare(codec.Vector{Dense: vectors[0]})
		r, numbers := rand.New(rand.NewPCG(1, 2)), make([]uint32, 1<<12)
		for i := range numbers {
			numbers[i] = r.Uint32N(uint32(len(vectors)))
		}
		all := make([]float32, len(numbers))
		scorer.Score(all, numbers)
		slices.Sort(all)
		bound := all[len(all)/4]
		for name, within := range map[string]func(dst []float32, rows []uint32) int{
			"one": func(dst []float32, rows []uint32) int { return scorer.ScoreWithin(dst, rows, bound) },
			"two": func(dst []float32, rows []uint32) int {
				scorer.Score(dst, rows)
				kept := 0
				for i, row := range rows {
					if dst[i] <= bound {
						dst[kept], rows[kept] = dst[i], row
						kept++
					}
				}
				return kept
			},
		} {
			b.Run(fmt.Sprintf("%s/dim=%d", name, dim), func(b *testing.B) {
				const batch = 32
				var dst [batch]float32
				var of [batch]uint32
				at := 0
				for b.Loop() {
					copy(of[:], numbers[at:])
					within(dst[:], of[:])
					at = (at + batch) % (len(numbers) - batch)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/batch, "ns/row")
			})
		}
	}
}
