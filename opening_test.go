package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

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

// Nothing is written after Close has returned, and what a Create did not return is not there.
func TestStore_Create_WhileClosing(t *testing.T) {
	for trial := range 50 {
		path := t.TempDir()
		s := open(t, path)
		created := make(chan error)
		go func() {
			_, err := s.Create(context.Background(), "songs", store.Schema{Dim: 2})
			created <- err
		}()
		time.Sleep(time.Duration(trial) * 20 * time.Microsecond)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		_, missing := os.Stat(filepath.Join(path, "songs"))
		err := <-created
		if _, later := os.Stat(filepath.Join(path, "songs")); (later == nil) != (missing == nil) {
			t.Fatalf("the collection came after Close: %v, %v", missing, later)
		}
		if (err == nil) != (missing == nil) || err != nil && !errors.Is(err, store.ErrClosed) {
			t.Fatalf("Create returned %v, and the directory has %v", err, missing)
		}
	}
}

// Who opens a collection while another call tries in vain to create it gets it.
func TestStore_Collection_WhileCreateFails(t *testing.T) {
	path := t.TempDir()
	s := open(t, path)
	create(t, s, store.Schema{Dim: 2})
	for range 200 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, path)
		creating, begun := make(chan error), make(chan bool)
		go func() {
			close(begun)
			_, err := s.Create(context.Background(), "songs", store.Schema{Dim: 2})
			creating <- err
		}()
		<-begun
		if _, err := s.Collection(t.Context(), "songs"); err != nil {
			t.Error(err)
		}
		if err := <-creating; !errors.Is(err, store.ErrExists) {
			t.Errorf("Create returned %v, want ErrExists", err)
		}
	}
}

func TestStore_RefusesNames(t *testing.T) {
	s := open(t, t.TempDir())
	for _, name := range []string{"", "../x", "A", strings.Repeat("a", 64)} {
		if _, err := s.Collection(t.Context(), name); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("opening %q: %v, want ErrInvalid", name, err)
		}
		if err := s.Drop(t.Context(), name); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("dropping %q: %v, want ErrInvalid", name, err)
		}
	}
}

// Options that are nil change nothing.
func TestOptions_Nil(t *testing.T) {
	prepare(t, create(t, open(t, t.TempDir(), nil), store.Schema{Dim: 2}), nil)
}

// A context that has ended is found where there is nothing to do, too.
func TestCollection_EndedContext_NothingToDo(t *testing.T) {
	path := t.TempDir()
	c := create(t, open(t, path), store.Schema{Dim: 2})
	reader, err := open(t, path, store.ReadOnly()).Collection(t.Context(), "songs")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.QueryBatch(ctx, nil, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("QueryBatch returned %v", err)
	}
	for _, c := range []*store.Collection{c, reader} {
		var last error
		for _, err := range c.All(ctx) {
			last = err
		}
		if !errors.Is(last, context.Canceled) {
			t.Errorf("All gave %v", last)
		}
	}
}
