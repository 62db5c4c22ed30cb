package nnd

import (
	"cmp"
	"context"
	"slices"

	"github.com/vicinaldb/store/codec"
)

const (
	// scanBelow is the number of rows up to which comparing all of them costs no more than a walk of the graph.
	scanBelow = 1024
	// scanShare is which part of the rows may be searched for: for more than one in so many a walk would come to most of them.
	scanShare = 4
	// radiusFirst is how many rows a search within a radius by a proxy looks for at first, and radiusGrowth by what it multiplies
	// that as long as all of them are within. What is done in vain is about a third of what the last search costs.
	radiusFirst, radiusGrowth = 16, 4
)

// asker answers one query at a time from a state of an [Index]. It is reusable.
type asker struct {
	state     *indexState
	scorer    codec.Scorer
	found     []Candidate // by rows as they are inside, in the fast form
	stats     SearchStats // of the query
	rows      []uint32
	distances []float32
}

// answer finds the nearest rows and says what the caller calls them.
func (a *asker) answer(ctx context.Context, q question, v codec.Vector) ([]Candidate, error) {
	a.scorer.Prepare(v)
	a.stats = SearchStats{}
	a.found = a.found[:0]
	if q.limit == q.limit { // else nothing is within the radius
		if err := a.find(ctx, q); err != nil {
			return nil, err
		}
	}
	found := make([]Candidate, len(a.found))
	for i, candidate := range a.found {
		found[i] = Candidate{Row: a.state.order[candidate.Row], Distance: a.state.codec.Correct(candidate.Distance)}
	}
	slices.SortFunc(found, byDistance)
	return found, nil
}

func byDistance(a, b Candidate) int {
	return cmp.Or(cmp.Compare(a.Distance, b.Distance), cmp.Compare(a.Row, b.Row))
}

// find finds the nearest rows: by walks of the graph, or by comparing all where that comes to the same, or walks fail.
func (a *asker) find(ctx context.Context, q question) error {
	n := a.state.len()
	if !q.exact && n > scanBelow {
		search := a.nearest
		switch {
		case q.radius && q.proxy:
			search = a.insideByProxy
		case q.radius:
			search = a.inside
		}
		if done, err := search(ctx, q, n/scanShare/q.times); done || err != nil {
			return err
		}
	}
	return a.scan(ctx, q)
}

// nearest looks for k rows, if that is at most so many. It fails where rows that are not allowed cut others off.
func (a *asker) nearest(ctx context.Context, q question, most int) (done bool, err error) {
	if q.k > most {
		return false, nil
	}
	err = a.walk(ctx, q, q.k)
	return len(a.found) == q.k, err
}

// inside looks for the rows within the radius. It fails where they are too many.
func (a *asker) inside(ctx context.Context, q question, most int) (done bool, err error) {
	k := min(q.k, most)
	err = a.walk(ctx, q, k)
	return k == q.k || len(a.found) < k, err
}

// insideByProxy looks for more and more rows, until there is one beyond the radius, which is nothing that a proxy knows of.
func (a *asker) insideByProxy(ctx context.Context, q question, most int) (done bool, err error) {
	for k := min(q.k, radiusFirst); k <= most; k = min(radiusGrowth*k, q.k) {
		if err := a.walk(ctx, q, k); err != nil || len(a.found) < k {
			return false, err
		}
		a.found = slices.DeleteFunc(a.found, func(c Candidate) bool { return !(c.Distance <= q.limit) })
		if k == q.k || len(a.found) < k {
			return true, nil
		}
	}
	return false, nil
}

// walk finds the k nearest rows by walking the graph. It searches for guideK rows at least. Narrower searches often end beside the
// nearest row: the width is as good as a larger epsilon, which a search for one row gets least of, and costs less.
func (a *asker) walk(ctx context.Context, q question, k int) (err error) {
	walk := Query{
		Scorer: a.scorer, K: max(k, guideK) * q.times, Bounded: q.radius && !q.proxy, Radius: q.limit,
		Epsilon: q.epsilon, Patience: q.patience, Stretch: a.state.codec.StretchScore, Allowed: q.allowed,
	}
	var stats SearchStats
	a.found, stats, err = a.state.search.Search(ctx, walk, a.found[:0])
	a.stats.add(stats)
	if err == nil && q.proxy {
		a.rank(k)
	}
	a.found = a.found[:min(k, len(a.found))]
	return err
}

// rank gives the candidates found by a proxy the distances of the metric itself, and keeps the nearest k.
func (a *asker) rank(k int) {
	a.rows, a.distances = a.rows[:0], slices.Grow(a.distances[:0], len(a.found))[:len(a.found)]
	for _, candidate := range a.found {
		a.rows = append(a.rows, candidate.Row)
	}
	a.scorer.Exact(a.distances, a.rows)
	a.stats.Distances += len(a.rows)
	for i := range a.found {
		a.found[i].Distance = a.distances[i]
	}
	a.found = slices.DeleteFunc(a.found, func(c Candidate) bool { return c.Distance != c.Distance })
	slices.SortFunc(a.found, byDistance)
	a.found = a.found[:min(k, len(a.found))]
}

// scan finds the nearest rows by comparing all of them: by a proxy first, unless the distances of the metric itself are asked for.
func (a *asker) scan(ctx context.Context, q question) (err error) {
	n := a.state.len()
	scan := Scan{Scorer: a.scorer, N: n, K: q.k, Bounded: q.radius, Radius: q.limit, Allowed: q.allowed}
	proxy := q.proxy && !q.exact && !q.radius
	switch {
	case !proxy:
		scan.Scorer = exactly{a.scorer}
	case q.k <= n/q.times:
		scan.K = q.k * q.times
	default:
		scan.K = n
	}
	var stats SearchStats
	a.found, stats, err = scan.Run(ctx, a.found[:0])
	a.stats.add(stats)
	if err == nil && proxy {
		a.rank(q.k)
	}
	return err
}

// exactly makes the distances of the metric itself the scores.
type exactly struct{ codec.Scorer }

// Score is Scorer's.
func (e exactly) Score(dst []float32, rows []uint32) { e.Exact(dst, rows) }
