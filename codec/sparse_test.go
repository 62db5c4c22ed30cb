package codec_test

import (
	"bytes"
	"encoding/binary"
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

// The numbers of features that are looked up in different ways: in an array, in a hash table.
const (
	fewFeatures  = 300
	manyFeatures = 1<<32 - 1
)

// sparseMetrics are the built-in metrics between vectors of dim features, kantorovich only of few.
func sparseMetrics(t testing.TB, dim uint32) []*metric.Sparse {
	t.Helper()
	var all []*metric.Sparse
	for _, name := range metric.SparseNames() {
		var p metric.Params
		switch {
		case name == "minkowski":
			p.P = new(3.0)
		case name == "kantorovich" && dim > fewFeatures:
			continue
		case name == "kantorovich":
			for i := range dim {
				p.GroundVectors = append(p.GroundVectors, []float32{float32(i % 17), float32(i % 5)})
			}
		}
		all = append(all, sparseMetric(t, name, dim, p))
	}
	return all
}

func sparseMetric(t testing.TB, name string, dim uint32, p ...metric.Params) *metric.Sparse {
	t.Helper()
	m, err := metric.LookupSparse(name, dim, p...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// sparseVectors draws vectors of positive values. Features are drawn from a few dozen, so that vectors share some.
func sparseVectors(seed uint64, count int, dim uint32) []metric.SparseVector {
	r := rand.New(rand.NewPCG(seed, 0))
	vocabulary := make([]uint32, 60)
	for i := range vocabulary {
		vocabulary[i] = r.Uint32N(dim)
	}
	vocabulary[0] = dim - 1
	slices.Sort(vocabulary)
	vocabulary = slices.Compact(vocabulary)
	vectors := make([]metric.SparseVector, count)
	for i := range vectors {
		share := r.Float64()
		for _, feature := range vocabulary {
			if r.Float64() < share {
				vectors[i].Indices = append(vectors[i].Indices, feature)
				vectors[i].Values = append(vectors[i].Values, r.Float32()+0.01)
			}
		}
	}
	return vectors
}

// sparseBytes encodes vectors as rows, aligned, and the offsets of the rows.
func sparseBytes(c *codec.Sparse, vectors []metric.SparseVector) (offsets, data []byte) {
	ends := []uint64{0}
	for _, v := range vectors {
		data = c.Append(data, v)
		ends = append(ends, uint64(len(data)))
	}
	return aligned(mapped.BytesOfUint64s(ends)), aligned(data)
}

func aligned(b []byte) []byte {
	copied := mapped.Aligned(len(b))
	copy(copied, b)
	return copied
}

// viewSparse views rows, or skips the test where the machine cannot compute with rows in place.
func viewSparse(t testing.TB, c *codec.Sparse, offsets, data []byte) *codec.SparseRows {
	t.Helper()
	rows, err := c.Rows(offsets, data)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func sparseRows(t testing.TB, m *metric.Sparse, vectors []metric.SparseVector) *codec.SparseRows {
	t.Helper()
	c := codec.NewSparse(m)
	offsets, data := sparseBytes(c, vectors)
	return viewSparse(t, c, offsets, data)
}

// TestSparseGolden holds the layout of rows to their bytes.
func TestSparseGolden(t *testing.T) {
	v := metric.SparseVector{Indices: []uint32{3, 70_000}, Values: []float32{4, -2}}
	plain := "03000000 70110100 00008040 000000c0"
	cases := []struct{ metric, summary string }{
		{"euclidean", "0000000000003440 0000000000000000"}, // 20 = 16 + 4
		{"manhattan", "0000000000001840 0000000000000000"}, // 6
		{"jaccard", "0000000000000040 0000000000000000"},   // 2 features
		{"inner_product", "0000000000000000 0000000000000000"},
		{"chebyshev", "0000000000000000 0000000000000000"},
		{"cosine", "d9edbfc5259fcc3f 0000000000000000"}, // 1/sqrt(20)
	}
	for _, c := range cases {
		sparse := codec.NewSparse(sparseMetric(t, c.metric, 100_000))
		row := sparse.Append([]byte{7}, v)
		if got, want := hex.EncodeToString(row), strings.ReplaceAll("07"+c.summary+plain, " ", ""); got != want {
			t.Errorf("%s: %s, want %s", c.metric, got, want)
		}
		if sparse.Size(2) != len(row)-1 || sparse.Name() != "sparse" || sparse.Dim() != 100_000 {
			t.Errorf("%s: a row of %d bytes, %d features", sparse.Name(), sparse.Size(2), sparse.Dim())
		}
	}
	if got := hex.EncodeToString(codec.AppendSparse(nil, v)); got != strings.ReplaceAll(plain, " ", "") {
		t.Errorf("plain form %s", got)
	}
}

func equalSparse(a, b metric.SparseVector) bool {
	sameBits := func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) }
	return slices.Equal(a.Indices, b.Indices) && slices.EqualFunc(a.Values, b.Values, sameBits)
}

func TestSparseLossless(t *testing.T) {
	c := codec.NewSparse(sparseMetric(t, "cosine", manyFeatures))
	rapid.Check(t, func(t *rapid.T) {
		indices := rapid.SliceOfNDistinct(rapid.Uint32Max(manyFeatures-1), 0, 40, rapid.ID).Draw(t, "indices")
		slices.Sort(indices)
		v := metric.SparseVector{Indices: indices, Values: make([]float32, len(indices))}
		for i := range v.Values {
			v.Values[i] = rapid.Custom(func(t *rapid.T) float32 { return math.Float32frombits(rapid.Uint32Min(1).Draw(t, "")) }).
				Filter(func(x float32) bool { return x != 0 }).Draw(t, "value") // NaN of every kind too
		}
		fromRow, err := c.Decode(c.Append(nil, v))
		if err != nil || !equalSparse(fromRow, v) {
			t.Fatalf("row: %v, %v, want %v", fromRow, err, v)
		}
		fromPlain, err := codec.DecodeSparse(codec.AppendSparse(nil, v), manyFeatures)
		if err != nil || !equalSparse(fromPlain, v) {
			t.Fatalf("plain: %v, %v, want %v", fromPlain, err, v)
		}
	})
}

func TestDecodeSparseRefuses(t *testing.T) {
	plain := func(indices []uint32, values ...float32) []byte {
		return codec.AppendVector(bytes.Clone(mapped.BytesOfUint32s(indices)), values)
	}
	cases := []struct {
		b      []byte
		reason string
	}{
		{plain([]uint32{1, 2}, 1, 1)[:12], "half a feature"},
		{plain([]uint32{1, 2}, 1, 1)[:15], "part of a value"},
		{plain([]uint32{1, 10}, 1, 1), "a feature beyond the last"},
		{plain([]uint32{2, 1}, 1, 1), "descending"},
		{plain([]uint32{2, 2}, 1, 1), "a feature twice"},
		{plain([]uint32{1, 2}, 1, 0), "a zero that is listed"},
		{plain([]uint32{1}, float32(math.Copysign(0, -1))), "a negative zero that is listed"},
	}
	c := codec.NewSparse(sparseMetric(t, "cosine", 10))
	for _, tc := range cases {
		if _, err := codec.DecodeSparse(tc.b, 10); !errors.Is(err, codec.ErrCorrupt) {
			t.Errorf("plain: %v, want ErrCorrupt: %s", err, tc.reason)
		}
		if _, err := c.Decode(append(make([]byte, 16), tc.b...)); !errors.Is(err, codec.ErrCorrupt) {
			t.Errorf("row: %v, want ErrCorrupt: %s", err, tc.reason)
		}
	}
	if _, err := c.Decode(make([]byte, 8)); !errors.Is(err, codec.ErrCorrupt) {
		t.Errorf("%v, want ErrCorrupt: half a summary", err)
	}
}

// TestSparseDistances compares the results for many rows with the metric itself, both orders of each pair and the scorer.
func TestSparseDistances(t *testing.T) {
	for _, dim := range []uint32{fewFeatures, manyFeatures} {
		vectors := sparseVectors(1, 24, dim)
		vectors[3] = vectors[20] // equal vectors in two rows
		vectors[4].Indices, vectors[4].Values = vectors[4].Indices[:1], vectors[4].Values[:1]
		vectors[7] = metric.SparseVector{Indices: vectors[6].Indices, Values: slices.Clone(vectors[6].Values)}
		vectors[7].Values[0] *= 1.0001 // so near that the overlap gives up
		for _, m := range sparseMetrics(t, dim) {
			given := vectors
			if m.Check(metric.SparseVector{}) == nil {
				given = append(slices.Clone(vectors), metric.SparseVector{})
			}
			checkSparseDistances(t, m, sparseRows(t, m, given), given)
		}
	}
}

func checkSparseDistances(t *testing.T, m *metric.Sparse, rows *codec.SparseRows, vectors []metric.SparseVector) {
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
	for a, x := range vectors {
		if got, err := rows.Vector(uint32(a)); err != nil || !equalSparse(got.Sparse, x) {
			t.Fatalf("row %d is %v, %v, want %v", a, got, err, x)
		}
		rows.Distances(distances, uint32(a), all)
		query := metric.SparseVector{Indices: slices.Clone(x.Indices), Values: slices.Clone(x.Values)}
		scorer.Prepare(codec.Vector{Sparse: query})
		clear(query.Indices) // the scorer has a copy
		clear(query.Values)
		scorer.Score(scores, all)
		for i, b := range all {
			want := m.Fast(x, vectors[b])
			rows.Distances(mirrored, b, []uint32{uint32(a)}) // of one row: not by a table
			for how, got := range map[string]float32{"Distances": distances[i], "Score": scores[i], "mirrored": mirrored[0]} {
				if math.Float32bits(got) != math.Float32bits(want) {
					t.Fatalf("%s of %d features, rows %d and %d, %s: %v, want %v", m.Name(), m.Dim(), a, b, how, got, want)
				}
			}
		}
	}
}

// TestSparseDistancesOfLongVectors has vectors too long for a hash table, and those that fill one.
func TestSparseDistancesOfLongVectors(t *testing.T) {
	const dim = 1 << 30
	var vectors []metric.SparseVector
	for _, n := range []int{1, 100, 1 << 13, 1 << 17, 1<<17 + 1} {
		var v metric.SparseVector
		for i := range n {
			v.Indices = append(v.Indices, uint32(i*(dim/n))&^7)
			v.Values = append(v.Values, float32(i%7)+1)
		}
		vectors = append(vectors, v)
	}
	for _, name := range []string{"cosine", "jaccard"} {
		m := sparseMetric(t, name, dim)
		checkSparseDistances(t, m, sparseRows(t, m, vectors), vectors)
	}
}

func TestSparseScorerOver(t *testing.T) {
	m := sparseMetric(t, "euclidean", fewFeatures)
	c := codec.NewSparse(m)
	offsets, data := sparseBytes(c, sparseVectors(1, 3, fewFeatures))
	a := viewSparse(t, c, offsets, data)
	offsets, data = sparseBytes(c, sparseVectors(2, 3, fewFeatures))
	b := viewSparse(t, c, offsets, data)
	scorer, dst := a.Scorer(), make([]float32, 1)
	for row := range uint32(3) { // a query leaves nothing behind for the next one
		v, err := b.Vector(row)
		if err != nil {
			t.Fatal(err)
		}
		scorer.Prepare(v)
		scorer.Over(b)
		if scorer.Score(dst, []uint32{row}); dst[0] != 0 {
			t.Errorf("distance %v to the row that the query was prepared from", dst[0])
		}
	}
}

func TestSparseRowsRefuse(t *testing.T) {
	c := codec.NewSparse(sparseMetric(t, "cosine", 10))
	offsets := func(o ...uint64) []byte { return aligned(mapped.BytesOfUint64s(o)) }
	cases := []struct {
		offsets, data []byte
		want          error
		reason        string
	}{
		{offsets(0, 24), mapped.Aligned(24), nil, "one row"},
		{offsets(0), nil, nil, "no rows"},
		{nil, nil, codec.ErrCorrupt, "the last offset is missing"},
		{offsets(8, 24), mapped.Aligned(24), codec.ErrCorrupt, "bytes before the first row"},
		{offsets(0, 24), mapped.Aligned(32), codec.ErrCorrupt, "bytes behind the last row"},
		{offsets(0, 24), mapped.Aligned(16), codec.ErrCorrupt, "the last row is cut"},
		{offsets(0, 24)[:12], mapped.Aligned(24), mapped.ErrLayout, "part of an offset"},
		{offsets(0, 20), mapped.Aligned(20), mapped.ErrLayout, "part of a feature"},
		{offsets(0, 24), mapped.Aligned(28)[4:], mapped.ErrLayout, "unaligned rows"},
	}
	for _, tc := range cases {
		_, err := c.Rows(tc.offsets, tc.data)
		if !errors.Is(err, tc.want) && !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%v, want %v: %s", err, tc.want, tc.reason)
		}
	}
}

// TestSparseDamagedRows has one row that is none among good ones.
func TestSparseDamagedRows(t *testing.T) {
	const damaged = 2
	cases := []struct {
		reason string
		harm   func(offsets []uint64, indices []uint32)
	}{
		{"the row begins behind its end", func(o []uint64, _ []uint32) { o[damaged] = o[damaged+1] + 8 }},
		{"the row begins behind all rows", func(o []uint64, _ []uint32) { o[damaged] = 1 << 40 }},
		{"the row begins where no row can", func(o []uint64, _ []uint32) { o[damaged] = math.MaxUint64 - 7 }},
		{"the row begins between two numbers", func(o []uint64, _ []uint32) { o[damaged] += 4 }},
		{"the row has no room for a summary", func(o []uint64, _ []uint32) { o[damaged] = o[damaged+1] - 8 }},
		{"two features are exchanged", func(_ []uint64, i []uint32) { i[0], i[1] = i[1], i[0] }},
		{"a feature is there twice", func(_ []uint64, i []uint32) { i[1] = i[0] }},
		{"a feature is beyond the last", func(_ []uint64, i []uint32) { i[len(i)-1] = math.MaxUint32 }},
		{"a feature in the middle is beyond the last", func(_ []uint64, i []uint32) { i[1] = math.MaxUint32 }},
	}
	for _, dim := range []uint32{fewFeatures, manyFeatures} {
		vectors := sparseVectors(1, 6, dim)
		for _, tc := range cases {
			for _, name := range []string{"cosine", "jaccard", "chebyshev"} {
				c := codec.NewSparse(sparseMetric(t, name, dim))
				offsets, data := sparseBytes(c, vectors)
				ends, err := mapped.Uint64s(offsets)
				if err != nil {
					t.Skip(err)
				}
				words, err := mapped.Uint32s(data)
				if err != nil {
					t.Fatal(err)
				}
				tc.harm(ends, words[ends[damaged]/4+4:][:len(vectors[damaged].Indices)])
				checkDamaged(t, fmt.Sprintf("%s of %d features: %s", name, dim, tc.reason), viewSparse(t, c, offsets, data), vectors, damaged)
			}
		}
	}
}

func checkDamaged(t *testing.T, what string, rows *codec.SparseRows, vectors []metric.SparseVector, damaged uint32) {
	t.Helper()
	isNaN := func(x float32) bool { return x != x }
	if _, err := rows.Vector(damaged); !errors.Is(err, codec.ErrCorrupt) {
		t.Errorf("%s: Vector gives %v, want ErrCorrupt", what, err)
	}
	for _, numbers := range [][]uint32{{0}, {0, 3, damaged, 4, 5}} { // by pairs, and by a table; row 1 ends where the damaged one begins
		dst := make([]float32, len(numbers))
		if rows.Distances(dst, damaged, numbers); slices.ContainsFunc(dst, func(x float32) bool { return !isNaN(x) }) {
			t.Errorf("%s: the damaged row has distances %v", what, dst)
		}
		scorer := rows.Scorer()
		for _, score := range []func(){
			func() { rows.Distances(dst, 0, numbers) },
			func() { scorer.Prepare(codec.Vector{Sparse: vectors[0]}); scorer.Score(dst, numbers) },
		} {
			score()
			for i, row := range numbers {
				if isNaN(dst[i]) != (row == damaged) {
					t.Errorf("%s: row %d is at %v", what, row, dst[i])
				}
			}
		}
	}
}

// TestSparseScorerOfNoVector has queries that a metric's Check refuses, and none at all.
func TestSparseScorerOfNoVector(t *testing.T) {
	for _, dim := range []uint32{fewFeatures, manyFeatures} {
		for _, name := range []string{"cosine", "chebyshev"} {
			vectors := sparseVectors(1, 3, dim)
			rows := sparseRows(t, sparseMetric(t, name, dim), vectors)
			scorer, dst := rows.Scorer(), make([]float32, 1)
			if scorer.Score(dst, []uint32{0}); dst[0] == dst[0] {
				t.Errorf("%s of %d features, no query: %v", name, dim, dst)
			}
			for _, indices := range [][]uint32{{2, 1}, {1, 1}, {1, dim}, {math.MaxUint32, 1}, {1}} {
				scorer.Prepare(codec.Vector{Sparse: metric.SparseVector{Indices: indices, Values: []float32{1, 2}}})
				if scorer.Score(dst, []uint32{0}); dst[0] == dst[0] {
					t.Errorf("%s of %d features, query %v: %v", name, dim, indices, dst)
				}
			}
			scorer.Prepare(codec.Vector{Sparse: vectors[0]})
			if scorer.Score(dst, []uint32{0}); dst[0] != 0 {
				t.Errorf("%s of %d features: %v after a query that was none", name, dim, dst)
			}
		}
	}
}

func TestSparseAllocatesNothing(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector makes pools forget")
	}
	for _, dim := range []uint32{fewFeatures, manyFeatures} {
		vectors := sparseVectors(1, 10, dim)
		for _, m := range sparseMetrics(t, dim) {
			rows := sparseRows(t, m, vectors)
			scorer, dst, numbers := rows.Scorer(), make([]float32, 4), []uint32{1, 9, 0, 4}
			allocations := testing.AllocsPerRun(10, func() {
				rows.Distances(dst, 3, numbers)
				rows.Distances(dst, 3, numbers[:1])
				scorer.Prepare(codec.Vector{Sparse: vectors[2]})
				scorer.Score(dst, numbers)
			})
			if allocations != 0 {
				t.Errorf("%s of %d features: %v allocations", m.Name(), dim, allocations)
			}
		}
	}
}

