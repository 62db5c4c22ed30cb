package store_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/vicinaldb/store"
)

// codecOf is the codec that the one segment of a collection has.
func codecOf(t *testing.T, c *store.Collection) string {
	t.Helper()
	info, err := c.Info(t.Context())
	must(t, err)
	if len(info.Segments) != 1 {
		t.Fatalf("%d segments, want 1", len(info.Segments))
	}
	return info.Segments[0].Build.Codes.Codec
}

// integers rounds vectors to integers from 0 to 255.
func integers(vectors [][]float32) [][]float32 {
	rounded := make([][]float32, len(vectors))
	for i, v := range vectors {
		rounded[i] = make([]float32, len(v))
		for j, x := range v {
			rounded[i][j] = float32(math.Round(min(max(float64(x)*8+128, 0), 255)))
		}
	}
	return rounded
}

// What the schema asks for, and what the vectors and the metric allow, decide about the codec.
func TestSchema_Codec(t *testing.T) {
	vectors := clusters(21, 1200, 24)
	for _, tc := range []struct {
		reason   string
		schema   store.Schema
		vectors  [][]float32
		want     string
		lossless bool
	}{
		{"integers from 0 to 255", store.Schema{}, integers(vectors), "uint8", true},
		{"any numbers", store.Schema{}, vectors, "uint8", false},
		{"integers, but of no differences", store.Schema{Metric: "cosine"}, integers(vectors), "uint8", false},
		{"a metric that compares transforms", store.Schema{Metric: "correlation"}, vectors, "uint8", false},
		{"asked for", store.Schema{Codec: "float32"}, integers(vectors), "float32", false},
		{"half floats asked for", store.Schema{Codec: "float16"}, vectors, "float16", false},
		{"half floats of integers", store.Schema{Codec: "float16"}, integers(vectors), "float16", false},
		{"half floats of transforms", store.Schema{Codec: "float16", Metric: "correlation"}, vectors, "float16", false},
		{"half floats of few components", store.Schema{Codec: "float16", Metric: "manhattan"}, integers(clusters(22, 1200, 9)), "float16", false},
		{"no kernel", store.Schema{Metric: "canberra"}, vectors, "float32", false},
		{"codes no shorter than vectors", store.Schema{}, clusters(22, 1200, 9), "float32", false},
		{"the same, asked for", store.Schema{Codec: "uint8"}, clusters(22, 1200, 9), "uint8", false},
	} {
		path := t.TempDir()
		s := open(t, path)
		tc.schema.Dim = len(tc.vectors[0])
		c := create(t, s, tc.schema)
		upsert(t, c, items(tc.vectors))
		codes := prepare(t, c).Codes
		if codes.Codec != tc.want || codes.Lossless != tc.lossless {
			t.Errorf("%s: %+v, want %s, lossless %t", tc.reason, codes, tc.want, tc.lossless)
		}
		_, c = reopen(t, s, path)
		if got := codecOf(t, c); got != tc.want || c.Schema().Codec != tc.schema.Codec {
			t.Errorf("%s: after opening again the codec is %s, and in the schema %q", tc.reason, got, c.Schema().Codec)
		}
		must(t, c.Verify(t.Context()))
		for row := 0; row < len(tc.vectors); row += 17 {
			got := query(t, c, tc.vectors[row], 3, store.WithVector())
			if got[0].ID != fmt.Sprint(row) || !slices.Equal(got[0].Vector, tc.vectors[row]) {
				t.Fatalf("%s: row %d finds %+v first", tc.reason, row, got[0])
			}
		}
	}
}

