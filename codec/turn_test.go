package codec_test

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/vicinaldb/store/codec"
)

// turned is the model of how vectors are turned, by FORMAT.md: one product with a matrix, or two.
func turned(v []float32) []float64 {
	size := 1
	for 2*size <= len(v) {
		size *= 2
	}
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = float64(x)
	}
	parts := [][]float64{out[:size], out[len(v)-size:]}
	if size == len(v) {
		parts = parts[:1]
	}
	for pass, part := range parts {
		in := slices.Clone(part)
		for i := range part {
			part[i] = 0
			for j, x := range in {
				sign := turnedSign(uint64(pass*size + j))
				if bits.OnesCount(uint(i&j))%2 != 0 {
					sign = -sign
				}
				part[i] += sign * x / math.Sqrt(float64(size))
			}
		}
	}
	return out
}

func turnedSign(place uint64) float64 {
	z := (place + 1) * 0x9e3779b97f4a7c15
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	if z>>63 == 1 {
		return -1
	}
	return 1
}

// skewed are vectors with a component that is much larger than others.
func skewed(seed uint64, n, dim int) [][]float32 {
	r := rand.New(rand.NewPCG(seed, 1))
	vectors := float32Vectors(seed, n, dim)
	for _, v := range vectors {
		v[1] = float32(10 + 3*r.NormFloat64())
	}
	return vectors
}

// TestUint8Turned wants vectors turned where steps become shorter, and codes that stand for what the model gives.
func TestUint8Turned(t *testing.T) {
	for _, name := range []string{"euclidean", "cosine", "inner_product"} {
		for _, dim := range []int{32, 47, 64, 100, 128, 384} {
			vectors := skewed(uint64(dim), 60, dim)
			c, codes := compact(t, float32Metric(t, name), vectors)
			p := c.CodeParams()
			if !p.Turned {
				t.Fatalf("%s, dim %d: %+v, want turned codes", name, dim, p)
			}
			for i, v := range vectors {
				want, scale := turned(v), 1.0
				if name == "cosine" {
					scale = 1 / math.Sqrt(dot64(v, v))
				}
				allowed := 0.5
				if p.Spherical { // some components are rounded the other way, and a few moved
					allowed = 2.5
				}
				for j, x := range want {
					got := float64(codes.Codes[i*c.Stride()+j])
					if steps := (x*scale - float64(p.Offset)) / float64(p.Scale); math.Abs(got-steps) > allowed+1e-3 {
						t.Fatalf("%s, dim %d: component %d of vector %d has code %v, want %v", name, dim, j, i, got, steps)
					}
				}
			}
		}
	}
}

func dot64(x, y []float32) float64 {
	sum := 0.0
	for i := range x {
		sum += float64(x[i]) * float64(y[i])
	}
	return sum
}

// TestUint8Turned_Not keeps vectors as they are where turning brings nothing, or would change distances.
func TestUint8Turned_Not(t *testing.T) {
	infinite := skewed(1, 20, 64)
	for i := range infinite[3] { // one sum of these is beyond float32, and the others are 0
		infinite[3][i] = float32(3e38 * turnedSign(uint64(i)))
	}
	tall := counts(1, 20, 64)
	for _, v := range tall {
		v[1] = 255
		for i := 2; i < len(v); i++ {
			v[i] = float32(int(v[i]) % 8)
		}
	}
	for _, tc := range []struct {
		reason, metric string
		vectors        [][]float32
	}{
		{"components of one size", "cosine", float32Vectors(1, 50, 384)},
		{"few components", "euclidean", skewed(1, 20, 31)},
		{"absolute differences", "manhattan", skewed(1, 20, 64)},
		{"largest differences", "chebyshev", skewed(1, 20, 64)},
		{"lossless codes", "euclidean", counts(1, 20, 64)},
		{"integers, of which codes lose nothing either", "inner_product", tall},
		{"sums that are beyond float32", "euclidean", infinite},
	} {
		if c, _ := compact(t, float32Metric(t, tc.metric), tc.vectors); c.CodeParams().Turned {
			t.Errorf("%s: %+v", tc.reason, c.CodeParams())
		}
	}
}

