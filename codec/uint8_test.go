package codec_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/metric"
)

// compact makes codes of bytes of vectors, or skips the test where the machine cannot compute with rows in place.
func compact(t testing.TB, m *metric.Dense, vectors [][]float32) (*codec.Uint8, codec.Codes) {
	t.Helper()
	floats := codec.NewFloat32(m, len(vectors[0]))
	table, err := floats.NewTable(len(vectors))
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range vectors {
		table.Append(codec.Vector{Dense: v})
	}
	c, codes, err := floats.Compact(table.Codes())
	if err != nil {
		t.Fatal(m.Name(), err)
	}
	return c, codes
}

func compactCodec(t testing.TB, m *metric.Dense, vectors []codec.Vector) *codec.Uint8 {
	t.Helper()
	var dense [][]float32
	for _, v := range vectors {
		dense = append(dense, v.Dense)
	}
	c, _ := compact(t, m, dense)
	return c
}

func compactRows(t testing.TB, m *metric.Dense, vectors [][]float32) (*codec.Uint8, codec.Rows) {
	t.Helper()
	c, codes := compact(t, m, vectors)
	return c, collector{codec: c}.view(t, codes)
}

// counts draws vectors of integers from 0 to 255, both of which are among them.
func counts(seed uint64, count, dim int) [][]float32 {
	r := rand.New(rand.NewPCG(seed, 0))
	vectors := make([][]float32, count)
	for i := range vectors {
		vectors[i] = make([]float32, dim)
		for j := range vectors[i] {
			vectors[i][j] = float32(r.IntN(256))
		}
		vectors[i][i%dim], vectors[i][(i+1)%dim] = 255, 0
	}
	return vectors
}

// shares draws vectors without negative components, which every metric accepts.
func shares(seed uint64, count, dim int) [][]float32 {
	vectors := float32Vectors(seed, count, dim)
	for _, v := range vectors {
		for j := range v {
			v[j] = max(v[j], -v[j])
		}
	}
	return vectors
}

// The norms that distances are made of, in float64.
var norms = map[string]func(x, y []float32) float64{
	"sqeuclidean": func(x, y []float32) (sum float64) {
		for i := range x {
			sum += math.Pow(float64(x[i])-float64(y[i]), 2)
		}
		return sum
	},
	"manhattan": func(x, y []float32) (sum float64) {
		for i := range x {
			sum += math.Abs(float64(x[i]) - float64(y[i]))
		}
		return sum
	},
	"chebyshev": func(x, y []float32) (largest float64) {
		for i := range x {
			largest = max(largest, math.Abs(float64(x[i])-float64(y[i])))
		}
		return largest
	},
}

// Codes of integers from 0 to 255 lose nothing: vectors come back, and distances are exact.
func TestUint8Lossless(t *testing.T) {
	for name, distance := range norms {
		m := float32Metric(t, name)
		for _, dim := range []int{2, 55, 56, 57, 63, 64, 65, 200, 249, 255, 256, 320, 448, 500, 511, 512, 784} {
			vectors := counts(uint64(dim), 30, dim)
			c, codes := compact(t, m, vectors)
			want := codec.Uint8Params{Scale: 1, Lossless: true, Grown: name == "sqeuclidean" && slices.Contains([]int{256, 320, 448, 511}, dim)}
			if c.CodeParams() != want || c.Reranked() || c.VectorStride() != 0 {
				t.Fatalf("%s: parameters %+v, reranked %t, %d bytes of vectors", name, c.CodeParams(), c.Reranked(), c.VectorStride())
			}
			if want := uint8Stride(name, dim); codes.Stride != want || c.Stride() != want || codes.Vectors != nil || codes.VectorStride != 0 {
				t.Fatalf("codes of %d and %d bytes for %d components, %d bytes of vectors", codes.Stride, c.Stride(), dim, len(codes.Vectors))
			}
			rows := collector{codec: c}.view(t, codes)
			scorer := rows.Scorer()
			for i, x := range vectors {
				if got := vectorOf(rows, uint32(i)).Dense; !slices.Equal(got, x) || cap(got) != dim {
					t.Fatalf("row %d is %v, want %v", i, got, x)
				}
				scorer.Prepare(codec.Vector{Dense: x})
				for j, y := range vectors {
					checkAllEqual(t, rows, scorer, uint32(i), uint32(j), float32(distance(x, y)))
				}
			}
		}
	}
}

