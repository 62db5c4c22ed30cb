package compaction

import (
	"context"
	"fmt"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/storage"
)

// loaded are the rows of a segment to be, in the order of their sequence numbers.
type loaded struct {
	sequences []uint64
	vectors   codec.Table
	ids       []byte // the ids, one behind the other
	idEnds    []int  // where each id ends
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

// load reads ids and vectors. Metadata and payloads stay where they are until they are written.
func (job Job) load(ctx context.Context) (*loaded, error) {
	live, err := job.live()
	if err != nil {
		return nil, err
	}
	vectors, err := job.Codec.NewTable(live)
	if err != nil {
		return nil, err
	}
	l := &loaded{sequences: make([]uint64, 0, live), idEnds: make([]int, 0, live), vectors: vectors}
	for row, err := range job.Data.Rows(0, job.Upto) {
		if err == nil {
			err = l.append(row, live)
		}
		if err != nil {
			return nil, err
		}
		if l.len()%reportRows == 0 {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			job.Progress("reading", l.len(), live)
		}
	}
	job.Progress("reading", l.len(), live)
	return l, ctx.Err()
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

// append adds a row; there must be no more than room.
func (l *loaded) append(row storage.Row, room int) error {
	if l.len() == room {
		return fmt.Errorf("row %d: there are more than %d rows: %w", row.Seq, room, storage.ErrCorrupt)
	}
	if err := l.vectors.AppendPlain(row.Record.Vector); err != nil {
		return fmt.Errorf("row %d: %w: %w", row.Seq, storage.ErrCorrupt, err)
	}
	l.sequences = append(l.sequences, row.Seq)
	l.ids = append(l.ids, row.Record.ID...)
	l.idEnds = append(l.idEnds, len(l.ids))
	return nil
}
