package storage

import (
	"encoding/json"
	"fmt"
	"math"
)

// Limits of the format. A file that says more is refused, whatever its size.
const (
	MaxRows   = 1<<31 - 1 // rows of one segment
	MaxDim    = 65536     // numbers of one vector
	MaxStride = 1 << 20   // bytes of one code
	MaxDegree = 65536     // neighbors of one row, in either graph
	MaxID     = 1024      // bytes of one id

	maxParams = 1 << 20 // bytes of the params section
)

// Params says what a segment holds and how it was made. The first part describes the other sections and is compared with
// them when the segment is opened. The second part is for the reader of the numbers: this package stores it as it is.
type Params struct {
	Rows            int    `json:"rows"`
	Dim             int    `json:"dim"`              // numbers of one vector
	Metric          string `json:"metric"`           // canonical name of the distance
	Codec           string `json:"codec"`            // name of the codec
	CodecStride     int    `json:"codec_stride"`     // bytes of one code
	AdjacencyStride int    `json:"adjacency_stride"` // places for neighbors of one row in the search graph
	Neighbors       int    `json:"neighbors"`        // neighbors of one row in the neighbor graph
	Pivots          int    `json:"pivots"`           // rows with packed codes, where searches may start

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

// check compares each number with its limit, so that no product of two of them overflows.
func (p Params) check() error {
	for _, c := range []struct {
		name          string
		value, lo, hi int
	}{
		{"rows", p.Rows, 0, MaxRows},
		{"dim", p.Dim, 1, MaxDim},
		{"codec_stride", p.CodecStride, 1, MaxStride},
		{"adjacency_stride", p.AdjacencyStride, 0, MaxDegree},
		{"neighbors", p.Neighbors, 0, MaxDegree},
		{"pivots", p.Pivots, 0, p.Rows},
	} {
		if c.value < c.lo || c.value > c.hi {
			return fmt.Errorf("%s is %d, want %d to %d", c.name, c.value, c.lo, c.hi)
		}
	}
	return nil
}

// shape is the element size and the number of elements of a section.
type shape struct {
	elementSize uint32
	count       uint64
}

// anyCount stands for any number of elements.
const anyCount = math.MaxUint64

// shapes returns what the sections must be like, given the parameters.
func (p Params) shapes() map[Tag]shape {
	rows := uint64(p.Rows)
	return map[Tag]shape{
		TagParams:            {1, anyCount},
		TagCodes:             {uint32(p.CodecStride), rows},
		TagAdjacency:         {4, rows * uint64(p.AdjacencyStride)},
		TagPivotRows:         {4, uint64(p.Pivots)},
		TagPivotCodes:        {uint32(p.CodecStride), uint64(p.Pivots)},
		TagNeighborRows:      {4, rows * uint64(p.Neighbors)},
		TagNeighborDistances: {4, rows * uint64(p.Neighbors)},
		TagIDOffsets:         {8, rows + 1},
		TagIDBytes:           {1, anyCount},
		TagIDOrder:           {4, rows},
		TagRecordBlocks:      {1, anyCount},
		TagRecordIndex:       {recordEntrySize, anyCount},
	}
}
