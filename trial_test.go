package store_test

import (
	"strings"
	"testing"

	"github.com/vicinaldb/store"
)

// outlier has codes of bytes reach so far, for one component of one vector, that they tell the others apart only roughly.
func outlier(vectors [][]float32, far float32) [][]float32 {
	vectors[0][0] = far
	return vectors
}

// stages counts how often each stage of a Prepare began.
func stages(t *testing.T, c *store.Collection) (store.PrepareStats, map[string]int) {
	t.Helper()
	last, done, count := "", 0, make(map[string]int)
	stats := prepare(t, c, store.WithProgress(func(p store.Progress) {
		stage, _, _ := strings.Cut(p.Stage, ",") // all rounds are one
		if stage != last || stage == "reading" && p.Done < done {
			count[stage]++
		}
		last, done = stage, p.Done
	}))
	return stats, count
}

// Codes that were too coarse once are not tried again before there are twice as many items.
func TestPrepare_CoarseCodesAreRemembered(t *testing.T) {
	const n, dim = 1000, 24
	vectors := outlier(clusters(31, 2*n, dim), 1e6)
	path := t.TempDir()
	s := open(t, path)
	c := create(t, s, store.Schema{Dim: dim})
	upsert(t, c, items(vectors)[:n])
	first, count := stages(t, c)
	if first.Codes.Codec != "float32" || !first.Codes.Coarse || first.Codes.Of != n || count["reading"] < 2 {
		t.Fatalf("codes %+v, read %d times", first.Codes, count["reading"])
	}
	s, c = reopen(t, s, path)
	upsert(t, c, items(vectors)[:2*n-1])
	second, count := stages(t, c)
	if second.Codes != first.Codes || count["reading"] != 1 {
		t.Errorf("after growing to %d items codes are %+v, before %+v; read %d times", second.Items, second.Codes, first.Codes, count["reading"])
	}
	_, c = reopen(t, s, path)
	upsert(t, c, items(vectors))
	third, count := stages(t, c)
	if third.Codes.Of != 2*n || count["reading"] < 2 {
		t.Errorf("after growing to %d items codes are %+v; read %d times", third.Items, third.Codes, count["reading"])
	}
}
