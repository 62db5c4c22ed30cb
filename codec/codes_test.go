package codec_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/metric"
)

// collector is a codec with vectors that it accepts.
type collector struct {
	codec   codec.Codec
	vectors []codec.Vector
	other   codec.Vector // one of another kind
}

// collectors are of every kind, for dense vectors with and without a proxy, and as codes of a byte or a half float a component.
func collectors(t testing.TB) map[string]collector {
	t.Helper()
	const count = 40
	dense, sparse, bits := make([]codec.Vector, count), make([]codec.Vector, count), make([]codec.Vector, count)
	for i, v := range float32Vectors(1, count, 9) {
		for j := range v {
			v[j] = max(v[j], -v[j])
		}
		dense[i] = codec.Vector{Dense: v}
	}
	for i, v := range sparseVectors(1, count, fewFeatures) {
		v.Indices, v.Values = append([]uint32{}, v.Indices...), append([]float32{}, v.Values...)
		if len(v.Indices) == 0 {
			v = metric.SparseVector{Indices: []uint32{3}, Values: []float32{1}}
		}
		sparse[i] = codec.Vector{Sparse: v}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range bits {
		bits[i] = codec.Vector{Bits: []uint64{r.Uint64(), r.Uint64N(1 << 6)}}
	}
	m, err := metric.LookupBits("bit_jaccard", 70)
	if err != nil {
		t.Fatal(err)
	}
	proxied, err := metric.Lookup("jensen-shannon", metric.Params{Proxy: "cosine"})
	if err != nil {
		t.Fatal(err)
	}
	transformed, err := metric.Lookup("wasserstein_1d", metric.Params{Proxy: "jensen-shannon"})
	if err != nil {
		t.Fatal(err)
	}
	var counts []codec.Vector
	for i := range count {
		counts = append(counts, codec.Vector{Dense: []float32{float32(i), 0, 255, 3, float32(i % 7), 0, 1, 2, float32(i * i % 256)}})
	}
	return map[string]collector{
		"uint8":            {compactCodec(t, float32Metric(t, "manhattan"), counts), counts, bits[0]},
		"uint8, lossy":     {compactCodec(t, float32Metric(t, "inner_product"), dense), dense, bits[0]},
		"uint8, proxy":     {compactCodec(t, proxied, dense), dense, sparse[0]},
		"float16, lossy":   {halfCodec(t, float32Metric(t, "euclidean"), 9), dense, bits[0]},
		"float16, proxy":   {halfCodec(t, proxied, 9), dense, sparse[0]},
		"transform":        {codec.NewFloat32(float32Metric(t, "correlation"), 9), dense, sparse[0]},
		"transform, proxy": {codec.NewFloat32(transformed, 9), dense, sparse[0]},
		"float32":          {codec.NewFloat32(float32Metric(t, "cosine"), 9), dense, sparse[0]},
		"proxy":            {codec.NewFloat32(proxied, 9), dense, bits[0]},
		"sparse":           {codec.NewSparse(sparseMetric(t, "cosine", fewFeatures)), sparse, dense[0]},
		"bits":             {codec.NewBits(m), bits, sparse[0]},
	}
}

func (c collector) table(t testing.TB, capacity int) codec.Table {
	t.Helper()
	table, err := c.codec.NewTable(capacity)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func (c collector) view(t testing.TB, codes codec.Codes) codec.Rows {
	t.Helper()
	rows, err := c.codec.View(codes)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// withoutMetric is what stands for a codec whose metric is not known.
func withoutMetric(c codec.Codec) *codec.Plain {
	plain := codec.NewPlain(c.Kind(), c.Dim(), "lost", metric.Params{})
	switch c.Name() {
	case "uint8":
		plain = plain.Uint8()
	case "float16":
		plain = plain.Float16()
	}
	return plain
}

// A table, its codes in another order, some of them, and what stands for a codec of an unknown metric have the vectors that were appended, and
// the first two the same distances.
func TestTable(t *testing.T) {
	for name, c := range collectors(t) {
		t.Run(name, func(t *testing.T) {
			n := len(c.vectors)
			table := c.table(t, n+3)
			for i, v := range c.vectors {
				if i%2 == 0 {
					table.Append(v)
				} else if err := table.AppendPlain(c.codec.AppendPlain(nil, v)); err != nil {
					t.Fatal(err)
				}
			}
			if table.Len() != n {
				t.Fatalf("%d vectors in the table, want %d", table.Len(), n)
			}
			before := allDistances(table.Rows(), n)
			order := rand.New(rand.NewPCG(5, 6)).Perm(n)
			places := make([]uint32, n)
			for i, row := range order {
				places[i] = uint32(row)
			}
			codes := table.Codes()
			picked := allDistances(c.view(t, codes.Pick(places[:5])), 5)
			codes.Permute(places)
			rows := c.view(t, codes)
			plain, err := withoutMetric(c.codec).View(codes)
			if name := withoutMetric(c.codec).Name(); name != c.codec.Name() {
				t.Fatalf("%s stands for %s", name, c.codec.Name())
			}
			if err != nil || rows.Len() != n || plain.Len() != n {
				t.Fatalf("%d and %d rows, %v, want %d", rows.Len(), plain.Len(), err, n)
			}
			after := allDistances(rows, n)
			for i, a := range order {
				if got := vectorOf(rows, uint32(i)); !reflect.DeepEqual(got, c.vectors[a]) {
					t.Fatalf("place %d has %v, want %v", i, got, c.vectors[a])
				}
				if got := vectorOf(plain, uint32(i)); !reflect.DeepEqual(got, c.vectors[a]) {
					t.Fatalf("place %d is %v without its metric, want %v", i, got, c.vectors[a])
				}
				for j, b := range order {
					if after[i][j] != before[a][b] {
						t.Fatalf("rows %d and %d are at %v, in the table at %v", a, b, after[i][j], before[a][b])
					}
					if i < 5 && j < 5 && picked[i][j] != before[a][b] {
						t.Fatalf("rows %d and %d are at %v where only some are, in the table at %v", a, b, picked[i][j], before[a][b])
					}
				}
			}
		})
	}
}

func allDistances(rows codec.Rows, n int) [][]float32 {
	numbers := make([]uint32, n)
	for i := range numbers {
		numbers[i] = uint32(i)
	}
	all := make([][]float32, n)
	for i := range all {
		all[i] = make([]float32, n)
		rows.Distances(all[i], uint32(i), numbers)
	}
	return all
}

// Scores of a row's own vector are the row's distances; exact ones are those of the metric.
func TestScorerExact(t *testing.T) {
	proxied := collectors(t)["proxy"]
	if !proxied.codec.Reranked() {
		t.Error("the codec of a metric with a proxy is not reranked")
	}
	exact, err := metric.Lookup("jensen-shannon")
	if err != nil {
		t.Fatal(err)
	}
	table := proxied.table(t, len(proxied.vectors))
	for _, v := range proxied.vectors {
		table.Append(v)
	}
	scorer := table.Rows().Scorer()
	scorer.Prepare(proxied.vectors[4])
	scores, distances := make([]float32, 2), make([]float32, 2)
	scorer.Score(scores, []uint32{7, 9})
	scorer.Exact(distances, []uint32{7, 9})
	for i, row := range []int{7, 9} {
		x, y := proxied.vectors[4].Dense, proxied.vectors[row].Dense
		if want := exact.Fast(x, y); distances[i] != want {
			t.Errorf("row %d is at %v, want %v", row, distances[i], want)
		}
		if want := float32Metric(t, "cosine").Fast(x, y); scores[i] != want {
			t.Errorf("row %d scores %v, want %v", row, scores[i], want)
		}
	}
	for name, c := range collectors(t) {
		if c.codec.Reranked() != (strings.HasSuffix(name, "proxy") || strings.HasSuffix(name, "lossy")) {
			t.Errorf("%s: reranked is %v", name, c.codec.Reranked())
		}
	}
}

func TestCodecCheck(t *testing.T) {
	for name, c := range collectors(t) {
		if err := c.codec.Check(c.vectors[0]); err != nil {
			t.Errorf("%s: a vector of its own: %v", name, err)
		}
		if err := c.codec.Check(c.other); !errors.Is(err, codec.ErrKind) {
			t.Errorf("%s: a vector of another kind: %v, want ErrKind", name, err)
		}
		if err := withoutMetric(c.codec).Check(c.vectors[0]); !errors.Is(err, metric.ErrUnknown) {
			t.Errorf("%s without its metric: %v, want ErrUnknown", name, err)
		}
	}
	all := collectors(t)
	for name, v := range map[string]codec.Vector{
		"float32": {Dense: make([]float32, 8)},
		"bits":    {Bits: make([]uint64, 3)},
		"sparse":  {Sparse: metric.SparseVector{Indices: []uint32{fewFeatures}, Values: []float32{1}}},
	} {
		if err := all[name].codec.Check(v); !errors.Is(err, codec.ErrDimension) {
			t.Errorf("%s: %v, want ErrDimension", name, err)
		}
	}
	tooMany := metric.SparseVector{Indices: make([]uint32, codec.MaxSparseFeatures+1), Values: make([]float32, codec.MaxSparseFeatures+1)}
	if err := all["sparse"].codec.Check(codec.Vector{Sparse: tooMany}); !errors.Is(err, codec.ErrDimension) {
		t.Errorf("%d features: %v, want ErrDimension", codec.MaxSparseFeatures+1, err)
	}
}

// Lengths that cannot be right are an error, whatever the bytes.
func TestCodecView(t *testing.T) {
	for name, c := range collectors(t) {
		table := c.table(t, 4)
		for _, v := range c.vectors[:4] {
			table.Append(v)
		}
		good := table.Codes()
		c.view(t, good)
		for reason, harm := range map[string]func(*codec.Codes){
			"another stride":   func(x *codec.Codes) { x.Stride += 64 },
			"a byte too few":   func(x *codec.Codes) { x.Codes = x.Codes[:len(x.Codes)-8] },
			"no offsets, rows": func(x *codec.Codes) { x.Offsets, x.Stride = nil, 0 },
		} {
			bad := good
			harm(&bad)
			if _, err := c.codec.View(bad); !errors.Is(err, codec.ErrCorrupt) {
				t.Errorf("%s: %s: %v, want ErrCorrupt", name, reason, err)
			}
		}
	}
}

// FuzzPlain gives any bytes as plain forms: what is decoded must be what is encoded again.
func FuzzPlain(f *testing.F) {
	all := collectors(f)
	for _, c := range all {
		f.Add(c.codec.AppendPlain(nil, c.vectors[0]))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for name, c := range all {
			for _, decoder := range []codec.Codec{c.codec, withoutMetric(c.codec)} {
				v, err := decoder.DecodePlain(b)
				if err != nil {
					if !errors.Is(err, codec.ErrCorrupt) {
						t.Fatal(name, err)
					}
					continue
				}
				if again := decoder.AppendPlain(nil, v); string(again) != string(b) {
					t.Fatalf("%s: %x becomes %x", name, b, again)
				}
			}
		}
	})
}

// Codes go where the order says, whatever their lengths.
func TestCodes_Permute(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, stride := rapid.IntRange(0, 60).Draw(t, "n"), rapid.IntRange(4, 12).Draw(t, "stride")
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		order := make([]uint32, n)
		codes := codec.Codes{Stride: stride, VectorStride: 5}
		for i, place := range random.Perm(n) {
			order[i] = uint32(place)
			codes.Codes = fmt.Appendf(codes.Codes, "%0*d", stride, i)
			codes.Vectors = fmt.Appendf(codes.Vectors, "%05d", i)
		}
		codes.Permute(order)
		for i, row := range order {
			if got, want := string(codes.Codes[i*stride:][:stride]), fmt.Sprintf("%0*d", stride, row); got != want {
				t.Fatalf("place %d has code %s, want %s of order %v", i, got, want, order)
			}
			if got, want := string(codes.Vectors[i*5:][:5]), fmt.Sprintf("%05d", row); got != want {
				t.Fatalf("place %d has vector %s, want %s of order %v", i, got, want, order)
			}
		}
	})
}

