package store_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vicinaldb/store"
)

func segmentFiles(t *testing.T, path string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(path, "songs", "segments", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestCollection_Prepare_SameBytes(t *testing.T) {
	vectors := clusters(20, 2500, 8)
	build := func(threads int, seed uint64) []byte {
		path := t.TempDir()
		c := create(t, open(t, path), store.Schema{Dim: 8, Index: store.IndexParams{Seed: seed}})
		upsert(t, c, items(vectors))
		prepare(t, c, store.Threads(threads))
		b, err := os.ReadFile(segmentFiles(t, path)[0])
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(5)) // else there are no more threads than this machine has cores
	one := build(1, 1)
	for _, threads := range []int{2, 5} {
		if !slices.Equal(one, build(threads, 1)) {
			t.Errorf("segments built on 1 and %d threads differ", threads)
		}
	}
	if slices.Equal(one, build(2, 2)) {
		t.Error("the seed changes nothing")
	}
}

// Threads are no more than are of use, whatever was asked for.
func TestCollection_Prepare_Threads(t *testing.T) {
	c := create(t, open(t, t.TempDir()), store.Schema{Dim: 4})
	upsert(t, c, items(clusters(29, 10, 4)))
	for _, threads := range []int{-1, math.MinInt} {
		if _, err := c.Prepare(t.Context(), store.Threads(threads)); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("Prepare on %d threads: %v, want ErrInvalid", threads, err)
		}
		if _, err := c.Graph(t.Context(), store.GraphOptions{Threads: threads}); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("Graph on %d threads: %v, want ErrInvalid", threads, err)
		}
	}
	for _, threads := range []int{0, 1000, math.MaxInt} {
		if g, err := c.Graph(t.Context(), store.GraphOptions{Threads: threads}); err != nil || g.Len() != 10 {
			t.Errorf("Graph on %d threads: %v", threads, err)
		}
		prepare(t, c, store.Threads(threads), store.Rebuild())
		if g, err := c.Graph(t.Context(), store.GraphOptions{Threads: threads}); err != nil || g.Len() != 10 {
			t.Errorf("Graph of an index on %d threads: %v", threads, err)
		}
		upsert(t, c, items(clusters(29, 10, 4))) // they are pending, so the next graph is built
	}
}

func TestCollection_Prepare_LeavesOneSegment(t *testing.T) {
	path := t.TempDir()
	c := create(t, open(t, path), store.Schema{Dim: 4})
	upsert(t, c, items(clusters(21, 1200, 4)))
	first := prepare(t, c)
	if again := prepare(t, c); !again.UpToDate || again.SHA256 != first.SHA256 || first.UpToDate {
		t.Errorf("preparing again gave %+v after %+v", again, first)
	}
	if rebuilt := prepare(t, c, store.Rebuild()); rebuilt.UpToDate || rebuilt.SHA256 != first.SHA256 {
		t.Errorf("rebuilding gave %+v after %+v", rebuilt, first)
	}
	if files := segmentFiles(t, path); len(files) != 1 {
		t.Errorf("segments are %v, want one", files)
	}
	if left, err := os.ReadDir(filepath.Join(path, "songs", "tmp")); err != nil || len(left) != 0 {
		t.Errorf("%v is left in tmp, error %v", left, err)
	}
}

func TestCollection_Prepare_CancelledLeavesAllAsItWas(t *testing.T) {
	path := t.TempDir()
	c := create(t, open(t, path), store.Schema{Dim: 8})
	vectors := clusters(22, 2600, 8)
	upsert(t, c, items(vectors[:1500]))
	before := prepare(t, c)
	upsert(t, c, items(vectors)[1500:])
	seen := make(map[string]bool)
	for more := true; more; {
		// Each round is cancelled at a stage that no round before was.
		more = false
		ctx, cancel := context.WithCancel(t.Context())
		_, err := c.Prepare(ctx, store.WithProgress(func(p store.Progress) {
			stage, _, _ := strings.Cut(p.Stage, ",") // all rounds are one
			if !more && !seen[stage] && stage != "writing" {
				seen[stage], more = true, true
				cancel()
			}
		}))
		cancel()
		if more && !errors.Is(err, context.Canceled) {
			t.Fatalf("cancelled at %v: error %v", seen, err)
		}
		if !more {
			break
		}
		info, err := c.Info(t.Context())
		if err != nil || info.Pending != 1100 || len(info.Segments) != 1 || info.Segments[0].SHA256 != before.SHA256 {
			t.Fatalf("cancelled at %v: info is %+v, %v", seen, info, err)
		}
		if left, err := os.ReadDir(filepath.Join(path, "songs", "tmp")); err != nil || len(left) != 0 {
			t.Fatalf("cancelled at %v: %v is left in tmp, error %v", seen, left, err)
		}
	}
	if len(seen) < 5 {
		t.Errorf("only the stages %v were seen", seen)
	}
	if info, err := c.Info(t.Context()); err != nil || info.Pending != 0 {
		t.Errorf("after the last round info is %+v, %v", info, err)
	}
}

