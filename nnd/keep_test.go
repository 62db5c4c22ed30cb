package nnd_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/vicinaldb/store/nnd"
)

// noting is a query that notes what it is asked.
type noting struct {
	query
	scored []nnd.Candidate
}

func (n *noting) Score(dst []float32, rows []uint32) {
	n.query.Score(dst, rows)
	for i, row := range rows {
		n.scored = append(n.scored, nnd.Candidate{Row: row, Distance: dst[i]})
	}
}

// Keep has a search return the nearest rows of all that it scores, at no step more. The only pivot is always expanded.
func TestSearchKeeps(t *testing.T) {
	b := build(t, uniform(3000, 8, 1), nnd.Options{Neighbors: 15, Pivots: 1})
	for _, allowed := range []nnd.Filter{nil, evenRows{}} {
		for _, vector := range uniform(30, 8, 2) {
			scorer := &noting{query: query{points: b.points, vector: vector}}
			q := nnd.Query{Scorer: scorer, K: 5, Epsilon: 0.1, Stretch: stretch, Allowed: allowed}
			few, fewStats, err := b.graph.Search(t.Context(), q, nil)
			if err != nil {
				t.Fatal(err)
			}
			scorer.scored, q.Keep = nil, 40
			many, stats, err := b.graph.Search(t.Context(), q, nil)
			if err != nil {
				t.Fatal(err)
			}
			if stats != fewStats {
				t.Errorf("keeping 40 took %+v, keeping 5 %+v", stats, fewStats)
			}
			if !slices.Equal(many[:5], few) {
				t.Errorf("the nearest of 40 are %v, of 5 %v", many[:5], few)
			}
			if want := nearestOf(scorer.scored, allowed, 40); !slices.Equal(many, want) {
				t.Errorf("kept %v, of what was scored the nearest are %v", many, want)
			}
			q.Reach = func(distance float32) float32 { return 1.5 * distance }
			near, stats, err := b.graph.Search(t.Context(), q, nil)
			if err != nil {
				t.Fatal(err)
			}
			reach := 1.5 * few[4].Distance
			want := slices.DeleteFunc(many, func(c nnd.Candidate) bool { return c.Distance > reach })
			if stats != fewStats || !slices.Equal(near, want) || len(near) < 5 {
				t.Errorf("within reach %v, want %v; took %+v, not %+v", near, want, stats, fewStats)
			}
			q.Reach = nil
		}
	}
}

// nearestOf are the nearest of candidates that a filter allows.
func nearestOf(candidates []nnd.Candidate, allowed nnd.Filter, k int) []nnd.Candidate {
	candidates = slices.DeleteFunc(candidates, func(c nnd.Candidate) bool { return allowed != nil && !allowed.Contains(c.Row) })
	slices.SortFunc(candidates, func(a, b nnd.Candidate) int {
		switch {
		case a.Distance < b.Distance || a.Distance == b.Distance && a.Row < b.Row:
			return -1
		case a == b:
			return 0
		}
		return 1
	})
	return candidates[:min(k, len(candidates))]
}

// A search that is told how far the pivots are finds what one finds that scores them.
func TestSearchTakesPivots(t *testing.T) {
	b := build(t, uniform(3000, 8, 1), nnd.Options{Neighbors: 15, Pivots: 20})
	for _, vector := range uniform(30, 8, 2) {
		scorer := &noting{query: query{points: b.points, vector: vector}}
		q := nnd.Query{Scorer: scorer, K: 5, Epsilon: 0.1, Stretch: stretch}
		want, wantStats, err := b.graph.Search(t.Context(), q, nil)
		if err != nil {
			t.Fatal(err)
		}
		scored := len(scorer.scored)
		q.Pivots = make([]float32, len(b.graph.Pivots))
		scorer.query.Score(q.Pivots, b.graph.Pivots)
		known := slices.Clone(q.Pivots)
		scorer.scored = nil
		got, stats, err := b.graph.Search(t.Context(), q, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) || stats != wantStats {
			t.Errorf("found %v for %+v, want %v for %+v", got, stats, want, wantStats)
		}
		if len(scorer.scored) != scored-len(known) {
			t.Errorf("%d rows were scored, without known pivots %d, of which %d are pivots", len(scorer.scored), scored, len(known))
		}
		if !slices.Equal(q.Pivots, known) {
			t.Error("the search wrote to the distances of the pivots")
		}
		q.Pivots = known[1:]
		if _, _, err := b.graph.Search(t.Context(), q, nil); !errors.Is(err, nnd.ErrOptions) {
			t.Errorf("distances of too few pivots: %v, want ErrOptions", err)
		}
	}
}