func TestSchema_CodecInvalid(t *testing.T) {
	s := open(t, t.TempDir())
	for _, schema := range []store.Schema{
		{Dim: 3, Codec: "float8"},
		{Dim: 3, Codec: "float16", Metric: "canberra"},
		{Dim: 3, Codec: "float16", Kind: store.Sparse},
		{Dim: 3, Codec: "uint8", Metric: "canberra"},
		{Dim: 1<<16 + 1, Codec: "uint8"},
		{Dim: 3, Codec: "uint8", Kind: store.Sparse},
		{Dim: 3, Codec: "float32", Kind: store.Bits},
	} {
		if _, err := s.Create(t.Context(), "c", schema); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%+v: %v, want ErrInvalid", schema, err)
		}
	}
}

// Whatever the codec, recall is that of float32 at least nearly, distances are exact, and each vector finds itself.
func TestCollection_Query_Codes(t *testing.T) {
	skipLong(t)
	const n, dim = 4000, 40
	floats := clusters(24, n, dim)
	for _, metric := range []string{"euclidean", "manhattan", "chebyshev", "cosine", "inner_product"} {
		for name, vectors := range map[string][][]float32{"integers": integers(clusters(23, n, dim)), "floats": floats, "half floats": floats} {
			codec := "uint8"
			if name == "half floats" {
				codec = "float16"
			}
			c := create(t, open(t, t.TempDir()), store.Schema{Dim: dim, Metric: metric, Codec: codec})
			upsert(t, c, items(vectors[:n-200]))
			prepare(t, c)
			upsert(t, c, items(vectors)[n-200:])
			for _, k := range []int{1, 10, 100} {
				total, queries := 0.0, 0
				for row := 5; row < n; row += 80 {
					q := slices.Clone(vectors[row])
					q[0]++
					got, exact := query(t, c, q, k), query(t, c, q, k, store.Exact())
					for i, r := range got {
						if d := exact[i].Distance; r.Distance < d && !close32(r.Distance, d) {
							t.Fatalf("%s of %s: result %d is at %v, the true one at %v", metric, name, i, r.Distance, d)
						}
					}
					total, queries = total+recall(exact, got), queries+1
				}
				if mean := total / float64(queries); mean < 0.98 {
					t.Errorf("%s of %s: recall@%d is %.4f, want at least 0.98", metric, name, k, mean)
				}
			}
			for row := 0; row < n && metric != "inner_product"; row += 31 {
				if got := query(t, c, vectors[row], 1); got[0].ID != fmt.Sprint(row) {
					t.Fatalf("%s of %s: item %d finds %+v", metric, name, row, got)
				}
			}
		}
	}
}

// Half floats end at 65,504. Where a vector has more, the segment has float32, and says why.
func TestSchema_CodecBeyond(t *testing.T) {
	vectors := clusters(26, 600, 24)
	for _, tc := range []struct {
		x      float32
		want   string
		beyond bool
	}{{65519, "float16", false}, {-65520, "float32", true}, {3e9, "float32", true}} {
		vectors[77][5] = tc.x
		c := create(t, open(t, t.TempDir()), store.Schema{Dim: 24, Codec: "float16"})
		upsert(t, c, items(vectors))
		if codes := prepare(t, c).Codes; codes.Codec != tc.want || codes.Beyond != tc.beyond {
			t.Errorf("%v: %+v, want %s", tc.x, codes, tc.want)
		}
		if got := query(t, c, vectors[77], 1); got[0].ID != "77" || got[0].Distance != 0 {
			t.Errorf("%v: item 77 finds %+v", tc.x, got)
		}
		far := slices.Clone(vectors[3])
		far[1] = 1e6 // of a query, any number can be compared
		if got, exact := query(t, c, far, 3), query(t, c, far, 3, store.Exact()); got[0].Distance != exact[0].Distance {
			t.Errorf("%v: from far away the nearest is %+v, want %+v", tc.x, got[0], exact[0])
		}
		must(t, c.Verify(t.Context()))
	}
}

