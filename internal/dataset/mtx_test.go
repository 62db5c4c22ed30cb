package dataset_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/vicinaldb/store/internal/dataset"
	"github.com/vicinaldb/store/metric"
)

// mtxFile gives a Matrix Market file of these lines.
func mtxFile(kind string, lines ...string) string {
	return "%%MatrixMarket matrix " + kind + "\n% made for a test\n" + strings.Join(lines, "\n") + "\n"
}

func TestMTXSparse(t *testing.T) {
	two := []metric.SparseVector{{Indices: []uint32{1}, Values: []float32{1.5}}, {Indices: []uint32{0, 2}, Values: []float32{2, -3}}}
	ones := []metric.SparseVector{{Indices: []uint32{1}, Values: []float32{1}}, {Indices: []uint32{0, 2}, Values: []float32{1, 1}}}
	for _, test := range []struct {
		reason, name, content string
		want                  []metric.SparseVector
	}{
		{"by row", "x.mtx", mtxFile("coordinate real general", "2 3 3", "1 2 1.5", "2 1 2", "2 3 -3e0"), two},
		{"by column", "x.mtx", mtxFile("coordinate real general", "2 3 3", "2 1 2", "1 2 1.5", "2 3 -3"), two},
		{"in no order", "x.mtx", mtxFile("coordinate real general", "2 3 3", "2 3 -3", "2 1 2", "1 2 1.5"), two},
		{"told by its first bytes", "matrix", mtxFile("coordinate real general", "2 3 3", "1 2 1.5", "2 1 2", "2 3 -3"), two},
		{"compressed", "x.mtx.gz", zip(mtxFile("coordinate real general", "2 3 3", "1 2 1.5", "2 1 2", "2 3 -3")), two},
		{
			"in capitals, with comments, blank lines, other spaces and ends of lines", "x.MTX",
			strings.ReplaceAll(mtxFile("Coordinate REAL General", "", "%", " 2\t3  3 ", "1 2 1.5", "% here too", "", "\t2 1   2", "2 3 -3"), "\n", "\r\n"), two,
		},
		{"no end of the last line", "x.mtx", strings.TrimSpace(mtxFile("coordinate real general", "2 3 3", "1 2 1.5", "2 1 2", "2 3 -3")), two},
		{"an entry in parts", "x.mtx", mtxFile("coordinate real general", "2 3 4", "2 3 -1", "1 2 1.5", "2 1 2", "2 3 -2"), two},
		{"listed zeros", "x.mtx", mtxFile("coordinate real general", "2 3 5", "2 2 0", "1 2 1.5", "2 1 2", "2 3 -3", "1 1 1e-99"), two},
		{"a pattern", "x.mtx", mtxFile("coordinate pattern general", "2 3 3", "1 2", "2 1", "2 3 "), ones},
		{
			"empty rows before, between and behind", "x.mtx", mtxFile("coordinate integer general", "4 3 1", "3 3 7"),
			[]metric.SparseVector{{}, {}, {Indices: []uint32{2}, Values: []float32{7}}, {}},
		},
		{
			"symmetric", "x.mtx", mtxFile("coordinate integer symmetric", "3 3 2", "3 1 7", "2 2 5"),
			[]metric.SparseVector{{Indices: []uint32{2}, Values: []float32{7}}, {Indices: []uint32{1}, Values: []float32{5}}, {Indices: []uint32{0}, Values: []float32{7}}},
		},
		{"no rows", "x.mtx", mtxFile("coordinate real general", "0 3 0"), nil},
	} {
		t.Run(test.reason, func(t *testing.T) {
			rows, r, err := readAll(test.name, test.content)
			if err != nil {
				t.Fatal(err)
			}
			if r.Kind() != dataset.Sparse || r.Dim() != 3 || r.Len() != int64(len(test.want)) {
				t.Errorf("Kind %v, Dim %d, Len %d; want sparse, 3, %d", r.Kind(), r.Dim(), r.Len(), len(test.want))
			}
			if diff := cmp.Diff(test.want, sparseRows(rows)); diff != "" {
				t.Errorf("rows differ (-want +got):\n%s", diff)
			}
		})
	}
}

