package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vicinaldb/store"
	"github.com/vicinaldb/store/compaction"
)

const songs = `{"id": "so what", "vector": [1, 0], "metadata": {"year": 1959, "tags": ["jazz"]}}
{"id": "kashmir", "vector": [0, 1], "metadata": {"year": 1975}}
{"id": "blue in green", "vector": [0.5, 0]}
`

// The way of a newcomer: import, query, prepare, query again, look, verify.
func TestJourney(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "music")
	file := write(t, "songs.jsonl", songs)

	if text := succeed(t, "import", dir, "songs", file, "--metric", "l2"); !strings.Contains(text, "stored 3 vectors of 2 dimensions in songs") {
		t.Errorf("import: %s", text)
	}
	query := []string{"query", dir, "songs", "--vector", "[1, 0]", "-k", "2", "--metadata", "--json"}
	want := `{"query":0,"results":[{"id":"so what","distance":0,"metadata":{"tags":["jazz"],"year":1959}},{"id":"blue in green","distance":0.5}]}` + "\n"
	if diff := cmp.Diff(want, succeed(t, query...)); diff != "" {
		t.Errorf("query of pending items (-want +got):\n%s", diff)
	}
	if text := succeed(t, "prepare", dir, "songs", "--threads", "1"); !strings.Contains(text, "prepared 3 items of songs") {
		t.Errorf("prepare: %s", text)
	}
	if text := succeed(t, "prepare", dir, "songs"); !strings.Contains(text, "up to date") {
		t.Errorf("prepare again: %s", text)
	}
	for _, more := range [][]string{nil, {"--exact"}, {"--epsilon", "0"}, {"--patience", "5"}, {"--read-only"}} {
		if diff := cmp.Diff(want, succeed(t, append(query, more...)...)); diff != "" {
			t.Errorf("query of the index with %v (-want +got):\n%s", more, diff)
		}
	}
	if text := succeed(t, "verify", dir); text != "songs: ok\n" {
		t.Errorf("verify: %s", text)
	}
	if text := succeed(t, "verify", dir, "--read-only"); text != "songs: ok\n" {
		t.Errorf("verify --read-only: %s", text)
	}
}

func TestQueryForms(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "music")
	succeed(t, "import", dir, "songs", write(t, "songs.jsonl", songs), "--prepare")

	want := `rank  id               distance
1     "blue in green"  0.5
2     kashmir          1.4142135
`
	if diff := cmp.Diff(want, succeed(t, "query", dir, "songs", "--id", "so what")); diff != "" {
		t.Errorf("by id, without the item itself (-want +got):\n%s", diff)
	}
	file := write(t, "q.jsonl", `{"vector": [0, 1]}`+"\n"+`{"vector": [1, 0]}`)
	want = `query 0
rank  id       distance  metadata
1     kashmir  0         {"year":1975}
query 1
rank  id         distance  metadata
1     "so what"  0         {"tags":["jazz"],"year":1959}
`
	if diff := cmp.Diff(want, succeed(t, "query", dir, "songs", "--file", file, "-k", "1", "--metadata")); diff != "" {
		t.Errorf("by file (-want +got):\n%s", diff)
	}

	long := write(t, "long.jsonl", strings.Repeat(`{"vector": [0, 1]}`+"\n", 300)) // longer than a batch
	if text := succeed(t, "query", dir, "songs", "--file", long, "-k", "1", "--json"); !strings.Contains(text, `{"query":299,"results":[{"id":"kashmir"`) {
		t.Errorf("300 queries end with %s", text[len(text)-200:])
	}

	bad := write(t, "bad.fvecs", fvecs(289, 2, func() float32 { return 1 })+"\x02\x00\x00\x00\x00\x00\x80\x3f\x00\x00\xc0\x7f")
	refuse(t, bad+": row 289: ", "query", dir, "songs", "--file", bad)

	refuse(t, "not found", "query", dir, "songs", "--id", "stairway")
	refuse(t, `item ""`, "query", dir, "songs", "--id", "")
	refuse(t, "open : ", "query", dir, "songs", "--file", "")
	refuse(t, "querying in collection", "query", dir, "songs", "--vector", "[1]") // one, no item of a batch
	refuse(t, "not found", "query", dir, "books", "--id", "stairway")
	refuse(t, "--vector: not a JSON array of numbers", "query", dir, "songs", "--vector", "[1, 2")
	refuse(t, "--vector: it is empty", "query", dir, "songs", "--vector", "[]")
	refuse(t, "wrong dimension", "query", dir, "songs", "--vector", "[1, 2, 3]")
	refuse(t, "k is 0", "query", dir, "songs", "--vector", "[1, 2]", "-k", "0")
	refuse(t, "patience is -1", "query", dir, "songs", "--vector", "[1, 2]", "--patience=-1")
	refuse(t, "epsilon", "query", dir, "songs", "--vector", "[1, 2]", "--epsilon=-1")
}