// Distances of the index and of items that are pending are of one kind, so that results keep their order.
func TestCollection_Query_CodesAndPending(t *testing.T) {
	vectors := clusters(25, 3000, 40)
	c := create(t, open(t, t.TempDir()), store.Schema{Dim: 40})
	upsert(t, c, items(vectors[:1500]))
	prepare(t, c)
	if got := codecOf(t, c); got != "uint8" {
		t.Fatalf("the codec is %s", got)
	}
	upsert(t, c, items(vectors)[1500:])
	for row := 0; row < 3000; row += 100 {
		truth := nearest(t, "euclidean", vectors, nil, vectors[row], 20)
		for i, r := range query(t, c, vectors[row], 20, store.Exact()) {
			if r.ID != truth[i].ID || !close32(r.Distance, truth[i].Distance) {
				t.Fatalf("result %d of row %d is %+v, want %+v", i, row, r, truth[i])
			}
		}
	}
}

// crowd are vectors that share one code, since one component of the last of them takes all of its range.
func crowd(n, dim int) [][]float32 {
	r := rand.New(rand.NewPCG(26, 0))
	vectors := make([][]float32, n)
	for i := range vectors {
		vectors[i] = make([]float32, dim)
		for j := range vectors[i] {
			vectors[i][j] = r.Float32()
		}
	}
	vectors[n-1][3] = 1e6
	return vectors
}

// Codes that do not tell the vectors apart are left for float32, unless they are asked for: then each vector still finds itself.
func TestPrepare_CoarseCodes(t *testing.T) {
	vectors := crowd(2000, 24)
	for codec, want := range map[string]string{"": "float32", "uint8": "uint8"} {
		c := create(t, open(t, t.TempDir()), store.Schema{Dim: 24, Codec: codec})
		upsert(t, c, items(vectors))
		codes := prepare(t, c).Codes
		if codes.Codec != want || !codes.Coarse || codes.Surplus == 0 {
			t.Errorf("codec %q: %+v, want %s, coarse", codec, codes, want)
		}
		for row := 0; row < 2000; row += 90 {
			got, exact := query(t, c, vectors[row], 5), query(t, c, vectors[row], 5, store.Exact())
			if got[0].ID != fmt.Sprint(row) || got[0].Distance != 0 {
				t.Errorf("codec %q: row %d finds %+v first", codec, row, got[0])
			}
			if codec == "uint8" && !slices.Equal(idsOf(got), idsOf(exact)) {
				t.Errorf("row %d finds %v, want %v", row, idsOf(got), idsOf(exact))
			}
		}
	}
}

// Many equal vectors do not keep another from finding itself, which has their code.
func TestCollection_Query_HiddenByEqualCodes(t *testing.T) {
	vectors := clusters(27, 3000, 24)
	for row := 100; row < 400; row++ {
		vectors[row] = slices.Clone(vectors[100])
	}
	vectors[399][5] += 1e-5
	c := create(t, open(t, t.TempDir()), store.Schema{Dim: 24, Codec: "uint8"})
	upsert(t, c, items(vectors))
	prepare(t, c)
	if got := query(t, c, vectors[399], 1); got[0].ID != "399" || got[0].Distance != 0 {
		t.Errorf("found %+v, want item 399 itself", got[0])
	}
	if got := query(t, c, vectors[100], 299); got[298].Distance != 0 {
		t.Errorf("the last of 299 equal vectors is at %v", got[298].Distance)
	}
}