// The parts of an entry are added up in the order they come in, however many entries there are to be sorted.
func TestMTXParts(t *testing.T) {
	var lines []string
	for part := range 30 {
		value := []string{"1e16", "1", "-1e16"}[part%3] // adding 1 to 1e16 leaves it as it is
		for column := 10; column > 0; column-- {
			lines = append(lines, fmt.Sprintf("1 %d %s", column, value))
		}
	}
	rows, _, err := readAll("x.mtx", mtxFile("coordinate real general", append([]string{fmt.Sprintf("1 10 %d", len(lines))}, lines...)...))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]metric.SparseVector{{Indices: []uint32{}, Values: []float32{}}}, sparseRows(rows)); diff != "" {
		t.Errorf("rows differ (-want +got):\n%s", diff)
	}
}

func TestMTXDense(t *testing.T) {
	two := [][]float32{{1, 2, 3.5}, {4, 5, 6}}
	for _, f := range []file{
		{content: mtxFile("array real general", "2 3", "1", "4", "2", "5", "3.5", "6"), want: two, reason: "column by column"},
		{content: mtxFile("array integer general", "1 2", "-1", "4"), want: [][]float32{{-1, 4}}, reason: "whole numbers"},
		{content: mtxFile("array real general", "0 2"), want: nil, reason: "no rows"},

		{content: mtxFile("array real general", "2 3", "1", "4", "2", "5", "3.5"), fails: "line 9: not a readable vector file: the file ends after 5 of 6", reason: "a value too few"},
		{content: mtxFile("array real general", "1 1", "1", "4"), fails: "line 5: not a readable vector file: the file goes on after the 1", reason: "a value too many"},
		{content: mtxFile("array real general", "1 1", "1 2"), fails: `"1 2" is not a number`, reason: "two values on a line"},
		{content: mtxFile("array real general", "1 1", "1e39"), fails: "1e39 is too large", reason: "beyond float32"},
		{content: mtxFile("array real general", "1 1", "1e400"), fails: "1e400 is too large", reason: "beyond float64"},
		{content: mtxFile("array real general", "1 1", "0x1p3"), fails: "not a number", reason: "how Go writes a number, not Matrix Market"},
		{content: mtxFile("array integer general", "1 1", "1.5"), fails: "not a whole number", reason: "a fraction among whole numbers"},
		{content: mtxFile("array real general", "1 1 1", "1"), fails: "3 numbers; the sizes are 2", reason: "sizes of coordinates"},
		{content: mtxFile("array real general", "1 131073"), fails: "131073 components", reason: "a row too long"},
		{content: mtxFile("array real general", "1000000 1000"), fails: "1000000000 values", reason: "more than is held"},
		{content: mtxFile("array real symmetric", "1 1", "1"), fails: "a matrix array real symmetric; read are", reason: "half an array"},
		{content: mtxFile("array pattern general", "1 1", "1"), fails: "a matrix array pattern general", reason: "an array without values"},
	} {
		f.name = "x.mtx"
		f.test(t)
	}
}

