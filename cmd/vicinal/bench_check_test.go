package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBenchRefused(t *testing.T) {
	base, queries := randomVectors(t, 1, 5, 4), randomVectors(t, 2, 2, 4)
	args := []string{"bench", "--base", base, "--queries", queries}
	refuse(t, "holds only 5 vectors", args...)
	refuse(t, "--recall-at is 11", append(args, "--recall-at", "11")...)
	refuse(t, "-k is 0", append(args, "-k", "0")...)
	refuse(t, "--threads is [0]", append(args, "--threads", "0")...)
	refuse(t, "--epsilon names no value", append(args, "--epsilon", "")...)
	refuse(t, "--threads is []", append(args, "--threads", "")...)
	refuse(t, "--epsilon", append(args, "--epsilon", "0.1,-1")...)
	refuse(t, "--epsilon", append(args, "--epsilon", "NaN")...)
	for _, epsilon := range []string{"1e39", "-0.999999999999"} { // as float32 infinite, and -1
		refuse(t, "must be finite and above -1", append(args, "-k", "2", "--epsilon="+epsilon)...)
		if stdout, _, _ := vicinal(t, append(args, "-k", "2", "--epsilon="+epsilon)...); stdout != "" {
			t.Errorf("--epsilon=%s is refused after %q", epsilon, stdout)
		}
	}
	refuse(t, "--patience is -1", append(args, "--patience=-1")...)
	refuse(t, ".svg or .png", append(args, "--plot", "curve.jpg")...)
	refuse(t, "--metric", append(args, "--metric", "cosmic")...)
	refuse(t, "dense ones of 3", "bench", "--base", base, "--queries", randomVectors(t, 1, 5, 3))
	refuse(t, "holds no vectors", "bench", "--base", write(t, "empty.fvecs", ""), "--queries", queries)
	refuse(t, "missing flags: --base", "bench", "--queries", queries)
	refuse(t, "--queries is missing", "bench", "--base", base)
}

// What can be known before the build is refused before it, when nothing is printed yet.
func TestBenchRefusedEarly(t *testing.T) {
	base, queries := randomVectors(t, 1, 20, 4), randomVectors(t, 2, 2, 4)
	args := []string{"bench", "--base", base, "--queries", queries}
	here := filepath.Dir(base)
	three := rowNumbers(t, []uint32{1, 2}, []uint32{1, 2}, []uint32{1, 20})
	for _, test := range []struct {
		explanation string
		more        []string
	}{
		{"--recall-at, which is k when not given, is 21", []string{"-k", "21"}},
		{"--truth: open", []string{"--truth", filepath.Join(here, "missing.ivecs")}},
		{"--truth: reading", []string{"--truth", write(t, "damaged.ivecs", "\x01\x00\x00\x00\x00")}},
		{"truth of 3 queries, not 2", []string{"-k", "2", "--truth", three}},
		{"names 2 neighbors", []string{"-k", "3", "--queries-limit", "2", "--truth", three}},
		{"no row 20 among the 20", []string{"-k", "2", "--queries", randomVectors(t, 3, 3, 4), "--truth", three}},
		{"--plot", []string{"--plot", filepath.Join(here, "missing", "curve.svg")}},
		{"is not a directory", []string{"--plot", filepath.Join(base, "curve.svg")}},
	} {
		stdout, stderr, code := vicinal(t, append(args, test.more...)...)
		if code != 1 || !strings.Contains(stderr, test.explanation) || stdout != "" {
			t.Errorf("%s: exit code %d, stderr %q, stdout %q; want 1, %q and nothing", test.more, code, stderr, stdout, test.explanation)
		}
	}
	// Of compressed files only reading to the end tells the number of rows.
	args = []string{"bench", "--base", zipped(t, base), "--queries", zipped(t, queries)}
	refuse(t, "holds only 20 vectors", append(args, "-k", "21")...)
	refuse(t, "truth of 3 queries, not 2", append(args, "-k", "2", "--truth", three)...)
	succeed(t, append(args, "-k", "2", "--queries-limit", "2", "--truth", three)...)
}

func zipped(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return write(t, filepath.Base(path)+".gz", b.String())
}