// A radius is one of exact distances, whatever the codes say.
func TestCollection_Query_WithinByCodes(t *testing.T) {
	vectors := clusters(28, 3000, 32)
	c := create(t, open(t, t.TempDir()), store.Schema{Dim: 32, Codec: "uint8"})
	upsert(t, c, items(vectors))
	prepare(t, c)
	found, there := 0, 0
	for row := 0; row < 3000; row += 60 {
		truth := nearest(t, "euclidean", vectors, nil, vectors[row], 200)
		for _, place := range []int{0, 3, 40, 199} {
			within := float64(truth[place].Distance) * 1.00001
			var stats store.QueryStats
			got := query(t, c, vectors[row], 1000, store.Within(within), store.CollectStats(&stats))
			for _, r := range got {
				if float64(r.Distance) > within {
					t.Fatalf("%s is at %v, not within %v", r.ID, r.Distance, within)
				}
			}
			if place == 3 && stats.Distances > 2500 {
				t.Errorf("%d distances for the 4 nearest of 3,000", stats.Distances)
			}
			found, there = found+min(len(got), place+1), there+place+1
		}
	}
	if share := float64(found) / float64(there); share < 0.98 {
		t.Errorf("%.4f of those within are found, want 0.98", share)
	}
}

// More candidates find more, and the caller has the last word about their number.
func TestOversample_Codes(t *testing.T) {
	vectors := crowd(3000, 24)
	vectors[2999][3] = 60 // a few codes for each component
	c := create(t, open(t, t.TempDir()), store.Schema{Dim: 24, Codec: "uint8"})
	upsert(t, c, items(vectors))
	prepare(t, c)
	found := func(opts ...store.QueryOption) (total float64) {
		for row := 0; row < 3000; row += 50 {
			total += recall(query(t, c, vectors[row], 10, store.Exact()), query(t, c, vectors[row], 10, append(opts, store.Epsilon(0.3))...))
		}
		return total / 60
	}
	if one, ten := found(store.Oversample(1)), found(store.Oversample(10)); !(one < ten-0.1 && ten > 0.9) {
		t.Errorf("recall is %.3f by as many candidates as wanted, and %.3f by ten times as many", one, ten)
	}
	for _, beyond := range []int{1 << 28, math.MaxInt32, math.MaxInt} {
		if most := found(store.Oversample(beyond)); most < 1 {
			t.Errorf("recall is %.3f where all are candidates, %d times as many as wanted", most, beyond)
		}
	}
}

// An index begins with the lists of the one before also when its codes reach farther than those.
func TestPrepare_WarmWithOtherCodes(t *testing.T) {
	vectors := clusters(29, 4000, 24)
	c := create(t, open(t, t.TempDir()), store.Schema{Dim: 24})
	upsert(t, c, items(integers(vectors)[:3800]))
	if codes := prepare(t, c).Codes; !codes.Lossless {
		t.Fatalf("codes of integers: %+v", codes)
	}
	all := slices.Concat(integers(vectors)[:3800], vectors[3800:])
	for row := 3800; row < 4000; row++ {
		for j := range all[row] {
			all[row][j] = 300 * float32(row%7) / 7 * float32(j) / 24
		}
	}
	upsert(t, c, items(all)[3800:])
	stats := prepare(t, c)
	if stats.Codes.Codec != "uint8" || stats.Codes.Lossless || stats.Reused != 3800 {
		t.Errorf("codes %+v, %d rows reused", stats.Codes, stats.Reused)
	}
	if got := recallOf(t, c, all); got < 0.97 {
		t.Errorf("recall is %.4f, want at least 0.97", got)
	}
}

// Equal items give equal bytes, on any number of threads, with codes that were learned.
func TestPrepare_CodesSameBytes(t *testing.T) {
	vectors := clusters(30, 2500, 40)
	var digests []string
	for threads := range 3 {
		c := create(t, open(t, t.TempDir()), store.Schema{Dim: 40, Metric: "cosine", Index: store.IndexParams{Seed: 1}})
		upsert(t, c, items(vectors))
		digests = append(digests, prepare(t, c, store.Threads(threads)).SHA256)
	}
	if len(slices.Compact(digests)) != 1 {
		t.Errorf("digests %v", digests)
	}
}

