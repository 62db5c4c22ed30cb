package dataset_test

import (
	"strings"
	"testing"

	"github.com/vicinaldb/store/internal/dataset"
)

// vecsFile writes rows as .fvecs, .bvecs or .ivecs by the letter of the kind.
func vecsFile(kind string, rows ...[]float32) string {
	var content string
	for _, row := range rows {
		content += little(int32(len(row)))
		for _, x := range row {
			switch kind {
			case "f":
				content += little(x)
			case "b":
				content += little(uint8(x))
			case "i":
				content += little(int32(x))
			}
		}
	}
	return content
}

func TestVecs(t *testing.T) {
	two := [][]float32{{1, 2, 3}, {4, 5, 255}}
	for _, f := range []file{
		{name: "a.fvecs", content: "\x02\x00\x00\x00\x00\x00\xc0\x3f\x00\x00\x00\xc0", want: [][]float32{{1.5, -2}}, reason: "floats byte by byte"},
		{name: "a.bvecs", content: "\x03\x00\x00\x00\x01\x02\xff", want: [][]float32{{1, 2, 255}}, reason: "bytes byte by byte"},
		{name: "a.ivecs", content: "\x01\x00\x00\x00\xfe\xff\xff\xff", want: [][]float32{{-2}}, reason: "integers byte by byte"},
		{name: "a.fvecs", content: vecsFile("f", two...), want: two, reason: "two rows of floats"},
		{name: "a.bvecs", content: vecsFile("b", two...), want: two, reason: "two rows of bytes"},
		{name: "a.ivecs", content: vecsFile("i", two...), want: two, reason: "two rows of integers"},
		{name: "a.fvecs", content: "", want: nil, reason: "an empty file has no rows"},
		{name: "a.fvecs", content: vecsFile("f", make([]float32, '{')), want: [][]float32{make([]float32, '{')}, reason: "a dimension that begins as JSON"},

		{name: "a.fvecs", content: "\x02\x00", fails: "ends too early, at byte 2", reason: "cut in the first length"},
		{name: "a.fvecs", content: vecsFile("f", two...) + "\x03", fails: "row 2 at byte 32: not a readable vector file: the file ends too early, at byte 33", reason: "cut in a later length"},
		{name: "a.fvecs", content: vecsFile("f", two...)[:30], fails: "row 1 at byte 16", reason: "cut in a row"},
		{name: "a.fvecs", content: vecsFile("f", two[0], []float32{1}), fails: "row 1 at byte 16: not a readable vector file: it has 1 components, the rows before have 3", reason: "rows of unequal length"},
		{name: "a.fvecs", content: "\x00\x00\x00\x00", fails: "0 components", reason: "rows of nothing"},
		{name: "a.fvecs", content: "\xff\xff\xff\xff", fails: "4294967295 components", reason: "a negative length"},
		{name: "a.bvecs", content: "\x01\x00\x02\x00", fails: "131073 components", reason: "one component too many"},
	} {
		f.test(t)
	}
}

// The number of rows is told only where the size of the file proves it.
func TestVecsLen(t *testing.T) {
	content := vecsFile("f", []float32{1}, []float32{2})
	for _, test := range []struct {
		content string
		size    int64
		want    int64
		reason  string
	}{
		{content, 16, 2, "whole rows"},
		{content, -1, -1, "a size that nobody knows"},
		{content + "\x01", 17, -1, "a row that is cut"},
		{zip(content), 16, -1, "a compressed size, even if it were that of whole rows"},
		{"", 0, 0, "an empty file"},
	} {
		r, err := dataset.NewReader("a.fvecs", strings.NewReader(test.content), test.size, dataset.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Len(); got != test.want {
			t.Errorf("%s: Len is %d, want %d", test.reason, got, test.want)
		}
	}
}

func FuzzVecs(f *testing.F) {
	f.Add(0, []byte(vecsFile("f", []float32{1, 2}, []float32{3, 4})))
	f.Add(1, []byte(vecsFile("b", []float32{1, 2}, []float32{3, 4})))
	f.Add(2, []byte(vecsFile("i", []float32{1, 2}, []float32{3, 4})))
	f.Fuzz(func(t *testing.T, kind int, content []byte) {
		names := []string{"a.fvecs", "a.bvecs", "a.ivecs"}
		checkReader(t, names[uint(kind)%3], content)
	})
}
