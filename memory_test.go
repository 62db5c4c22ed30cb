package store_test

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vicinaldb/store"
)

// TestCollection_Prepare_Memory holds Prepare to what it may have in memory: the codes, 2.5 times the graphs of the index, and 64 MiB.
// Vectors are read as a stream. VICINAL_SOAK gives the number of rows; without it the test is small, and so is what it
// allows beside codes and graphs.
func TestCollection_Prepare_Memory(t *testing.T) {
	skipLong(t)
	n := 6000
	if text := os.Getenv("VICINAL_SOAK"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			t.Fatalf("VICINAL_SOAK: %v", err)
		}
	}
	const dim, codeBytes, degree = 504, 512, 48
	vectors := clusters(33, n, dim)
	for _, tc := range []struct {
		reason    string
		vectors   [][]float32
		codec     string
		codeBytes int
		neighbors int
	}{
		{"codes that tell the vectors", integers(vectors), "uint8", codeBytes, 30},
		{"vectors beside the codes", vectors, "uint8", codeBytes, 60},
		{"vectors as they are", vectors, "float32", 4 * codeBytes, 30},
	} {
		index := store.IndexParams{Neighbors: tc.neighbors, PruningDegreeMultiplier: degree / float64(tc.neighbors), Iterations: 2}
		c := create(t, open(t, t.TempDir()), store.Schema{Dim: dim, Codec: tc.codec, Index: index})
		upsert(t, c, items(tc.vectors))
		peak, at := peakHeap(func(look func(string)) {
			prepare(t, c, store.WithProgress(func(p store.Progress) { look(p.Stage) }))
		})
		codes, graphs := tc.codeBytes*n, (8*tc.neighbors+4*degree)*n
		if most := codes + graphs*5/2 + min(4<<20+200*n, 64<<20); peak > most {
			t.Errorf("%s: %d bytes of heap at %q, want at most %d for %d of codes and %d of graphs", tc.reason, peak, at, most, codes, graphs)
		}
		t.Logf("%s: %d rows, %.1f MB of codes, %.1f MB of graphs, at most %.1f MB of heap, at %q",
			tc.reason, n, float64(codes)/1e6, float64(graphs)/1e6, float64(peak)/1e6, at)
	}
}

// peakHeap is by how much the live heap grows at most while fn runs, which is to call look now and then.
func peakHeap(fn func(look func(stage string))) (peak int, at string) {
	live := func() int {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	live() // what pools hold goes with the second collection
	before, last, stage := live(), time.Time{}, ""
	fn(func(now string) {
		now, _, _ = strings.Cut(now, ",") // all rounds are one
		if now == stage && time.Since(last) < 20*time.Millisecond {
			return
		}
		if grown := live() - before; grown > peak {
			peak, at = grown, now
		}
		last, stage = time.Now(), now
	})
	return peak, at
}
