package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vicinaldb/store"
	"github.com/vicinaldb/store/metric"
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

// The schema that is handed out is the caller's.
func TestCollection_Schema_SharesNoMemory(t *testing.T) {
	s := open(t, t.TempDir())
	half := 0.5
	c := create(t, s, store.Schema{
		Dim: 2, Metric: "seuclidean", Params: metric.Params{Sigma: []float64{1, 2}}, Index: store.IndexParams{DiversifyProb: &half},
	})
	info, err := c.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, schema := range []store.Schema{c.Schema(), info.Schema} {
		schema.Params.Sigma[0], *schema.Index.DiversifyProb = 100, 7
	}
	if own := c.Schema(); own.Params.Sigma[0] != 1 || *own.Index.DiversifyProb != 0.5 {
		t.Errorf("the schema became %+v, %v", own, *own.Index.DiversifyProb)
	}
}
