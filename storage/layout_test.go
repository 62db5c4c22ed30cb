package storage_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/vicinaldb/store/storage"
)

func TestCheckName(t *testing.T) {
	for _, c := range []struct {
		name   string
		ok     bool
		reason string
	}{
		{"a", true, "one letter"},
		{"0", true, "one digit"},
		{"songs-2024_x", true, "all kinds of characters"},
		{strings.Repeat("a", 63), true, "63 characters"},
		{strings.Repeat("a", 64), false, "64 characters"},
		{"", false, "no character"},
		{"-a", false, "a hyphen looks like an option"},
		{"_a", false, "first a letter or digit"},
		{".", false, "a directory"},
		{"..", false, "a directory"},
		{"a/b", false, "a path"},
		{`a\b`, false, "a path on Windows"},
		{"A", false, "some file systems do not tell cases apart"},
		{"LOCK", false, "taken"},
		{"ä", false, "some file systems write it in two ways"},
		{"a b", false, "a space"},
		{"a\x00", false, "a zero byte"},
	} {
		err := storage.CheckName(c.name)
		if c.ok && err != nil || !c.ok && !errors.Is(err, storage.ErrName) {
			t.Errorf("%q gives %v: %s", c.name, err, c.reason)
		}
	}
}

// createCollection makes a collection with a data file.
func createCollection(dir storage.Dir, name string) error {
	return dir.CreateCollection(name, func(c storage.CollectionDir) error {
		return storage.CreateDataFile(c.DataFile(), storage.DataFileOptions{Collection: uuid.New()})
	})
}

func TestCollectionsComeAndGo(t *testing.T) {
	dir := storage.Dir(filepath.Join(t.TempDir(), "a", "shop.vicinal"))
	if err := dir.Check(); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("a store that is not there gives %v", err)
	}
	if err := errors.Join(dir.Create(), dir.Create(), dir.Check()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"songs", "albums"} {
		if err := createCollection(dir, name); err != nil {
			t.Fatal(err)
		}
	}
	if err := createCollection(dir, "songs"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("creating it again gives %v, want fs.ErrExist", err)
	}
	if err := os.Mkdir(string(dir.Collection("taken")), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := createCollection(dir, "taken"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("creating it over somebody's directory gives %v, want fs.ErrExist", err)
	}
	if err := createCollection(dir, "Songs"); !errors.Is(err, storage.ErrName) {
		t.Errorf("a bad name gives %v, want ErrName", err)
	}
	if names, err := dir.Collections(); err != nil || !slices.Equal(names, []string{"albums", "songs"}) {
		t.Errorf("there are %v, %v, want albums and songs", names, err)
	}
	if err := dir.CheckCollection("songs"); err != nil {
		t.Error(err)
	}
	for _, sub := range []string{dir.Collection("songs").Segments(), dir.Collection("songs").Temporary(), dir.Collection("songs").Quarantine()} {
		if info, err := os.Stat(sub); err != nil || !info.IsDir() {
			t.Errorf("%s is missing: %v", sub, err)
		}
	}
	openDataFile(t, dir.Collection("albums").DataFile())

	if err := dir.Drop("songs"); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{dir.Drop("songs"), dir.CheckCollection("songs"), dir.Drop("nobody")} {
		if !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("a dropped collection gives %v, want ErrNotFound", err)
		}
	}
	if err := dir.Drop("../a"); !errors.Is(err, storage.ErrName) {
		t.Errorf("dropping a path gives %v, want ErrName", err)
	}
	wantEntries(t, dir, "albums", "taken")
	if err := createCollection(dir, "songs"); err != nil {
		t.Errorf("a dropped collection cannot be created again: %v", err)
	}
}

func TestFailedCreationLeavesNothing(t *testing.T) {
	dir := storage.Dir(t.TempDir())
	failed := errors.New("failed")
	err := dir.CreateCollection("songs", func(c storage.CollectionDir) error {
		return errors.Join(os.WriteFile(c.DataFile(), nil, 0o600), failed)
	})
	if !errors.Is(err, failed) {
		t.Errorf("creating gives %v, want the function's error", err)
	}
	wantEntries(t, dir)
}

