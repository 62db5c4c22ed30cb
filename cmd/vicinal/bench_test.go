package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/internal/dataset"
	"github.com/vicinaldb/store/metric"
)

// randomVectors writes an .fvecs file of random rows.
func randomVectors(t *testing.T, seed uint64, rows, dim int) string {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 0))
	return write(t, "random.fvecs", fvecs(rows, dim, random.Float32))
}

func fvecs(rows, dim int, component func() float32) string {
	var b bytes.Buffer
	for range rows {
		b.Write([]byte{byte(dim), 0, 0, 0})
		for range dim {
			bits := math.Float32bits(component())
			b.Write([]byte{byte(bits), byte(bits >> 8), byte(bits >> 16), byte(bits >> 24)})
		}
	}
	return b.String()
}

// steps runs a bench and reads its JSON lines, checking that each has exactly its keys.
func steps(t *testing.T, args ...string) []map[string]any {
	t.Helper()
	keys := map[string][]string{
		"upsert":  {"cpu_seconds", "rows", "seconds", "step"},
		"prepare": {"cpu_seconds", "peak_rss_bytes", "seconds", "segment_bytes", "step"},
		"open":    {"heap_bytes", "seconds", "step"},
		"memory":  {"mapped_bytes", "own_bytes", "step"},
		"cold":    {"first_us", "p50_us", "p99_us", "queries", "seconds", "step", "warm_seconds", "warmed"},
		"query": {
			"allocs_per_query", "batch_qps", "distances_per_query", "epsilon", "fastest_p50_us", "fastest_p99_us", "k", "mean_us", "p50_us", "p99_us", "patience", "qps", "recall", "step", "threads",
		},
	}
	var all []map[string]any
	for line := range strings.Lines(succeed(t, append([]string{"bench", "--json"}, args...)...)) {
		var step map[string]any
		if err := json.Unmarshal([]byte(line), &step); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		var got []string
		for key := range step {
			got = append(got, key)
		}
		slices.Sort(got)
		if diff := cmp.Diff(keys[fmt.Sprint(step["step"])], got); diff != "" {
			t.Errorf("keys of %s (-want +got):\n%s", line, diff)
		}
		all = append(all, step)
	}
	return all
}

func names(all []map[string]any) (names []string) {
	for _, step := range all {
		names = append(names, fmt.Sprint(step["step"]))
	}
	return names
}

func TestBench(t *testing.T) {
	base, queries := randomVectors(t, 1, 1200, 8), randomVectors(t, 2, 30, 8) // more rows than one batch
	all := steps(t, "--base", base, "--queries", queries, "--epsilon", "0,0.3", "-k", "5", "--threads", "2,1", "--build-threads", "1")
	if diff := cmp.Diff([]string{"upsert", "prepare", "open", "memory", "query", "query", "query", "query"}, names(all)); diff != "" {
		t.Fatalf("steps (-want +got):\n%s", diff)
	}
	if rows := all[0]["rows"]; rows != 1200.0 {
		t.Errorf("%v rows stored, want 1200", rows)
	}
	if mapped := all[3]["mapped_bytes"].(float64); runtime.GOOS == "linux" && !(mapped > 0 && mapped < 100<<20) {
		t.Errorf("opening and querying took %v bytes of mapped files", mapped)
	}
	for i, epsilon := range []float64{0, 0, 0.3, 0.3} {
		step := all[4+i]
		if step["epsilon"] != epsilon || step["k"] != 5.0 || step["threads"] != float64(2-i%2) {
			t.Errorf("step %v, want epsilon %v, k 5 and %d threads", step, epsilon, 2-i%2)
		}
		for _, key := range []string{"qps", "batch_qps", "mean_us", "p50_us", "p99_us", "distances_per_query", "allocs_per_query"} {
			if value := step[key].(float64); !(value > 0) {
				t.Errorf("epsilon %v: %s is %v", epsilon, key, value)
			}
		}
		if recall := step["recall"].(float64); recall < 0.8 || recall > 1 {
			t.Errorf("epsilon %v: recall is %v, want 0.8 to 1", epsilon, recall)
		}
	}
	if low, high := all[4]["recall"].(float64), all[6]["recall"].(float64); low > high {
		t.Errorf("recall falls from %v to %v with a larger epsilon", low, high)
	}
}

