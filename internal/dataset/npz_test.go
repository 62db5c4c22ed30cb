package dataset_test

import (
	stdzip "archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/vicinaldb/store/internal/dataset"
	"github.com/vicinaldb/store/metric"
)

// npzFile is what a sparse matrix's archive holds; a member that is empty is left out.
type npzFile struct {
	format, shape, indptr, indices, data string
}

// smallNPZ is the matrix of the rows (0 1.5 0) and (2 0 -3).
var smallNPZ = npzFile{
	format:  npyFile(1, "|S3", false, "()") + "csr",
	shape:   npyFile(1, "<i8", false, "(2,)") + little([]int64{2, 3}),
	indptr:  npyFile(1, "<i4", false, "(3,)") + little([]int32{0, 1, 3}),
	indices: npyFile(1, "<i4", false, "(3,)") + little([]int32{1, 0, 2}),
	data:    npyFile(1, "<f4", false, "(3,)") + little([]float32{1.5, 2, -3}),
}

// with returns a copy in which change has replaced something.
func (f npzFile) with(change func(f *npzFile)) npzFile {
	change(&f)
	return f
}

func (f npzFile) file() string { return f.archive(stdzip.Deflate) }

func (f npzFile) archive(method uint16) string {
	var b bytes.Buffer
	w := stdzip.NewWriter(&b)
	for _, member := range []struct{ name, content string }{
		{"indices.npy", f.indices}, {"indptr.npy", f.indptr}, {"format.npy", f.format}, {"shape.npy", f.shape}, {"data.npy", f.data},
	} {
		if member.content == "" {
			continue
		}
		into, err := w.CreateHeader(&stdzip.FileHeader{Name: member.name, Method: method})
		if err == nil {
			_, err = io.WriteString(into, member.content)
		}
		if err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.String()
}

// column gives an array of one axis in 64 bits.
func column(numbers ...int64) string {
	return npyFile(1, "<i8", false, fmt.Sprintf("(%d,)", len(numbers))) + little(numbers)
}

func sparseRows(rows []dataset.Row) []metric.SparseVector {
	var all []metric.SparseVector
	for _, row := range rows {
		all = append(all, row.Sparse)
	}
	return all
}

func TestNPZ(t *testing.T) {
	two := []metric.SparseVector{{Indices: []uint32{1}, Values: []float32{1.5}}, {Indices: []uint32{0, 2}, Values: []float32{2, -3}}}
	values := func(values string) func(f *npzFile) { return func(f *npzFile) { f.data = values } }
	for _, test := range []struct {
		reason string
		npzFile
		want []metric.SparseVector
	}{
		{"as SciPy writes it", smallNPZ, two},
		{"the format as text", smallNPZ.with(func(f *npzFile) { f.format = npyFile(1, "<U3", false, "()") + little([]int32{'c', 's', 'r'}) }), two},
		{"the format as text, big-endian", smallNPZ.with(func(f *npzFile) { f.format = npyFile(1, ">U3", false, "()") + big([]int32{'c', 's', 'r'}) }), two},
		{"everything in 64 bits", smallNPZ.with(func(f *npzFile) {
			f.indptr, f.indices, f.data = column(0, 1, 3), column(1, 0, 2), npyFile(1, "<f8", false, "(3,)")+little([]float64{1.5, 2, -3})
		}), two},
		{"big-endian", smallNPZ.with(func(f *npzFile) {
			f.indices, f.data = npyFile(1, ">i4", false, "(3,)")+big([]int32{1, 0, 2}), npyFile(1, ">f4", false, "(3,)")+big([]float32{1.5, 2, -3})
		}), two},
		{"indices out of order", smallNPZ.with(func(f *npzFile) {
			f.indices, f.data = column(1, 2, 0), npyFile(1, "<f4", false, "(3,)")+little([]float32{1.5, -3, 2})
		}), two},
		{"an index twice", smallNPZ.with(func(f *npzFile) {
			f.indptr, f.indices, f.data = column(0, 0, 3), column(2, 1, 2), column(5, 1, 6)
		}), []metric.SparseVector{{}, {Indices: []uint32{1, 2}, Values: []float32{1, 11}}}},
		{"doubles are added before they are rounded", smallNPZ.with(func(f *npzFile) {
			f.indptr, f.indices = column(0, 0, 3), column(0, 0, 0)
			f.data = npyFile(1, "<f8", false, "(3,)") + little([]float64{1, 0x1p-30, -1})
		}), []metric.SparseVector{{}, {Indices: []uint32{0}, Values: []float32{0x1p-30}}}},
		{"zeros are left out, those that sums and float32 make too", smallNPZ.with(func(f *npzFile) {
			f.indptr, f.indices = column(0, 1, 5), column(1, 0, 2, 1, 2)
			f.data = npyFile(1, "<f8", false, "(5,)") + little([]float64{math.Copysign(0, -1), 1e-60, 7, 3, -7})
		}), []metric.SparseVector{{Indices: []uint32{}, Values: []float32{}}, {Indices: []uint32{1}, Values: []float32{3}}}},
		{
			"truth values", smallNPZ.with(values(npyFile(1, "|b1", false, "(3,)") + "\x01\x00\x01")),
			[]metric.SparseVector{{Indices: []uint32{1}, Values: []float32{1}}, {Indices: []uint32{2}, Values: []float32{1}}},
		},
		{
			"infinity is for the store to refuse", smallNPZ.with(values(npyFile(1, "<f8", false, "(3,)") + little([]float64{math.Inf(1), 2, -3}))),
			[]metric.SparseVector{{Indices: []uint32{1}, Values: []float32{float32(math.Inf(1))}}, two[1]},
		},
	} {
		t.Run(test.reason, func(t *testing.T) {
			for _, method := range []uint16{stdzip.Store, stdzip.Deflate} {
				rows, r, err := readAll("x.npz", test.archive(method))
				if err != nil {
					t.Fatal(err)
				}
				if r.Kind() != dataset.Sparse || r.Dim() != 3 || r.Len() != 2 {
					t.Errorf("Kind %v, Dim %d, Len %d; want sparse, 3, 2", r.Kind(), r.Dim(), r.Len())
				}
				if diff := cmp.Diff(test.want, sparseRows(rows)); diff != "" {
					t.Errorf("method %d: rows differ (-want +got):\n%s", method, diff)
				}
			}
		})
	}
}

func TestNPZRefused(t *testing.T) {
	for _, test := range []struct {
		reason string
		change func(f *npzFile)
		fails  string
	}{
		{"dense arrays", func(f *npzFile) { f.format = "" }, "no format.npy, which scipy.sparse.save_npz writes"},
		{"no shape", func(f *npzFile) { f.shape = "" }, "no shape.npy"},
		{"no values", func(f *npzFile) { f.data = "" }, "no data.npy"},
		{"no indptr, as in coo", func(f *npzFile) { f.indptr = "" }, "no indptr.npy"},
		{"a coordinate matrix", func(f *npzFile) { f.format = npyFile(1, "|S3", false, "()") + "coo" }, `the format "coo"; save matrix.tocsr()`},
		{"a format cut short", func(f *npzFile) { f.format = npyFile(1, "|S3", false, "()") + "cs" }, `the format "cs"`},
		{"a long format", func(f *npzFile) { f.format = npyFile(1, "|S30", false, "()") + strings.Repeat("csr", 10) }, `the format "csrcsrcsrcsrcsrc"`},
		{"a number for the format", func(f *npzFile) { f.format = npyFile(1, "<i4", false, "()") + little(int32(1)) }, `an array of type "<i4"`},
		{"a list of formats", func(f *npzFile) { f.format = npyFile(1, "|S3", false, "(1,)") + "csr" }, "with 1 axes"},
		{"no array", func(f *npzFile) { f.data = "data, data, data" }, "data.npy: not a readable vector file: not an .npy array"},
		{"three axes", func(f *npzFile) { f.shape = column(2, 3, 4) }, "shape.npy has 3 numbers"},
		{"a negative number of rows", func(f *npzFile) { f.shape = column(-1, 3) }, "-1 rows"},
		{"too many rows", func(f *npzFile) { f.shape = column(1<<31, 3) }, "2147483648 rows"},
		{"no features", func(f *npzFile) { f.shape = column(2, 0) }, "rows of 0 features"},
		{"too many features", func(f *npzFile) { f.shape = column(2, 1<<31) }, "rows of 2147483648 features"},
		{"more in the shape than it declares", func(f *npzFile) { f.shape += "x" }, "shape.npy: not a readable vector file: it goes on after its 2 numbers"},
		{"a matrix of values", func(f *npzFile) { f.data = npyFile(1, "<f4", false, "(3, 1)") + little([]float32{1, 2, 3}) }, "data.npy: not a readable vector file: an array of 2 axes"},
		{"complex values", func(f *npzFile) { f.data = npyFile(1, "<c8", false, "(3,)") }, `data.npy: not a readable vector file: numbers of type "<c8"`},
		{"fractional indices", func(f *npzFile) { f.indices = npyFile(1, "<f4", false, "(3,)") + little([]float32{1, 0, 2}) }, "indices.npy: not a readable vector file: numbers of type \"<f4\"; they are whole"},
		{"too few row ends", func(f *npzFile) { f.indptr = column(0, 3) }, "indptr.npy has 2 numbers; the 2 rows need one more"},
		{"fewer indices than values", func(f *npzFile) { f.indices = column(1, 0) }, "indices.npy has 2 numbers, data.npy 3"},
		{"a first row that does not begin at 0", func(f *npzFile) { f.indptr = column(1, 1, 3) }, "begins with 1"},
		{"a row that ends before it begins", func(f *npzFile) { f.indptr = column(0, 2, 1) }, "row 1: not a readable vector file: indptr.npy goes from 2 to 1, of 3 entries"},
		{"a row beyond the entries", func(f *npzFile) { f.indptr = column(0, 1, 4) }, "indptr.npy goes from 1 to 4, of 3 entries"},
		{"entries of no row", func(f *npzFile) { f.indptr = column(0, 1, 2) }, "the rows have 2 entries, data.npy 3"},
		{"a negative index", func(f *npzFile) { f.indices = column(1, -1, 2) }, "row 1: not a readable vector file: feature -1 of 3"},
		{"an index beyond the features", func(f *npzFile) { f.indices = column(3, 0, 2) }, "row 0: not a readable vector file: feature 3 of 3"},
		{"an index of 64 bits", func(f *npzFile) { f.indices = npyFile(1, "<u8", false, "(3,)") + little([]uint64{1 << 63, 0, 2}) }, "of 3"},
		{"a value beyond float32", func(f *npzFile) { f.data = npyFile(1, "<f8", false, "(3,)") + little([]float64{1, 2, 1e60}) }, "row 1: not a readable vector file: feature 2: 1e+60 is too large"},
		{"a truth value that is neither", func(f *npzFile) { f.data = npyFile(1, "|b1", false, "(3,)") + "\x01\x01\x02" }, "component 1 is the byte 2"},
		{"values cut short", func(f *npzFile) { f.data = f.data[:len(f.data)-1] }, "row 1: data.npy: not a readable vector file: the file ends too early"},
		{"more values than declared", func(f *npzFile) { f.data += "\x00" }, "data.npy: not a readable vector file: it goes on after its 3 numbers"},
		{"more indices than declared", func(f *npzFile) { f.indices += "\x00" }, "indices.npy: not a readable vector file: it goes on"},
		{"more row ends than declared", func(f *npzFile) { f.indptr += "\x00" }, "indptr.npy: not a readable vector file: it goes on"},
		{"a huge row that is not there", func(f *npzFile) {
			f.indptr = column(0, 0, 1<<40)
			f.indices, f.data = npyFile(1, "<i8", false, "(1099511627776,)"), npyFile(1, "<f8", false, "(1099511627776,)")
		}, "row 1: not a readable vector file: 1099511627776 components are listed; up to 131072 are read"},
	} {
		file{name: "x.npz", content: smallNPZ.with(test.change).file(), fails: test.fails, reason: test.reason}.test(t)
	}
}

func TestNPZArchive(t *testing.T) {
	stored := smallNPZ.archive(stdzip.Store)
	var empty bytes.Buffer
	if err := stdzip.NewWriter(&empty).Close(); err != nil {
		t.Fatal(err)
	}
	twice := strings.ReplaceAll(stored, "shape.npy", "xxxxx.npy")
	twice = strings.ReplaceAll(strings.ReplaceAll(twice, "format.npy", "xxxxxx.npy"), "data.npy", "xxxx.npy")
	for _, f := range []file{
		{content: zip(stored), fails: "a zip archive within gzip", reason: "compressed twice"},
		{content: empty.String(), fails: "no format.npy", reason: "nothing in it"},
		{content: stored[:len(stored)-30], fails: "a damaged zip archive", reason: "cut"},
		{content: strings.Replace(stored, little([]float32{1.5, 2, -3}), little([]float32{1.5, 2, -4}), 1), fails: "checksum", reason: "a changed value"},
		{content: strings.Replace(stored, little([]int32{1, 0, 2}), little([]int32{1, 0, 1}), 1), fails: "checksum", reason: "a changed index"},
		{content: strings.ReplaceAll(twice, "indptr.npy", "xxxxxx.npy"), fails: `"xxxxxx.npy" twice`, reason: "two members of one name"},
	} {
		f.name = "x.npz"
		f.test(t)
	}
	_, err := dataset.NewReader("x.npz", io.MultiReader(strings.NewReader(stored)), int64(len(stored)), dataset.Options{})
	if !errors.Is(err, dataset.ErrOptions) {
		t.Errorf("an archive from a pipe gives %v, want an ErrOptions", err)
	}
}

// A matrix in any layout of its entries is read as its dense form says.
func TestNPZRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dim := rapid.IntRange(1, 12).Draw(t, "dim")
		matrix := drawEntries(t, dim)
		indptr, indices, data := []int64{0}, []int64{}, []float64{}
		for _, row := range matrix {
			for _, e := range row {
				indices, data = append(indices, int64(e.feature)), append(data, float64(e.value))
			}
			indptr = append(indptr, int64(len(indices)))
		}
		f := smallNPZ.with(func(f *npzFile) {
			f.shape, f.indptr, f.indices = column(int64(len(matrix)), int64(dim)), column(indptr...), column(indices...)
			f.data = npyFile(1, "<f8", false, fmt.Sprintf("(%d,)", len(data))) + little(data)
		})
		rows, _, err := readAll("x.npz", f.file())
		if err != nil {
			t.Fatal(err)
		}
		checkDense(t, matrix, dim, rows)
	})
}

