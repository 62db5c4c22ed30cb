package codec_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/bits"
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

// bitsMetrics are the built-in metrics and one that only calls can compute.
func bitsMetrics(t testing.TB, n uint32) []*metric.Bits {
	t.Helper()
	custom, err := metric.NewBits(metric.BitsDefinition{Name: "custom", Fast: func(x, y []uint64, _ uint32) (sum float32) {
		for i := range x {
			sum += float32(bits.OnesCount64(x[i]^y[i]) * (i + 1))
		}
		return sum
	}}, n)
	if err != nil {
		t.Fatal(err)
	}
	all := []*metric.Bits{custom}
	for _, name := range metric.BitsNames() {
		all = append(all, bitsMetric(t, name, n))
	}
	return all
}

func bitsMetric(t testing.TB, name string, n uint32) *metric.Bits {
	t.Helper()
	m, err := metric.LookupBits(name, n)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// bitsVectors draws vectors of n bits, each with its own share of ones.
func bitsVectors(seed uint64, count int, n uint32) [][]uint64 {
	r := rand.New(rand.NewPCG(seed, 0))
	vectors := make([][]uint64, count)
	for i := range vectors {
		vectors[i] = make([]uint64, (n+63)/64)
		share := r.Float64()
		for bit := range n {
			if r.Float64() < share {
				vectors[i][bit/64] |= 1 << (bit % 64)
			}
		}
	}
	return vectors
}

// bitsRows encodes vectors, or skips the test where the machine cannot compute with rows in place.
func bitsRows(t testing.TB, m *metric.Bits, vectors [][]uint64) *codec.BitsRows {
	t.Helper()
	c := codec.NewBits(m)
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

// TestBitsGolden holds the layout of a row to its bytes.
func TestBitsGolden(t *testing.T) {
	row := bytes.Repeat([]byte{0xee}, 64) // what was there before must not show
	c := codec.NewBits(bitsMetric(t, "bit_hamming", 70))
	c.Encode(row, []uint64{0x0123456789abcdef, 1<<5 | 1})
	want := "efcdab8967452301 2100000000000000" + strings.Repeat("00", 48)
	if got := hex.EncodeToString(row); got != strings.ReplaceAll(want, " ", "") {
		t.Error(got)
	}
	if c.Name() != "bits" || c.Dim() != 70 {
		t.Errorf("%s of %d bits", c.Name(), c.Dim())
	}
	for n, stride := range map[uint32]int{1: 64, 512: 64, 513: 128, 784: 128} {
		if got := codec.NewBits(bitsMetric(t, "bit_hamming", n)).Stride(); got != stride {
			t.Errorf("%d bits: stride %d, want %d", n, got, stride)
		}
	}
}

func TestBitsLossless(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Uint32Range(1, 700).Draw(t, "bits")
		m, err := metric.LookupBits("bit_jaccard", n)
		if err != nil {
			t.Fatal(err)
		}
		v := rapid.SliceOfN(rapid.Uint64(), m.Words(), m.Words()).Draw(t, "v")
		if used := n % 64; used != 0 {
			v[len(v)-1] &= 1<<used - 1
		}
		c := codec.NewBits(m)
		row := mapped.Aligned(c.Stride() + 1)[1:] // encoding needs no alignment
		c.Encode(row, v)
		plain := codec.AppendBits([]byte{7}, v)
		for form, b := range map[string][]byte{"row": row, "plain": plain[1:]} {
			got := make([]uint64, len(v))
			if c.Decode(got, b); !slices.Equal(got, v) {
				t.Fatalf("%s: %x, want %x", form, got, v)
			}
		}
		if got, err := codec.DecodeBits(plain[1:], n); plain[0] != 7 || err != nil || !slices.Equal(got, v) {
			t.Fatalf("%x, %v, want %x", got, err, v)
		}
	})
}

func TestDecodeBitsRefuses(t *testing.T) {
	cases := []struct {
		b      []byte
		bits   uint32
		reason string
	}{
		{make([]byte, 15), 70, "part of a word"},
		{make([]byte, 8), 70, "a word is missing"},
		{make([]byte, 24), 70, "a word too many"},
		{nil, 1, "nothing"},
		{make([]byte, 8), math.MaxUint32, "words are missing"},
		{append(make([]byte, 8), 0x40, 0, 0, 0, 0, 0, 0, 0), 70, "bit 70 is none of 70"},
	}
	for _, c := range cases {
		if v, err := codec.DecodeBits(c.b, c.bits); v != nil || !errors.Is(err, codec.ErrCorrupt) {
			t.Errorf("%x, %v, want ErrCorrupt: %s", v, err, c.reason)
		}
	}
}