// TestSparseConcurrently is for the race detector: rows are shared, scorers are not.
func TestSparseConcurrently(t *testing.T) {
	vectors := sparseVectors(1, 50, fewFeatures)
	vectors = slices.DeleteFunc(vectors, func(v metric.SparseVector) bool { return len(v.Indices) == 0 })
	rows := sparseRows(t, sparseMetric(t, "cosine", fewFeatures), vectors)
	var group sync.WaitGroup
	for worker := range uint32(4) {
		group.Go(func() {
			scorer, distances, scores := rows.Scorer(), make([]float32, 4), make([]float32, 4)
			for a := range vectors {
				numbers := []uint32{worker, uint32(a), 7, 8}
				rows.Distances(distances, uint32(a), numbers)
				scorer.Prepare(codec.Vector{Sparse: vectors[a]})
				scorer.Score(scores, numbers)
				if !slices.Equal(distances, scores) || distances[1] != 0 {
					t.Errorf("row %d: %v and %v", a, distances, scores)
				}
			}
		})
	}
	group.Wait()
}

// FuzzSparseRows gives offsets and rows of any bytes, of which only the first and the last offset are right: all rows must
// be scored without a fault, and a row that is no vector must be at NaN.
func FuzzSparseRows(f *testing.F) {
	few := codec.NewSparse(sparseMetric(f, "hellinger", fewFeatures))
	offsets, data := sparseBytes(few, sparseVectors(1, 5, fewFeatures))
	f.Add(offsets, data)
	f.Add(mapped.BytesOfUint64s([]uint64{0, 24, 64, 40, math.MaxUint64, 48, 0}), bytes.Repeat([]byte{0, 0, 0xc0, 0x7f}, 40))
	f.Add([]byte{}, []byte{})
	f.Add(make([]byte, 80), make([]byte, 400))
	var all []*codec.Sparse
	for _, dim := range []uint32{fewFeatures, manyFeatures} {
		for _, m := range sparseMetrics(f, dim) {
			all = append(all, codec.NewSparse(m))
		}
	}
	f.Fuzz(func(t *testing.T, offsets, data []byte) {
		data = aligned(data[:len(data)/8*8])
		offsets = aligned(offsets[:len(offsets)/8*8])
		if len(offsets) < 16 || len(offsets) > 64 || len(data) > 2000 { // more only takes time
			return
		}
		clear(offsets[:8])
		binary.LittleEndian.PutUint64(offsets[len(offsets)-8:], uint64(len(data)))
		for _, c := range all {
			scoreAny(t, c, viewSparse(t, c, offsets, data))
		}
	})
}

