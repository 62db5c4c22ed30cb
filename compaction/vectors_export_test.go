package compaction

import (
	"context"
	"io"

	"github.com/vicinaldb/store/codec"
)

// WriteVectors writes the vectors of rows, which have so many bytes each, in an order, by windows of at most so many bytes.
func (job Job) WriteVectors(ctx context.Context, out io.Writer, sequences []uint64, stride int, order []uint32, most int) error {
	rows := &loaded{encoded: &encoded{codes: codec.Codes{VectorStride: stride}}, sequences: sequences}
	return job.writeVectors(ctx, out, rows, order, most)
}