// Metadata may hold what JSON has no words for.
func TestQueryMetadata_Unspeakable(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "s")
	s, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.Create(t.Context(), "c", store.Schema{Dim: 1})
	if err != nil {
		t.Fatal(err)
	}
	metadata := store.Metadata{"low": math.Inf(-1), "high": math.Inf(1), "half": 0.5, "far": time.Date(12000, 1, 2, 3, 4, 5, 0, time.UTC)}
	if _, err := c.Upsert(t.Context(), store.Item{ID: "a", Vector: []float32{1}, Metadata: metadata}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	const want = `{"far":"12000-01-02T03:04:05Z","half":0.5,"high":"+Inf","low":"-Inf"}`
	for _, form := range []string{"--json", "--metadata"} {
		if got := succeed(t, "query", dir, "c", "--vector", "[1]", "--metadata", form); !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s", form, got, want)
		}
	}
}

func TestInfo(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "music")
	succeed(t, "import", dir, "songs", write(t, "songs.jsonl", songs), "--metric", "cosine", "--neighbors", "7", "--prepare")
	succeed(t, "import", dir, "more", write(t, "more.jsonl", `{"vector": [1, 2, 3]}`))

	text := succeed(t, "info", dir)
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || !strings.HasPrefix(lines[1], "more ") || !strings.HasPrefix(lines[2], "songs ") {
		t.Errorf("info lists:\n%s", text)
	}
	text = succeed(t, "info", dir, "songs")
	for _, part := range []string{"dimension", "cosine", `{"neighbors":7}`, "3 rows", "sha256", "7 neighbors, degree 11, alpha 1.05\n"} {
		if !strings.Contains(text, part) {
			t.Errorf("info of songs does not say %q:\n%s", part, text)
		}
	}
	var info store.CollectionInfo
	if err := json.Unmarshal([]byte(succeed(t, "info", dir, "songs", "--json")), &info); err != nil {
		t.Fatal(err)
	}
	if info.Name != "songs" || info.Items != 3 || info.Pending != 0 || info.Schema.Dim != 2 || len(info.Segments) != 1 ||
		!info.Segments[0].Build.Neighbors.Exact || info.Segments[0].Build.Search.Edges == 0 {
		t.Errorf("info --json: %+v", info)
	}
	if lines := strings.Count(succeed(t, "info", dir, "--json"), "\n"); lines != 2 {
		t.Errorf("info --json of two collections has %d lines", lines)
	}
	refuse(t, "not found", "info", dir, "books")
}

func TestDescribeDials(t *testing.T) {
	for want, dials := range map[string]compaction.DialStats{
		"": {},
		"dials\t60 neighbors, degree 48; a pilot of 4096 of 20000 rows, with lists of 10, had 81.6 % of the nearest\n": {
			Neighbors: 60, Degree: 48, Sampled: 4096, Recall: 0.8161, Of: 20000,
		},
		"dials\t30 neighbors, degree 45\n":             {Neighbors: 30, Degree: 45},
		"dials\t30 neighbors, degree 45, alpha 1.05\n": {Neighbors: 30, Degree: 45, Alpha: 1.05},
	} {
		var text strings.Builder
		describeDials(&text, dials)
		if diff := cmp.Diff(want, text.String()); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", dials, diff)
		}
	}
}

func TestImport(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "s")
	file := write(t, "two.fvecs", "\x01\x00\x00\x00\x00\x00\x80\x3f\x01\x00\x00\x00\x00\x00\x00\x40")
	succeed(t, "import", dir, "c", file, "--batch", "1")
	succeed(t, "import", dir, "c", file, "--batch", "1") // the same rows again
	succeed(t, "import", dir, "c", file, "--id-prefix", "b-", "--metric", "euclidean", "--dim", "1")
	got := succeed(t, "query", dir, "c", "--vector", "[1]", "-k", "9", "--json")
	want := `{"query":0,"results":[{"id":"0","distance":0},{"id":"b-0","distance":0},{"id":"1","distance":1},{"id":"b-1","distance":1}]}` + "\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("after three imports (-want +got):\n%s", diff)
	}

	for _, test := range []struct {
		file, content string
		args          []string
		explanation   string
		reason        string
	}{
		{"a.jsonl", `{"vector": [1]}` + "\n" + `{"vector": [2]}` + "\n" + `{"vector": }`, nil, "after 2 vectors were stored: reading ", "what was read before the damage is stored, and said"},
		{"a.jsonl", "", nil, "holds no vectors", "an empty file"},
		{"a.jsonl", `{"vector": [1, 2]}`, nil, `collection "c" dense ones of 1`, "another dimension than the collection's"},
		{"a.jsonl", `{"vector": [1]}`, []string{"--dim", "2"}, "1 dimensions, not 2", "another dimension than asked for"},
		{"a.jsonl", `{"vector": [1]}`, []string{"--metric", "cosine"}, "with the distance euclidean, not cosine", "another metric than the collection's"},
		{"a.jsonl", `{"vector": [1]}`, []string{"--metric", "cosmic"}, `"cosmic"`, "no such metric"},
		{"a.jsonl", `{"vector": [1]}`, []string{"--neighbors", "3"}, "other index parameters", "parameters are fixed at the first import"},
		{"a.jsonl", `{"vector": [1]}`, []string{"--batch", "0"}, "--batch is 0", "a batch of nothing"},
		{"a.jsonl", `{"vector": [1]}`, []string{"--id-prefix", "x-"}, "--id-prefix x-", "a prefix that nothing takes"},
		{"a.fvecs", "\x01\x00\x00\x00\x00\x00\x80\x3f\x01\x00\x00\x00\x00\x00\xc0\x7f", nil, "row 1", "a NaN, named by row"},
		{"a.txt", "hello", nil, "not a readable vector file", "no vectors at all"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			refuse(t, test.explanation, append([]string{"import", dir, "c", write(t, test.file, test.content)}, test.args...)...)
		})
	}
	refuse(t, "Bad Name", "import", dir, "Bad Name", file)
}