func TestCollection_Prepare_WritesGoOn(t *testing.T) {
	path := t.TempDir()
	s := open(t, path)
	c := create(t, s, store.Schema{Dim: 8})
	vectors := clusters(23, 4000, 8)
	list := items(vectors)
	upsert(t, c, list[:3000])

	// While it builds, rows that it has read are deleted and replaced, and others come.
	var once sync.Once
	prepare(t, c, store.WithProgress(func(p store.Progress) {
		if p.Stage == "reading" || p.Stage == "writing" {
			return
		}
		once.Do(func() {
			if _, err := c.Delete(t.Context(), "0", "1", "2"); err != nil {
				t.Error(err)
			}
			moved := list[10]
			moved.Vector = list[3999].Vector
			upsert(t, c, append(slices.Clone(list[3000:3999]), moved))
		})
	}))
	if c.Len() != 3000-3+999 {
		t.Errorf("Len is %d", c.Len())
	}
	check := func(stage string) {
		t.Helper()
		for _, row := range []int{0, 2, 5, 10, 3500} {
			got := query(t, c, vectors[row], 5, store.Exact())
			want := nearest(t, "euclidean", vectors[:3999], func(row int) bool { return row > 2 && row != 10 }, vectors[row], 5)
			if !slices.Equal(idsOf(got), idsOf(want)) {
				t.Errorf("%s: row %d: got %v, want %v", stage, row, idsOf(got), idsOf(want))
			}
		}
		if got := query(t, c, vectors[3999], 1); got[0].ID != "10" || got[0].Distance != 0 {
			t.Errorf("%s: the replaced item is not where it was put: %+v", stage, got)
		}
	}
	check("prepared")
	info, err := c.Info(t.Context())
	if err != nil || info.Pending != 1000 || info.Deleted != 4 {
		t.Errorf("info is %+v, %v", info, err)
	}
	_, c = reopen(t, s, path)
	check("reopened")
}

