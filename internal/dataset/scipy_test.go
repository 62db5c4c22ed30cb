package dataset_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vicinaldb/store/internal/dataset"
)

// written is a file that testdata/generate.py has made by NumPy and SciPy, and what it holds.
type written struct {
	File string
	Kind string
	Dim  int
	Rows [][]float64 // dense: values; sparse: feature, value, feature, value; bits: those that are set
}

func TestSciPy(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var files []written
	if err := json.Unmarshal(text, &files); err != nil {
		t.Fatal(err)
	}
	forms := map[string]dataset.BitForm{
		"bits_big.npy": dataset.PackedBig, "bits_little.npy": dataset.PackedLittle,
		"bits_bool.npy": dataset.Unpacked, "bits_uint8.npy": dataset.Unpacked,
	}
	for _, file := range files {
		t.Run(file.File, func(t *testing.T) {
			var o dataset.Options
			if form, ok := forms[file.File]; ok {
				o = dataset.Options{Kind: dataset.Bits, BitForm: form, Dim: file.Dim}
			}
			r, err := dataset.OpenAs(filepath.Join("testdata", file.File), o)
			if err != nil {
				t.Fatal(err)
			}
			if r.Kind().String() != file.Kind || r.Dim() != file.Dim || r.Len() != int64(len(file.Rows)) || r.HasIDs() {
				t.Errorf("Kind %v, Dim %d, Len %d, HasIDs %v; want %s, %d, %d, false",
					r.Kind(), r.Dim(), r.Len(), r.HasIDs(), file.Kind, file.Dim, len(file.Rows))
			}
			var got [][]float64
			for range file.Rows {
				row, err := r.Next()
				if err != nil {
					t.Fatal(err)
				}
				if err := checkRow(r, row); err != nil {
					t.Fatal(err)
				}
				got = append(got, numbers(r, row))
			}
			if len(file.Rows) > 0 {
				if diff := cmp.Diff(file.Rows, got); diff != "" {
					t.Errorf("rows differ (-want +got):\n%s", diff)
				}
			}
			if _, err := r.Next(); err == nil {
				t.Error("there are more rows")
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// numbers writes a row as expected.json does.
func numbers(r *dataset.Reader, row dataset.Row) []float64 {
	all := []float64{}
	switch r.Kind() {
	case dataset.Dense:
		for _, x := range row.Vector {
			all = append(all, float64(x))
		}
	case dataset.Sparse:
		for i, feature := range row.Sparse.Indices {
			all = append(all, float64(feature), float64(row.Sparse.Values[i]))
		}
	default:
		for i := range r.Dim() {
			if row.Bits[i/64]>>(i%64)&1 == 1 {
				all = append(all, float64(i))
			}
		}
	}
	return all
}

// A matrix that SciPy keeps by column is refused, with the way out.
func TestSciPyColumns(t *testing.T) {
	_, err := dataset.OpenAs(filepath.Join("testdata", "csc.npz"), dataset.Options{})
	if !errors.Is(err, dataset.ErrFormat) || !strings.Contains(err.Error(), `"csc"; save matrix.tocsr()`) {
		t.Errorf("error %v", err)
	}
}

// Each file, cut anywhere, is refused: when it is opened or when its rows are read.
func TestSciPyCut(t *testing.T) {
	for _, name := range []string{"float32.npz", "float64_stored.npz", "messy.npz", "by_column.mtx.gz", "bits_bool.npy"} {
		whole, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		for cut := range whole {
			rows, _, err := readAll(name, string(whole[:cut]))
			if !errors.Is(err, dataset.ErrFormat) {
				t.Fatalf("%s cut to %d of %d bytes: %d rows and error %v", name, cut, len(whole), len(rows), err)
			}
		}
	}
}

// What the options ask for is compared with the file.
func TestOptions(t *testing.T) {
	jsonLines := `{"indices": [1], "values": [2]}`
	dense := vecsFile("f", []float32{1, 2})
	for _, test := range []struct {
		name, content string
		options       dataset.Options
		fails, reason string
	}{
		{"a.fvecs", dense, dataset.Options{Kind: dataset.Dense, Dim: 2}, "", "what the file is"},
		{"a.fvecs", dense, dataset.Options{Kind: dataset.Sparse}, "its vectors are dense, not sparse", "dense for sparse"},
		{"a.fvecs", dense, dataset.Options{Kind: dataset.Bits}, "arrays of uint8", "floats for bits"},
		{"a.fvecs", dense, dataset.Options{Dim: 3}, "2 dimensions, not 3", "another dimension"},
		{"a.fvecs", dense, dataset.Options{Dim: -1}, "a dimension of -1", "no dimension"},
		{"a.jsonl", jsonLines, dataset.Options{Kind: dataset.Sparse, Dim: 2}, "", "sparse lines"},
		{"a.jsonl", jsonLines, dataset.Options{Kind: dataset.Sparse}, "it must be given", "sparse lines without a dimension"},
		{"a.jsonl", jsonLines, dataset.Options{}, "it must be given", "sparse lines without a dimension, whatever they are"},
		{"a.jsonl", jsonLines, dataset.Options{Kind: dataset.Dense}, "sparse, not dense", "sparse lines for dense"},
		{"a.jsonl", `{"vector": [1]}`, dataset.Options{Kind: dataset.Bits}, "dense, not bits", "lines for bits"},
		{"a.jsonl", jsonLines, dataset.Options{Dim: dataset.MaxFeatures}, "", "the largest dimension"},
		{"a.mtx", mtxFile("coordinate real general", "1 1 0"), dataset.Options{Kind: dataset.Dense}, "sparse, not dense", "sparse for dense"},
		{"a.mtx", mtxFile("array real general", "1 1", "5"), dataset.Options{Kind: dataset.Sparse}, "dense, not sparse", "dense for sparse"},
		{"a.npz", smallNPZ.file(), dataset.Options{Kind: dataset.Bits}, "sparse, not bits", "an archive that is opened in vain"},
		{"a.npz", smallNPZ.file(), dataset.Options{Kind: dataset.Sparse, Dim: 3}, "", "an archive as asked for"},
	} {
		_, _, err := readAllAs(test.name, test.content, test.options)
		if test.fails == "" && err != nil {
			t.Errorf("%s: %v", test.reason, err)
		}
		if test.fails != "" && (!errors.Is(err, dataset.ErrOptions) || !strings.Contains(err.Error(), test.fails)) {
			t.Errorf("%s: error %v; want an ErrOptions that says %q", test.reason, err, test.fails)
		}
	}
}

// A caller can say how the dimension is to be given.
func TestNoDimension(t *testing.T) {
	if _, _, err := readAllAs("a.jsonl", `{"indices": [1], "values": [2]}`, dataset.Options{}); !errors.Is(err, dataset.ErrDim) {
		t.Errorf("sparse lines without a dimension give %v, want ErrDim", err)
	}
}

// Open is for those who can take dense vectors only.
func TestOpenDense(t *testing.T) {
	if _, err := dataset.Open(filepath.Join("testdata", "float32.npz")); !errors.Is(err, dataset.ErrOptions) {
		t.Errorf("sparse vectors are opened as dense: %v", err)
	}
}
