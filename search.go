package store

import (
	"context"
	"math"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/vicinaldb/store/nnd"
)

// scanBelow is the number of rows up to which comparing all of them costs no
// more than a walk of the graph, and is exact.
const scanBelow = 1024

// search finds the nearest live rows: by a walk of the graph, or by a scan when
// that is asked for or when the walk would come to the same.
func (seg *segment) search(ctx context.Context, q *query, scorer *segmentScorer, dead *roaring.Bitmap) (stats nnd.SearchStats, err error) {
	n := seg.Rows()
	var allowed nnd.Filter
	live := n
	if dead != nil {
		allowed = alive{dead}
		live -= int(dead.GetCardinality())
	}
	scorer.found = scorer.found[:0]
	if live == 0 {
		return stats, nil
	}
	scorer.begin(q)
	if !q.exact && n > scanBelow {
		done, walked, err := seg.walk(ctx, q, scorer, live, allowed)
		if err != nil || done {
			return walked, err
		}
		stats = walked
	}
	scanned, err := scorer.scan(ctx, scorer, q, n, live, allowed)
	stats.Distances += scanned.Distances
	return stats, err
}

// walk walks the graph for as many candidates as the codes need. It is not done when a scan would take no longer, or when dead rows
// cut live ones off: never is there an answer with fewer than there are.
func (seg *segment) walk(ctx context.Context, q *query, scorer *segmentScorer, live int, allowed nnd.Filter) (done bool, stats nnd.SearchStats, err error) {
	reranked := seg.codec.Reranked()
	wanted := min(q.k, live)
	if q.bounded && reranked {
		wanted = min(wanted, firstWithin)
	}
	// How many rows are near enough, nobody knows before: k says little then.
	bounded := q.bounded && !reranked
	k := min(seg.candidates(q, wanted), live)
	pivots, err := scorer.toPivots(q)
	if err != nil {
		return false, stats, err
	}
	counted := 0                          // of the distances to pivots, which each walk counts
	wide := q.proxied || q.oversample > 0 // what a proxy loses, or a caller asks for, is more than a walk for the wanted rows compares
	for k <= live/4 || bounded {
		lookedFor := wanted
		if wide {
			lookedFor = k
		}
		walk := nnd.Query{
			Scorer: scorer.walked, K: lookedFor, Keep: k, Epsilon: q.epsilon, Patience: seg.patienceFor(q, lookedFor, live), Stretch: seg.stretch, Reach: seg.reach,
			Allowed: allowed, Bounded: bounded, Radius: q.radius, Pivots: pivots,
		}
		found, walked, err := seg.graph.Search(ctx, walk, scorer.found[:0])
		scorer.found = found
		stats.Distances, stats.Expanded = stats.Distances+walked.Distances-counted, stats.Expanded+walked.Expanded
		counted = len(pivots)
		if err != nil {
			return false, stats, err
		}
		if len(found) < lookedFor && !bounded {
			return false, stats, nil
		}
		if !reranked {
			return true, stats, nil
		}
		tied := len(found) < live && seg.tiedAt(found, wanted, wide, q.epsilon)
		stats.Distances += scorer.rank(scorer, q, seg.most)
		if !seg.unsure(q, scorer, wanted, tied) {
			return true, stats, nil
		}
		wanted, k, wide = min(2*wanted, q.k), 2*k, true
		k = max(k, seg.candidates(q, wanted))
	}
	return false, stats, nil
}

// byEpsilon is the patience of a query that names none.
const byEpsilon = -1

const (
	// patienceSlope is by how much patience grows with epsilon, for one row wanted. With ten, that is 500: images and words are searched
	// as fast as without a bound, and the hardest texts take no longer than others do.
	patienceSlope = 160
	// patienceEnough is up to which epsilon. Who goes further wants what only the hardest searches find, at any price: from there on slack
	// grows with the ninth power, and soon bounds nothing.
	patienceEnough = 0.3
	// patienceAstray is the share of slack where searches have several entries, since they lose their way: what brings nothing there is
	// some wrong cluster. Texts are searched as fast with a third as with a half, and the slowest of them faster.
	patienceAstray = 1.0 / 3
)

