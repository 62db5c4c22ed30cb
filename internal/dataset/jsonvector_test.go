package dataset_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vicinaldb/store/internal/dataset"
	"github.com/vicinaldb/store/metric"
)

func TestSparseJSONLines(t *testing.T) {
	content := `{"id": "a", "indices": [1, 5], "values": [0.5, 2], "metadata": {"year": 1999}}
{"id": 7, "values": [3, 0, -1e0], "indices": [9, 4, 0]}

{"indices": [ ], "values": []}`
	want := []dataset.Row{
		{ID: "a", Sparse: metric.SparseVector{Indices: []uint32{1, 5}, Values: []float32{0.5, 2}}, Metadata: map[string]any{"year": int64(1999)}},
		{ID: "7", Sparse: metric.SparseVector{Indices: []uint32{0, 9}, Values: []float32{-1, 3}}},
		{},
	}
	rows, r, err := readAllAs("a.jsonl", content, dataset.Options{Dim: 10})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("rows differ (-want +got):\n%s", diff)
	}
	if r.Kind() != dataset.Sparse || r.Dim() != 10 || r.Len() != -1 || !r.HasIDs() {
		t.Errorf("Kind %v, Dim %d, Len %d, HasIDs %v; want sparse, 10, -1, true", r.Kind(), r.Dim(), r.Len(), r.HasIDs())
	}
	for kind, want := range map[dataset.Kind]dataset.Kind{dataset.Any: dataset.Dense, dataset.Sparse: dataset.Sparse} {
		if _, r, err := readAllAs("a.jsonl", "", dataset.Options{Kind: kind}); err != nil || r.Kind() != want {
			t.Errorf("an empty file read as %v: %v, error %v", kind, r.Kind(), err)
		}
	}
}

func TestSparseJSONLinesRefused(t *testing.T) {
	for _, test := range []struct{ content, fails, reason string }{
		{`{"indices": [1]}`, `no "values"`, "no values"},
		{`{"values": [1]}`, `no "indices"`, "no indices"},
		{`{"indices": [1], "values": [1], "vector": [1]}`, `both "vector" and`, "dense and sparse"},
		{`{"vector": [1], "values": [1]}`, `both "vector" and`, "dense and half sparse"},
		{`{"indices": [1], "values": [1]}` + "\n" + `{"vector": [1]}`, "line 2: not a readable vector file: the vector is dense, those before are sparse", "dense after sparse"},
		{`{"vector": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]}` + "\n" + `{"indices": [1], "values": [1]}`, "line 2: not a readable vector file: the vector is sparse, those before are dense", "sparse after dense"},
		{`{"indices": [1, 2], "values": [1]}`, "2 indices, but 1 values", "an index without a value"},
		{`{"indices": [], "values": [1]}`, `"indices": it is empty`, "a value without an index"},
		{`{"indices": [1], "values": []}`, `"values": it is empty`, "an index without any value"},
		{`{"indices": [10], "values": [1]}`, "feature 10 of 10; they count from 0", "an index that is the dimension"},
		{`{"indices": [18446744073709551616], "values": [1]}`, "feature 18446744073709551616 of 10", "an index beyond 64 bits"},
		{`{"indices": [-1], "values": [1]}`, "component 0 is not the number of a feature", "a negative index"},
		{`{"indices": [1.0], "values": [1]}`, "component 0 is not the number of a feature", "an index with a fraction"},
		{`{"indices": [3, 1, 3], "values": [1, 1, 1]}`, `"indices": 3 twice`, "an index twice: which value is meant?"},
		{`{"indices": [3], "values": [null]}`, `"values": component 0 is not a number`, "no number"},
		{`{"indices": [3], "values": [1e39]}`, "1e39 is too large", "beyond float32"},
		{`{"indices": 3, "values": [1]}`, `"indices": a vector is an array`, "no array"},
		{`{"indices": [3], "values": [1], "dim": 4}`, `"dim"`, "a key that is not known"},
		{`{"indices": [` + strings.Repeat("1,", dataset.MaxNonzeros) + `1], "values": [1]}`, "more than 131072 components", "too many"},
	} {
		_, _, err := readAllAs("a.jsonl", test.content, dataset.Options{Dim: 10})
		if !errors.Is(err, dataset.ErrFormat) || !strings.Contains(err.Error(), test.fails) {
			t.Errorf("%s: error %v; want an ErrFormat that says %q", test.reason, err, test.fails)
		}
	}
}

func TestParseSparse(t *testing.T) {
	got, err := dataset.ParseSparse([]byte(`{"indices": [5, 1], "values": [2, 0.5]}`), 6)
	if diff := cmp.Diff(metric.SparseVector{Indices: []uint32{1, 5}, Values: []float32{0.5, 2}}, got); diff != "" || err != nil {
		t.Errorf("error %v, difference %s", err, diff)
	}
	for _, text := range []string{"", "[1]", "{}", `{"indices": [6], "values": [2]}`, `{"indices": [1], "values": [2], "id": "a"}`, `{"indices": [1], "values": [2`} {
		if _, err := dataset.ParseSparse([]byte(text), 6); !errors.Is(err, dataset.ErrFormat) {
			t.Errorf("%q gives %v, want an ErrFormat", text, err)
		}
	}
}

// A vector that comes without a file is not blamed on one.
func TestParseRefused(t *testing.T) {
	for _, test := range []struct{ text, dense, sparse string }{
		{"", "not a JSON array of numbers", "not a JSON object: "},
		{"[1, 2", "not a JSON array of numbers", "not a JSON object: "},
		{"[]", "it is empty", "not a JSON object, but array"},
		{"3", "a vector is an array of numbers", "not a JSON object, but number"},
		{`["a"]`, "component 0 is not a number", "not a JSON object, but array"},
		{`{"indices": [1], "values": [1, 2]}`, "a vector is an array of numbers", "1 indices, but 2 values"},
		{`{"id": "a"}`, "a vector is an array of numbers", `"id": it is neither indices nor values`},
	} {
		if _, err := dataset.ParseVector([]byte(test.text)); !errors.Is(err, dataset.ErrFormat) || !strings.HasPrefix(err.Error(), test.dense) {
			t.Errorf("dense %s gives %v, want an ErrFormat that begins with %q", test.text, err, test.dense)
		}
		if _, err := dataset.ParseSparse([]byte(test.text), 9); !errors.Is(err, dataset.ErrFormat) || !strings.HasPrefix(err.Error(), test.sparse) {
			t.Errorf("sparse %s gives %v, want an ErrFormat that begins with %q", test.text, err, test.sparse)
		}
	}
}

func FuzzSparseJSON(f *testing.F) {
	f.Add([]byte(`{"indices": [5, 1], "values": [2, 0.5]}`), 6)
	f.Add([]byte(`{"id": "a", "indices": [5, 1], "values": [2, 0.5]}`+"\n"+`{"indices": [], "values": []}`), 6)
	f.Fuzz(func(t *testing.T, content []byte, dim int) {
		checkReader(t, "a.jsonl", content, dataset.Options{Kind: dataset.Sparse, Dim: dim})
		v, err := dataset.ParseSparse(content, dim)
		if err == nil && len(v.Indices) > 0 {
			err = checkSparse(v, min(dim, dataset.MaxFeatures))
		}
		if err != nil && !errors.Is(err, dataset.ErrFormat) {
			t.Error(err)
		}
	})
}
