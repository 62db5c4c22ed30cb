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
		for _, threads := range []int{1, 3} {
			if stats := coded(t, d, n, threads); stats.Coarse || stats.Surplus < tc.least || stats.Surplus > tc.most {
				t.Errorf("largest %v, %d threads: %+v, want a surplus of %d to %d", tc.largest, threads, stats, tc.least, tc.most)
			}
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
