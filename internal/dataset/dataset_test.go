package dataset_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/vicinaldb/store/internal/dataset"
	"github.com/vicinaldb/store/metric"
)

// file is a case of reading: the content, and either rows or an error that says something.
type file struct {
	name    string
	content string
	want    [][]float32
	fails   string
	reason  string
}

func (f file) test(t *testing.T) {
	t.Helper()
	t.Run(f.reason, func(t *testing.T) {
		rows, r, err := readAll(f.name, f.content)
		if f.fails != "" {
			if !errors.Is(err, dataset.ErrFormat) || !strings.Contains(err.Error(), f.fails) || !strings.Contains(err.Error(), f.name) {
				t.Fatalf("error %v; want an ErrFormat that names %s and says %q", err, f.name, f.fails)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(f.want, vectors(rows)); diff != "" {
			t.Errorf("rows differ (-want +got):\n%s", diff)
		}
		if n := r.Len(); n != -1 && n != int64(len(rows)) {
			t.Errorf("Len is %d, but there are %d rows", n, len(rows))
		}
		if _, err := r.Next(); !errors.Is(err, io.EOF) {
			t.Errorf("after the end Next gives %v, want io.EOF again", err)
		}
	})
}

func readAll(name, content string) ([]dataset.Row, *dataset.Reader, error) {
	return readAllAs(name, content, dataset.Options{})
}

// most is far more rows than any test has, and fewer than a header may declare without a byte for any of them.
const most = 1 << 16

func readAllAs(name, content string, o dataset.Options) ([]dataset.Row, *dataset.Reader, error) {
	r, err := dataset.NewReader(name, strings.NewReader(content), int64(len(content)), o)
	if err != nil {
		return nil, nil, err
	}
	var rows []dataset.Row
	for len(rows) < most {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			return rows, r, r.Close()
		}
		if err != nil {
			return rows, r, closed(r, err)
		}
		if err := checkRow(r, row); err != nil {
			return rows, r, fmt.Errorf("row %d: %w", len(rows), err)
		}
		rows = append(rows, row)
	}
	return rows, r, r.Close()
}

// closed closes a Reader after an error, which must not hide another kind of one.
func closed(r *dataset.Reader, err error) error {
	if failed := r.Close(); failed != nil && !errors.Is(failed, dataset.ErrFormat) {
		return failed
	}
	return err
}

// checkRow says what is wrong with a row that any file gives.
func checkRow(r *dataset.Reader, row dataset.Row) error {
	lengths := map[dataset.Kind]int{dataset.Dense: len(row.Vector), dataset.Bits: len(row.Bits)}
	want := map[dataset.Kind]int{dataset.Dense: r.Dim(), dataset.Bits: (r.Dim() + 63) / 64}
	if lengths[r.Kind()] != want[r.Kind()] {
		return fmt.Errorf("%d components or words, Dim is %d", lengths[r.Kind()], r.Dim())
	}
	switch v := row.Sparse; r.Kind() {
	case dataset.Dense:
		if v.Indices != nil || row.Bits != nil {
			return errors.New("a dense row is also another")
		}
	case dataset.Bits:
		if row.Vector != nil || v.Indices != nil {
			return errors.New("a row of bits is also another")
		}
		if last := row.Bits[len(row.Bits)-1]; r.Dim()%64 != 0 && last>>(r.Dim()%64) != 0 {
			return fmt.Errorf("the last word is %#x of %d bits", last, r.Dim())
		}
	default:
		if row.Vector != nil || row.Bits != nil {
			return errors.New("a sparse row is also another")
		}
		return checkSparse(v, r.Dim())
	}
	return nil
}

// checkSparse is the metrics' own check, but for values that are not finite or too large: these are for the store to refuse.
func checkSparse(v metric.SparseVector, dim int) error {
	modest := metric.SparseVector{Indices: v.Indices, Values: slices.Clone(v.Values)}
	for i, x := range modest.Values {
		if x != 0 {
			modest.Values[i] = 1
		}
	}
	m, err := metric.LookupSparse("euclidean", uint32(dim))
	if err != nil {
		return err
	}
	return m.Check(modest)
}

func vectors(rows []dataset.Row) [][]float32 {
	var all [][]float32
	for _, row := range rows {
		all = append(all, row.Vector)
	}
	return all
}

func zip(content string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, content); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.String()
}

// little and big write numbers of any type one after the other.
func little(numbers ...any) string { return packed(binary.LittleEndian, numbers) }
func big(numbers ...any) string    { return packed(binary.BigEndian, numbers) }

func packed(order binary.ByteOrder, numbers []any) string {
	var b []byte
	for _, n := range numbers {
		var err error
		if b, err = binary.Append(b, order, n); err != nil {
			panic(err)
		}
	}
	return string(b)
}