func TestBenchPatience(t *testing.T) {
	base, queries := randomVectors(t, 1, 2000, 32), randomVectors(t, 2, 30, 32)
	distances := func(flags ...string) float64 {
		all := steps(t, append(flags, "--base", base, "--queries", queries, "--epsilon", "0.3")...)
		return all[len(all)-1]["distances_per_query"].(float64)
	}
	if little, byEpsilon, none := distances("--patience", "3"), distances(), distances("--patience", "0"); little > byEpsilon/2 || byEpsilon >= none {
		t.Errorf("%v distances with little patience, %v by default, %v with none", little, byEpsilon, none)
	}
}

func TestBenchUntil(t *testing.T) {
	base, queries := randomVectors(t, 1, 300, 8), randomVectors(t, 2, 30, 8) // few enough to be compared with all
	all := steps(t, "--base", base, "--queries", queries, "--epsilon", "0,0.1,0.2", "--threads", "1,2", "--until", "0.9")
	if diff := cmp.Diff([]string{"upsert", "prepare", "open", "memory", "query", "query"}, names(all)); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	if all = steps(t, "--base", base, "--queries", queries, "--epsilon", "0,0.1,0.2"); len(all) != 7 {
		t.Errorf("%d steps without --until, want 7", len(all))
	}
	refuse(t, "--until is 2", "bench", "--base", base, "--queries", queries, "--until", "2")
}

func TestBenchCold(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("files cannot be dropped from memory here")
	}
	base, queries := randomVectors(t, 1, 1500, 8), randomVectors(t, 2, 1200, 8)
	all := steps(t, "--base", base, "--queries", queries, "--epsilon", "0.1", "--cold")
	if diff := cmp.Diff([]string{"upsert", "prepare", "cold", "cold", "open", "memory", "query"}, names(all)); diff != "" {
		t.Fatalf("steps (-want +got):\n%s", diff)
	}
	for i, warmed := range []bool{false, true} {
		step := all[2+i]
		if step["warmed"] != warmed || step["queries"] != 1000.0 || (step["warm_seconds"].(float64) > 0) != warmed {
			t.Errorf("step %v, want the first 1,000 queries, warmed: %v", step, warmed)
		}
	}
	if text := succeed(t, "bench", "--base", base, "--queries", queries, "--cold"); !strings.Contains(text, "after Warm") {
		t.Errorf("the table says nothing of Warm:\n%s", text)
	}
}

// The table is for people: its form is free, but it must have a line for each step.
func TestBenchTable(t *testing.T) {
	base, queries := randomVectors(t, 1, 100, 4), randomVectors(t, 2, 10, 4)
	text := succeed(t, "bench", "--base", base, "--queries", queries, "--epsilon", "0.25")
	for _, part := range []string{"\nprepare ", "\nopen ", "\ntruth ", "epsilon", "\nmemory ", "\n    0.25    10       1 "} {
		if !strings.Contains("\n"+text, part) {
			t.Errorf("the table does not contain %q:\n%s", part, text)
		}
	}
}

