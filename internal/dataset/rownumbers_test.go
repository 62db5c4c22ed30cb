package dataset_test

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vicinaldb/store/internal/dataset"
)

func TestReadRowNumbers(t *testing.T) {
	two := [][]uint32{{1, 2}, {3, 4}}
	ivecs := vecsFile("i", []float32{1, 2}, []float32{3, 4})
	for _, test := range []struct {
		name, content string
		want          [][]uint32
		fails, reason string
	}{
		{name: "t.ivecs", content: ivecs, want: two, reason: "the usual form"},
		{name: "t.IVECS.gz", content: zip(ivecs), want: two, reason: "compressed"},
		{name: "t.npy", content: npyFile(1, "<i4", false, "(2, 2)") + little([]int32{1, 2, 3, 4}), want: two, reason: "int32"},
		{name: "t.npy", content: npyFile(1, ">i8", false, "(2, 2)") + big([]int64{1, 2, 3, 4}), want: two, reason: "int64, what NumPy's argsort gives"},
		{name: "t.npy", content: npyFile(1, "<u4", false, "(1, 1)") + little(uint32(math.MaxUint32)), want: [][]uint32{{math.MaxUint32}}, reason: "the largest row number"},
		{name: "t.npy", content: npyFile(1, "<u8", false, "(1, 1)") + little(uint64(7)), want: [][]uint32{{7}}, reason: "uint64"},

		{name: "t.npy", content: npyFile(1, "<f4", false, "(1, 1)") + little(float32(1)), fails: "floating point", reason: "distances taken for row numbers"},
		{name: "t.npy", content: npyFile(1, "<i8", false, "(1, 2)") + little([]int64{1, -1}), fails: "row 0: not a readable vector file: column 1: -1 is not a row number", reason: "padding"},
		{name: "t.npy", content: npyFile(1, "<i8", false, "(1, 1)") + little(int64(1<<32)), fails: "not a row number", reason: "beyond 32 bits"},
		{name: "t.npy", content: npyFile(1, "<u8", false, "(1, 1)") + little(uint64(math.MaxUint64)), fails: "too large", reason: "beyond 63 bits, which must not wrap"},
		{name: "t.ivecs", content: ivecs[:9], fails: "row 0", reason: "cut"},
		{name: "t.jsonl", content: "{}", fails: "by its first bytes", reason: "JSON lines hold no row numbers"},
		{name: "t.ivecs.gz", content: zip(ivecs)[:20], fails: "too early", reason: "cut, compressed"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), test.name)
			if err := os.WriteFile(path, []byte(test.content), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := dataset.ReadRowNumbers(path)
			if test.fails != "" {
				if !errors.Is(err, dataset.ErrFormat) || !strings.Contains(err.Error(), test.fails) {
					t.Fatalf("error %v; want an ErrFormat that says %q", err, test.fails)
				}
				return
			}
			if diff := cmp.Diff(test.want, got); err != nil || diff != "" {
				t.Errorf("error %v, difference %s", err, diff)
			}
		})
	}
	if _, err := dataset.ReadRowNumbers(filepath.Join(t.TempDir(), "missing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file gives %v", err)
	}
}

func TestWriteRowNumbers(t *testing.T) {
	var b bytes.Buffer
	if err := dataset.WriteRowNumbers(&b, [][]uint32{{1, 2}, {3, 4}}); err != nil {
		t.Fatal(err)
	}
	if want := vecsFile("i", []float32{1, 2}, []float32{3, 4}); b.String() != want {
		t.Errorf("wrote %q, want %q", b.String(), want)
	}
	if err := dataset.WriteRowNumbers(&b, [][]uint32{{math.MaxInt32 + 1}}); err == nil {
		t.Error("a row number that .ivecs reads as negative was written")
	}
}
