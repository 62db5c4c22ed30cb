package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// vicinal runs a command line and returns what it printed.
func vicinal(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, &out, &errs)
	return out.String(), errs.String(), code
}

// succeed runs a command line that must not fail, nor say anything on stderr, which is no terminal here.
func succeed(t *testing.T, args ...string) string {
	t.Helper()
	stdout, stderr, code := vicinal(t, args...)
	if code != 0 || stderr != "" {
		t.Fatalf("vicinal %s: exit code %d, stderr %q", strings.Join(args, " "), code, stderr)
	}
	return stdout
}

// refuse runs a command line that must fail with an explanation.
func refuse(t *testing.T, explanation string, args ...string) {
	t.Helper()
	stdout, stderr, code := vicinal(t, args...)
	if code != 1 || !strings.Contains(stderr, explanation) || !strings.HasPrefix(stderr, "vicinal: ") {
		t.Errorf("vicinal %s: exit code %d, stderr %q; want 1 and %q\nstdout: %s", strings.Join(args, " "), code, stderr, explanation, stdout)
	}
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestHelp(t *testing.T) {
	for _, command := range []string{"import", "prepare", "query", "info", "verify", "drop", "bench"} {
		if text := succeed(t, "--help"); !strings.Contains(text, "\n  "+command) {
			t.Errorf("help does not name %s:\n%s", command, text)
		}
		if text := succeed(t, command, "--help"); !strings.Contains(text, "Usage: vicinal "+command) {
			t.Errorf("help of %s:\n%s", command, text)
		}
	}
	if text := succeed(t); text != succeed(t, "--help") {
		t.Errorf("without arguments, instead of help:\n%s", text)
	}
}

func TestHelpFormats(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"import", "--help"}} {
		text := strings.Join(strings.Fields(succeed(t, args...)), " ")
		for _, format := range []string{".npy", ".npz", ".fvecs", ".bvecs", ".ivecs", "IDX", "Matrix Market", "JSON lines"} {
			if !strings.Contains(text, format) {
				t.Errorf("%s does not name %s:\n%s", args, format, text)
			}
		}
	}
}

func TestVersion(t *testing.T) {
	if text := succeed(t, "--version"); !strings.HasPrefix(text, "vicinal ") || !strings.Contains(text, runtime.Version()) || strings.Count(text, "\n") != 1 {
		t.Errorf("the version is %q", text)
	}
}

func TestUsage(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	for _, test := range []struct {
		args        []string
		explanation string
		reason      string
	}{
		{[]string{"frobnicate"}, "unexpected argument frobnicate", "no such command"},
		{[]string{"import", "a"}, "--help", "arguments missing"},
		{[]string{"query", "a", "b"}, "--vector", "nothing to look for"},
		{[]string{"query", "a", "b", "--id", "x", "--vector", "[1]"}, "can't be used together", "two things to look for"},
		{[]string{"query", missing, "b", "--id", "x"}, "there is no store at", "no store: it must not be made"},
		{[]string{"info", missing}, "there is no store at", "no store"},
		{[]string{"prepare", missing, "b"}, "there is no store at", "no store"},
		{[]string{"verify", missing}, "there is no store at", "no store"},
		{[]string{"drop", missing, "b"}, "there is no store at", "no store"},
		{[]string{"import", missing, "b", "missing.npy"}, "missing.npy", "no file"},
	} {
		t.Run(test.reason, func(t *testing.T) { refuse(t, test.explanation, test.args...) })
	}
	if _, err := os.Stat(missing); err == nil {
		t.Error("a failing command made a store")
	}
}

// A directory without a store stays as it is, and so does a file in its place.
func TestNoStore(t *testing.T) {
	vectors := write(t, "a.jsonl", `{"vector": [1]}`)
	empty, other := t.TempDir(), filepath.Dir(vectors)
	for _, command := range [][]string{{"verify"}, {"verify", "--read-only"}, {"info"}, {"info", "--read-only"}, {"prepare", "c"}, {"drop", "c"}} {
		at := func(path string) []string { return slices.Insert(slices.Clone(command), 1, path) }
		refuse(t, "there is no store at "+empty, at(empty)...)
		refuse(t, "there is no store at "+other, at(other)...)
		refuse(t, vectors+" is not a directory", at(vectors)...)
	}
	refuse(t, vectors+" is not a directory", "import", vectors, "c", vectors)
	refuse(t, "is not a store", "import", other, "c", vectors)
	for path, want := range map[string]int{empty: 0, other: 1} {
		if entries, err := os.ReadDir(path); err != nil || len(entries) != want {
			t.Errorf("%s holds %v, error %v; want %d entries", path, entries, err, want)
		}
	}
	succeed(t, "import", empty, "c", vectors, "--prepare")
	if err := os.Remove(filepath.Join(empty, "LOCK")); err != nil {
		t.Fatal(err)
	}
	succeed(t, "info", empty, "--read-only") // a copy for reading needs no lock file
	succeed(t, "drop", empty, "c")
	succeed(t, "info", empty) // a store without collections is one
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := t.TempDir()
	path := write(t, "a.jsonl", `{"id": "a", "vector": [1, 2]}`)
	var out, errs bytes.Buffer
	if code := run(ctx, []string{"import", filepath.Join(dir, "s"), "c", path}, &out, &errs); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	if !strings.Contains(errs.String(), "interrupted") {
		t.Errorf("stderr %q does not say that it was interrupted", errs.String())
	}
}
