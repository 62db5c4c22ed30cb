package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/vicinaldb/store"
)

// Writes share a commit, but not the error of one of them.
func TestCollection_Write_ErrorIsOneCallersOwn(t *testing.T) {
	const victim = "victim-of-damage"
	path := t.TempDir()
	s := open(t, path)
	c := create(t, s, store.Schema{Dim: 2})
	// Who looks for an id comes by the one before it, so that must be whole.
	upsert(t, c, []store.Item{{ID: victim, Vector: []float32{1, 2}}, {ID: "w", Vector: []float32{1, 2}}})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	change(t, filepath.Join(path, "songs", "data.bolt"), func(b []byte) []byte {
		for at, length := 0, len(victim); ; {
			next := bytes.Index(b[at:], []byte(victim))
			if next < 0 {
				return b
			}
			if at += next + length; at+8 > len(b) {
				return b
			}
			if b[at+4] == 1 && b[at+6] == 1 && b[at+7] == 0 { // the value of the id: a header, then its sequence number
				b[at+6] ^= 0x80
			}
		}
	})
	s, err := store.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if c, err = s.Collection(t.Context(), "songs"); err != nil {
		t.Fatal(err)
	}
	many := items(clusters(41, 3000, 2)) // while these are committed, the others gather
	for i := range many {
		many[i].ID = "z" + many[i].ID
	}
	for range 3 {
		var all sync.WaitGroup
		all.Go(func() { upsert(t, c, many) })
		all.Go(func() {
			if _, err := c.Upsert(t.Context(), store.Item{ID: victim, Vector: []float32{3, 4}}); !errors.Is(err, store.ErrCorrupt) {
				t.Errorf("the damaged id: %v, want ErrCorrupt", err)
			}
		})
		for i := range 8 {
			all.Go(func() {
				if _, err := c.Upsert(t.Context(), store.Item{ID: fmt.Sprint("y", i), Vector: []float32{5, 6}}); err != nil {
					t.Errorf("another id: %v", err)
				}
			})
		}
		all.Wait()
	}
}
