package codec_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/internal/mapped"
	"github.com/vicinaldb/store/metric"
)

// Codes without vectors, as those of pivots are, can be scored by a scorer of others.
func TestUint8Pivots(t *testing.T) {
	vectors := shares(8, 10, 20)
	c, codes := compact(t, float32Metric(t, "euclidean"), vectors)
	rows, pivots := collector{codec: c}.view(t, codes), collector{codec: c}.view(t, codec.Codes{Stride: codes.Stride, Codes: codes.Codes[2*codes.Stride:]})
	scorer := rows.Scorer()
	scorer.Prepare(codec.Vector{Dense: vectors[5]})
	var want, got, exact [2]float32
	scorer.Score(want[:], []uint32{2, 9})
	scorer.Over(pivots)
	scorer.Score(got[:], []uint32{0, 7})
	scorer.Exact(exact[:], []uint32{0, 7})
	if got != want || exact[0] == exact[0] || exact[1] == exact[1] {
		t.Errorf("pivots score %v, exactly %v; want %v and NaN", got, exact, want)
	}
	if v, err := pivots.Vector(1); !errors.Is(err, codec.ErrCorrupt) {
		t.Errorf("a pivot's vector is %v, %v; want ErrCorrupt", v, err)
	}
}

func TestUint8AllocatesNothing(t *testing.T) {
	vectors := shares(1, 80, 100)
	numbers := make([]uint32, len(vectors))
	check := func(m *metric.Dense, vectors [][]float32) {
		outside := slices.Clone(vectors[2])
		outside[3] = 50
		_, rows := compactRows(t, m, vectors)
		scorer, dst := rows.Scorer(), make([]float32, len(numbers))
		allocations := testing.AllocsPerRun(10, func() {
			rows.Distances(dst, 3, numbers)
			for _, query := range [][]float32{vectors[2], outside} {
				scorer.Prepare(codec.Vector{Dense: query})
				scorer.Score(dst, numbers)
				scorer.Exact(dst, numbers)
			}
		})
		if allocations != 0 {
			t.Errorf("%s: %v allocations", m.Name(), allocations)
		}
	}
	for _, m := range lossyMetrics(t) {
		check(m, vectors)
	}
	check(float32Metric(t, "euclidean"), counts(1, 80, 100))
	check(float32Metric(t, "euclidean"), skewed(1, 80, 100)) // turned
	check(float32Metric(t, "cosine"), shares(1, 80, 320))    // spherical
}

// TestUint8Concurrently is for the race detector: rows are shared, scorers are not.
func TestUint8Concurrently(t *testing.T) {
	vectors := shares(1, 50, 60)
	_, rows := compactRows(t, float32Metric(t, "hellinger"), vectors)
	checkConcurrently(t, rows, vectors)
}

// FuzzUint8Rows gives codes and vectors of any bytes: all the numbers of rows that Len allows must be scored without a fault, and,
// if their sums are right, symmetric bit for bit.
func FuzzUint8Rows(f *testing.F) {
	f.Add([]byte{}, uint8(1), float32(0), float32(1))
	f.Add(bytes.Repeat([]byte{0xff}, 400), uint8(15), float32(-3), float32(1e30))
	f.Add(bytes.Repeat([]byte{0, 0, 0x80, 0x7f}, 200), uint8(70), float32(1e38), float32(1e-40))
	f.Fuzz(func(t *testing.T, b []byte, size uint8, offset, scale float32) {
		dim := max(int(size), 1)
		for _, m := range lossyMetrics(t) {
			c, err := codec.NewUint8(m, dim, codec.Uint8Params{Offset: offset, Scale: scale})
			if err != nil {
				return
			}
			n := min(len(b)/(c.Stride()+4*dim), 20)
			data := mapped.Aligned(n * (c.Stride() + 4*dim))
			copy(data, b)
			codes := codec.Codes{Stride: c.Stride(), Codes: data[:n*c.Stride()], VectorStride: 4 * dim, Vectors: data[n*c.Stride():]}
			rows, err := c.View(codes)
			if errors.Is(err, errors.ErrUnsupported) {
				t.Skip(err)
			}
			if err != nil || rows.Len() != n {
				t.Fatal(err)
			}
			allDistances(rows, n) // of wrong sums
			for row := range n {
				putSums(codes.Codes[row*c.Stride():][:c.Stride()])
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

// putSums sets the last eight bytes of a code to the sums of the others.
func putSums(code []byte) {
	var sum, squares uint32
	end := len(code) - 8
	for _, x := range code[:end] {
		sum += uint32(x)
		squares += uint32(x) * uint32(x)
	}
	binary.LittleEndian.PutUint32(code[end:], sum)
	binary.LittleEndian.PutUint32(code[end+4:], squares)
}

// BenchmarkUint8 compares a query with 24 random rows a call, of codes that fit the second-level cache: as a code, and as
// floats when it is no integer.
func BenchmarkUint8(b *testing.B) {
	for _, query := range []string{"code", "floats"} {
		for _, dim := range []int{100, 784} {
			b.Run(fmt.Sprintf("%s/dim=%d", query, dim), func(b *testing.B) {
				const batch = 24
				vectors := counts(1, 200_000/dim, dim)
				_, rows := compactRows(b, float32Metric(b, "euclidean"), vectors)
				scorer := rows.Scorer()
				if query == "floats" {
					vectors[0][0] = 0.5
				}
				scorer.Prepare(codec.Vector{Dense: vectors[0]})
				r := rand.New(rand.NewPCG(1, 2))
				numbers := make([]uint32, 1024)
				for i := range numbers {
					numbers[i] = r.Uint32N(uint32(len(vectors)))
				}
				dst, at := make([]float32, batch), 0
				b.ReportAllocs()
				for b.Loop() {
					scorer.Score(dst, numbers[at:at+batch])
					at = (at + batch) % (len(numbers) - batch)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/batch, "ns/row")
			})
		}
	}
}