// scoreAny compares all rows with all rows and checks that only vectors have distances.
func scoreAny(t *testing.T, c *codec.Sparse, rows *codec.SparseRows) {
	numbers := make([]uint32, rows.Len())
	for i := range numbers {
		numbers[i] = uint32(i)
	}
	scorer, dst, one := rows.Scorer(), make([]float32, len(numbers)), make([]float32, 1)
	for i := range numbers {
		rows.Distances(dst, uint32(i), numbers)
		x, err := rows.Vector(uint32(i))
		for j, d := range dst {
			_, other := rows.Vector(uint32(j))
			if (err != nil || other != nil) && d == d {
				t.Fatalf("%v, %v, but the distance of rows %d and %d is %v", err, other, i, j, d)
			}
			rows.Distances(one, uint32(i), numbers[j:j+1])
		}
		if err == nil {
			scorer.Prepare(x)
			scorer.Score(dst, numbers)
		}
	}
}

// FuzzDecodeSparse gives any bytes: what is decoded must be what is encoded again.
func FuzzDecodeSparse(f *testing.F) {
	f.Add([]byte{}, uint32(1))
	f.Add(codec.AppendSparse(nil, metric.SparseVector{Indices: []uint32{1, 5}, Values: []float32{1, -2}}), uint32(6))
	f.Add(codec.AppendSparse(nil, metric.SparseVector{Indices: []uint32{5, 1}, Values: []float32{1, -2}}), uint32(6))
	f.Fuzz(func(t *testing.T, b []byte, dim uint32) {
		v, err := codec.DecodeSparse(b, dim)
		if err != nil {
			if !errors.Is(err, codec.ErrCorrupt) {
				t.Fatal(err)
			}
			return
		}
		if again := codec.AppendSparse(nil, v); !bytes.Equal(again, b) {
			t.Fatalf("%x becomes %x", b, again)
		}
	})
}

