package nnd

import (
	"context"
	"fmt"
)

// scanBlock is how many rows a scan scores at a time.
const scanBlock = 256

// Scan is an exact search: it scores all allowed rows.
type Scan struct {
	// Scorer knows the query and the rows.
	Scorer Scorer
	// N is the number of rows: 0 to N-1 are scanned.
	N int
	// K is how many rows are wanted, at least 1.
	K int
	// Bounded leaves out the rows that are farther than Radius, in the fast form. No row is within NaN.
	Bounded bool
	Radius  float32
	// Allowed are the rows that are scored and may be returned. Nil allows all.
	Allowed Filter
}

// Run appends the nearest rows to dst, at most K, sorted by distance and row. Rows without a distance, that is with NaN,
// are left out. It allocates nothing once scratch has grown, if dst has room. Errors are that of ctx or wrap [ErrOptions];
// then dst comes back as it was.
func (q Scan) Run(ctx context.Context, dst []Candidate) ([]Candidate, SearchStats, error) {
	if q.Scorer == nil || q.K < 1 || q.N < 0 || uint64(q.N) > MaxRows {
		return dst, SearchStats{}, fmt.Errorf("scanning %d rows for %d: %w", q.N, q.K, ErrOptions)
	}
	s := searchers.Get().(*Searcher)
	s.found.reset(min(q.K, max(q.N, 1)))
	stats := SearchStats{}
	for next := 0; next < q.N; {
		if err := ctx.Err(); err != nil {
			return dst, stats, err
		}
		next = s.fill(&q, next)
		stats.Distances += len(s.rows)
		s.scan(&q)
	}
	dst = s.found.appendTo(dst)
	searchers.Put(s)
	return dst, stats, ctx.Err()
}

// fill collects a block of allowed rows from next on, and returns where the following block begins.
func (s *Searcher) fill(q *Scan, next int) int {
	s.rows = s.rows[:0]
	for ; next < q.N && len(s.rows) < scanBlock; next++ {
		if q.Allowed == nil || q.Allowed.Contains(uint32(next)) {
			s.rows = append(s.rows, uint32(next))
		}
	}
	return next
}

// scan scores a block and keeps what is near enough.
func (s *Searcher) scan(q *Scan) {
	values := s.room(len(s.rows))
	q.Scorer.Score(values, s.rows)
	limit := s.found.limit()
	for i, value := range values {
		if value <= limit && (!q.Bounded || value <= q.Radius) {
			s.found.add(newKey(value, s.rows[i]))
			limit = s.found.limit()
		}
	}
}
