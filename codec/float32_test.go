package codec_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/internal/mapped"
	"github.com/vicinaldb/store/metric"
)

// float32Metrics are metrics of every kernel, and one that only calls can compute.
func float32Metrics(t testing.TB) []*metric.Dense {
	t.Helper()
	custom, err := metric.New(metric.Definition{Name: "custom", Fast: func(x, y []float32) (sum float32) {
		for i := range x {
			sum += float32(math.Abs(float64(float32(x[i]*x[i]) - float32(y[i]*y[i]))))
		}
		return sum
	}})
	if err != nil {
		t.Fatal(err)
	}
	all := []*metric.Dense{custom}
	for _, name := range []string{"euclidean", "sqeuclidean", "manhattan", "cosine", "dot", "inner_product"} {
		all = append(all, float32Metric(t, name))
	}
	return all
}

func float32Metric(t testing.TB, name string) *metric.Dense {
	t.Helper()
	m, err := metric.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// float32Vectors draws vectors of normally distributed components.
func float32Vectors(seed uint64, count, dim int) [][]float32 {
	r := rand.New(rand.NewPCG(seed, 0))
	vectors := make([][]float32, count)
	for i := range vectors {
		vectors[i] = make([]float32, dim)
		for j := range vectors[i] {
			vectors[i][j] = float32(r.NormFloat64())
		}
	}
	return vectors
}

// float32Rows encodes vectors, or skips the test where the machine cannot compute with rows in place.
func float32Rows(t testing.TB, m *metric.Dense, vectors [][]float32) *codec.Float32Rows {
	t.Helper()
	c := codec.NewFloat32(m, len(vectors[0]))
	data := mapped.Aligned(len(vectors) * c.Stride())
	for i, v := range vectors {
		c.Encode(data[i*c.Stride():], v)
	}
	rows, err := c.Rows(data)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestFloat32Stride(t *testing.T) {
	cases := []struct {
		metric      string
		dim, stride int
		reason      string
	}{
		{"euclidean", 1, 64, "a row is at least a cache line"},
		{"euclidean", 16, 64, "fills the line"},
		{"euclidean", 17, 128, "needs a second line"},
		{"cosine", 15, 64, "the inverse norm fills the line"},
		{"cosine", 16, 128, "the inverse norm needs a second line"},
		{"dot", 16, 128, "the kernel decides, not the name"},
		{"inner_product", 784, 3136, "no norm"},
	}
	for _, c := range cases {
		if got := codec.NewFloat32(float32Metric(t, c.metric), c.dim).Stride(); got != c.stride {
			t.Errorf("%s, %d dimensions: %d, want %d: %s", c.metric, c.dim, got, c.stride, c.reason)
		}
	}
}

// TestFloat32Golden holds the layout of a row to its bytes.
func TestFloat32Golden(t *testing.T) {
	cases := []struct{ metric, want string }{
		{"euclidean", "0000803f 000000c0 0000003f" + strings.Repeat("00", 52)},
		{"cosine", "0000803f 000000c0 0000003f 8374df3e" + strings.Repeat("00", 48)},
	}
	for _, c := range cases {
		row := bytes.Repeat([]byte{0xee}, 64) // what was there before must not show
		codec.NewFloat32(float32Metric(t, c.metric), 3).Encode(row, []float32{1, -2, 0.5})
		if got := hex.EncodeToString(row); got != strings.ReplaceAll(c.want, " ", "") {
			t.Errorf("%s: %s", c.metric, got)
		}
	}
}

func TestFloat32Lossless(t *testing.T) {
	for _, m := range float32Metrics(t) {
		rapid.Check(t, func(t *rapid.T) {
			bits := rapid.SliceOfN(rapid.Uint32(), 1, 70).Draw(t, "bits") // NaN of every kind too
			v := make([]float32, len(bits))
			for i, b := range bits {
				v[i] = math.Float32frombits(b)
			}
			c := codec.NewFloat32(m, len(v))
			row := mapped.Aligned(c.Stride() + 1)[1:] // encoding needs no alignment
			c.Encode(row, v)
			plain := codec.AppendVector([]byte{7}, v)
			if plain[0] != 7 || len(plain) != 1+4*len(v) {
				t.Fatalf("plain form %x", plain)
			}
			for form, b := range map[string][]byte{"row": row, "plain": plain[1:]} {
				got := make([]float32, len(v))
				c.Decode(got, b)
				for i := range got {
					if math.Float32bits(got[i]) != bits[i] {
						t.Fatalf("%s: component %d: %#x, want %#x", form, i, math.Float32bits(got[i]), bits[i])
					}
				}
			}
		})
	}
}

func TestFloat32RowsRefuse(t *testing.T) {
	c := codec.NewFloat32(float32Metric(t, "euclidean"), 20)
	data := mapped.Aligned(4 * c.Stride())
	if _, err := c.Rows(data[:3*c.Stride()-4]); !errors.Is(err, codec.ErrCorrupt) {
		t.Errorf("part of a row: %v, want ErrCorrupt", err)
	}
	_, err := c.Rows(data[2 : 2+c.Stride()])
	if !errors.Is(err, mapped.ErrLayout) && !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("unaligned: %v, want ErrLayout", err)
	}
}

func TestFloat32RowsEmpty(t *testing.T) {
	rows, err := codec.NewFloat32(float32Metric(t, "cosine"), 20).Rows(nil)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil || rows.Len() != 0 {
		t.Fatal(rows, err)
	}
	scorer := rows.Scorer()
	scorer.Prepare(codec.Vector{Dense: make([]float32, 20)})
	scorer.Score(nil, nil)
}

func TestFloat32Vector(t *testing.T) {
	vectors := float32Vectors(1, 5, 30)
	rows := float32Rows(t, float32Metric(t, "cosine"), vectors)
	if rows.Len() != len(vectors) {
		t.Fatalf("%d rows, want %d", rows.Len(), len(vectors))
	}
	for i, want := range vectors {
		got := vectorOf(rows, uint32(i)).Dense
		if !slices.Equal(got, want) {
			t.Errorf("row %d is %v, want %v", i, got, want)
		}
		if cap(got) != 30 {
			t.Errorf("row %d can be appended to over what follows it", i)
		}
	}
}

// TestFloat32Distances compares the batch kernels with the metric itself, both orders of each pair and the scorer.
func TestFloat32Distances(t *testing.T) {
	for _, m := range float32Metrics(t) {
		t.Run(m.Name(), func(t *testing.T) {
			for _, dim := range []int{1, 2, 15, 16, 17, 31, 32, 33, 100, 784} {
				vectors := float32Vectors(uint64(dim), 23, dim)
				vectors[3] = vectors[20] // equal vectors in two rows
				rows := float32Rows(t, m, vectors)
				checkFloat32Distances(t, m, rows, vectors)
			}
		})
	}
}

func checkFloat32Distances(t *testing.T, m *metric.Dense, rows *codec.Float32Rows, vectors [][]float32) {
	t.Helper()
	all := make([]uint32, len(vectors))
	for i := range all {
		all[i] = uint32(len(all) - 1 - i) // backwards, so that a result in the wrong place shows
	}
	scorer := rows.Scorer()
	distances, scores, mirrored := make([]float32, len(all)), make([]float32, len(all)), make([]float32, 1)
	for a := range vectors {
		rows.Distances(distances, uint32(a), all)
		scorer.Prepare(codec.Vector{Dense: slices.Clone(vectors[a])})
		scorer.Score(scores, all)
		for i, b := range all {
			want := m.Fast(vectors[a], vectors[b])
			rows.Distances(mirrored, b, []uint32{uint32(a)})
			for how, got := range map[string]float32{"Distances": distances[i], "Score": scores[i], "mirrored": mirrored[0]} {
				if math.Float32bits(got) != math.Float32bits(want) {
					t.Fatalf("dim %d, rows %d and %d, %s: %v, want %v", len(vectors[a]), a, b, how, got, want)
				}
			}
		}
	}
}

// TestFloat32ScorerCopies reuses the slice of a query, as a caller may.
func TestFloat32ScorerCopies(t *testing.T) {
	vectors := float32Vectors(1, 3, 40)
	rows := float32Rows(t, float32Metric(t, "euclidean"), vectors)
	query := slices.Clone(vectors[1])
	scorer := rows.Scorer()
	scorer.Prepare(codec.Vector{Dense: query})
	clear(query)
	var dst [1]float32
	if scorer.Score(dst[:], []uint32{1}); dst[0] != 0 {
		t.Errorf("distance %v to the row that the query was prepared from", dst[0])
	}
}

func TestFloat32AllocatesNothing(t *testing.T) {
	for _, m := range float32Metrics(t) {
		vectors := float32Vectors(1, 10, 100)
		rows := float32Rows(t, m, vectors)
		scorer, dst, numbers := rows.Scorer(), make([]float32, 4), []uint32{1, 9, 0, 4}
		allocations := testing.AllocsPerRun(10, func() {
			rows.Distances(dst, 3, numbers)
			scorer.Prepare(codec.Vector{Dense: vectors[2]})
			scorer.Score(dst, numbers)
		})
		if allocations != 0 {
			t.Errorf("%s: %v allocations", m.Name(), allocations)
		}
	}
}

// TestFloat32Concurrently is for the race detector: rows are shared, scorers are not.
func TestFloat32Concurrently(t *testing.T) {
	vectors := float32Vectors(1, 50, 60)
	rows := float32Rows(t, float32Metric(t, "cosine"), vectors)
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			scorer, distances, scores := rows.Scorer(), make([]float32, 2), make([]float32, 2)
			for a := range vectors {
				numbers := []uint32{uint32(worker), uint32(a)}
				rows.Distances(distances, uint32(a), numbers)
				scorer.Prepare(codec.Vector{Dense: vectors[a]})
				scorer.Score(scores, numbers)
				if !slices.Equal(distances, scores) || distances[1] != 0 {
					t.Errorf("row %d: %v and %v", a, distances, scores)
				}
			}
		})
	}
	group.Wait()
}

