package store

import (
	"cmp"
	"slices"

	"github.com/vicinaldb/store/codec"
)

// results turns hits, of one query or of several with the same options, into what the caller gets. They share one piece of memory, and
// their ids one string, so that an answer without details takes two allocations.
func (s *snapshot) results(c *Collection, q *query, scratch *queryScratch) ([]Result, error) {
	results := make([]Result, len(scratch.hits))
	if err := scratch.readIDs(s.pending, results); err != nil {
		return nil, err
	}
	for i, h := range scratch.hits {
		results[i].Distance = c.codec.Correct(h.distance)
		if !q.metadata && !q.payload && !q.withVec {
			continue
		}
		if err := s.details(c, q, h, &results[i]); err != nil {
			return nil, err
		}
	}
	return results, nil
}

// sortResults puts those of one query in order. Few are not, and sorting moves results about even where there is nothing to do.
func sortResults(results []Result) {
	if !inOrder(results) {
		slices.SortFunc(results, func(a, b Result) int { return compareResults(&a, &b) })
	}
}

func inOrder(results []Result) bool {
	for i := 1; i < len(results); i++ {
		if compareResults(&results[i-1], &results[i]) > 0 {
			return false
		}
	}
	return true
}

func compareResults(a, b *Result) int {
	if order := cmp.Compare(a.Distance, b.Distance); order != 0 {
		return order
	}
	return cmp.Compare(a.ID, b.ID)
}

// readIDs sets the ids of all results.
func (scratch *queryScratch) readIDs(pending *pendingRows, results []Result) error {
	scratch.ids, scratch.ends = scratch.ids[:0], scratch.ends[:0]
	hits := scratch.hits
	for at := 0; at < len(hits); {
		segment, rows := hits[at].segment, scratch.rows[:0]
		for ; at < len(hits) && hits[at].segment == segment; at++ {
			rows = append(rows, hits[at].row)
		}
		scratch.rows = rows
		if segment == nil {
			scratch.readPendingIDs(pending)
		} else if err := scratch.readSegmentIDs(segment); err != nil {
			return err
		}
	}
	all, begin := string(scratch.ids), 0
	for i, end := range scratch.ends {
		results[i].ID = all[begin:end]
		begin = end
	}
	return nil
}

// readPendingIDs appends the ids of scratch.rows, which are pending.
func (scratch *queryScratch) readPendingIDs(pending *pendingRows) {
	for _, row := range scratch.rows {
		chunk, i := pending.at(row)
		scratch.ids = append(scratch.ids, chunk.rows[i].id...)
		scratch.ends = append(scratch.ends, len(scratch.ids))
	}
}

// readSegmentIDs appends the ids of scratch.rows, which are a segment's.
func (scratch *queryScratch) readSegmentIDs(seg *segment) error {
	return seg.guard(func() (err error) {
		scratch.ids, scratch.ends, err = seg.AppendIDs(scratch.ids, scratch.ends, scratch.rows)
		return err
	})
}

// details reads what a query asked for beside the id.
func (s *snapshot) details(c *Collection, q *query, h hit, r *Result) error {
	if h.segment != nil {
		return h.segment.guard(func() error { return h.segment.readDetails(q, h.row, r) })
	}
	chunk, i := s.pending.at(h.row)
	row := chunk.rows[i]
	if q.payload {
		r.Payload = clonePayload(row.data)
	}
	if q.withVec {
		if err := r.setVector(chunk.view.Vector(i)); err != nil {
			return err
		}
	}
	if !q.metadata {
		return nil
	}
	metadata, err := decodeMetadata(row.fields)
	r.Metadata = metadata
	return err
}

func (seg *segment) readDetails(q *query, row uint32, r *Result) error {
	if q.withVec {
		if err := r.setVector(seg.rows.Vector(row)); err != nil {
			return err
		}
	}
	if !q.metadata && !q.payload {
		return nil
	}
	fields, payload, err := seg.Record(row)
	if err != nil {
		return err
	}
	if q.payload {
		r.Payload = clonePayload(payload)
	}
	if q.metadata {
		r.Metadata, err = decodeMetadata(fields)
	}
	return err
}

// setVector makes a copy of v the result's vector, unless there is an error.
func (r *Result) setVector(v codec.Vector, err error) error {
	var item Item
	item.setVector(v)
	r.Vector, r.Sparse, r.Bits = item.Vector, item.Sparse, item.Bits
	return err
}
