package compaction

import (
	"context"
	"fmt"

	"github.com/vicinaldb/store/storage"
)

// loaded are the rows of a segment to be, in the order of their sequence numbers.
type loaded struct {
	*encoded
	sequences []uint64
	ids       []byte // the ids, one behind the other
	idEnds    []int  // where each id ends
	bare      bool   // no row has metadata or a payload

	ahead *storage.Ahead // nil when codes and vectors are written with all else
}

func (l *loaded) len() int { return len(l.sequences) }

// id returns the id of the i-th row.
func (l *loaded) id(i uint32) string {
	begin := 0
	if i > 0 {
		begin = l.idEnds[i-1]
	}
	return string(l.ids[begin:l.idEnds[i]])
}

// load reads ids and vectors, and makes codes of these. Vectors that are to lie beside their codes, metadata and payloads stay where
// they are until they are written. When codes must be learned first, the rows are read twice or more; what counts is the last time,
// since rows may die in between.
func (job Job) load(ctx context.Context) (l *loaded, err error) {
	live, err := job.live()
	if err != nil {
		return nil, err
	}
	l = new(loaded)
	read := func(together bool, newWorker func() worker) (int, error) {
		*l = loaded{sequences: make([]uint64, 0, live), idEnds: make([]int, 0, live), ids: l.ids[:0], bare: true}
		others := 0
		if together {
			others = readingOthers(job.Index.EnsureDefaults(live).Threads, live)
		}
		err := newReading(others, newWorker).run(func(r *reading) error { return job.read(ctx, live, l, r) })
		return l.len(), err
	}
	codes, err := job.encode(read, live)
	if err != nil {
		return nil, err
	}
	l.encoded = codes
	return l, nil
}

// read hands over the rows, of which so many at most can be there.
func (job Job) read(ctx context.Context, live int, l *loaded, r *reading) error {
	for row, err := range job.Data.Rows(0, job.Upto) {
		if err == nil && l.len() == live {
			err = fmt.Errorf("row %d: there are more than %d rows: %w", row.Seq, live, storage.ErrCorrupt)
		}
		if err != nil {
			return err
		}
		l.append(row)
		if !r.add(row) {
			return nil // there is an error already
		}
		if n := l.len(); n%reportRows == 0 {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			job.Progress("reading", n, live)
		}
	}
	job.Progress("reading", l.len(), live)
	return ctx.Err()
}

// reportRows is how many rows are read between two looks at the context.
const reportRows = 512

// live counts the rows of the data file. Those up to Upto are no more: rows that come later have higher numbers.
func (job Job) live() (live int, err error) {
	err = job.Data.View(func(v *storage.View) error {
		live = v.Live()
		return nil
	})
	return live, err
}

// append adds a row, but for its vector.
func (l *loaded) append(row storage.Row) {
	l.sequences = append(l.sequences, row.Seq)
	l.ids = append(l.ids, row.Record.ID...)
	l.idEnds = append(l.idEnds, len(l.ids))
	l.bare = l.bare && len(row.Record.Metadata) == 0 && len(row.Record.Payload) == 0
}