// A segment whose parameters of the codec cannot be right is set aside, and the items are answered by comparing them all.
func TestOpen_CodecParamsLie(t *testing.T) {
	vectors := clusters(31, 1500, 24)
	for was, lie := range map[string]string{
		`"codec":"uint8"`:   `"codec":"uint9"`,
		`"lossless":true`:   `"lossless":null`,
		`"scale":1`:         `"scale":0`,
		`"codec_params":{`:  `"codec_parans":{`,
		`"codec_stride":64`: `"codec_stride":32`,
	} {
		path := t.TempDir()
		s := open(t, path)
		c := create(t, s, store.Schema{Dim: 24})
		upsert(t, c, items(integers(vectors)))
		prepare(t, c)
		must(t, s.Close())
		file := segmentFiles(t, path)[0]
		change(t, file, func(b []byte) []byte {
			if !strings.Contains(string(b), was) {
				t.Fatalf("no %s in the segment", was)
			}
			return []byte(strings.Replace(string(b), was, lie, 1))
		})
		s, err := store.Open(path)
		must(t, err)
		c, err = s.Collection(t.Context(), "songs")
		must(t, err)
		info, err := c.Info(t.Context())
		must(t, err)
		if len(info.Problems) != 1 || info.Pending != 1500 {
			t.Errorf("%s: problems %v, %d pending", lie, info.Problems, info.Pending)
		}
		if got := query(t, c, integers(vectors)[7], 1); got[0].Distance != 0 {
			t.Errorf("%s: row 7 finds %+v", lie, got[0])
		}
		must(t, s.Close())
		if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: the segment is still there: %v", lie, err)
		}
	}
}

// The neighbor graph has the nearest rows by the vectors, also where codes put them behind others.
func TestCollection_NeighborGraph_ByCodes(t *testing.T) {
	vectors := clusters(29, 3000, 32)
	c := create(t, open(t, t.TempDir()), store.Schema{Dim: 32, Codec: "uint8"})
	upsert(t, c, items(vectors))
	prepare(t, c)
	found, there := 0, 0
	for list, err := range c.NeighborGraph(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		row, err := strconv.Atoi(list.ID)
		if err != nil {
			t.Fatal(err)
		}
		if row%20 > 0 {
			continue
		}
		truth := nearest(t, "euclidean", vectors, nil, vectors[row], 31)[1:]
		for _, neighbor := range list.Neighbors {
			if neighbor.Distance <= truth[29].Distance*(1+1e-5) {
				found++
			}
		}
		there += len(truth)
	}
	if recall := float64(found) / float64(there); recall < 0.998 {
		t.Errorf("recall %.4f, want at least 0.998", recall)
	}
}

// Of many candidates, those are ranked by their vectors that the error of their codes lets be among the nearest, and the answer is
// that of ranking them all.
func TestCollection_Query_RanksFew(t *testing.T) {
	vectors := clusters(29, 4000, 40)
	c := create(t, open(t, t.TempDir()), store.Schema{Dim: 40, Metric: "cosine", Codec: "uint8"})
	upsert(t, c, items(vectors))
	if codes := prepare(t, c).Codes; codes.Deviations < 4 || codes.Deviations > 8 {
		t.Fatalf("codes are off by %v deviations at most", codes.Deviations)
	}
	const candidates, k = 40, 10
	ranked, queries := 0, 0
	for row := 0; row < 4000; row += 40 {
		var few, walked store.QueryStats
		got := query(t, c, vectors[row], k, store.Oversample(candidates/k), store.CollectStats(&few))
		query(t, c, vectors[row], candidates, store.Oversample(1), store.CollectStats(&walked)) // the same walk, all of it ranked
		if !slices.Equal(idsOf(got), idsOf(query(t, c, vectors[row], k, store.Exact()))) {
			t.Errorf("row %d finds %v", row, idsOf(got))
		}
		ranked += candidates - (walked.Distances - few.Distances)
		queries++
	}
	if mean := float64(ranked) / float64(queries); mean < k || mean > 2*k {
		t.Errorf("of %d candidates for %d, %.1f were ranked", candidates, k, mean)
	}
}
