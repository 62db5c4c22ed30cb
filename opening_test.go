package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vicinaldb/store"
)

// What cannot be opened is told beside what can, and is not taken for something that was dropped.
func TestStore_Collections_TellsOfDamage(t *testing.T) {
	for damage, edit := range map[string]func(path string) error{
		"missing": os.Remove,
		"empty":   func(path string) error { return os.WriteFile(path, nil, 0o600) },
	} {
		path := t.TempDir()
		s := open(t, path)
		prepare(t, create(t, s, store.Schema{Dim: 2})) // so that there is a MANIFEST
		if _, err := s.Create(t.Context(), "whole", store.Schema{Dim: 3}); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(s.Close(), edit(filepath.Join(path, "songs", "data.bolt"))); err != nil {
			t.Fatal(err)
		}
		infos, err := open(t, path).Collections(t.Context())
		if !errors.Is(err, store.ErrCorrupt) || errors.Is(err, store.ErrNotFound) || !strings.Contains(err.Error(), `"songs"`) {
			t.Errorf("%s: the error is %v", damage, err)
		}
		if len(infos) != 1 || infos[0].Name != "whole" {
			t.Errorf("%s: collections are %+v", damage, infos)
		}
	}
}
