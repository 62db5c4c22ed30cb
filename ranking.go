package store

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/vicinaldb/store/nnd"
)

// exacter is a scorer that also has the distances of the metric itself: see codec.Scorer.
type exacter interface {
	nnd.Scorer
	Exact(dst []float32, rows []uint32)
}

// exactPrefetcher is an exacter that can have what Exact reads on its way from memory before it is asked for.
type exactPrefetcher interface {
	PrefetchExact(rows []uint32)
}

// exactly makes exact distances the scores.
type exactly struct{ exacter }

func (e exactly) Score(dst []float32, rows []uint32) { e.Exact(dst, rows) }

// ranking collects candidates and ranks them by exact distances. It is reusable.
type ranking struct {
	found     []nnd.Candidate
	nearest   []nnd.Candidate // scratch: the best of them
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
		stats.Distances += r.rank(scorer, q, nil)
	}
	return stats, err
}

// rankBlock is how many candidates get exact distances at a time, once there are as many as are wanted.
const rankBlock = 16

// rank keeps the nearest k of the candidates found by their exact distances, and counts those that it took. Candidates come in the
// order of their scores. With most, which tells the greatest score of a row at a distance, it ends where no row can be near enough.
func (r *ranking) rank(scorer exacter, q *query, most func(distance float32) float32) (distances int) {
	limit, size, nearest := float32(math.Inf(1)), q.k, r.nearest[:0]
	if q.bounded {
		limit, size = q.radius, rankBlock
	}
	for ; distances < len(r.found); size = rankBlock {
		block := r.found[distances:]
		if most != nil {
			block = upTo(block[:min(size, len(block))], most(limit))
		}
		if len(block) == 0 {
			break
		}
		distances += len(block)
		r.measure(scorer, block)
		nearest = merge(nearest, block, q.k, limit)
		if len(nearest) == q.k {
			limit = nearest[q.k-1].Distance
		}
	}
	r.nearest, r.found = nearest, append(r.found[:0], nearest...)
	return distances
}

// upTo are those of candidates, in the order of their scores, that are not above one.
func upTo(candidates []nnd.Candidate, score float32) []nnd.Candidate {
	end := len(candidates)
	for end > 0 && candidates[end-1].Distance > score {
		end--
	}
	return candidates[:end]
}

// measure gives candidates their exact distances.
func (r *ranking) measure(scorer exacter, candidates []nnd.Candidate) {
	r.rows, r.distances = r.rows[:0], slices.Grow(r.distances[:0], len(candidates))[:len(candidates)]
	for _, candidate := range candidates {
		r.rows = append(r.rows, candidate.Row)
	}
	// Candidates lie anywhere, and the walk has not read their vectors. So these come side by side.
	if ahead, ok := scorer.(exactPrefetcher); ok {
		ahead.PrefetchExact(r.rows)
	}
	scorer.Exact(r.distances, r.rows)
	for i := range candidates {
		candidates[i].Distance = r.distances[i]
	}
}

// merge adds those of a block that are not beyond a limit to the nearest k. One that is large for them is sorted, for an insertion
// moves up to all that are there.
func merge(nearest, block []nnd.Candidate, k int, limit float32) []nnd.Candidate {
	if len(block) > max(len(nearest), rankBlock) {
		for _, candidate := range block {
			if candidate.Distance <= limit { // not NaN, of what damage made no vector
				nearest = append(nearest, candidate)
			}
		}
		slices.SortFunc(nearest, nearer)
		return nearest[:min(len(nearest), k)]
	}
	for _, candidate := range block {
		if candidate.Distance <= limit {
			nearest = insert(nearest, candidate, k)
		}
	}
	return nearest
}

func nearer(a, b nnd.Candidate) int {
	return cmp.Or(cmp.Compare(a.Distance, b.Distance), cmp.Compare(a.Row, b.Row))
}

// insert adds a candidate to the nearest k.
func insert(nearest []nnd.Candidate, candidate nnd.Candidate, k int) []nnd.Candidate {
	at, _ := slices.BinarySearchFunc(nearest, candidate, nearer)
	if len(nearest) < k {
		nearest = append(nearest, candidate)
	} else if at == k {
		return nearest
	}
	copy(nearest[at+1:], nearest[at:])
	nearest[at] = candidate
	return nearest
}
