package store_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/vicinaldb/store"
)

// TestStore_Open_CostDoesNotGrow shows what opening a prepared store takes in
// time and heap, for few rows and for many. VICINAL_SOAK gives the larger
// number; without it the test is small. Times are printed, only heap is compared.
func TestStore_Open_CostDoesNotGrow(t *testing.T) {
	large := 20_000
	if text := os.Getenv("VICINAL_SOAK"); text != "" {
		var err error
		if large, err = strconv.Atoi(text); err != nil {
			t.Fatalf("VICINAL_SOAK: %v", err)
		}
	}
	var heaps []uint64
	for _, rows := range []int{large / 100, large} {
		path := filepath.Join(t.TempDir(), "s")
		fillUniform(t, path, rows)
		heap, took := openCost(t, path, rows)
		t.Logf("%9d rows: open takes %v and %d bytes of heap", rows, took, heap)
		heaps = append(heaps, heap)
	}
	if heaps[1] > 2*heaps[0] {
		t.Errorf("a hundred times the rows take %d bytes of heap instead of %d", heaps[1], heaps[0])
	}
}

// fillUniform makes a prepared store of random vectors of 16 components.
func fillUniform(t *testing.T, path string, rows int) {
	t.Helper()
	s, err := store.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.Create(t.Context(), "songs", store.Schema{Dim: 16, Index: store.IndexParams{Neighbors: 10}})
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(uint64(rows), 1))
	batch := make([]store.Item, 0, 5000)
	for row := range rows {
		v := make([]float32, 16)
		for i := range v {
			v[i] = random.Float32()
		}
		if batch = append(batch, store.Item{ID: fmt.Sprint(row), Vector: v}); len(batch) == cap(batch) || row == rows-1 {
			upsert(t, c, batch)
			batch = batch[:0]
		}
	}
	prepare(t, c)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// openCost opens the store several times and gives the growth of the heap, least of all, and the median time.
func openCost(t *testing.T, path string, rows int) (heap uint64, took time.Duration) {
	t.Helper()
	heap = ^uint64(0)
	var times []time.Duration
	for range 9 {
		before := heapInUse()
		started := time.Now()
		s, err := store.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		c, err := s.Collection(t.Context(), "songs")
		if err != nil || c.Len() != rows {
			t.Fatalf("%d rows, %v", c.Len(), err)
		}
		times = append(times, time.Since(started))
		if after := heapInUse(); after > before {
			heap = min(heap, after-before)
		}
		query(t, c, make([]float32, 16), 1)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(times)
	return heap, times[len(times)/2]
}

func heapInUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