// Whatever the kernel and the transform, rows are as far apart as the metric says.
func TestFloat32_EveryMetric(t *testing.T) {
	const dim = 12
	vectors := float32Vectors(3, 20, dim)
	for i, v := range vectors {
		for j := range v {
			v[j] = max(v[j], -v[j]) * float32(i%2) // some have components of either sign, some none that is negative
		}
		v[i%dim]++
	}
	for _, name := range metric.Names() {
		m, err := metric.Lookup(name)
		if err != nil || m.CheckDim(dim) != nil {
			continue // without parameters, or for another dimension
		}
		c := codec.NewFloat32(m, dim)
		table := collector{codec: c}.table(t, len(vectors))
		for _, v := range vectors {
			if c.Check(codec.Vector{Dense: v}) == nil {
				table.Append(codec.Vector{Dense: v})
			}
		}
		for i := range table.Len() {
			x := vectorOf(table.Rows(), uint32(i))
			scorer := table.Rows().Scorer()
			scorer.Prepare(x)
			for j := range table.Len() {
				var got [1]float32
				scorer.Exact(got[:], []uint32{uint32(j)})
				want := float64(m.Distance(x.Dense, vectorOf(table.Rows(), uint32(j)).Dense))
				if d := float64(c.Correct(got[0])); math.Abs(d-want) > 1e-5*math.Abs(want)+1e-3 {
					t.Errorf("%s: rows %d and %d are at %v, want %v", name, i, j, d, want)
				}
			}
		}
	}
}
