package store_test

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/vicinaldb/store"
)

func TestCollection_Warm(t *testing.T) {
	vectors := clusters(70, 3000, 200)
	path, _ := prepared(t, vectors)
	for name, opts := range map[string][]store.Option{"writer": nil, "reader": {store.ReadOnly()}} {
		t.Run(name, func(t *testing.T) {
			c, err := open(t, path, opts...).Collection(t.Context(), "songs")
			if err != nil {
				t.Fatal(err)
			}
			var last store.Progress
			err = c.Warm(t.Context(), func(p store.Progress) {
				if p.Done != last.Done+1 || p.Done > p.Total || p.Stage == "" {
					t.Errorf("after %+v came %+v", last, p)
				}
				last = p
			})
			if err != nil || last.Done != last.Total || last.Total == 0 {
				t.Errorf("Warm ended with %+v, %v", last, err)
			}
			if err := c.Warm(t.Context(), nil); err != nil {
				t.Error(err)
			}
			if got := query(t, c, vectors[7], 1); got[0].ID != "7" {
				t.Errorf("item 7 is answered as %+v", got)
			}
		})
	}
}

func TestCollection_Warm_Stops(t *testing.T) {
	path, _ := prepared(t, clusters(71, 2000, 20))
	c, err := open(t, path).Collection(t.Context(), "songs")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	err = c.Warm(ctx, func(store.Progress) { calls++; cancel() })
	if !errors.Is(err, context.Canceled) || calls != 1 {
		t.Errorf("canceled after the first step: %v after %d steps", err, calls)
	}
}

// Who cancels when all is there already gets no error.
func TestCollection_Warm_StoppedTooLate(t *testing.T) {
	path, _ := prepared(t, clusters(75, 2000, 20))
	c, err := open(t, path).Collection(t.Context(), "songs")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = c.Warm(ctx, func(p store.Progress) {
		if p.Done == p.Total {
			cancel()
		}
	})
	if err != nil || ctx.Err() == nil {
		t.Errorf("canceled after the last step: %v, the context %v", err, ctx.Err())
	}
}

func TestCollection_Warm_NothingToDo(t *testing.T) {
	c := create(t, open(t, t.TempDir()), store.Schema{Dim: 5})
	upsert(t, c, items(clusters(72, 50, 5)))
	if err := c.Warm(t.Context(), func(p store.Progress) { t.Errorf("progress %+v without an index", p) }); err != nil {
		t.Error(err)
	}
}

// Damage that comes to light is reported, and dealt with as in a query.
func TestCollection_Warm_DamagedSegment(t *testing.T) {
	vectors := clusters(73, 2000, 20)
	path, segment := prepared(t, vectors)
	s := open(t, path)
	c, err := s.Collection(t.Context(), "songs")
	if err != nil {
		t.Fatal(err)
	}
	reader, err := open(t, path, store.ReadOnly()).Collection(t.Context(), "songs")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Chmod(segment, 0o600), os.Truncate(segment, 4096)); err != nil {
		t.Skipf("this system keeps a mapped file from shrinking: %v", err)
	}
	if err := reader.Warm(t.Context(), nil); !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("a reader's Warm: %v, want ErrCorrupt", err)
	}
	if err := c.Warm(t.Context(), nil); err != nil {
		t.Errorf("a writer's Warm: %v", err)
	}
	if info, err := c.Info(t.Context()); err != nil || len(info.Problems) == 0 || info.Pending != len(vectors) {
		t.Errorf("info is %+v, %v", info, err)
	}
}
