package storage_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/vicinaldb/store/storage"
)

// fill writes small files and returns the directory.
func fill(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// names lists a directory.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func TestPublishFile(t *testing.T) {
	dir := fill(t, "new", "old")
	path := filepath.Join(dir, "published")
	if err := storage.PublishFile(filepath.Join(dir, "new"), path); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "new" {
		t.Errorf("published file holds %q, %v", b, err)
	}
	if err := storage.PublishFile(filepath.Join(dir, "old"), path); !errors.Is(err, os.ErrExist) {
		t.Errorf("over a file: %v, want ErrExist", err)
	}
	if err := storage.PublishFile(filepath.Join(dir, "none"), filepath.Join(dir, "x")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("of nothing: %v, want ErrNotExist", err)
	}
	if got := names(t, dir); !slices.Equal(got, []string{"old", "published"}) {
		t.Errorf("directory holds %v", got)
	}
}

// What is in quarantine is evidence: the same name twice keeps both.
// What is in quarantine is named as replaced once, and never overwritten.
func TestReplaceQuarantined(t *testing.T) {
	c := storage.CollectionDir(t.TempDir())
	in := func(name string) string { return filepath.Join(c.Quarantine(), name) }
	if err := c.ReplaceQuarantined(); err != nil {
		t.Errorf("without the directory: %v", err)
	}
	if err := os.Mkdir(c.Quarantine(), 0o700); err != nil {
		t.Fatal(err)
	}
	for round, content := range []string{"first", "second"} {
		if err := os.WriteFile(in("a.seg"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if paths, err := c.Quarantined(); err != nil || !slices.Equal(paths, []string{in("a.seg")}) {
			t.Errorf("round %d: quarantined are %q, %v", round, paths, err)
		}
		if err := c.ReplaceQuarantined(); err != nil {
			t.Fatal(err)
		}
		if paths, err := c.Quarantined(); err != nil || len(paths) > 0 {
			t.Errorf("round %d: then %q, %v", round, paths, err)
		}
	}
	for name, want := range map[string]string{"a.seg.replaced": "first", "a.seg.1.replaced": "second"} {
		if got, err := os.ReadFile(in(name)); err != nil || string(got) != want {
			t.Errorf("%s has %q, %v, want %q", name, got, err, want)
		}
	}
}

func TestMoveToQuarantine(t *testing.T) {
	quarantine := t.TempDir()
	for i, want := range []string{"a.seg", "a.seg.1", "a.seg.2"} {
		dir := fill(t, "a.seg")
		got, err := storage.MoveToQuarantine(filepath.Join(dir, "a.seg"), quarantine)
		if err != nil || got != filepath.Join(quarantine, want) {
			t.Errorf("move %d went to %s, %v; want %s", i, got, err, want)
		}
		expectEmpty(t, dir)
	}
	if got := names(t, quarantine); len(got) != 3 {
		t.Errorf("quarantine holds %v", got)
	}
	if _, err := storage.MoveToQuarantine(filepath.Join(quarantine, "none"), quarantine); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("nothing to move: %v, want ErrNotFound", err)
	}
}
