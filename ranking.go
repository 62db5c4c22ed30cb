package store

import (
	"cmp"
	"context"
	"slices"

	"github.com/vicinaldb/store/nnd"
)

// exacter is a scorer that also has the distances of the metric itself: see codec.Scorer.
type exacter interface {
	nnd.Scorer
	Exact(dst []float32, rows []uint32)
}

// exactly makes exact distances the scores.
type exactly struct{ exacter }

func (e exactly) Score(dst []float32, rows []uint32) { e.Exact(dst, rows) }

// ranking collects candidates and ranks them by exact distances. It is reusable.
type ranking struct {
	found     []nnd.Candidate
	rows      []uint32
	distances []float32
}

// scan compares all of n rows of which so many are live, and keeps the nearest of them. It is exact but where a proxy is what makes
// a scan bearable.
func (r *ranking) scan(ctx context.Context, scorer exacter, q *query, n, live int, allowed nnd.Filter) (stats nnd.SearchStats, err error) {
	scan := nnd.Scan{Scorer: exactly{scorer}, N: n, K: min(q.k, live), Allowed: allowed, Bounded: q.bounded, Radius: q.radius}
	byProxy := q.proxied && !q.exact && !q.bounded
	if byProxy {
		scan.Scorer, scan.K = scorer, min(times(q.k, cmp.Or(q.oversample, DefaultOversample)), live)
	}
	r.found, stats, err = scan.Run(ctx, r.found[:0])
	if err == nil && byProxy {
		stats.Distances += r.rank(scorer, q)
	}
	return stats, err
}

// rank gives the candidates found their exact distances, keeps the nearest k, and counts the distances that it took.
func (r *ranking) rank(scorer exacter, q *query) (distances int) {
	r.rows, r.distances = r.rows[:0], slices.Grow(r.distances[:0], len(r.found))[:len(r.found)]
	for _, candidate := range r.found {
		r.rows = append(r.rows, candidate.Row)
	}
	scorer.Exact(r.distances, r.rows)
	for i := range r.found {
		r.found[i].Distance = r.distances[i]
	}
	// NaN, of what damage made no vector, sorts first: it is no result.
	r.found = slices.DeleteFunc(r.found, func(c nnd.Candidate) bool {
		return c.Distance != c.Distance || q.bounded && !(c.Distance <= q.radius)
	})
	slices.SortFunc(r.found, func(a, b nnd.Candidate) int {
		return cmp.Or(cmp.Compare(a.Distance, b.Distance), cmp.Compare(a.Row, b.Row))
	})
	r.found = r.found[:min(q.k, len(r.found))]
	return len(r.rows)
}