func TestBenchStore(t *testing.T) {
	base, queries := randomVectors(t, 1, 200, 4), randomVectors(t, 2, 10, 4)
	dir := filepath.Join(t.TempDir(), "kept")
	args := []string{"--base", base, "--queries", queries, "--store", dir, "--epsilon", "0.1"}
	first := steps(t, args...)
	again := steps(t, args...)
	if diff := cmp.Diff([]string{"open", "memory", "query"}, names(again)); diff != "" {
		t.Errorf("steps of the second run (-want +got):\n%s", diff)
	}
	if first[4]["recall"] != again[2]["recall"] || first[4]["distances_per_query"] != again[2]["distances_per_query"] {
		t.Errorf("the kept store answers differently: %v, then %v", first[4], again[2])
	}

	args = append([]string{"bench"}, args...)
	refuse(t, "with the metric euclidean, not cosine", append(args, "--metric", "cosine")...)
	refuse(t, `with the index parameters {"seed":1}, not {"neighbors":12,"seed":1}`, append(args, "--neighbors", "12")...)
	other := slices.Clone(args)
	other[2] = randomVectors(t, 3, 200, 4)
	refuse(t, "another file", other...)

	if err := os.Remove(filepath.Join(dir, "bench.json")); err != nil {
		t.Fatal(err)
	}
	refuse(t, "not a finished bench store", args...)
}

// Flags that make other vectors of the same files have no store in common.
func TestBenchStore_OtherVectors(t *testing.T) {
	dir := t.TempDir()
	bits := []string{"bench", "--base", packedBits(t, 1, 200, 8), "--queries", packedBits(t, 2, 10, 8), "--kind", "bits", "--store", filepath.Join(dir, "bits")}
	succeed(t, append(bits, "--bit-form", "big")...)
	succeed(t, append(bits, "--dim", "64")...) // which the file has
	refuse(t, "another --bit-form", append(bits, "--bit-form", "little")...)

	sparse := write(t, "sparse.jsonl", strings.Repeat(`{"indices": [1, 7], "values": [0.5, 1]}`+"\n", 30))
	args := []string{"bench", "--base", sparse, "--queries", sparse, "--kind", "sparse", "--metric", "correlation", "--store", filepath.Join(dir, "sparse")}
	succeed(t, append(args, "--dim", "20")...)
	refuse(t, "vectors of 20 dimensions, not 1000", append(args, "--dim", "1000")...)
}

// A truth that was given is believed, and checked as far as it can be. What one pass has computed of it, the next one knows.
func TestBenchTruth(t *testing.T) {
	base, queries := randomVectors(t, 1, 100, 4), randomVectors(t, 2, 3, 4)
	file := func(rows ...[]uint32) string { return rowNumbers(t, rows...) }
	args := []string{"--base", base, "--queries", queries, "--epsilon", "1,1", "-k", "2", "--truth"}
	scan := exact(t, base, queries, "euclidean", 2)
	if recall := steps(t, append(args, file(scan...))...)[4]["recall"]; recall != 1.0 {
		t.Errorf("recall of the true truth is %v", recall)
	}
	wrong := [][]uint32{scan[0], {scan[1][0], 99 - scan[1][0]}, scan[2]}
	for _, pass := range steps(t, append(args, file(wrong...))...)[4:] {
		if recall := pass["recall"]; recall != 5.0/6 {
			t.Errorf("recall with one of six rows wrong is %v", recall)
		}
	}

	args = append([]string{"bench"}, args...)
	refuse(t, "truth of 2 queries, not 3", append(args, file(scan[:2]...))...)
	refuse(t, "names 1 neighbors", append(args, file([]uint32{1}, []uint32{1}, []uint32{1}))...)
	refuse(t, "no row 100 among the 100", append(args, file(scan[0], scan[1], []uint32{1, 100}))...)
}

// exact scans naively, sorting all distances.
func exact(t *testing.T, base, queries, name string, k int) [][]uint32 {
	t.Helper()
	m, err := metric.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := readItems(func() (*dataset.Reader, error) { return dataset.Open(base) }, 0)
	if err != nil {
		t.Fatal(err)
	}
	wanted, err := readItems(func() (*dataset.Reader, error) { return dataset.Open(queries) }, 0)
	if err != nil {
		t.Fatal(err)
	}
	var truth [][]uint32
	for _, q := range wanted {
		order := make([]uint32, len(rows))
		for i := range order {
			order[i] = uint32(i)
		}
		slices.SortStableFunc(order, func(a, b uint32) int {
			switch x, y := m.Distance(q.Vector, rows[a].Vector), m.Distance(q.Vector, rows[b].Vector); {
			case x < y:
				return -1
			case x > y:
				return 1
			}
			return 0
		})
		truth = append(truth, order[:k])
	}
	return truth
}

