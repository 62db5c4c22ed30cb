package compaction_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/compaction"
	"github.com/vicinaldb/store/storage"
)

// hard are the dials of a segment before, by a pilot that found neighbors hard to find.
func hard(n int) compaction.DialStats {
	return compaction.DialStats{Neighbors: 40, Degree: 32, Sampled: 4096, Recall: 0.84, Of: n}
}

// islands makes a data file of groups of so many items each, far from one another.
func islands(t *testing.T, n, group int) *storage.DataFile {
	t.Helper()
	random := rand.New(rand.NewPCG(5, 6))
	centers := make([][dim]float32, n/group)
	for i := range centers {
		for d := range centers[i] {
			centers[i][d] = random.Float32()
		}
	}
	return records(t, n, func(int) codec.Record {
		v := slices.Clone(centers[random.IntN(len(centers))][:])
		for d := range v {
			v[d] += 0.001 * random.Float32()
		}
		return codec.Record{Vector: codec.AppendVector(nil, v)}
	})
}

// rewritten is a segment that was made, and how often each stage of the work began.
type rewritten struct {
	*compaction.Output
	stages map[string]int
	params storage.Params
}

// rewrite makes a segment of all rows, with dials to begin with.
func rewrite(t *testing.T, d *storage.DataFile, n, threads int, before compaction.DialStats) rewritten {
	t.Helper()
	j := job(t, d, uint64(n))
	j.Index.Neighbors, j.Index.Iterations, j.Index.Threads, j.Before.Dials = 0, 2, threads, before
	r, last := rewritten{stages: make(map[string]int)}, ""
	j.Progress = func(stage string, _, _ int) {
		if stage, _, _ = strings.Cut(stage, ","); stage != last {
			r.stages[stage]++
		}
		last = stage
	}
	var err error
	if r.Output, err = compaction.Rewrite(t.Context(), j); err != nil {
		t.Fatal(err)
	}
	seg, err := storage.OpenSegment(j.Path, r.SegmentInfo)
	if err != nil {
		t.Fatal(err)
	}
	r.params = seg.Params()
	if err := seg.Close(); err != nil {
		t.Fatal(err)
	}
	return r
}

// Where neighbors are hard to find, entries are chosen by what they gain, and the graph is made and repaired once, whatever is chosen.
func TestRewrite_Entries(t *testing.T) {
	const n = 2500
	apart, together := islands(t, n, 25), dataFile(t, n)
	wide := int(math.Round(2 * math.Sqrt(n)))
	known := func(entries int, greedy, greedyWide float64) compaction.DialStats {
		d := hard(n)
		d.Entries, d.Greedy, d.GreedyWide = entries, greedy, greedyWide
		return d
	}
	for _, tc := range []struct {
		reason          string
		data            *storage.DataFile
		before          compaction.DialStats
		entries, pivots int
		greedy          [2]float64 // as measured, on any machine, or before
	}{
		{"islands", apart, hard(n), 4, wide, [2]float64{0.94368, 0.99804}},
		{"one cloud", together, hard(n), 0, 64, [2]float64{0.99696, 0.9974}},
		{"one entry before", apart, known(0, 0.8, 0.801), 0, 64, [2]float64{0.8, 0.801}},
		{"several entries before", together, known(4, 0.8, 0.9), 4, wide, [2]float64{0.8, 0.9}},
		{"several entries before, nobody knows why", together, known(4, 0, 0), 4, wide, [2]float64{}},
		{"entries that nobody chooses", together, known(3, 0.8, 0.9), 0, 64, [2]float64{0.8, 0.9}},
	} {
		one := rewrite(t, tc.data, n, 1, tc.before)
		if d := one.Dials; d.Entries != tc.entries || [2]float64{d.Greedy, d.GreedyWide} != tc.greedy {
			t.Errorf("%s: dials %+v, want %d entries, recalls %v", tc.reason, d, tc.entries, tc.greedy)
		}
		if p := one.params; p.Entries != tc.entries || p.Pivots != tc.pivots {
			t.Errorf("%s: the segment says %d entries of %d pivots, want %d of %d", tc.reason, p.Entries, p.Pivots, tc.entries, tc.pivots)
		}
		for _, stage := range []string{"prune", "reverse", "guide", "connect"} {
			if one.stages[stage] != 1 {
				t.Errorf("%s: stage %q %d times", tc.reason, stage, one.stages[stage])
			}
		}
		if three := rewrite(t, tc.data, n, 3, tc.before); three.SHA256 != one.SHA256 {
			t.Errorf("%s: on three threads another segment: %+v, on one %+v", tc.reason, three.Dials, one.Dials)
		}
		// With what was measured, the next segment of the same rows is the same.
		if next := rewrite(t, tc.data, n, 2, one.Dials); next.SHA256 != one.SHA256 {
			t.Errorf("%s: the next segment is another: %+v, before %+v", tc.reason, next.Dials, one.Dials)
		}
	}
}

// Entries are for those who name neither neighbors nor pivots nor entries.
func TestRewrite_EntriesNamed(t *testing.T) {
	const n = 1000
	d := islands(t, n, 25)
	for _, tc := range []struct {
		reason                     string
		neighbors, pivots, entries int
	}{{"neighbors", 12, 0, 0}, {"pivots", 0, 30, 0}, {"entries", 0, 0, 2}} {
		j := job(t, d, n)
		j.Index.Neighbors, j.Index.Pivots, j.Index.Entries, j.Before.Dials = tc.neighbors, tc.pivots, tc.entries, hard(n)
		out, err := compaction.Rewrite(t.Context(), j)
		if err != nil {
			t.Fatal(err)
		}
		if out.Dials.Greedy != 0 || out.Dials.Entries != 0 {
			t.Errorf("named %s: dials %+v", tc.reason, out.Dials)
		}
	}
}