func TestCollection_QueriesAndWritesAtOnce(t *testing.T) {
	c := create(t, open(t, t.TempDir()), store.Schema{Dim: 6})
	vectors := clusters(24, 2400, 6)
	list := items(vectors)
	upsert(t, c, list[:1200])
	ctx, cancel := context.WithCancel(t.Context())
	var readers, writers sync.WaitGroup
	for g := range 2 {
		readers.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				// Rows below 1,200 are never touched, so each finds itself whatever goes on.
				row := (i*7 + g) % 1200
				r, err := c.Query(t.Context(), vectors[row], 3)
				if err != nil || len(r) != 3 || r[0].Distance != 0 {
					t.Errorf("row %d: %v, %v", row, r, err)
					return
				}
			}
		})
		writers.Go(func() {
			for i := 1200 + g; i < 2400; i += 2 {
				if _, err := c.Upsert(t.Context(), list[i]); err != nil {
					t.Error(err)
				}
				if i%5 == 0 {
					if _, err := c.Delete(t.Context(), list[i].ID); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	writers.Go(func() {
		for range 4 {
			if _, err := c.Prepare(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
	writers.Wait()
	cancel()
	readers.Wait()
	if want := 2400 - 240; c.Len() != want {
		t.Errorf("Len is %d, want %d", c.Len(), want)
	}
}

// A Prepare whose context ends does not wait for the one that runs, which goes on.
func TestCollection_Prepare_WaitsNoLongerThanItsContext(t *testing.T) {
	c := create(t, open(t, t.TempDir()), store.Schema{Dim: 4})
	upsert(t, c, items(clusters(27, 600, 4)))
	running, finish, first := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	var once sync.Once
	go func() {
		_, err := c.Prepare(t.Context(), store.WithProgress(func(store.Progress) {
			once.Do(func() { close(running) })
			<-finish
		}))
		first <- err
	}()
	<-running

	impatient := errors.New("no time")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, impatient)
	defer cancel()
	second := make(chan error, 1)
	go func() {
		_, err := c.Prepare(ctx)
		second <- err
	}()
	select {
	case err := <-second:
		if !errors.Is(err, impatient) {
			t.Errorf("the second Prepare: %v, want the context's error", err)
		}
	case <-time.After(30 * time.Second):
		t.Error("the second Prepare waits for the first, though its context has ended")
	}
	close(finish)
	if err := <-first; err != nil {
		t.Errorf("the first Prepare: %v", err)
	}
}

func TestCollection_Prepare_UpToDateUnderAnEndedContext(t *testing.T) {
	c := create(t, open(t, t.TempDir()), store.Schema{Dim: 4})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, stage := range []string{"empty", "prepared"} {
		if stats, err := c.Prepare(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: Prepare gave %+v, %v, want context.Canceled", stage, stats, err)
		}
		upsert(t, c, items(clusters(28, 50, 4)))
		prepare(t, c)
	}
}

func TestStore_Close_EndsPrepare(t *testing.T) {
	path := t.TempDir()
	s := open(t, path)
	c := create(t, s, store.Schema{Dim: 8})
	upsert(t, c, items(clusters(25, 5000, 8)))
	closed := make(chan error)
	var once sync.Once
	_, err := c.Prepare(t.Context(), store.WithProgress(func(store.Progress) {
		once.Do(func() { go func() { closed <- s.Close() }() })
	}))
	if !errors.Is(err, store.ErrClosed) && err != nil {
		t.Errorf("Prepare of a store that is closed: %v", err)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	s = open(t, path)
	if c, err = s.Collection(t.Context(), "songs"); err != nil || c.Len() != 5000 {
		t.Errorf("after reopening: %d items, %v", c.Len(), err)
	}
}

func TestStore_ReadOnly(t *testing.T) {
	path := t.TempDir()
	writer := open(t, path)
	c := create(t, writer, store.Schema{Dim: 6, Metric: "cosine"})
	vectors := clusters(26, 2000, 6)
	upsert(t, c, items(vectors[:1800]))
	prepare(t, c)
	upsert(t, c, items(vectors)[1800:])

	// Beside the writer: what Prepare published.
	read := func(s *store.Store) *store.Collection {
		t.Helper()
		c, err := s.Collection(t.Context(), "songs")
		if err != nil {
			t.Fatal(err)
		}
		verifyAtEnd(t, c)
		return c
	}
	reader := open(t, path, store.ReadOnly())
	r := read(reader)
	if r.Len() != 1800 {
		t.Errorf("the reader sees %d items, want the 1,800 that were prepared", r.Len())
	}
	want, got := query(t, c, vectors[9], 10), query(t, r, vectors[9], 10, store.WithMetadata())
	if got[0].ID != "9" || got[0].Metadata["row"] != int64(9) || len(want) != len(got) {
		t.Errorf("the reader finds %+v", got)
	}
	if item, err := r.Get(t.Context(), "77"); err != nil || !slices.Equal(item.Vector, vectors[77]) {
		t.Errorf("the reader gets %+v, %v", item, err)
	}
	if _, err := r.Get(t.Context(), "1900"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the reader gets a pending item: %v", err)
	}
	walked := 0
	for _, err := range r.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		walked++
	}
	if walked != 1800 {
		t.Errorf("the reader walks %d items", walked)
	}
	ctx := t.Context()
	for name, call := range map[string]func() error{
		"Upsert":  func() error { _, err := r.Upsert(ctx, items(vectors)[0]); return err },
		"Delete":  func() error { _, err := r.Delete(ctx, "1"); return err },
		"Prepare": func() error { _, err := r.Prepare(ctx); return err },
		"Create":  func() error { _, err := reader.Create(ctx, "b", store.Schema{Dim: 1}); return err },
		"Drop":    func() error { return reader.Drop(ctx, "songs") },
	} {
		if err := call(); !errors.Is(err, store.ErrReadOnly) {
			t.Errorf("%s on a read-only store: %v", name, err)
		}
	}

	// The writer goes on: this reader keeps its state, the next one sees the new one, deletions included.
	prepare(t, c)
	if _, err := c.Delete(t.Context(), "5"); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	if r.Len() != 1800 || len(query(t, r, vectors[9], 10)) != 10 {
		t.Error("the reader lost its state")
	}
	later := read(open(t, path, store.ReadOnly()))
	if later.Len() != 1999 {
		t.Errorf("a later reader sees %d items, want 1,999", later.Len())
	}
	if _, err := later.Get(t.Context(), "5"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a later reader gets a deleted item: %v", err)
	}

	// Segments and MANIFEST are a whole index: without data.bolt, elsewhere.
	shipped := t.TempDir()
	if err := os.CopyFS(shipped, os.DirFS(path)); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(shipped, "songs", "data.bolt")); err != nil {
		t.Fatal(err)
	}
	copied := read(open(t, shipped, store.ReadOnly()))
	if fmt.Sprint(query(t, copied, vectors[9], 10)) != fmt.Sprint(query(t, later, vectors[9], 10)) {
		t.Error("a shipped copy answers otherwise")
	}
}