func TestMTXRefused(t *testing.T) {
	for _, f := range []file{
		{content: "", fails: "line 1: not a readable vector file: the file ends before", reason: "nothing"},
		{content: "1 1 1\n1 1 1\n", fails: "begins with %%MatrixMarket matrix", reason: "no first line"},
		{content: "%%MatrixMarket vector coordinate real general\n1 1 1\n1 1 1\n", fails: "begins with %%MatrixMarket matrix", reason: "not a matrix"},
		{content: mtxFile("coordinate complex general", "1 1 1", "1 1 1 1"), fails: "a matrix coordinate complex general; read are", reason: "complex numbers"},
		{content: mtxFile("coordinate real skew-symmetric", "1 1 0"), fails: "skew-symmetric; read are", reason: "a symmetry that changes signs"},
		{content: mtxFile("graph real general", "1 1 0"), fails: "a matrix graph real general", reason: "neither coordinates nor an array"},
		{content: mtxFile("coordinate real general"), fails: "line 4: not a readable vector file: the file ends before", reason: "no sizes"},
		{content: mtxFile("coordinate real general", "2 2"), fails: "line 3: not a readable vector file: 2 numbers; the sizes are 3", reason: "sizes of an array"},
		{content: mtxFile("coordinate real general", "2 -2 1"), fails: `"-2" is not a size`, reason: "a negative size"},
		{content: mtxFile("coordinate real general", "2 x 1"), fails: `"x" is not a size`, reason: "a word for a size"},
		{content: mtxFile("coordinate real general", "2 0 0"), fails: "rows of 0 features", reason: "no columns"},
		{content: mtxFile("coordinate real general", "2 2147483648 0"), fails: "rows of 2147483648 features", reason: "too many columns"},
		{content: mtxFile("coordinate real general", "2147483648 2 0"), fails: "2147483648 rows", reason: "too many rows"},
		{content: mtxFile("coordinate real general", "2 2 9223372036854775807", "1 1 1"), fails: "9223372036854775807 entries; up to", reason: "more than is held"},
		{content: mtxFile("coordinate real symmetric", "2 3 0"), fails: "a symmetric matrix of 2 rows and 3 columns", reason: "symmetric, but not square"},
		{content: mtxFile("coordinate real symmetric", "2 2 1", "1 2 1"), fails: "upper triangle", reason: "the other triangle, which would count twice"},
		{content: mtxFile("coordinate real general", "2 2 2", "1 1 1"), fails: "line 5: not a readable vector file: the file ends after 1 of 2 entries", reason: "an entry too few"},
		{content: mtxFile("coordinate real general", "2 2 1", "1 1 1", "1 2 1"), fails: "goes on after the 1 entries", reason: "an entry too many"},
		{content: mtxFile("coordinate real general", "2 2 1", "0 1 1"), fails: `line 4: not a readable vector file: row "0" of 2; they count from 1`, reason: "counted from 0"},
		{content: mtxFile("coordinate real general", "2 2 1", "3 1 1"), fails: `row "3" of 2`, reason: "a row too many"},
		{content: mtxFile("coordinate real general", "2 2 1", "1 3 1"), fails: `column "3" of 2`, reason: "a column too many"},
		{content: mtxFile("coordinate real general", "2 2 1", "1"), fails: `column "" of 2`, reason: "no column"},
		{content: mtxFile("coordinate real general", "2 2 1", "1 1"), fails: `"" is not a number`, reason: "no value"},
		{content: mtxFile("coordinate real general", "2 2 1", "1 1 1 1"), fails: `"1 1" is not a number`, reason: "two values"},
		{content: mtxFile("coordinate pattern general", "2 2 1", "1 1 1"), fails: `"1" behind the position`, reason: "a value in a pattern"},
		{content: mtxFile("coordinate integer general", "2 2 1", "1 1 9223372036854775808"), fails: "not a whole number", reason: "beyond 64 bits"},
		{content: mtxFile("coordinate real general", "2 2 2", "2 1 1e38", "2 1 9e38"), fails: "row 1: not a readable vector file: feature 0: 1e+39 is too large", reason: "a sum beyond float32"},
		{content: mtxFile("coordinate real general", "1 2 1", "1 1 1"+strings.Repeat("0", 70000)), fails: "line 4: not a readable vector file: longer than 65536 bytes", reason: "an endless line"},
		{content: zip(mtxFile("coordinate real general", "2 2 1", "1 1 1"))[:60], fails: "unexpected EOF", reason: "cut, compressed"},
		{content: mtxFile("coordinate pattern general", "1 1 131073", strings.Repeat("1 1\n", 131073)), fails: "131073 components are listed; up to 131072", reason: "a row of too many entries"},
	} {
		f.name = "x.mtx"
		f.test(t)
	}
}

// A matrix in any order of its entries is read as its dense form says.
func TestMTXRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dim := rapid.IntRange(1, 12).Draw(t, "dim")
		matrix := drawEntries(t, dim)
		var lines []string
		for i, row := range matrix {
			for _, e := range row {
				lines = append(lines, fmt.Sprintf("%d %d %d", i+1, e.feature+1, e.value))
			}
		}
		size := fmt.Sprintf("%d %d %d", len(matrix), dim, len(lines))
		lines = rapid.Permutation(lines).Draw(t, "order")
		content := mtxFile(rapid.SampledFrom([]string{"coordinate real general", "coordinate integer general"}).Draw(t, "kind"), append([]string{size}, lines...)...)
		rows, _, err := readAll("x.mtx", content)
		if err != nil {
			t.Fatal(err)
		}
		checkDense(t, matrix, dim, rows)
	})
}

func FuzzMTX(f *testing.F) {
	f.Add([]byte(mtxFile("coordinate real general", "2 3 3", "2 1 2", "1 2 1.5", "2 3 -3")))
	f.Add([]byte(mtxFile("coordinate integer symmetric", "3 3 2", "3 1 7", "2 2 5")))
	f.Add([]byte(mtxFile("coordinate pattern general", "2 3 1", "1 2")))
	f.Add([]byte(mtxFile("array real general", "1 2", "1", "4")))
	f.Fuzz(func(t *testing.T, content []byte) { checkReader(t, "x.mtx", content) })
}