func TestTruthScan(t *testing.T) {
	// Few values a component make many ties, which are decided by row number.
	random := rand.New(rand.NewPCG(1, 0))
	component := func() float32 { return float32(1 + random.IntN(3)) }
	base := write(t, "base.fvecs", fvecs(1000, 3, component))
	queries := write(t, "queries.fvecs", fvecs(7, 3, component))
	rows, err := readItems(func() (*dataset.Reader, error) { return dataset.Open(base) }, 0)
	if err != nil {
		t.Fatal(err)
	}
	wanted, err := readItems(func() (*dataset.Reader, error) { return dataset.Open(queries) }, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"euclidean", "manhattan", "inner_product"} {
		m, err := metric.Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		scan, err := newTruthScan(codec.NewFloat32(m, 3), wanted, 9)
		if err != nil {
			t.Fatal(err)
		}
		for i, row := range rows {
			if scan.take(row) || i%300 == 0 { // blocks of several lengths
				if err := scan.compare(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := scan.compare(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(exact(t, base, queries, name, 9), scan.result()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Among items at one and the same distance any will do, but no more of them than there are true ones.
func TestBenchTies(t *testing.T) {
	base := write(t, "base.fvecs", fvecs(60, 2, func() float32 { return 1 }))
	queries := write(t, "queries.fvecs", fvecs(2, 2, func() float32 { return 2 }))
	args := []string{"--base", base, "--queries", queries, "-k", "3", "--recall-at", "2", "--truth"}
	for _, truth := range [][]uint32{{0, 1}, {30, 31}, {58, 59}} {
		for _, step := range steps(t, append(args, rowNumbers(t, truth, truth))...)[4:] {
			if step["recall"] != 1.0 {
				t.Errorf("recall is %v where all items are equally far", step["recall"])
			}
		}
	}
}

func rowNumbers(t *testing.T, rows ...[]uint32) string {
	t.Helper()
	var b bytes.Buffer
	if err := dataset.WriteRowNumbers(&b, rows); err != nil {
		t.Fatal(err)
	}
	return write(t, "truth.ivecs", b.String())
}

func TestPercentile(t *testing.T) {
	m := measurement{latencies: []time.Duration{10, 20, 30}}
	for p, want := range map[int]time.Duration{1: 10, 33: 10, 34: 20, 50: 20, 66: 20, 67: 30, 99: 30, 100: 30} {
		if got := percentile(m.latencies, p); got != want {
			t.Errorf("of 10, 20, 30 the percentile %d is %d, want %d", p, got, want)
		}
	}
}

func TestBenchPlot(t *testing.T) {
	base, queries := randomVectors(t, 1, 100, 4), randomVectors(t, 2, 5, 4)
	for extension, start := range map[string]string{".svg": "<?xml", ".png": "\x89PNG"} {
		path := filepath.Join(t.TempDir(), "curve"+extension)
		succeed(t, "bench", "--base", base, "--queries", queries, "--plot", path, "--epsilon", "0,0.1")
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(content, []byte(start)) {
			t.Errorf("%s begins with %q", extension, content[:min(8, len(content))])
		}
		if extension == ".svg" && !bytes.Contains(content, []byte("epsilon 0.1")) {
			t.Error("the points are not labeled")
		}
	}
}

// Of passes with the same dials the fastest call of each query counts, whatever other passes took.
func TestBenchFastest(t *testing.T) {
	f := fastest{}
	one, two := &load{epsilon: 0.1, threads: 1}, &load{epsilon: 0.1, threads: 2}
	f.add(one, []time.Duration{30, 10, 25})
	f.add(two, []time.Duration{1, 1, 1})
	if got := f.add(one, []time.Duration{20, 40, 50}); !slices.Equal(got, []time.Duration{10, 20, 25}) {
		t.Errorf("the fastest calls are %v, want 10, 20, 25", got)
	}
}