// drawn is an entry of a matrix of small whole numbers, whose sums are exact.
type drawn struct {
	feature int
	value   int8
}

// drawEntries draws the entries of each row, in any order, some twice, some zero.
func drawEntries(t *rapid.T, dim int) [][]drawn {
	one := rapid.Custom(func(t *rapid.T) drawn {
		return drawn{rapid.IntRange(0, dim-1).Draw(t, "feature"), rapid.Int8Range(-3, 3).Draw(t, "value")}
	})
	return rapid.SliceOfN(rapid.SliceOfN(one, 0, 9), 0, 6).Draw(t, "matrix")
}

// checkDense compares rows with the dense form of a matrix.
func checkDense(t *rapid.T, matrix [][]drawn, dim int, rows []dataset.Row) {
	if len(rows) != len(matrix) {
		t.Fatalf("%d rows, want %d", len(rows), len(matrix))
	}
	for i, entries := range matrix {
		want, got := make([]float32, dim), make([]float32, dim)
		for _, e := range entries {
			want[e.feature] += float32(e.value)
		}
		for j, feature := range rows[i].Sparse.Indices {
			got[feature] = rows[i].Sparse.Values[j]
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("row %d (-want +got):\n%s", i, diff)
		}
	}
}

// FuzzNPZ damages archives, FuzzNPZMembers what is in them, which a checksum would else protect.
func FuzzNPZ(f *testing.F) {
	f.Add([]byte(smallNPZ.file()))
	f.Add([]byte(smallNPZ.archive(stdzip.Store)))
	f.Fuzz(func(t *testing.T, content []byte) { checkReader(t, "x.npz", content) })
}

func FuzzNPZMembers(f *testing.F) {
	add := func(n npzFile) {
		f.Add([]byte(n.format), []byte(n.shape), []byte(n.indptr), []byte(n.indices), []byte(n.data))
	}
	add(smallNPZ)
	add(smallNPZ.with(func(n *npzFile) { n.indptr, n.indices, n.data = column(0, 0, 3), column(2, 2, 0), column(1, -1, 7) }))
	f.Fuzz(func(t *testing.T, format, shape, indptr, indices, data []byte) {
		n := npzFile{string(format), string(shape), string(indptr), string(indices), string(data)}
		checkReader(t, "x.npz", []byte(n.archive(stdzip.Store)))
	})
}
