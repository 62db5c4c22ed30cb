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
	codes     []byte // one code a row
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
	// A guess that is right unless rows come or go meanwhile: it saves copying large slices as they grow.
	l := &loaded{sequences: make([]uint64, 0, live), idEnds: make([]int, 0, live), codes: make([]byte, 0, live*job.Codec.Stride())}
	vector := make([]float32, job.Codec.Dim())
	for row, err := range job.Data.Rows(0, job.Upto) {
		if err != nil {
			return nil, err
		}
		if err := l.append(job.Codec, row, vector); err != nil {
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

func (job Job) live() (live int, err error) {
	err = job.Data.View(func(v *storage.View) error {
		live = v.Live()
		return nil
	})
	return live, err
}

// append adds a row; vector is scratch.
func (l *loaded) append(c *codec.Float32, row storage.Row, vector []float32) error {
	if len(row.Record.Vector) != 4*len(vector) {
		return fmt.Errorf("row %d: vector of %d bytes, want %d: %w", row.Seq, len(row.Record.Vector), 4*len(vector), storage.ErrCorrupt)
	}
	c.Decode(vector, row.Record.Vector)
	start := len(l.codes)
	l.codes = append(l.codes, make([]byte, c.Stride())...)
	c.Encode(l.codes[start:], vector)
	l.sequences = append(l.sequences, row.Seq)
	l.ids = append(l.ids, row.Record.ID...)
	l.idEnds = append(l.idEnds, len(l.ids))
	return nil
}