func TestCompressed(t *testing.T) {
	plain := vecsFile("f", []float32{1, 2}, []float32{3, 4})
	packed := zip(plain)
	want := [][]float32{{1, 2}, {3, 4}}
	for _, f := range []file{
		{name: "a.fvecs.gz", content: packed, want: want, reason: "the usual name"},
		{name: "a.fvecs", content: packed, want: want, reason: "compression is told by content, not by name"},
		{name: "a.fvecs.gz", content: plain, fails: "by its first bytes", reason: "named .gz but not compressed: the name says nothing about the rest"},
		{name: "A.FVECS.GZ", content: packed, want: want, reason: "names in capitals"},
		{name: "a.fvecs.gz", content: packed[:len(packed)-12], fails: "ends too early", reason: "the compressed stream is cut"},
		{name: "a.fvecs.gz", content: packed[:5], fails: "decompressing", reason: "cut in its header"},
		{name: "a.fvecs.gz", content: packed[:len(packed)-8] + "\x00\x00\x00\x00" + packed[len(packed)-4:], fails: "checksum", reason: "wrong checksum at the end"},
		{name: "a.fvecs.gz", content: packed[:11] + "\xff\xff" + packed[13:], fails: "decompressing", reason: "flipped bytes"},
		{name: "a.fvecs.gz", content: packed + "more than this file", fails: "decompressing", reason: "something follows"},
	} {
		f.test(t)
	}
}

func TestUnknown(t *testing.T) {
	for _, f := range []file{
		{name: "notes.txt", content: "Dear diary", fails: "by its first bytes", reason: "text"},
		{name: "empty", content: "", fails: "the file is empty", reason: "nothing to recognize"},
		{name: "empty.npy", content: "", fails: "the file is empty", reason: "an array that was not written"},
		{name: "empty.npy.gz", content: zip(""), fails: "the file is empty", reason: "nothing compressed"},
		{name: "notes.npy", content: "Dear diary", fails: "it is named .npy, but does not begin as such a file does", reason: "text named as an array"},
		{name: "notes.NPZ.gz", content: zip("Dear diary"), fails: "it is named .npz, but", reason: "compressed text named as an archive"},
	} {
		f.test(t)
	}
}

func TestOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "two.fvecs")
	if err := os.WriteFile(path, []byte(vecsFile("f", []float32{1}, []float32{2})), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := dataset.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if r.Len() != 2 || r.Dim() != 1 || r.HasIDs() {
		t.Errorf("Len %d, Dim %d, HasIDs %v; want 2, 1, false", r.Len(), r.Dim(), r.HasIDs())
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if _, err := dataset.Open(path + "-missing"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("opening a missing file gives %v, want os.ErrNotExist", err)
	}
}

// What is written in any format is read back, with what float32 makes of the numbers.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dim := rapid.IntRange(1, 9).Draw(t, "dim")
		rows := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), dim, dim), 1, 6).Draw(t, "rows")
		order := rapid.SampledFrom([]string{"<", ">"}).Draw(t, "order")
		number := rapid.SampledFrom([]string{"u1", "i2", "u4", "i8", "f4", "f8"}).Draw(t, "number")
		want := make([][]float32, len(rows))
		var plain strings.Builder
		for i, row := range rows {
			for _, b := range row {
				want[i] = append(want[i], float32(b))
				plain.WriteString(packedAs(order, number, b))
			}
		}
		content := npyFile(1, order+number, false, fmt.Sprintf("(%d, %d)", len(rows), dim)) + plain.String()
		name := "x.npy"
		if rapid.Bool().Draw(t, "compressed") {
			content, name = zip(content), "x.npy.gz"
		}
		got, _, err := readAll(name, content)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, vectors(got)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func packedAs(order, number string, b byte) string {
	values := map[string]any{
		"u1": b, "i2": int16(b), "u4": uint32(b), "i8": int64(b), "f4": float32(b), "f8": float64(b),
	}
	if order == ">" {
		return big(values[number])
	}
	return little(values[number])
}

// checkReader is what every parser owes to any input: an end, rows of one
// length, and no error that is neither ErrFormat nor, where something is asked for, ErrOptions.
func checkReader(t *testing.T, name string, content []byte, o ...dataset.Options) {
	asked := append(o, dataset.Options{})[0]
	rows, _, err := readAllAs(name, string(content), asked)
	refused := errors.Is(err, dataset.ErrFormat) || errors.Is(err, dataset.ErrOptions)
	if err != nil && !refused {
		t.Fatalf("error %v is neither an ErrFormat nor an ErrOptions", err)
	}
	for _, row := range rows {
		for _, x := range row.Vector {
			if strings.Contains(name, "json") && (math.IsNaN(float64(x)) || math.IsInf(float64(x), 0)) {
				t.Fatalf("JSON cannot say %v", x)
			}
		}
	}
}

func FuzzCompressed(f *testing.F) {
	f.Add([]byte(zip(vecsFile("f", []float32{1, 2}))))
	f.Fuzz(func(t *testing.T, content []byte) { checkReader(t, "a.fvecs.gz", content) })
}
