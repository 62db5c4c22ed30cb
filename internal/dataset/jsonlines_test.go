package dataset_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vicinaldb/store/internal/dataset"
)

func TestJSONLines(t *testing.T) {
	content := `{"id": "a", "vector": [1, -2.5e0, 0.1], "metadata": {"title": "Ä", "year": 1999, "price": 1.0, "big": 9007199254740993, "ok": true, "tags": ["x", "y"], "none": [], "at": "2024-01-02T03:04:05Z", "gone": null}}

{"vector":[4,5,6],"id":7}` + "\r\n" + `  {"vector": [7, 8, 9]}`
	want := []dataset.Row{
		{ID: "a", Vector: []float32{1, -2.5, 0.1}, Metadata: map[string]any{
			"title": "Ä", "year": int64(1999), "price": 1.0, "big": int64(9007199254740993), "ok": true,
			"tags": []string{"x", "y"}, "none": []string{}, "at": "2024-01-02T03:04:05Z",
		}},
		{ID: "7", Vector: []float32{4, 5, 6}},
		{Vector: []float32{7, 8, 9}},
	}
	for _, name := range []string{"a.jsonl", "a.ndjson", "a.json", "stdin"} {
		rows, r, err := readAll(name, content)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, rows); diff != "" {
			t.Errorf("%s: rows differ (-want +got):\n%s", name, diff)
		}
		if r.Dim() != 3 || r.Len() != -1 || !r.HasIDs() {
			t.Errorf("%s: Dim %d, Len %d, HasIDs %v; want 3, -1, true", name, r.Dim(), r.Len(), r.HasIDs())
		}
	}
	rows, _, err := readAll("a.jsonl.gz", zip(content))
	if err != nil || len(rows) != 3 {
		t.Errorf("compressed: %d rows, error %v", len(rows), err)
	}
}

func TestJSONLinesRefused(t *testing.T) {
	for _, f := range []file{
		{content: "", want: nil, reason: "an empty file has no rows"},
		{content: " \n\n", want: nil, reason: "blank lines are no rows"},

		{content: "{\"vector\": [1]}\n{\"vector\": [1, 2]}", fails: "line 2: not a readable vector file: the vector has 2 components, those before have 1", reason: "rows of unequal length"},
		{content: "\n\n{\"vector\": [1]", fails: "line 3", reason: "lines count from 1, blank ones too"},
		{content: `{"id": "a"}`, fails: `no "vector"`, reason: "nothing to store"},
		{content: `{"vector": [1], "text": "hello"}`, fails: `"text"`, reason: "a key outside of metadata would be lost"},
		{content: `{"Vector": [1]}`, fails: `no "vector"`, reason: "keys are lower case"},
		{content: `{"vector": [1, null]}`, fails: "component 1 is not a number", reason: "null is no number, and must not become 0"},
		{content: `{"vector": [1, "2"]}`, fails: "component 1 is not a number", reason: "a string is no number"},
		{content: `{"vector": [1, true]}`, fails: "component 1 is not a number", reason: "a truth value is no number"},
		{content: `{"vector": [[1, 2]]}`, fails: "component 0 is not a number", reason: "a matrix is no vector"},
		{content: `{"vector": []}`, fails: `"vector": it is empty`, reason: "an empty vector"},
		{content: `{"vector": 1}`, fails: "an array of numbers", reason: "a number is no vector"},
		{content: `{"vector": null}`, fails: "an array of numbers", reason: "null is no vector"},
		{content: `{"vector": [1e39]}`, fails: "1e39 is too large", reason: "a finite number must not become infinite"},
		{content: `{"vector": [1], "id": null}`, fails: "an id is a string or a whole number", reason: "null is no id"},
		{content: `{"vector": [1], "id": 1.5}`, fails: "an id is a string or a whole number", reason: "how would a fraction be written?"},
		{content: `{"vector": [1], "metadata": []}`, fails: "metadata is an object", reason: "a list is no metadata"},
		{content: `{"vector": [1], "metadata": {"a": {"b": 1}}}`, fails: `"a": not a readable vector file: objects within`, reason: "nested metadata"},
		{content: `{"vector": [1], "metadata": {"a": ["b", 1]}}`, fails: `"a": not a readable vector file: a list holds strings only`, reason: "a mixed list"},
		{content: `{"vector": [1], "metadata": {"a": 9223372036854775808}}`, fails: "does not fit 64 bits", reason: "rounding a whole number would change it"},
		{content: `{"vector": [1], "metadata": {"a": 1e999}}`, fails: "does not fit a float64", reason: "a number beyond float64"},
		{content: "{\"vector\": [1], \"id\": \"\xff\"}", fails: "UTF-8", reason: "an id that JSON would silently change"},
		{content: `[1, 2]`, fails: "line 1", reason: "not an object"},
		{content: `{"vector": [1]} {"vector": [2]}`, fails: "line 1", reason: "two objects on a line"},
		{content: `{"vector": [` + strings.Repeat("0,", dataset.MaxDim) + `0]}`, fails: "more than 131072 components", reason: "too many components"},
		{content: `{"vector": [1], "metadata": {"a": "` + strings.Repeat("x", 7<<20) + `"}}`, fails: "longer than 6291456 bytes", reason: "more metadata than any store takes"},
		{content: `{"vector": [1], "id": "` + strings.Repeat("x", 17<<20) + `"}`, fails: "line 1: not a readable vector file: longer than 16777216 bytes", reason: "an endless line"},
	} {
		f.name = "x.jsonl"
		f.test(t)
	}
}

func TestParseVector(t *testing.T) {
	got, err := dataset.ParseVector([]byte(" [0.5, 1]\n"))
	if diff := cmp.Diff([]float32{0.5, 1}, got); diff != "" || err != nil {
		t.Errorf("error %v, difference %s", err, diff)
	}
	for _, text := range []string{"", "0.5, 1", "[0.5, 1", "[NaN]", "[1;2]", "[1,]"} {
		if _, err := dataset.ParseVector([]byte(text)); !errors.Is(err, dataset.ErrFormat) {
			t.Errorf("%q gives %v, want an ErrFormat", text, err)
		}
	}
}

func FuzzJSONLines(f *testing.F) {
	f.Add([]byte(`{"id": "a", "vector": [1, 2], "metadata": {"a": [], "b": 1.5, "c": "x", "d": null}}` + "\n" + `{"vector": [3, 4]}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		checkReader(t, "a.jsonl", content)
		if v, err := dataset.ParseVector(content); err == nil && len(v) == 0 {
			t.Error("a vector of nothing")
		}
	})
}