// FuzzFloat32Rows gives rows of any bytes: all the numbers of rows that Len allows must be scored without a fault.
func FuzzFloat32Rows(f *testing.F) {
	f.Add([]byte{}, uint8(1))
	f.Add(bytes.Repeat([]byte{0xff}, 256), uint8(15))
	f.Add(bytes.Repeat([]byte{0, 0, 0x80, 0x7f}, 32), uint8(31))
	f.Add(make([]byte, 192), uint8(16))
	f.Fuzz(func(t *testing.T, b []byte, dim uint8) {
		data := mapped.Aligned(len(b))
		copy(data, b)
		for _, m := range float32Metrics(t) {
			c := codec.NewFloat32(m, max(int(dim), 1))
			rows, err := c.Rows(data)
			if err != nil {
				continue
			}
			numbers := make([]uint32, rows.Len())
			for i := range numbers {
				numbers[i] = uint32(i)
			}
			scorer, dst := rows.Scorer(), make([]float32, len(numbers))
			for i := range numbers {
				rows.Distances(dst, uint32(i), numbers)
				scorer.Prepare(vectorOf(rows, uint32(i)))
				scorer.Score(dst, numbers)
			}
		}
	})
}

// BenchmarkFloat32Distances compares a row with 24 random ones a call, of 200 KB that fit the second-level cache.
func BenchmarkFloat32Distances(b *testing.B) {
	for _, name := range []string{"euclidean", "cosine", "inner_product", "manhattan"} {
		for _, dim := range []int{100, 784} {
			b.Run(fmt.Sprintf("%s/dim=%d", name, dim), func(b *testing.B) {
				const batch = 24
				vectors := float32Vectors(1, 50_000/dim, dim)
				rows := float32Rows(b, float32Metric(b, name), vectors)
				r := rand.New(rand.NewPCG(1, 2))
				numbers := make([]uint32, 1024)
				for i := range numbers {
					numbers[i] = r.Uint32N(uint32(len(vectors)))
				}
				dst, at := make([]float32, batch), 0
				b.ReportAllocs()
				for b.Loop() {
					rows.Distances(dst, numbers[at], numbers[at:at+batch])
					at = (at + batch) % (len(numbers) - batch)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/batch, "ns/row")
			})
		}
	}
}
