package store_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/vicinaldb/store"
)

// prepared makes a store with an index, closes it and gives the path of the segment.
func prepared(t *testing.T, vectors [][]float32) (path, segment string) {
	t.Helper()
	path = t.TempDir()
	s := open(t, path)
	c := create(t, s, store.Schema{Dim: len(vectors[0])})
	upsert(t, c, items(vectors))
	prepare(t, c)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return path, segmentFiles(t, path)[0]
}

// change rewrites a file, read-only ones too.
func change(t *testing.T, path string, edit func(b []byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, edit(b), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestStore_DamagedSegment_IsSetAsideAtOpen(t *testing.T) {
	vectors := clusters(30, 1500, 5)
	for _, test := range []struct {
		damage string
		edit   func(t *testing.T, segment string)
	}{
		{"truncated", func(t *testing.T, p string) { change(t, p, func(b []byte) []byte { return b[:len(b)/2] }) }},
		{"extended", func(t *testing.T, p string) { change(t, p, func(b []byte) []byte { return append(b, 0) }) }},
		{"header flipped", func(t *testing.T, p string) { change(t, p, func(b []byte) []byte { b[9] ^= 1; return b }) }},
		{"trailer flipped", func(t *testing.T, p string) { change(t, p, func(b []byte) []byte { b[len(b)-4090] ^= 1; return b }) }},
		{"missing", func(t *testing.T, p string) {
			if err := os.Remove(p); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(test.damage, func(t *testing.T) {
			path, segment := prepared(t, vectors)
			test.edit(t, segment)

			// A reader has no other source, and is told.
			reader := open(t, path, store.ReadOnly())
			if _, err := reader.Collection(t.Context(), "songs"); !errors.Is(err, store.ErrCorrupt) && !errors.Is(err, store.ErrNotFound) {
				t.Errorf("a reader got %v", err)
			}

			s := open(t, path)
			c, err := s.Collection(t.Context(), "songs")
			if err != nil {
				t.Fatal(err)
			}
			info, err := c.Info(t.Context())
			if err != nil || info.Items != 1500 || info.Pending != 1500 || len(info.Problems) == 0 {
				t.Errorf("info is %+v, %v", info, err)
			}
			if err := c.Verify(t.Context()); !errors.Is(err, store.ErrCorrupt) {
				t.Errorf("Verify hides the damage: %v", err)
			}
			if got := query(t, c, vectors[3], 1); got[0].ID != "3" {
				t.Errorf("item 3 is answered as %+v", got)
			}
			kept, err := os.ReadDir(filepath.Join(path, "songs", "quarantine"))
			if err != nil || test.damage != "missing" && len(kept) != 1 {
				t.Errorf("quarantine has %v, %v", kept, err)
			}
			prepare(t, c)
			_, c = reopen(t, s, path)
			if info, err := c.Info(t.Context()); err != nil || info.Pending != 0 || len(info.Problems) != 0 {
				t.Errorf("after Prepare info is %+v, %v", info, err)
			}
		})
	}
}

// Damage that open does not look at comes to light in use: the call is answered all the same.
func TestStore_DamagedSegment_IsSetAsideInUse(t *testing.T) {
	vectors := clusters(31, 2000, 5)
	for _, test := range []struct {
		damage string
		edit   func(t *testing.T, segment string)
	}{
		{"bytes are no row numbers", overwrite},
		{"cut while mapped", func(t *testing.T, segment string) {
			if err := errors.Join(os.Chmod(segment, 0o600), os.Truncate(segment, 4096)); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(test.damage, func(t *testing.T) {
			path, segment := prepared(t, vectors)
			s := open(t, path)
			c, err := s.Collection(t.Context(), "songs")
			if err != nil {
				t.Fatal(err)
			}
			test.edit(t, segment) // the mapping is shared, so it sees the file change
			for row := range 200 {
				got := query(t, c, vectors[row], 3)
				if got[0].ID != fmt.Sprint(row) {
					t.Fatalf("item %d is answered as %+v", row, got)
				}
			}
			info, err := c.Info(t.Context())
			if err != nil || len(info.Problems) == 0 || info.Items != 2000 || info.Pending != 2000 {
				t.Errorf("info is %+v, %v", info, err)
			}
			if _, err := c.Delete(t.Context(), "5"); err != nil {
				t.Error(err)
			}
			prepare(t, c)
			if got := query(t, c, vectors[5], 1); got[0].ID == "5" {
				t.Error("a deleted item is found")
			}
		})
	}
}

// A batch begins with the pivots of a segment, whatever the kind of its vectors.
func TestStore_DamagedSegment_IsSetAsideByBatches(t *testing.T) {
	const n, asked = 2000, 100
	vectors, r := clusters(34, n, 5), rand.New(rand.NewPCG(34, 35))
	for name, test := range map[string]struct {
		schema store.Schema
		item   func(i int) store.Item
	}{
		"dense": {store.Schema{Dim: 5}, func(i int) store.Item { return store.Item{Vector: vectors[i]} }},
		"sparse": {store.Schema{Kind: store.Sparse, Dim: 5000}, func(i int) store.Item {
			return store.Item{Sparse: store.SparseVector{
				Indices: []uint32{uint32(i % 50), uint32(50 + i), uint32(2100 + r.IntN(2900))},
				Values:  []float32{1 + r.Float32(), 1, 1},
			}}
		}},
		"bits": {store.Schema{Kind: store.Bits, Dim: 64}, func(int) store.Item { return store.Item{Bits: []uint64{r.Uint64()}} }},
	} {
		t.Run(name, func(t *testing.T) {
			path := t.TempDir()
			c, err := open(t, path).Create(t.Context(), "songs", test.schema)
			if err != nil {
				t.Fatal(err)
			}
			list := make([]store.Item, n)
			for i := range list {
				list[i] = test.item(i)
				list[i].ID = fmt.Sprint(i)
			}
			upsert(t, c, list)
			prepare(t, c)
			overwrite(t, segmentFiles(t, path)[0]) // the mapping is shared, so it sees the file change
			results, err := askAll(c, list[:asked], 1)
			if err != nil {
				t.Fatal(err)
			}
			for i, got := range results {
				if len(got) != 1 || got[0].ID != list[i].ID {
					t.Errorf("item %d is answered as %+v", i, got)
				}
			}
			if info, err := c.Info(t.Context()); err != nil || len(info.Problems) == 0 || info.Pending != n {
				t.Errorf("info is %+v, %v", info, err)
			}
		})
	}
}

// overwrite fills the middle of a file with bytes that are no row numbers, in place.
func overwrite(t *testing.T, path string) {
	t.Helper()
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	junk := slices.Repeat([]byte{0xff}, int(info.Size())-2*4096)
	if _, err := f.WriteAt(junk, 4096); err != nil {
		t.Fatal(err)
	}
}

func TestStore_DamagedDataFile_IsAnError(t *testing.T) {
	path, _ := prepared(t, clusters(32, 300, 5))
	data := filepath.Join(path, "songs", "data.bolt")
	change(t, data, func(b []byte) []byte { return b[:16<<10] })
	s := open(t, path)
	if c, err := s.Collection(t.Context(), "songs"); err == nil {
		// What is left may open; then reading everything must tell.
		if err := c.Verify(t.Context()); !errors.Is(err, store.ErrCorrupt) {
			t.Errorf("a data file cut to 16 KiB verifies: %v", err)
		}
	} else if !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("opening a data file cut to 16 KiB: %v", err)
	}
}

func TestStore_DamagedManifest(t *testing.T) {
	path, _ := prepared(t, clusters(33, 300, 5))
	change(t, filepath.Join(path, "songs", "MANIFEST"), func(b []byte) []byte { b[len(b)/2] ^= 4; return b })
	reader := open(t, path, store.ReadOnly())
	if _, err := reader.Collection(t.Context(), "songs"); !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("a reader of a damaged MANIFEST: %v", err)
	}
	// The writer has the data file, and publishes anew.
	s := open(t, path)
	if _, err := s.Collection(t.Context(), "songs"); err != nil {
		t.Fatal(err)
	}
	if _, err := reader.Collection(t.Context(), "songs"); err != nil {
		t.Errorf("after the writer came: %v", err)
	}
}

// Whoever opens the collection after the one that set its index aside is told as well, until there is another.
func TestStore_DamagedSegment_IsToldUntilPrepare(t *testing.T) {
	for damage, edit := range map[string]func(t *testing.T, segment string){
		"truncated": func(t *testing.T, p string) { change(t, p, func(b []byte) []byte { return b[:len(b)/2] }) },
		"missing": func(t *testing.T, p string) {
			if err := os.Remove(p); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(damage, func(t *testing.T) {
			path, segment := prepared(t, clusters(32, 300, 5))
			edit(t, segment)
			s := open(t, path)
			if _, err := s.Collection(t.Context(), "songs"); err != nil {
				t.Fatal(err)
			}
			s, c := reopen(t, s, path)
			expectProblems(t, c, 1)
			if err := c.Verify(t.Context()); !errors.Is(err, store.ErrCorrupt) {
				t.Errorf("Verify hides the damage: %v", err)
			}
			published, err := open(t, path, store.ReadOnly()).Collection(t.Context(), "songs")
			if err != nil {
				t.Fatal(err)
			}
			expectProblems(t, published, 1)
			prepare(t, c)
			expectProblems(t, c, 0)
			if err := c.Verify(t.Context()); err != nil {
				t.Error(err)
			}
			s, c = reopen(t, s, path)
			expectProblems(t, c, 0)
			for id := range 300 {
				if _, err := c.Delete(t.Context(), fmt.Sprint(id)); err != nil {
					t.Fatal(err)
				}
			}
			prepare(t, c) // makes no segment
			_, c = reopen(t, s, path)
			expectProblems(t, c, 0)
		})
	}
}

// MANIFEST that could not be written when a segment was set aside is written by Close.
func TestStore_DamagedSegment_PublishFails(t *testing.T) {
	path, segment := prepared(t, clusters(42, 2000, 5))
	s := open(t, path)
	c, err := s.Collection(t.Context(), "songs")
	if err != nil {
		t.Fatal(err)
	}
	block := filepath.Join(path, "songs", "tmp", "MANIFEST")
	if err := os.Mkdir(block, 0o700); err != nil {
		t.Fatal(err)
	}
	overwrite(t, segment)
	if got := query(t, c, make([]float32, 5), 3); len(got) != 3 {
		t.Errorf("%d results", len(got))
	}
	if err := errors.Join(os.Remove(block), s.Close()); err != nil {
		t.Fatal(err)
	}
	expectReader(t, path, "after Close", 0) // where MANIFEST names what is in quarantine, there is an error
}

func expectProblems(t *testing.T, c *store.Collection, want int) {
	t.Helper()
	info, err := c.Info(t.Context())
	if err != nil || len(info.Problems) != want {
		t.Errorf("problems are %q, %v, want %d", info.Problems, err, want)
	}
}

// A graph may come from another collection, whose damage is no reason to try again.
func TestCollection_Prepare_GraphOfADamagedCollection(t *testing.T) {
	vectors := clusters(33, 1500, 5)
	path, segment := prepared(t, vectors)
	s := open(t, path)
	damaged, err := s.Collection(t.Context(), "songs")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Chmod(segment, 0o600), os.Truncate(segment, 8192)); err != nil {
		t.Fatal(err)
	}
	other, err := s.Create(t.Context(), "other", store.Schema{Dim: len(vectors[0])})
	if err != nil {
		t.Fatal(err)
	}
	upsert(t, other, items(vectors))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err = other.Prepare(ctx, store.InitialGraph(damaged.NeighborGraph(ctx)))
	if !errors.Is(err, store.ErrCorrupt) || ctx.Err() != nil {
		t.Errorf("Prepare ended with %v, want ErrCorrupt", err)
	}
}

// A walk that comes upon damage ends with it, since it has given some of the damaged index away already.
func TestStore_DamagedSegment_IsSetAsideByWalks(t *testing.T) {
	const n = 2000
	path, segment := prepared(t, clusters(35, n, 5))
	s := open(t, path)
	c, err := s.Collection(t.Context(), "songs")
	if err != nil {
		t.Fatal(err)
	}
	overwrite(t, segment) // the mapping is shared, so it sees the file change
	for _, want := range []error{store.ErrCorrupt, store.ErrNotPrepared} {
		if err := walk(c.NeighborGraph(t.Context())); !errors.Is(err, want) {
			t.Errorf("a walk ended with %v, want %v", err, want)
		}
		if info, err := c.Info(t.Context()); err != nil || len(info.Problems) != 1 || info.Pending != n {
			t.Errorf("info is %+v, %v", info, err)
		}
	}
	prepare(t, c)
	if err := walk(c.NeighborGraph(t.Context())); err != nil {
		t.Errorf("after Prepare a walk ended with %v", err)
	}
}

// walk walks to the end, and returns the error of it.
func walk(graph iter.Seq2[store.Neighbors, error]) error {
	for _, err := range graph {
		if err != nil {
			return err
		}
	}
	return nil
}
