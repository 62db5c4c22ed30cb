package store_test

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/vicinaldb/store"
	"github.com/vicinaldb/store/storage"
)

// expectReader expects that a reader finds so many items.
func expectReader(t *testing.T, path, when string, items int) {
	t.Helper()
	reader := open(t, path, store.ReadOnly())
	c, err := reader.Collection(t.Context(), "songs")
	if err != nil {
		t.Errorf("%s a reader gets %v", when, err)
		return
	}
	if c.Len() != items {
		t.Errorf("%s a reader has %d items, want %d", when, c.Len(), items)
	}
}

// unpublished makes a collection of two items of which readers see one, as MANIFEST could not be written after the other was stored. What
// it returns takes away what is in the way.
func unpublished(t *testing.T) (path string, s *store.Store, c *store.Collection, unblock func()) {
	t.Helper()
	path = t.TempDir()
	s = open(t, path)
	c = create(t, s, store.Schema{Dim: 2})
	upsert(t, c, []store.Item{{ID: "a", Vector: []float32{1, 2}}})
	prepare(t, c)
	upsert(t, c, []store.Item{{ID: "b", Vector: []float32{1, 2}}})
	block := filepath.Join(path, "songs", "tmp", "MANIFEST")
	if err := os.Mkdir(block, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Prepare(t.Context()); err == nil {
		t.Error("Prepare does not say that MANIFEST could not be written")
	}
	expectReader(t, path, "after the failure", 1)
	return path, s, c, func() {
		if err := os.Remove(block); err != nil {
			t.Fatal(err)
		}
	}
}

// As long as MANIFEST could not be written, readers have the state before, and Close writes it.
func TestCollection_Prepare_PublishFails(t *testing.T) {
	path, s, _, unblock := unpublished(t)
	unblock()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	expectReader(t, path, "after Close", 2)
	open(t, path)
}

// A Prepare after one that could not write MANIFEST writes it, though the index is up to date.
func TestCollection_Prepare_PublishesAgain(t *testing.T) {
	path, _, c, unblock := unpublished(t)
	if _, err := c.Prepare(t.Context()); err == nil {
		t.Error("the next Prepare does not say that MANIFEST could not be written")
	}
	unblock()
	prepare(t, c)
	expectReader(t, path, "after the third Prepare", 2)
}

// What is stored can be used even if nothing can be published.
func TestStore_Collection_PublishFails(t *testing.T) {
	path, _ := prepared(t, clusters(34, 300, 5))
	manifest := filepath.Join(path, "songs", "MANIFEST")
	if err := errors.Join(os.Remove(manifest), os.MkdirAll(filepath.Join(manifest, "in the way"), 0o700)); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.Collection(t.Context(), "songs")
	if err != nil {
		t.Fatal(err)
	}
	if c.Len() != 300 {
		t.Errorf("%d items, want 300", c.Len())
	}
	if err := s.Close(); err == nil {
		t.Error("Close does not say that MANIFEST could not be written")
	}
	if err := os.RemoveAll(manifest); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	if _, err := s.Collection(t.Context(), "songs"); err != nil {
		t.Fatal(err)
	}
	expectReader(t, path, "with the way free", 300)
}

func TestStore_ReadOnly_TellsWhatIsMissing(t *testing.T) {
	path, segment := prepared(t, clusters(35, 300, 5))
	if err := os.Remove(segment); err != nil {
		t.Fatal(err)
	}
	infos, err := open(t, path, store.ReadOnly()).Collections(t.Context())
	if len(infos) > 0 || !errors.Is(err, store.ErrCorrupt) || errors.Is(err, store.ErrNotFound) || !strings.Contains(err.Error(), segment) {
		t.Errorf("collections %v, error %v", infos, err)
	}
}

func TestStore_ReadOnly_DamagedTombstones(t *testing.T) {
	path, segment := prepared(t, clusters(36, 300, 5))
	name := filepath.Join(path, "songs", "MANIFEST")
	m, err := storage.ReadManifest(name)
	if err != nil {
		t.Fatal(err)
	}
	m.Segments[0].Tombstones = []byte("rubbish")
	if err := storage.PublishManifest(name, name+".new", m); err != nil {
		t.Fatal(err)
	}
	_, err = open(t, path, store.ReadOnly()).Collection(t.Context(), "songs")
	if !errors.Is(err, store.ErrCorrupt) || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), segment) {
		t.Errorf("the error is %v, want the names of both files", err)
	}
}