// TestUint8Turned_Nearest ranks by codes of skewed vectors: turned ones tell the nearest apart, others hardly.
func TestUint8Turned_Nearest(t *testing.T) {
	const count, dim = 1500, 384
	m := float32Metric(t, "euclidean")
	vectors := skewed(5, count, dim)
	for _, v := range vectors {
		v[1] += 90
	}
	c, rows := compactRows(t, m, vectors)
	plain := c.CodeParams()
	plain.Turned, plain.Offset, plain.Scale = false, -5, 120.0/255
	other, err := codec.NewUint8(m, dim, plain)
	if err != nil {
		t.Fatal(err)
	}
	table, err := other.NewTable(count)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range vectors {
		table.Append(codec.Vector{Dense: v})
	}
	if with, without := firstOf(rows, count), firstOf(table.Rows(), count); with < 0.9 || with < without+0.1 {
		t.Errorf("of the ten nearest %.3f are so by turned codes, %.3f by others", with, without)
	}
}

// firstOf is the share of the ten nearest of some rows that are the ten nearest by their scores.
func firstOf(rows codec.Rows, count int) float64 {
	const queries, wanted = 30, 10
	numbers, scores, exact, found := make([]uint32, count), make([]float32, count), make([]float32, count), 0
	for i := range numbers {
		numbers[i] = uint32(i)
	}
	scorer := rows.Scorer()
	for q := range uint32(queries) {
		v, _ := rows.Vector(q)
		scorer.Prepare(v)
		scorer.Score(scores, numbers)
		scorer.Exact(exact, numbers)
		limit, nearest := sorted(scores)[wanted-1], sorted(exact)[wanted-1]
		for i := range numbers {
			if exact[i] <= nearest && scores[i] <= limit {
				found++
			}
		}
	}
	return float64(found) / (queries * wanted)
}

// TestUint8Turned_QueryBeyond has a query that is finite and, turned, not: scores are numbers all the same.
func TestUint8Turned_QueryBeyond(t *testing.T) {
	const dim = 64
	for _, name := range []string{"euclidean", "inner_product"} {
		_, rows := compactRows(t, float32Metric(t, name), skewed(2, 30, dim))
		scorer, scores := rows.Scorer(), make([]float32, 30)
		numbers := make([]uint32, 30)
		for i := range numbers {
			numbers[i] = uint32(i)
		}
		query := slices.Repeat([]float32{3e38, -3e38}, dim/2)
		scorer.Prepare(codec.Vector{Dense: query})
		scorer.Score(scores, numbers)
		for i, score := range scores {
			if score != score {
				t.Fatalf("%s: row %d scores %v", name, i, score)
			}
		}
	}
}

// TestUint8Learner_Merge wants of learners that saw some of the vectors each what one comes to that saw all.
func TestUint8Learner_Merge(t *testing.T) {
	beyond := skewed(2, 20, 64)
	for i := range beyond[3] {
		beyond[3][i] = float32(3e38 * turnedSign(uint64(i)))
	}
	for _, vectors := range [][][]float32{skewed(2, 20, 64), beyond} {
		floats := codec.NewFloat32(float32Metric(t, "euclidean"), 64)
		var learners [3]*codec.Uint8Learner
		for i := range learners {
			var err error
			if learners[i], err = floats.Learner(); err != nil {
				t.Fatal(err)
			}
		}
		for i, v := range vectors {
			for _, l := range []*codec.Uint8Learner{learners[0], learners[1+i%2]} {
				if err := l.AddPlain(codec.AppendVector(nil, v)); err != nil {
					t.Fatal(err)
				}
			}
		}
		learners[1].Merge(learners[2])
		if got, want := learners[1].Codec().CodeParams(), learners[0].Codec().CodeParams(); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
}