// uint8Stride is the length of a code: with sums behind it where there is room, and from 256 components on everywhere.
func uint8Stride(metric string, dim int) int {
	if metric == "sqeuclidean" && dim >= 256 {
		return (dim + 8 + 63) / 64 * 64
	}
	return (dim + 63) / 64 * 64
}

// checkAllEqual compares what Distances, Score and Exact give for a row and a scorer of its vector.
func checkAllEqual(t *testing.T, rows codec.Rows, scorer codec.Scorer, a, b uint32, want float32) {
	t.Helper()
	var got [3]float32
	rows.Distances(got[0:1], a, []uint32{b})
	scorer.Score(got[1:2], []uint32{b})
	scorer.Exact(got[2:3], []uint32{b})
	if got != [3]float32{want, want, want} {
		t.Fatalf("rows %d and %d are at %v, want %v", a, b, got, want)
	}
}

// Queries against lossless codes may be any, and get the bits of the metric itself.
func TestUint8AnyQuery(t *testing.T) {
	for name := range norms {
		m := float32Metric(t, name)
		vectors := counts(3, 20, 70)
		_, rows := compactRows(t, m, vectors)
		scorer := rows.Scorer()
		for reason, x := range map[string]float32{
			"between two integers": 17.5, "an integer below 0": -1, "an integer above 255": 256, "right above 255": 255.00002,
			"far above": 1e15, "far below": -1e18, "the least above 0": 1e-45, "zero, below": float32(math.Copysign(0, -1)),
		} {
			query := slices.Clone(vectors[7])
			query[69] = x
			scorer.Prepare(codec.Vector{Dense: query})
			for j, y := range vectors {
				var got [2]float32
				scorer.Score(got[:1], []uint32{uint32(j)})
				scorer.Exact(got[1:], []uint32{uint32(j)})
				if want := m.Fast(query, y); got != [2]float32{want, want} {
					t.Errorf("%s: row %d is at %v, want %v: %s", name, j, got, want, reason)
				}
			}
		}
	}
}

// What is not lossless: other numbers, and other metrics.
func TestUint8NotLossless(t *testing.T) {
	for reason, x := range map[string]float32{
		"a fraction": 0.5, "negative": -3, "too large": 256, "a zero with a sign, which would lose it": float32(math.Copysign(0, -1)),
	} {
		vectors := counts(1, 9, 20)
		vectors[8][19] = x
		if c, _ := compact(t, float32Metric(t, "euclidean"), vectors); c.CodeParams().Lossless {
			t.Errorf("%v is lossless: %s", x, reason)
		}
	}
	proxied, err := metric.Lookup("manhattan", metric.Params{Proxy: "euclidean"})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []*metric.Dense{proxied, float32Metric(t, "cosine"), float32Metric(t, "inner_product"), float32Metric(t, "hellinger")} {
		c, codes := compact(t, m, counts(1, 9, 20))
		if c.CodeParams().Lossless || codes.VectorStride != 80 || len(codes.Vectors) != 9*80 {
			t.Errorf("%s, proxy or not: %+v and vectors of %d bytes", m.Name(), c.CodeParams(), codes.VectorStride)
		}
	}
}

// TestUint8Golden holds the layout of codes to their bytes.
func TestUint8Golden(t *testing.T) {
	zeros := func(n int) string { return strings.Repeat("00", n) }
	for _, tc := range []struct {
		metric      string
		vectors     [][]float32
		codes, json string
	}{
		{
			"euclidean",
			[][]float32{{0, 1, 255}, {2, 3, 4}},
			"0001ff" + zeros(53) + "00010000" + "02fe0000" + "020304" + zeros(53) + "09000000" + "1d000000", `{"offset":0,"scale":1,"lossless":true}`,
		},
		{
			"euclidean",
			[][]float32{{-1, 1, 50.01}, {126.5, 3.2, 2}},
			"000466" + zeros(53) + "6a000000" + "b4280000" + "ff0806" + zeros(53) + "0d010000" + "65fe0000", `{"offset":-1,"scale":0.5}`,
		},
		{ // no sums
			"manhattan",
			[][]float32{{0, 1, 255}, {2, 3, 4}},
			"0001ff" + zeros(61) + "020304" + zeros(61), `{"offset":0,"scale":1,"lossless":true}`,
		},
		{
			"inner_product",
			[][]float32{{0, 510, 100}, {1, 2, 3}},
			"00ff32" + zeros(53) + "31010000" + "c5070100" + "010102" + zeros(53) + "04000000" + "06000000", `{"offset":0,"scale":2}`,
		},
		{ // (3, 4)/5 and (1, 0)
			"cosine",
			[][]float32{{3, 4}, {70, 0}},
			"99cc" + zeros(54) + "65010000" + "01fe0000" + "ff00" + zeros(54) + "ff000000" + "01fe0000", `{"offset":0,"scale":0.003921569}`,
		},
	} {
		c, codes := compact(t, float32Metric(t, tc.metric), tc.vectors)
		params, err := json.Marshal(c.CodeParams())
		if err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(codes.Codes); got != tc.codes || string(params) != tc.json {
			t.Errorf("%s: %s and %s, want %s and %s", tc.metric, got, params, tc.codes, tc.json)
		}
		var vectors []byte
		for _, v := range tc.vectors {
			vectors = codec.AppendVector(vectors, v)
		}
		if !c.CodeParams().Lossless && !bytes.Equal(codes.Vectors, vectors) {
			t.Errorf("%s: vectors %x, want %x", tc.metric, codes.Vectors, vectors)
		}
	}
	sum, squares := []byte{0x31, 0x01, 0, 0}, []byte{0xc5, 0x07, 0x01, 0}
	if binary.LittleEndian.Uint32(sum) != 0xff+0x32 || binary.LittleEndian.Uint32(squares) != 0xff*0xff+0x32*0x32 {
		t.Error("the sums in this test are wrong")
	}
}