func TestCollection_Verify_MissingManifest(t *testing.T) {
	path, _ := prepared(t, clusters(37, 300, 5))
	s, err := store.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c, err := s.Collection(t.Context(), "songs")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(path, "songs", "MANIFEST")); err != nil {
		t.Fatal(err)
	}
	if err := c.Verify(t.Context()); !errors.Is(err, store.ErrCorrupt) || errors.Is(err, store.ErrNotFound) {
		t.Errorf("Verify returned %v", err)
	}
}

// With a segment its tombstones go.
func TestStore_DamagedSegment_LeavesNoTombstones(t *testing.T) {
	path, segment := prepared(t, clusters(38, 300, 5))
	s := open(t, path)
	c, err := s.Collection(t.Context(), "songs")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Delete(t.Context(), "5"); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Close(), os.Remove(segment)); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	if _, err := s.Collection(t.Context(), "songs"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := storage.OpenDataFile(filepath.Join(path, "songs", "data.bolt"))
	if err != nil {
		t.Fatal(err)
	}
	defer data.Close()
	id := uuid.MustParse(strings.TrimSuffix(filepath.Base(segment), ".seg"))
	err = data.View(func(v *storage.View) error {
		dead, err := v.Tombstones(id, 300)
		if dead != nil {
			t.Errorf("tombstones of a segment that is gone are kept: %v", dead)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// An index that does not know an item which it should is damaged, and no reason to refuse a write.
func TestCollection_Write_SetsADamagedIndexAside(t *testing.T) {
	path, segment := prepared(t, clusters(39, 300, 5))
	change(t, segment, func(b []byte) []byte {
		end := b[len(b)-4096:]
		table := b[binary.LittleEndian.Uint64(end[16:]):][:binary.LittleEndian.Uint32(end[24:])]
		for ; len(table) > 0; table = table[40:] {
			if string(table[:4]) == "IDOR" {
				clear(b[binary.LittleEndian.Uint64(table[8:]):][:binary.LittleEndian.Uint64(table[16:])])
			}
		}
		return b
	})
	s := open(t, path)
	c, err := s.Collection(t.Context(), "songs")
	if err != nil {
		t.Fatal(err)
	}
	upsert(t, c, []store.Item{{ID: "7", Vector: make([]float32, 5)}})
	if n, err := c.Delete(t.Context(), "8"); n != 1 || err != nil {
		t.Errorf("deleting gave %d, %v", n, err)
	}
	expectProblems(t, c, 1)
	if c.Len() != 299 {
		t.Errorf("%d items, want 299", c.Len())
	}
}

// A segment from which no other may be made, by its header, gives the next one no lists to begin with.
func TestCollection_Prepare_LeavesWhatMustNotBeRewritten(t *testing.T) {
	path, segment := prepared(t, clusters(40, 300, 5))
	change(t, segment, func(b []byte) []byte {
		binary.LittleEndian.PutUint32(b[24:], 1)
		binary.LittleEndian.PutUint32(b[4092:], crc32.Checksum(b[:4092], crc32.MakeTable(crc32.Castagnoli)))
		return b
	})
	s := open(t, path)
	c, err := s.Collection(t.Context(), "songs")
	if err != nil {
		t.Fatal(err)
	}
	upsert(t, c, []store.Item{{ID: "new", Vector: make([]float32, 5)}})
	if stats := prepare(t, c); stats.Reused != 0 {
		t.Errorf("%d rows were taken from it", stats.Reused)
	}
}