func TestBitsRowsRefuse(t *testing.T) {
	c := codec.NewBits(bitsMetric(t, "bit_hamming", 600))
	data := mapped.Aligned(4 * c.Stride())
	if _, err := c.Rows(data[:3*c.Stride()-8]); !errors.Is(err, codec.ErrCorrupt) {
		t.Errorf("part of a row: %v, want ErrCorrupt", err)
	}
	_, err := c.Rows(data[4 : 4+c.Stride()])
	if !errors.Is(err, mapped.ErrLayout) && !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("unaligned: %v, want ErrLayout", err)
	}
}

func TestBitsRowsEmpty(t *testing.T) {
	rows := bitsRows(t, bitsMetric(t, "bit_jaccard", 100), nil)
	if rows.Len() != 0 {
		t.Fatalf("%d rows", rows.Len())
	}
	scorer := rows.Scorer()
	scorer.Prepare(codec.Vector{Bits: make([]uint64, 2)})
	scorer.Score(nil, nil)
}

// TestBitsDistances compares the batch kernels with the metric itself, both orders of each pair and the scorer, over more
// rows than a kernel takes at once.
func TestBitsDistances(t *testing.T) {
	for _, n := range []uint32{1, 64, 65, 511, 512, 784, 3000} {
		vectors := bitsVectors(uint64(n), 150, n)
		vectors[3] = vectors[20] // equal vectors in two rows
		clear(vectors[5])
		for _, m := range bitsMetrics(t, n) {
			checkBitsDistances(t, m, bitsRows(t, m, vectors), vectors)
		}
	}
}

func checkBitsDistances(t *testing.T, m *metric.Bits, rows *codec.BitsRows, vectors [][]uint64) {
	t.Helper()
	if rows.Len() != len(vectors) {
		t.Fatalf("%d rows, want %d", rows.Len(), len(vectors))
	}
	all := make([]uint32, len(vectors))
	for i := range all {
		all[i] = uint32(len(all) - 1 - i) // backwards, so that a result in the wrong place shows
	}
	scorer := rows.Scorer()
	distances, scores, mirrored := make([]float32, len(all)), make([]float32, len(all)), make([]float32, 1)
	for a := 0; a < len(vectors); a += 7 {
		if got := vectorOf(rows, uint32(a)).Bits; !slices.Equal(got, vectors[a]) || cap(got) != len(got) {
			t.Fatalf("row %d is %x of capacity %d, want %x", a, got, cap(got), vectors[a])
		}
		rows.Distances(distances, uint32(a), all)
		query := slices.Clone(vectors[a])
		scorer.Prepare(codec.Vector{Bits: query})
		clear(query) // the scorer has a copy
		scorer.Score(scores, all)
		for i, b := range all {
			want := m.Fast(vectors[a], vectors[b])
			rows.Distances(mirrored, b, []uint32{uint32(a)})
			for how, got := range map[string]float32{"Distances": distances[i], "Score": scores[i], "mirrored": mirrored[0]} {
				if math.Float32bits(got) != math.Float32bits(want) {
					t.Fatalf("%s of %d bits, rows %d and %d, %s: %v, want %v", m.Name(), m.Bits(), a, b, how, got, want)
				}
			}
		}
	}
}

func TestBitsScorerOver(t *testing.T) {
	m := bitsMetric(t, "bit_hamming", 100)
	a, b := bitsRows(t, m, bitsVectors(1, 3, 100)), bitsRows(t, m, bitsVectors(2, 3, 100))
	scorer, dst := a.Scorer(), make([]float32, 1)
	scorer.Prepare(vectorOf(b, 2))
	scorer.Over(b)
	if scorer.Score(dst, []uint32{2}); dst[0] != 0 {
		t.Errorf("distance %v to the row that the query was prepared from", dst[0])
	}
}

