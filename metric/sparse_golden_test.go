package metric_test

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/crc32"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/vicinaldb/store/metric"
)

// sparseGolden is what testdata/generate_sparse.py writes.
type sparseGolden struct {
	Sets map[string]struct {
		Dim     uint32
		Indices [][]uint32
		Values  [][]float32
	}
	Cases []struct {
		Metric    string
		Set       string
		Params    metric.Params
		Distances []*float64 // of all pairs of vectors, null where the metric has none
	}
}

func readJSON(t testing.TB, path string, v any) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatal(err)
	}
}

// TestSparseGolden compares with the values of scipy and of formulas in float64.
func TestSparseGolden(t *testing.T) {
	var golden sparseGolden
	readJSON(t, "testdata/sparse_golden.json", &golden)
	seen := map[string]bool{}
	for _, c := range golden.Cases {
		set := golden.Sets[c.Set]
		vectors := make([]metric.SparseVector, len(set.Indices))
		for i := range vectors {
			vectors[i] = metric.SparseVector{Indices: set.Indices[i], Values: set.Values[i]}
		}
		m, err := metric.LookupSparse(c.Metric, set.Dim, c.Params)
		if err != nil {
			t.Fatal(err)
		}
		seen[c.Metric] = true
		next := 0
		for i, x := range vectors {
			for j := i; j < len(vectors); j++ {
				want := c.Distances[next]
				next++
				if want == nil {
					if m.Check(x) == nil && m.Check(vectors[j]) == nil {
						t.Errorf("%s of %s %d and %d: neither is refused", c.Metric, c.Set, i, j)
					}
					continue
				}
				compareSparse(t, m, c.Set, x, vectors[j], *want, i, j)
			}
		}
	}
	for _, name := range builtInSparse {
		if !seen[name] {
			t.Errorf("%s has no golden values", name)
		}
	}
}

func compareSparse(t *testing.T, m *metric.Sparse, set string, x, y metric.SparseVector, want float64, i, j int) {
	t.Helper()
	got, mirrored := m.Distance(x, y), m.Distance(y, x)
	if math.Float32bits(got) != math.Float32bits(mirrored) {
		t.Errorf("%s of %s %d and %d: %v one way, %v the other", m.Name(), set, i, j, got, mirrored)
	}
	// Where all terms cancel, what float64 leaves of them is far below float32's resolution of each.
	if math.Abs(float64(got)-want) > 1e-6*math.Abs(want)+1e-14 {
		t.Errorf("%s of %s %d and %d: %v, want %v", m.Name(), set, i, j, got, want)
	}
	if i == j && m.Name() != "inner_product" && got != 0 {
		t.Errorf("%s of %s %d and itself: %v", m.Name(), set, i, got)
	}
}

// TestBitsGolden compares with the values of scipy.
func TestBitsGolden(t *testing.T) {
	var golden []struct {
		Bits       uint32
		Vectors    []string
		Hamming    []float64 `json:"bit_hamming"`
		Normalized []float64 `json:"bit_hamming_normalized"`
		Jaccard    []float64 `json:"bit_jaccard"`
	}
	readJSON(t, "testdata/bits_golden.json", &golden)
	for _, c := range golden {
		vectors := make([][]uint64, len(c.Vectors))
		for i, digits := range c.Vectors {
			vectors[i] = packed(digits)
		}
		for name, distances := range map[string][]float64{
			"bit_hamming": c.Hamming, "bit_hamming_normalized": c.Normalized, "bit_jaccard": c.Jaccard,
		} {
			m := lookupBits(t, name, c.Bits)
			for i, x := range vectors {
				for _, y := range vectors[i:] {
					if got := float64(m.Distance(x, y)); math.Abs(got-distances[0]) > 1e-7*distances[0] {
						t.Errorf("%s of %x and %x: %v, want %v", name, x, y, got, distances[0])
					}
					distances = distances[1:]
				}
			}
		}
	}
}

// packed makes a bit vector of its digits, the first one first.
func packed(digits string) []uint64 {
	v := make([]uint64, (len(digits)+63)/64)
	for i, digit := range digits {
		if digit == '1' {
			v[i/64] |= 1 << (i % 64)
		}
	}
	return v
}

// builtInSparse are the canonical names of PyNNDescent's sparse metrics, and the two that it lacks: dot and inner_product.
var builtInSparse = []string{
	"braycurtis", "canberra", "chebyshev", "correlation", "cosine", "dice", "dot", "euclidean", "hamming", "hellinger",
	"inner_product", "jaccard", "jensen-shannon", "kantorovich", "kulsinski", "manhattan", "matching", "minkowski",
	"rogerstanimoto", "russellrao", "sokalsneath", "sqeuclidean", "symmetric-kl", "wasserstein_1d",
}

// TestSparseNames looks up PyNNDescent's 35 sparse names.
func TestSparseNames(t *testing.T) {
	upstream := []string{
		"euclidean", "l2", "sqeuclidean", "manhattan", "l1", "taxicab", "chebyshev", "linf", "linfty", "linfinity", "minkowski",
		"canberra", "braycurtis", "hamming", "jaccard", "dice", "matching", "kulsinski", "rogerstanimoto", "russellrao",
		"sokalmichener", "sokalsneath", "cosine", "correlation", "kantorovich", "wasserstein", "wasserstein_1d", "wasserstein-1d",
		"kantorovich-1d", "hellinger", "jensen-shannon", "jensen_shannon", "symmetric-kl", "symmetric_kl",
		"symmetric_kullback_liebler",
	}
	if len(upstream) != 35 {
		t.Fatalf("%d names", len(upstream))
	}
	for _, name := range append(upstream, "dot", "inner_product", "kantorovich_1d") {
		var p metric.Params
		if name == "kantorovich" || name == "wasserstein" {
			p.GroundVectors = [][]float32{{1}, {2}}
		}
		m, err := metric.LookupSparse(name, 2, p)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !slices.Contains(builtInSparse, m.Name()) || m.Dim() != 2 {
			t.Errorf("%s is %s of %d features", name, m.Name(), m.Dim())
		}
	}
	names := metric.SparseNames()
	for _, name := range builtInSparse {
		if !slices.Contains(names, name) {
			t.Errorf("%s is not among %v", name, names)
		}
	}
	for _, name := range []string{"", "haversine", "Euclidean"} {
		if _, err := metric.LookupSparse(name, 2); !errors.Is(err, metric.ErrUnknown) {
			t.Errorf("%q: %v, want ErrUnknown", name, err)
		}
	}
}

// TestSparseSameBits pins the fast forms of the golden pairs to their bits: graphs built on different machines must be the
// same, whether or not a machine fuses multiplications with additions.
func TestSparseSameBits(t *testing.T) {
	var golden sparseGolden
	readJSON(t, "testdata/sparse_golden.json", &golden)
	sum := crc32.NewIEEE()
	for _, c := range golden.Cases {
		set := golden.Sets[c.Set]
		m, err := metric.LookupSparse(c.Metric, set.Dim, c.Params)
		if err != nil {
			t.Fatal(err)
		}
		for i := range set.Indices {
			for j := range i {
				fast := m.Fast(
					metric.SparseVector{Indices: set.Indices[i], Values: set.Values[i]},
					metric.SparseVector{Indices: set.Indices[j], Values: set.Values[j]},
				)
				_ = binary.Write(sum, binary.LittleEndian, math.Float32bits(fast))
			}
		}
	}
	if got := sum.Sum32(); got != 0x0fa08e5b {
		t.Errorf("checksum %#x, want 0x0fa08e5b", got)
	}
}
