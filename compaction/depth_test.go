package compaction_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/compaction"
	"github.com/vicinaldb/store/storage"
)

// coded rewrites a data file with codes of bytes, on some threads.
func coded(t *testing.T, d *storage.DataFile, n, threads int) compaction.CodeStats {
	t.Helper()
	j := job(t, d, uint64(n))
	j.Index.Neighbors, j.Index.Threads, j.Codes = 60, threads, "uint8" // neighbors enough that theirs are many candidates
	out, err := compaction.Rewrite(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	return out.Codes
}

// Roundings with a system are noticed: of two rows next to one another all components are rounded away from each other.
func TestRewrite_Deviations(t *testing.T) {
	const n = 1000
	random := rand.New(rand.NewPCG(1, 0))
	vectors := [][]float32{make([]float32, dim), {255, 255, 255, 255}} // a step is 1
	for len(vectors) < n {
		below, above := make([]float32, dim), make([]float32, dim)
		for j := range dim {
			step := float32(random.IntN(255))
			below[j], above[j] = step+0.49, step+0.51
		}
		vectors = append(vectors, below, above)
	}
	d := records(t, n, func(i int) codec.Record { return codec.Record{Vector: codec.AppendVector(nil, vectors[i-1])} })
	for _, threads := range []int{1, 3} {
		// Their codes are 4 apart, of which 0.67 is expected, with a deviation of 0.39: they are off by 8.4 of these.
		if stats := coded(t, d, n, threads); stats.Deviations < 8 || stats.Deviations > 12 {
			t.Errorf("%d threads: %+v, want codes that are off by 8 to 12 deviations", threads, stats)
		}
	}
}

// Codes for which the first number of candidates is too few are measured with the second, and with the third.
func TestRewrite_DeepCodes(t *testing.T) {
	const n = 4000
	for _, tc := range []struct {
		largest     float32 // component, which makes steps as long as that
		least, most int     // surplus
	}{{32, 39, 102}, {48, 103, 230}} {
		d := records(t, n, func(i int) codec.Record {
			v := vectorOf(i)
			if i == n {
				v[1] = tc.largest
			}
			return codec.Record{Vector: codec.AppendVector(nil, v)}
		})
		for _, threads := range []int{3, 1} {
			if testing.Short() && threads == 1 {
				continue
			}
			if stats := coded(t, d, n, threads); stats.Coarse || stats.Surplus < tc.least || stats.Surplus > tc.most {
				t.Errorf("largest %v, %d threads: %+v, want a surplus of %d to %d", tc.largest, threads, stats, tc.least, tc.most)
			}
		}
	}
}

// Where no surplus that was measured is enough, the greatest is if it loses little; no row of a sample has so many of the nearest that it
// decides alone.
func TestChooseDepth(t *testing.T) {
	for _, tc := range []struct {
		reason             string
		far, at            int // how many of 1000 nearest have which rank; others have those of the nearest
		looked, candidates int
		deep, deepest      bool
		surplus            int
		lost               float64
		coarse             bool
	}{
		{"none is farther", 0, 0, 64, 64, false, false, 0, 0, false},
		{"one in a thousand may be", 1, 63, 64, 64, false, false, 0, 0.001, false},
		{"two may not", 2, 20, 64, 64, false, false, 11, 0, false},
		{"as far as is enough", 2, 47, 64, 64, false, false, 38, 0, false},
		{"farther, to be looked at again", 2, 48, 64, 64, false, false, 39, 0, true},
		{"and again", 2, 120, 128, 1000, true, false, 111, 0, true},
		{"few, as far as anybody looks", 5, 255, 256, 1000, true, true, 230, 0.005, false},
		{"few, a little nearer", 5, 240, 256, 1000, true, true, 230, 0.005, false},
		{"too many", 6, 255, 256, 1000, true, true, 246, 0, true},
		{"few, but there are no more candidates", 5, 255, 256, 255, true, true, 246, 0, true},
	} {
		ranks := make([]int, 1000)
		for i := range ranks {
			if ranks[i] = i % 10; i < tc.far {
				ranks[i] = tc.at
			}
		}
		surplus, lost, coarse := compaction.ChooseDepth(ranks, tc.looked, tc.candidates, tc.deep, tc.deepest)
		if surplus != tc.surplus || lost != tc.lost || coarse != tc.coarse {
			t.Errorf("%s: surplus %d, lost %v, coarse %t, want %d, %v, %t", tc.reason, surplus, lost, coarse, tc.surplus, tc.lost, tc.coarse)
		}
	}
}

// A row that is damaged when its vector is read again is an error.
func TestRewrite_DamageWhileMeasuring(t *testing.T) {
	const n = 1000
	for _, threads := range []int{1, 3} {
		d := dataFile(t, n)
		j := job(t, d, n)
		j.Index.Threads, j.Codes = threads, "uint8"
		damaged := false
		j.Progress = func(stage string, _, _ int) {
			if stage == "prune" {
				t.Errorf("%d threads: the build goes on after its codes were measured", threads)
			}
			if damaged || !strings.HasPrefix(stage, "descent") {
				return
			}
			damaged = true
			damagePayloads(t, d.Path())
		}
		if _, err := compaction.Rewrite(t.Context(), j); !damaged || !errors.Is(err, storage.ErrCorrupt) {
			t.Errorf("%d threads: damaged %v, error %v", threads, damaged, err)
		}
	}
}

// So it is, and nothing is left on disk, when vectors are read again to be written: by one thread in the end, by more while graphs are made.
func TestRewrite_DamageWhileWriting(t *testing.T) {
	const n = 3000
	for _, threads := range []int{1, 2, 5} {
		d := dataFile(t, n)
		j := job(t, d, n)
		j.Index.Threads, j.Codes = threads, "uint8"
		damaged := false
		j.Progress = func(stage string, _, _ int) {
			if stage == beforeVectors(threads) && !damaged {
				damaged = true
				damagePayloads(t, d.Path())
			}
		}
		_, err := compaction.Rewrite(t.Context(), j)
		if !damaged || !errors.Is(err, storage.ErrCorrupt) {
			t.Errorf("%d threads: damaged %v, error %v", threads, damaged, err)
		}
		if _, err := os.Stat(j.Path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%d threads: a segment is left: %v", threads, err)
		}
	}
}

// damagePayloads changes a byte of each record.
func damagePayloads(t *testing.T, path string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(file)
	if err == nil {
		_, err = file.WriteAt(bytes.ReplaceAll(content, []byte("payload"), []byte("Payload")), 0)
	}
	if err := errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
}