// A table of given parameters makes the codes that Compact makes, and refuses what lossless ones would lose.
func TestUint8Table(t *testing.T) {
	vectors := shares(6, 12, 33)
	c, want := compact(t, float32Metric(t, "cosine"), vectors)
	table := collector{codec: c}.table(t, len(vectors))
	for _, v := range vectors {
		table.Append(codec.Vector{Dense: v})
	}
	if got := table.Codes(); !bytes.Equal(got.Codes, want.Codes) || !bytes.Equal(got.Vectors, want.Vectors) || got.Stride != want.Stride {
		t.Error("a table's codes are not those that are made of the same vectors together")
	}
	lossless, _ := compact(t, float32Metric(t, "euclidean"), counts(1, 3, 33))
	fraction := codec.Vector{Dense: vectors[0]}
	if err := lossless.Check(fraction); !errors.Is(err, codec.ErrNoCode) {
		t.Errorf("a vector with fractions: %v, want ErrNoCode", err)
	}
	table = collector{codec: lossless}.table(t, 1)
	if err := table.AppendPlain(lossless.AppendPlain(nil, fraction)); !errors.Is(err, codec.ErrNoCode) || table.Len() != 0 {
		t.Errorf("a plain form with fractions: %v, want ErrNoCode", err)
	}
	if err := table.AppendPlain(make([]byte, 4*32)); !errors.Is(err, codec.ErrCorrupt) {
		t.Errorf("a plain form that is too short: %v, want ErrCorrupt", err)
	}
}

// Bytes that are no vectors leave the codes of the others as they are.
func TestUint8NotFinite(t *testing.T) {
	for _, name := range []string{"euclidean", "cosine", "inner_product", "hellinger"} {
		vectors := shares(3, 8, 10)
		want, codes := compact(t, float32Metric(t, name), vectors)
		n := codes.Stride * len(vectors)
		for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			broken := slices.Repeat([]float32{0.5}, 10)
			broken[6] = float32(x)
			got, with := compact(t, float32Metric(t, name), append(slices.Clone(vectors), broken))
			transformed := name == "hellinger" || name == "cosine" // into other numbers
			if !transformed && (got.CodeParams().Scale != want.CodeParams().Scale || !bytes.Equal(with.Codes[:n], codes.Codes)) {
				t.Errorf("%s: a component %v makes %+v of %+v", name, x, got.CodeParams(), want.CodeParams())
			}
			if _, err := codec.NewUint8(float32Metric(t, name), 10, got.CodeParams()); err != nil {
				t.Errorf("%s: a component %v makes %v", name, x, err)
			}
		}
	}
}

// What is left of lossless codes without their metric gives their vectors back.
func TestUint8Plain(t *testing.T) {
	vectors := counts(1, 4, 40)
	c, codes := compact(t, float32Metric(t, "euclidean"), vectors)
	rows, err := withoutMetric(c).View(codes)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range vectors {
		if got := vectorOf(rows, uint32(i)).Dense; !slices.Equal(got, v) {
			t.Errorf("row %d is %v, want %v", i, got, v)
		}
	}
	codes.Stride = 39
	if _, err := withoutMetric(c).View(codes); !errors.Is(err, codec.ErrCorrupt) {
		t.Errorf("codes shorter than vectors: %v, want ErrCorrupt", err)
	}
}
