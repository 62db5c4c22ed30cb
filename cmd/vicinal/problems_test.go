package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Every command tells that the index was damaged, also when an earlier one came upon it, until there is another.
func TestDamageIsTold(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "shop")
	file := write(t, "songs.jsonl", songs)
	succeed(t, "import", dir, "songs", file, "--prepare")
	segments, err := filepath.Glob(filepath.Join(dir, "songs", "segments", "*.seg"))
	if err != nil || len(segments) != 1 {
		t.Fatal(segments, err)
	}
	if err := errors.Join(os.Chmod(segments[0], 0o600), os.Truncate(segments[0], 5000)); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"query", dir, "songs", "--vector", "[1, 2]"},
		{"query", dir, "songs", "--vector", "[1, 2]"},
		{"import", dir, "songs", file},
	} {
		stdout, stderr, code := vicinal(t, args...)
		if code != 0 || stdout == "" || !strings.Contains(stderr, `collection "songs": a damaged segment`) {
			t.Errorf("%s: exit code %d, stdout %q, stderr %q", args[0], code, stdout, stderr)
		}
	}
	for _, args := range [][]string{{"info", dir}, {"info", dir, "songs"}, {"info", dir, "--json"}} {
		if text := succeed(t, args...); !strings.Contains(text, "a damaged segment") {
			t.Errorf("%q: %s", args, text)
		}
	}
	if _, _, code := vicinal(t, "verify", dir); code != 1 {
		t.Errorf("verify: exit code %d", code)
	}
	vicinal(t, "prepare", dir, "songs")
	for _, args := range [][]string{{"info", dir}, {"verify", dir}, {"query", dir, "songs", "--vector", "[1, 2]"}} {
		if text := succeed(t, args...); strings.Contains(text, "damaged") {
			t.Errorf("%q after prepare: %s", args, text)
		}
	}
}

// lostData makes a store with a collection that is whole and another one without its data file.
func lostData(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "shop")
	file := write(t, "songs.jsonl", songs)
	succeed(t, "import", dir, "songs", file, "--prepare")
	succeed(t, "import", dir, "whole", file)
	if err := os.Remove(filepath.Join(dir, "songs", "data.bolt")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// What can be opened is listed beside what cannot.
func TestInfoOfLostData(t *testing.T) {
	dir := lostData(t)
	stdout, stderr, code := vicinal(t, "info", dir)
	if code != 1 || !strings.Contains(stdout, "whole") || !strings.Contains(stderr, "data.bolt") {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

// A closed pipe takes no error of something else along.
func TestBrokenPipe_BesideDamage(t *testing.T) {
	dir := lostData(t)
	var errs bytes.Buffer
	pipe := &fullWriter{0, &os.PathError{Op: "write", Path: "pipe", Err: syscall.EPIPE}}
	if code := run(t.Context(), []string{"info", dir}, pipe, &errs); code != 1 || !strings.Contains(errs.String(), "data.bolt") || strings.Contains(errs.String(), "pipe") {
		t.Errorf("exit code %d, stderr %q", code, errs.String())
	}
}