// patienceFor is the patience of a search for so many rows when so many are live. What is beyond the wanted ones themselves, the slack, grows with
// epsilon, which says how much further results are worth, and with the root of their number, by which 1 and 100 are searched as well as 10.
// Where few rows may be results, gains are as much rarer. There is none where distances may be below zero: epsilon says little of what is near then.
func (seg *segment) patienceFor(q *query, wanted, live int) int {
	switch {
	case q.patience != byEpsilon:
		return q.patience
	case seg.signed:
		return 0
	}
	epsilon := float64(max(q.epsilon, 0))
	beyond := epsilon * epsilon / (patienceEnough * patienceEnough)
	beyond *= beyond
	slack := patienceSlope * math.Sqrt(float64(wanted)) * epsilon * max(1, beyond*beyond)
	if seg.graph.Entries > 1 {
		slack *= patienceAstray
	}
	return int(min((float64(wanted)+slack)*float64(seg.Rows())/float64(live), math.MaxInt32))
}

// firstWithin is how many rows a search by codes looks for at first when all within a distance are wanted.
const firstWithin = 16

// tiedAt tells whether rows that are no candidates may have the score of the last of the wanted ones, since the last candidate has it.
// Candidates are the nearest of what a walk has scored, those within reach where there is one, and as many as there was room for.
func (seg *segment) tiedAt(found []nnd.Candidate, wanted int, wide bool, epsilon float32) bool {
	if len(found) <= wanted {
		return !wide && seg.reach == nil
	}
	next := len(found) - 1
	if !wide && !seg.goesBeyond(found[wanted-1].Distance, epsilon) {
		next = wanted // the walk may have passed by others with its score
	}
	return found[wanted-1].Distance == found[next].Distance
}

// goesBeyond tells whether walks with such an epsilon expand rows that are farther than the last of the wanted ones.
func (seg *segment) goesBeyond(last, epsilon float32) bool {
	return epsilon > 0 && seg.stretch(last, epsilon) > last
}

// unsure tells whether rows that were no candidates may belong to the answer: of candidates enough for so many wanted, those in
// scorer.found are what ranking by their vectors has left.
func (seg *segment) unsure(q *query, scorer *segmentScorer, wanted int, tied bool) bool {
	if q.bounded && wanted < q.k && len(scorer.found) >= wanted {
		return true // the distance reaches beyond the candidates
	}
	if !tied || len(scorer.found) == 0 {
		return false
	}
	// The codes do not tell the last of the wanted from the last candidate, so others may be as near by them. Nothing is nearer
	// than an equal vector.
	last := scorer.found[min(wanted, len(scorer.found))-1].Distance
	return seg.codec.Correct(last) > 0
}

// candidates is how many rows are to be searched for by the codes when so many are wanted.
func (seg *segment) candidates(q *query, wanted int) int {
	switch {
	case !seg.codec.Reranked():
		return wanted
	case q.oversample > 0:
		return times(wanted, q.oversample)
	}
	candidates := wanted
	if q.proxied {
		candidates = times(wanted, DefaultOversample)
	}
	return candidates + max(leastSurplus, surplusFor(seg.Params().Surplus, wanted))
}

// leastSurplus is what tells whether codes tell the last of the wanted rows from others.
const leastSurplus = 2

// surplusFor scales a surplus that was measured for ten rows.
func surplusFor(surplus, wanted int) int {
	return int(math.Ceil(float64(surplus) * math.Sqrt(float64(wanted)/10)))
}

// times is a product, or the largest number of 31 bits where it is beyond them.
func times(wanted, factor int) int {
	if factor > 1 && wanted > math.MaxInt32/factor {
		return math.MaxInt32
	}
	return wanted * factor
}