// A file that cannot be imported must not decide on what the collection is.
func TestImportNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "s")
	refused := write(t, "nan.fvecs", "\x01\x00\x00\x00\x00\x00\xc0\x7f")
	if _, stderr, code := vicinal(t, "import", dir, "c", refused); code != 1 || !strings.Contains(stderr, "after 0 vectors were stored") || strings.Contains(stderr, "closed") {
		t.Errorf("exit code %d, stderr %q", code, stderr)
	}
	refuse(t, "not found", "info", dir, "c")
	succeed(t, "import", dir, "c", write(t, "a.jsonl", `{"vector": [1, 2]}`))

	refuse(t, "after 1 vectors were stored", "import", dir, "half", "--batch", "1", write(t, "b.jsonl", `{"vector": [1]}`+"\n"+`{"vector": }`))
	succeed(t, "info", dir, "half") // what is stored stays
	succeed(t, "import", dir, "there", write(t, "a.jsonl", `{"id": "a", "vector": [1]}`))
	refuse(t, "after 0 vectors were stored", "import", dir, "there", refused)
	succeed(t, "query", dir, "there", "--id", "a") // and so does what was there before
}

func TestDrop(t *testing.T) {
	dir, file := filepath.Join(t.TempDir(), "music"), write(t, "songs.jsonl", songs)
	succeed(t, "import", dir, "songs", file, "--prepare")
	succeed(t, "import", dir, "more", file)
	if text := succeed(t, "drop", dir, "songs"); text != "dropped songs\n" {
		t.Errorf("drop: %s", text)
	}
	refuse(t, "not found", "drop", dir, "songs")
	if text := succeed(t, "verify", dir); text != "more: ok\n" {
		t.Errorf("verify after a drop: %s", text)
	}
	succeed(t, "import", dir, "songs", write(t, "a.jsonl", `{"vector": [1, 2, 3]}`)) // of another dimension
}

// A program that has the store open keeps others from writing, and can be read beside.
func TestLocked(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "music")
	file := write(t, "songs.jsonl", songs)
	succeed(t, "import", dir, "songs", file, "--prepare")
	s, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	refuse(t, "--read-only", "query", dir, "songs", "--id", "kashmir")
	refuse(t, "--read-only", "prepare", dir, "songs")
	refuse(t, "lock", "drop", dir, "songs")
	refuse(t, "lock", "import", dir, "songs", file)
	if text := succeed(t, "query", dir, "songs", "--id", "kashmir", "--read-only"); !strings.Contains(text, "so what") {
		t.Errorf("query --read-only: %s", text)
	}
	if text := succeed(t, "info", dir, "--read-only"); !strings.Contains(text, "songs") {
		t.Errorf("info --read-only: %s", text)
	}
}

func TestVerifyDamage(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "music")
	file := write(t, "songs.jsonl", songs)
	succeed(t, "import", dir, "songs", file, "--prepare")
	succeed(t, "import", dir, "intact", file)
	segments, err := filepath.Glob(filepath.Join(dir, "songs", "segments", "*.seg"))
	if err != nil || len(segments) != 1 {
		t.Fatalf("segments %v, error %v", segments, err)
	}
	content, err := os.ReadFile(segments[0])
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)/2] ^= 0xff
	if err := os.Chmod(segments[0], 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(segments[0], content, 0o600); err != nil {
		t.Fatal(err)
	}
	stdout, stderr, code := vicinal(t, "verify", dir)
	if code != 1 || !strings.Contains(stderr, "damaged") || !strings.Contains(stdout, "intact: ok\n") || strings.Contains(stdout, "songs: ok") {
		t.Errorf("verify of a damaged store: exit code %d\n%s%s", code, stdout, stderr)
	}
}