func TestBitsAllocatesNothing(t *testing.T) {
	for _, m := range bitsMetrics(t, 300) {
		vectors := bitsVectors(1, 100, 300)
		rows := bitsRows(t, m, vectors)
		scorer, dst, numbers := rows.Scorer(), make([]float32, 70), make([]uint32, 70)
		allocations := testing.AllocsPerRun(10, func() {
			rows.Distances(dst, 3, numbers)
			scorer.Prepare(codec.Vector{Bits: vectors[2]})
			scorer.Score(dst, numbers)
		})
		if allocations != 0 {
			t.Errorf("%s: %v allocations", m.Name(), allocations)
		}
	}
}

// TestBitsConcurrently is for the race detector: rows are shared, scorers are not.
func TestBitsConcurrently(t *testing.T) {
	vectors := bitsVectors(1, 50, 200)
	rows := bitsRows(t, bitsMetric(t, "bit_jaccard", 200), vectors)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			scorer, distances, scores := rows.Scorer(), make([]float32, 1), make([]float32, 1)
			for a := range vectors {
				rows.Distances(distances, uint32(a), []uint32{uint32(a)})
				scorer.Prepare(codec.Vector{Bits: vectors[a]})
				scorer.Score(scores, []uint32{uint32(a)})
				if distances[0] != 0 || scores[0] != 0 {
					t.Errorf("row %d: %v and %v", a, distances, scores)
				}
			}
		})
	}
	group.Wait()
}

// FuzzBitsRows gives rows of any bytes: all of them must be scored without a fault, to the same bits both ways.
func FuzzBitsRows(f *testing.F) {
	f.Add([]byte{}, uint16(1))
	f.Add(bytes.Repeat([]byte{0xff}, 256), uint16(500))
	f.Add(make([]byte, 192), uint16(65))
	f.Fuzz(func(t *testing.T, b []byte, n uint16) {
		data := mapped.Aligned(len(b))
		copy(data, b)
		for _, m := range bitsMetrics(t, max(uint32(n), 1)) {
			rows, err := codec.NewBits(m).Rows(data)
			if err != nil {
				continue
			}
			numbers := make([]uint32, min(rows.Len(), 20))
			for i := range numbers {
				numbers[i] = uint32(i)
			}
			scorer, dst, mirrored := rows.Scorer(), make([]float32, len(numbers)), make([]float32, 1)
			for i := range numbers {
				scorer.Prepare(vectorOf(rows, uint32(i)))
				scorer.Score(dst, numbers)
				rows.Distances(dst, uint32(i), numbers)
				rows.Distances(mirrored, numbers[0], []uint32{uint32(i)})
				if math.Float32bits(mirrored[0]) != math.Float32bits(dst[0]) {
					t.Fatalf("%s: %v one way, %v the other", m.Name(), dst[0], mirrored[0])
				}
			}
		}
	})
}

// FuzzDecodeBits gives any bytes: what is decoded must be what is encoded again.
func FuzzDecodeBits(f *testing.F) {
	f.Add([]byte{}, uint32(0))
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8}, uint32(64))
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8}, uint32(60))
	f.Fuzz(func(t *testing.T, b []byte, n uint32) {
		v, err := codec.DecodeBits(b, n)
		if err != nil {
			if !errors.Is(err, codec.ErrCorrupt) {
				t.Fatal(err)
			}
			return
		}
		if again := codec.AppendBits(nil, v); !bytes.Equal(again, b) {
			t.Fatalf("%x becomes %x", b, again)
		}
	})
}

// BenchmarkBitsDistances compares a row with 24 random ones a call, of 8 MB.
func BenchmarkBitsDistances(b *testing.B) {
	for _, name := range []string{"bit_hamming", "bit_jaccard"} {
		for _, n := range []uint32{256, 784, 4096} {
			b.Run(fmt.Sprintf("%s/bits=%d", name, n), func(b *testing.B) {
				const batch = 24
				m := bitsMetric(b, name, n)
				c := codec.NewBits(m)
				count := 8 << 20 / c.Stride()
				r := rand.New(rand.NewPCG(1, 2))
				vectors := make([][]uint64, count)
				for i := range vectors {
					vectors[i] = make([]uint64, m.Words())
					for j := range vectors[i] {
						vectors[i][j] = r.Uint64()
					}
				}
				rows := bitsRows(b, m, vectors)
				numbers := make([]uint32, 1<<13)
				for i := range numbers {
					numbers[i] = r.Uint32N(uint32(count))
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