func TestCleanRemovesLeftoversOnly(t *testing.T) {
	dir := storage.Dir(t.TempDir())
	if err := createCollection(dir, "songs"); err != nil {
		t.Fatal(err)
	}
	id := uuid.NewString()
	for _, name := range []string{".creating-" + id, ".dropped-" + id, ".creating-mine", ".dropped", "Mine", "empty"} {
		if err := os.MkdirAll(filepath.Join(string(dir), name, "segments"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	file := ".dropped-" + uuid.NewString()
	if err := os.WriteFile(filepath.Join(string(dir), file), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := dir.Clean(); err != nil {
		t.Fatal(err)
	}
	want := []string{".creating-mine", ".dropped", file, "Mine", "empty", "songs"}
	slices.Sort(want)
	wantEntries(t, dir, want...)
	if names, err := dir.Collections(); err != nil || !slices.Equal(names, []string{"songs"}) {
		t.Errorf("there are %v, %v, want songs: a directory without data or manifest is no collection", names, err)
	}
}

func wantEntries(t *testing.T, dir storage.Dir, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(string(dir))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	if !slices.Equal(names, want) {
		t.Errorf("the store has %q, want %q", names, want)
	}
}

func TestCreateKeepsToStores(t *testing.T) {
	home := storage.Dir(t.TempDir())
	if err := os.WriteFile(filepath.Join(string(home), "letter.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := home.Create(); err == nil || !strings.Contains(err.Error(), "letter.txt") {
		t.Errorf("a directory of something else gives %v, want an error that says so", err)
	}

	// Without a LOCK, as in a set that was copied by hand, but otherwise a store.
	set := storage.Dir(t.TempDir())
	if err := os.MkdirAll(string(set.Collection("songs")), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(set.Collection("songs").Manifest(), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := set.Create(); err != nil {
		t.Errorf("a store without LOCK gives %v", err)
	}

	// With a LOCK, whatever else is there.
	lock, err := set.Lock()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(string(set), "README"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(set.Create(), lock.Release()); err != nil {
		t.Errorf("a store with a file of somebody gives %v", err)
	}

	file := storage.Dir(filepath.Join(string(home), "letter.txt"))
	if err := file.Create(); err == nil {
		t.Error("a file can be a store")
	}
	if err := file.Check(); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("a file gives %v, want ErrNotFound", err)
	}
}

func TestCleanCollection(t *testing.T) {
	dir := storage.Dir(t.TempDir())
	if err := createCollection(dir, "songs"); err != nil {
		t.Fatal(err)
	}
	c := dir.Collection("songs")
	id := uuid.New()
	for _, path := range []string{c.Building(id), c.Spool(id), c.TemporaryManifest(), c.Segment(id)} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(c.Quarantine()); err != nil {
		t.Fatal(err)
	}
	if err := c.Clean(); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(c.Temporary()); err != nil || len(entries) > 0 {
		t.Errorf("tmp has %v, %v, want nothing", entries, err)
	}
	if _, err := os.Stat(c.Quarantine()); err != nil {
		t.Errorf("a missing directory was not made: %v", err)
	}
	if _, err := os.Stat(c.Segment(id)); err != nil {
		t.Errorf("a segment is gone: %v", err)
	}
}

func TestSymbolicLinkIsNoCollection(t *testing.T) {
	dir, elsewhere := storage.Dir(t.TempDir()), storage.Dir(t.TempDir())
	if err := createCollection(elsewhere, "songs"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(string(elsewhere.Collection("songs")), string(dir.Collection("songs"))); err != nil {
		t.Skip("no symbolic links here")
	}
	if names, err := dir.Collections(); err != nil || len(names) > 0 {
		t.Errorf("there are %v, %v, want none: a link leads out of the store", names, err)
	}
	if err := dir.CheckCollection("songs"); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("the link gives %v, want ErrNotFound", err)
	}
}
