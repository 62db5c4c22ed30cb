package codec_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/internal/mapped"
	"github.com/vicinaldb/store/metric"
)

func halfCodec(t testing.TB, m *metric.Dense, dim int) *codec.Float16 {
	t.Helper()
	c, err := codec.NewFloat16(m, dim)
	if err != nil {
		t.Fatal(m.Name(), err)
	}
	return c
}

// halfRows makes half floats of vectors.
func halfRows(t testing.TB, m *metric.Dense, vectors [][]float32) (*codec.Float16, codec.Rows, codec.Codes) {
	t.Helper()
	c := halfCodec(t, m, len(vectors[0]))
	table := collector{codec: c}.table(t, len(vectors))
	for _, v := range vectors {
		table.Append(codec.Vector{Dense: v})
	}
	codes := table.Codes()
	return c, collector{codec: c}.view(t, codes), codes
}

// Each component is the half nearest to it, with zeros behind the last.
func TestFloat16Codes(t *testing.T) {
	v := []float32{1, -2.5, 0, 1.0 / 3, 65504, -65519, 1.0 + 1.0/2048, 1.0 + 3.0/2048, 6e-8, -1e-9, 6.1e-5}
	want := []uint16{0x3c00, 0xc100, 0, 0x3555, 0x7bff, 0xfbff, 0x3c00, 0x3c02, 0x0001, 0x8000, 0x03ff}
	_, _, codes := halfRows(t, float32Metric(t, "euclidean"), [][]float32{v})
	code := make([]byte, 64)
	for i, half := range want {
		binary.LittleEndian.PutUint16(code[2*i:], half)
	}
	if !bytes.Equal(codes.Codes, code) || codes.Stride != 64 || codes.VectorStride != 44 {
		t.Errorf("codes %x of %d bytes, want %x", codes.Codes, codes.Stride, code)
	}
	// Under the cosine it is the vector at unit length: 3/5 and 4/5.
	_, _, codes = halfRows(t, float32Metric(t, "cosine"), [][]float32{{3e9, 4e9}})
	if x, y := binary.LittleEndian.Uint16(codes.Codes), binary.LittleEndian.Uint16(codes.Codes[2:]); x != 0x38cd || y != 0x3a66 {
		t.Errorf("3/5 and 4/5 are %#x and %#x", x, y)
	}
}

// No half is near components of 65,520 or more.
func TestFloat16Beyond(t *testing.T) {
	for _, tc := range []struct {
		metric string
		x      float32
		ok     bool
	}{
		{"euclidean", 65519, true},
		{"euclidean", 65520, false},
		{"euclidean", -65520, false},
		{"inner_product", 1e9, false},
		{"cosine", 1e9, true}, // at unit length
	} {
		c := halfCodec(t, float32Metric(t, tc.metric), 3)
		v := codec.Vector{Dense: []float32{1, tc.x, 2}}
		table := collector{codec: c}.table(t, 1)
		for _, err := range []error{c.Check(v), table.AppendPlain(c.AppendPlain(nil, v))} {
			if tc.ok && err != nil || !tc.ok && !errors.Is(err, codec.ErrNoCode) {
				t.Errorf("%v under %s: %v", tc.x, tc.metric, err)
			}
		}
	}
	if _, err := codec.NewFloat16(float32Metric(t, "canberra"), 3); !errors.Is(err, codec.ErrNoCode) {
		t.Errorf("under canberra: %v, want ErrNoCode", err)
	}
	c := halfCodec(t, float32Metric(t, "euclidean"), 3)
	if err := (collector{codec: c}).table(t, 1).AppendPlain(make([]byte, 11)); !errors.Is(err, codec.ErrCorrupt) {
		t.Errorf("a plain form that is too short: %v, want ErrCorrupt", err)
	}
}

// Scores are the metric's fast forms but for the error of the codes, whether a row or a query is compared, also of queries with
// components that no half is near. A component is off by at most 2^-11 of itself, as by a scale of the largest over 2^10.
func TestFloat16Score(t *testing.T) {
	for _, m := range lossyMetrics(t) {
		searched := m
		if proxy, ok := m.Proxy(); ok {
			searched = proxy
		}
		for _, dim := range []int{3, 32, 60, 150} {
			vectors := shares(uint64(dim), 70, dim)
			queries := append(shares(1000, 5, dim), slices.Clone(vectors[0]))
			queries[5][0] = 7e4
			c, rows, _ := halfRows(t, m, vectors)
			if c.Metric() != m.Name() || c.Dim() != dim || c.Kind() != codec.KindDense || c.Stride()%64 != 0 {
				t.Fatalf("%s: a codec %+v", m.Name(), c)
			}
			scores, scorer := make([]float32, len(vectors)), rows.Scorer()
			numbers := make([]uint32, len(vectors))
			for i := range numbers {
				numbers[i] = uint32(i)
			}
			check := func(x []float32) {
				t.Helper()
				for j, y := range vectors {
					scale := float64(max(1, slices.Max(y), min(slices.Max(x), 65504))) / 1024
					want, allowed := float64(searched.Fast(x, y)), codeError(searched, scale, x, y)
					if got := float64(scores[j]); !(math.Abs(got-want) <= allowed) {
						t.Fatalf("%s, dim %d: row %d scores %v, want %v within %v", m.Name(), dim, j, got, want, allowed)
					}
				}
			}
			for i, x := range vectors {
				rows.Distances(scores, uint32(i), numbers)
				check(x)
			}
			for _, query := range queries {
				if m.Check(query) == nil {
					scorer.Prepare(codec.Vector{Dense: query})
					scorer.Score(scores, numbers)
					check(query)
				}
			}
		}
	}
}

