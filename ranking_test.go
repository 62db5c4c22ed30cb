package store

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/vicinaldb/store/nnd"
)

// table is a scorer whose exact distances anybody can see.
type table []float32

func (t table) Score(dst []float32, rows []uint32) { t.Exact(dst, rows) }

func (t table) Exact(dst []float32, rows []uint32) {
	for i, row := range rows {
		dst[i] = t[row]
	}
}

// Candidates in any order, few or many beside those that are wanted, within a distance or not, come out as if they were all sorted.
func TestRanking_Rank(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Few values, so that many tie; some are no distance.
		value := rapid.SampledFrom([]float32{0, 1, 2, 3, 4, 5, 6, 7, float32(math.Inf(1)), float32(math.NaN())})
		distances := table(rapid.SliceOfN(value, 0, 120).Draw(t, "distances"))
		q := query{k: rapid.IntRange(1, 130).Draw(t, "k"), bounded: rapid.Bool().Draw(t, "bounded"), radius: 4}
		rows := make([]int, len(distances))
		for i := range rows {
			rows[i] = i
		}
		var r ranking
		var want []nnd.Candidate
		for _, row := range rapid.Permutation(rows).Draw(t, "order") {
			r.found = append(r.found, nnd.Candidate{Row: uint32(row)})
			if d := distances[row]; d == d && !(q.bounded && d > q.radius) {
				want = append(want, nnd.Candidate{Row: uint32(row), Distance: d})
			}
		}
		slices.SortFunc(want, nearer)
		want = want[:min(len(want), q.k)]
		everything := func(float32) float32 { return float32(math.Inf(1)) }
		for _, most := range []func(float32) float32{nil, everything} {
			again := ranking{found: slices.Clone(r.found)}
			if n := again.rank(distances, &q, most); n != len(distances) || !slices.Equal(again.found, want) {
				t.Fatalf("ranked %d: %v, want %v", n, again.found, want)
			}
		}
	})
}
