package storage

import (
	"encoding/json"
	"fmt"
)

// Limits of the format. A file that says more is refused, whatever its size.
const (
	MaxRows   = 1<<31 - 1 // rows of one segment
	MaxDim    = 1<<31 - 1 // numbers of one vector, those that a sparse one does not list included
	MaxStride = 1 << 20   // bytes of one code or vector, where all have the same length
	MaxDegree = 65536     // neighbors of one row, in either graph
	MaxID     = 1024      // bytes of one id

	maxParams = 16 << 20 // bytes of the params section: a metric may have a matrix of numbers among its parameters
)

// Params says what a segment holds and how it was made. The numbers decide which sections there are and how large they are,
// and are compared with them when the segment is opened. The names and the JSON are for the reader of the sections: this
// package stores them as they are, the JSON without white space.
type Params struct {
	Rows            int             `json:"rows"`
	Dim             int             `json:"dim"`                     // numbers of one vector
	Metric          string          `json:"metric"`                  // canonical name of the distance
	MetricParams    json.RawMessage `json:"metric_params,omitempty"` // parameters of the distance, nil if it has none
	Codec           string          `json:"codec"`                   // name of the codec
	CodecStride     int             `json:"codec_stride"`            // bytes of one code; 0 if they have different lengths
	VectorStride    int             `json:"vector_stride,omitempty"` // bytes of one vector beside its code; 0 if there are none
	CodecParams     json.RawMessage `json:"codec_params,omitempty"`  // parameters of the codec, nil if it has none
	Surplus         int             `json:"surplus,omitempty"`       // rows more than wanted that are to be ranked by their vectors
	Deviations      float64         `json:"deviations,omitempty"`    // how many times their standard error codes may be off; 0 if unknown
	AdjacencyStride int             `json:"adjacency_stride"`        // places for neighbors of one row in the search graph
	Neighbors       int             `json:"neighbors"`               // neighbors of one row in the neighbor graph; 0 if there is none
	Pivots          int             `json:"pivots"`                  // rows where searches may start
	Entries         int             `json:"entries,omitempty"`       // how many of these each search starts from at least; 0 means 1

	Seed  uint64          `json:"seed"`
	Index json.RawMessage `json:"index,omitempty"` // index parameters as they were given
	Build json.RawMessage `json:"build,omitempty"` // statistics of the build; only such as every build of this input gives
}

// encode returns the canonical JSON: the members in the order above, no spaces.
func (p Params) encode() ([]byte, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	b, err := json.Marshal(p)
	if err == nil && len(b) > maxParams {
		err = fmt.Errorf("%w: %d bytes of parameters", ErrTooLarge, len(b))
	}
	return b, err
}

// parseParams decodes and checks the params section. Members it does not know are skipped: what changes the meaning of
// a segment is a flag of the header.
func parseParams(b []byte) (Params, error) {
	var p Params
	if len(b) > maxParams {
		return p, fmt.Errorf("%d bytes, at most %d are allowed", len(b), maxParams)
	}
	if err := json.Unmarshal(b, &p); err != nil {
		return p, err
	}
	return p, p.check()
}

// check compares each number with its limit, so that no product of two of them overflows a uint64.
func (p Params) check() error {
	for _, c := range []struct {
		name          string
		value, lo, hi int
	}{
		{"rows", p.Rows, 0, MaxRows},
		{"dim", p.Dim, 1, MaxDim},
		{"codec_stride", p.CodecStride, 0, MaxStride},
		{"vector_stride", p.VectorStride, 0, MaxStride},
		{"surplus", p.Surplus, 0, MaxDegree},
		{"adjacency_stride", p.AdjacencyStride, 0, MaxDegree},
		{"neighbors", p.Neighbors, 0, MaxDegree},
		{"pivots", p.Pivots, 0, p.Rows},
		{"entries", p.Entries, 0, MaxDegree},
	} {
		if c.value < c.lo || c.value > c.hi {
			return fmt.Errorf("%s is %d, want %d to %d", c.name, c.value, c.lo, c.hi)
		}
	}
	if !(p.Deviations >= 0 && p.Deviations <= MaxDegree) {
		return fmt.Errorf("deviations is %v, want 0 to %d", p.Deviations, MaxDegree)
	}
	return nil
}