// Exact gives the bits that the scorer of float32 rows gives, and how distances are corrected and stretched is the metric's.
func TestFloat16Exact(t *testing.T) {
	for _, m := range lossyMetrics(t) {
		vectors := shares(9, 40, 37)
		c, rows, codes := halfRows(t, m, vectors)
		sameExact(t, m, rows, vectors, append(shares(10, 3, 37), vectors[3]))
		searched := m
		if proxy, ok := m.Proxy(); ok {
			searched = proxy
		}
		if c.Correct(0.25) != m.Correct(0.25) || c.Stretch(0.25, 0.1) != m.Stretch(0.25, 0.1) || c.StretchScore(0.25, 0.1) != searched.Stretch(0.25, 0.1) {
			t.Errorf("%s: corrected or stretched otherwise", m.Name())
		}

		// Codes without vectors, as those of pivots are.
		pivots := collector{codec: c}.view(t, codec.Codes{Stride: codes.Stride, Codes: codes.Codes[2*codes.Stride:]})
		scorer, got, want := rows.Scorer(), make([]float32, 4), make([]float32, 2)
		scorer.Prepare(codec.Vector{Dense: vectors[3]})
		scorer.Score(want, []uint32{2, 9})
		scorer.Over(pivots)
		scorer.Score(got[:2], []uint32{0, 7})
		scorer.Exact(got[2:4], []uint32{0, 7})
		if !slices.Equal(got[:2], want) || got[2] == got[2] || got[3] == got[3] {
			t.Errorf("%s: pivots score %v, exactly %v; want %v and NaN", m.Name(), got[:2], got[2:4], want)
		}
		if v, err := pivots.Vector(1); !errors.Is(err, codec.ErrCorrupt) {
			t.Errorf("a pivot's vector is %v, %v; want ErrCorrupt", v, err)
		}
	}
}

// Whatever the components: distances are symmetric, a scorer gives a row's vector what the row gets, and vectors come back,
// bit for bit.
func TestFloat16Properties(t *testing.T) {
	metrics := lossyMetrics(t)
	rapid.Check(t, func(rt *rapid.T) {
		m := rapid.SampledFrom(metrics).Draw(rt, "metric")
		dim := rapid.IntRange(1, 140).Draw(rt, "dim")
		spread := rapid.SampledFrom([]float64{0, 1e-30, 1e-6, 1, 300}).Draw(rt, "spread")
		vectors := drawVectors(rt, halfCodec(t, m, dim), spread, 60)
		_, rows, _ := halfRows(t, m, vectors)
		checkAgreement(rt, rows, vectors)
	})
}

func TestFloat16AllocatesNothing(t *testing.T) {
	if raceDetector {
		t.Skip("pools forget on purpose")
	}
	vectors := shares(1, 80, 100)
	numbers := make([]uint32, len(vectors))
	for _, m := range lossyMetrics(t) {
		_, rows, _ := halfRows(t, m, vectors)
		scorer, dst := rows.Scorer(), make([]float32, len(numbers))
		allocations := testing.AllocsPerRun(10, func() {
			rows.Distances(dst, 3, numbers)
			scorer.Prepare(codec.Vector{Dense: vectors[2]})
			scorer.Score(dst, numbers)
			scorer.Exact(dst, numbers)
		})
		if allocations != 0 {
			t.Errorf("%s: %v allocations", m.Name(), allocations)
		}
	}
}

// TestFloat16Concurrently is for the race detector: rows are shared, scorers are not.
func TestFloat16Concurrently(t *testing.T) {
	vectors := shares(1, 50, 60)
	_, rows, _ := halfRows(t, float32Metric(t, "hellinger"), vectors)
	checkConcurrently(t, rows, vectors)
}

// FuzzFloat16Rows gives codes and vectors of any bytes: all the numbers of rows that Len allows must be scored without a fault,
// symmetric bit for bit.
func FuzzFloat16Rows(f *testing.F) {
	f.Add([]byte{}, uint8(1))
	f.Add(bytes.Repeat([]byte{0xff}, 400), uint8(15))
	f.Add(bytes.Repeat([]byte{0, 0x7c, 0x80, 0x7f}, 200), uint8(70))
	f.Fuzz(func(t *testing.T, b []byte, size uint8) {
		dim := max(int(size), 1)
		for _, m := range lossyMetrics(t) {
			c := halfCodec(t, m, dim)
			n := min(len(b)/(c.Stride()+4*dim), 20)
			data := mapped.Aligned(n * (c.Stride() + 4*dim))
			copy(data, b)
			rows, err := c.View(codec.Codes{
				Stride: c.Stride(), Codes: data[:n*c.Stride()], VectorStride: 4 * dim, Vectors: data[n*c.Stride():],
			})
			if errors.Is(err, errors.ErrUnsupported) {
				t.Skip(err)
			}
			if err != nil || rows.Len() != n {
				t.Fatal(err)
			}
			all := allDistances(rows, n)
			scorer, dst, numbers := rows.Scorer(), make([]float32, n), make([]uint32, n)
			for i := range n {
				numbers[i] = uint32(i)
				for j := range i {
					if math.Float32bits(all[i][j]) != math.Float32bits(all[j][i]) && all[i][j] == all[i][j] {
						t.Fatalf("%s: %v and, the other way, %v", m.Name(), all[i][j], all[j][i])
					}
				}
			}
			for i := range n {
				scorer.Prepare(vectorOf(rows, uint32(i)))
				scorer.Score(dst, numbers)
				scorer.Exact(dst, numbers)
			}
		}
	})
}