// BenchmarkSparseDistances compares a row with 24 random ones a call: rows like texts, of some 70 words that are drawn by
// Zipf's law from 60,000, in 11 MB. Spread over many more features, the same words go through the hash table.
func BenchmarkSparseDistances(b *testing.B) {
	for _, dim := range []uint32{60_000, 1 << 24} {
		vectors := texts(20_000, dim)
		for _, name := range []string{"cosine", "hellinger", "jaccard", "manhattan", "chebyshev"} {
			b.Run(fmt.Sprintf("%s/dim=%d", name, dim), func(b *testing.B) {
				const batch = 24
				rows := sparseRows(b, sparseMetric(b, name, dim), vectors)
				r := rand.New(rand.NewPCG(1, 2))
				numbers := make([]uint32, 1<<13)
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

func texts(count int, dim uint32) []metric.SparseVector {
	r := rand.New(rand.NewPCG(1, 2))
	frequent := rand.NewZipf(r, 1.3, 20, 59_999)
	words := r.Perm(60_000)
	vectors := make([]metric.SparseVector, count)
	for i := range vectors {
		v := &vectors[i]
		for range 3 + int(math.Exp(r.NormFloat64()/2+4.2)) {
			v.Indices = append(v.Indices, uint32(words[frequent.Uint64()])*(dim/60_000))
		}
		slices.Sort(v.Indices)
		v.Indices = slices.Compact(v.Indices)
		for range v.Indices {
			v.Values = append(v.Values, r.Float32()+0.01)
		}
	}
	return vectors
}
