package compaction

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/storage"
)

// The names of the codecs of vectors as they are, and of half floats.
const (
	nameFloat32 = "float32"
	nameFloat16 = "float16"
)

// CodeStats tell which codes a segment has, and why. They are the same on any machine.
type CodeStats struct {
	// Codec is the name of the codec.
	Codec string `json:"codec,omitempty"`
	// Lossless says that the codes of bytes tell the vectors, so that there is nothing to rank again.
	Lossless bool `json:"lossless,omitempty"`
	// Turned says that codes of bytes are made of vectors that were rotated, since steps are shorter so: a few components were much larger
	// than others. With Coarse it is of the codes that were tried.
	Turned bool `json:"turned,omitempty"`
	// Surplus is how many rows more than wanted are ranked by their vectors for the nearest ten, as it was measured on rows of the
	// segment, and Lost the share of the ten nearest that rank farther by their codes.
	Surplus int     `json:"surplus,omitempty"`
	Lost    float64 `json:"lost,omitempty"`
	// Deviations is how many times their standard error (see [codec.Blur]) codes may be off, by what was measured on rows of the
	// segment; 0 if nothing is known of such codes.
	Deviations float64 `json:"deviations,omitempty"`
	// Coarse says that codes of bytes were tried and found too coarse: Surplus and Lost are what was measured of them.
	Coarse bool `json:"coarse,omitempty"`
	// Beyond says that codes of half floats were asked for, and cannot be: a component is larger than any half float.
	Beyond bool `json:"beyond,omitempty"`
	// Of is how many rows there were when that was found. They are not tried again before there are twice as many.
	Of int `json:"of,omitempty"`
}

// encoded are the codes of rows, by a codec that suits them.
type encoded struct {
	codec codec.Codec
	codes codec.Codes
	// beside says that vectors are to lie beside the codes, which are not in memory.
	beside bool
	// beyond says that the codes that were asked for do not reach as far as the vectors.
	beyond bool
}

// filler is a table that several goroutines can fill at once: see [codec.Uint8.NewTable].
type filler interface {
	Filler() func(place int, plain []byte) error
	Filled(n int)
}

// encode makes the codes of the rows, of which so many at most can be there.
func (job Job) encode(load loader, live int) (*encoded, error) {
	floats, dense := job.Codec.(*codec.Float32)
	if !dense || job.Codes == nameFloat32 {
		return job.encodeAs(job.Codec, load, live)
	}
	if job.Codes == nameFloat16 {
		return job.encodeHalves(floats, load, live)
	}
	learner, err := floats.Learner()
	if err != nil && job.Codes != "" {
		return nil, err
	}
	// Codes that are as long as what they stand for would only cost recall.
	if err != nil || job.Codes == "" && learner.Codec().Stride() >= floats.Stride() {
		return job.encodeAs(job.Codec, load, live)
	}
	if lossless, err := floats.Lossless(); err == nil {
		e, err := job.encodeAs(lossless, load, live)
		if !errors.Is(err, codec.ErrNoCode) {
			return e, err
		}
	}
	learned, err := learn(floats, load)
	if err != nil {
		return nil, err
	}
	return job.encodeAs(learned, load, live)
}

// learn finds the codec for the vectors.
func learn(floats *codec.Float32, load loader) (*codec.Uint8, error) {
	all, err := floats.Learner()
	if err != nil {
		return nil, err
	}
	var learners []*codec.Uint8Learner
	_, err = load(true, func() worker {
		learner, _ := floats.Learner() // there was one before
		learners = append(learners, learner)
		return func(_ int, plain []byte) error { return learner.AddPlain(plain) }
	})
	if err != nil {
		return nil, err
	}
	for _, learner := range learners {
		all.Merge(learner)
	}
	return all.Codec(), nil
}

// encodeHalves makes codes of half floats, or float32 ones when there is a component that no half float is near.
func (job Job) encodeHalves(floats *codec.Float32, load loader, live int) (*encoded, error) {
	half, err := floats.Half()
	if err != nil {
		return nil, err
	}
	e, err := job.encodeAs(half, load, live)
	if !errors.Is(err, codec.ErrNoCode) {
		return e, err
	}
	if e, err = job.encodeAs(floats, load, live); err != nil {
		return nil, err
	}
	e.beyond = true
	return e, nil
}

// encodeAs makes the codes of one codec.
func (job Job) encodeAs(c codec.Codec, load loader, live int) (*encoded, error) {
	newTable := c.NewTable
	compact, compacted := c.(interface {
		NewCodeTable(capacity int) (codec.Table, error)
	})
	if compacted {
		newTable = compact.NewCodeTable
	}
	table, err := newTable(live)
	if err != nil {
		return nil, err
	}
	if err := fill(table, load); err != nil {
		return nil, err
	}
	return &encoded{codec: c, codes: table.Codes(), beside: compacted && c.VectorStride() > 0}, nil
}

// fill puts the vectors into a table, on all threads where it allows that.
func fill(table codec.Table, load loader) error {
	places, ok := table.(filler)
	if !ok {
		_, err := load(false, func() worker {
			return func(_ int, plain []byte) error { return table.AppendPlain(plain) }
		})
		return err
	}
	n, err := load(true, func() worker { return places.Filler() })
	places.Filled(n)
	return err
}

// vectorStride is the length of a vector in the segment beside its code.
func (e *encoded) vectorStride() int {
	if e.beside {
		return e.codec.VectorStride()
	}
	return e.codes.VectorStride
}

// params are those of the codec, as the segment keeps them.
func (e *encoded) params() (json.RawMessage, error) {
	compact, ok := e.codec.(*codec.Uint8)
	if !ok {
		return nil, nil
	}
	params, err := json.Marshal(compact.CodeParams())
	if err != nil {
		return nil, fmt.Errorf("encoding parameters of codes: %w", err)
	}
	return params, nil
}

// damaged says of a vector that no codec takes that the data file is damaged.
func damaged(row storage.Row, err error) error {
	if errors.Is(err, codec.ErrNoCode) {
		return err
	}
	return fmt.Errorf("row %d: %w: %w", row.Seq, storage.ErrCorrupt, err)
}
