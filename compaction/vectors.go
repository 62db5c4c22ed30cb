package compaction

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/vicinaldb/store/internal/shares"
	"github.com/vicinaldb/store/storage"
)

const (
	// leastWindow is how many bytes of vectors are read again before they are written, however small the graphs are.
	leastWindow = 256 << 10
	// writeBytes is how many bytes are written between two looks at the context.
	writeBytes = 16 << 20
)

// vectorsAhead returns what writes the vectors while the neighbor graph is made. Memory has its lists then, and what makes them, and room
// for half as much again before the search graph is begun, which waits for the vectors to be read.
func (job Job) vectorsAhead(rows *loaded, g *graphs) func(context.Context, io.Writer) error {
	lists := 8 * g.dials.Neighbors * rows.len()
	job.Index.Threads = 1
	return func(ctx context.Context, out io.Writer) error {
		return job.writeVectors(ctx, out, rows, g.order, max(lists/2, leastWindow))
	}
}

// vectorWriter returns what writes the vectors that lie beside the codes, in the segment's order of rows, from the records: nil when
// they are in memory, or the codes tell them. Memory has had more than twice the graphs when the search graph was made (see
// memory_test.go), and now has them once, so a window may be as large as they are.
func (job Job) vectorWriter(ctx context.Context, rows *loaded, g *graphs) func(io.Writer) error {
	if !rows.beside {
		return nil
	}
	graphs := 4 * (len(g.search.Adjacency) + len(g.neighbors.Rows) + len(g.neighbors.Distances))
	return func(out io.Writer) error {
		return job.writeVectors(ctx, out, rows, g.order, max(graphs, leastWindow))
	}
}

// writeVectors reads vectors again and writes them in an order. Rows that are near to one another there lie anywhere in the data file, and
// on a page of that are rows from anywhere in the order. So a window of the order is read at a time, of at most so many bytes, and a page
// is found and checked once for all of its rows in the window.
func (job Job) writeVectors(ctx context.Context, out io.Writer, rows *loaded, order []uint32, most int) error {
	w := newVectorWindow(job, rows, order, most)
	for numbers := range slices.Chunk(order, cap(w.places)) {
		if err := w.read(ctx, numbers); err != nil {
			return err
		}
		for piece := range slices.Chunk(w.vectors[:len(numbers)*w.stride], writeBytes) {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if _, err := out.Write(piece); err != nil {
				return err
			}
		}
	}
	return nil
}

// vectorWindow are the vectors of rows that follow one another in an order.
type vectorWindow struct {
	data      *storage.DataFile
	sequences []uint64 // of all rows
	threads   int
	stride    int
	vectors   []byte
	places    []uint64 // of each row its number, and in the lower 32 bits its place in the window; ascending
}

// newVectorWindow makes room for as many rows of an order as so many bytes have, for one at least.
func newVectorWindow(job Job, rows *loaded, order []uint32, most int) *vectorWindow {
	stride := rows.vectorStride()
	size := min(max(most/(stride+8), 1), max(len(order), 1))
	return &vectorWindow{
		data:      job.Data,
		sequences: rows.sequences,
		threads:   job.Index.EnsureDefaults(rows.len()).Threads,
		stride:    stride,
		vectors:   make([]byte, size*stride),
		places:    make([]uint64, 0, size),
	}
}

// read reads the vectors of rows, as many as there is room for, on all threads. Numbers of rows ascend as their sequence numbers do.
func (w *vectorWindow) read(ctx context.Context, numbers []uint32) error {
	w.places = w.places[:0]
	for place, number := range numbers {
		w.places = append(w.places, uint64(number)<<32|uint64(place))
	}
	slices.Sort(w.places)
	pieces := slices.Collect(slices.Chunk(w.places, batchRows))
	return shares.Do(ctx, w.threads, len(pieces), func(piece int) error {
		for places := pieces[piece]; len(places) > 0 && ctx.Err() == nil; {
			n, err := w.readBatch(places)
			if err != nil {
				return err
			}
			places = places[n:]
		}
		return nil
	})
}

// readBatch reads the first of some vectors, as many as one transaction may, and returns how many. The vector of a row that died after it
// was read first is zeros: nobody will ask for it.
func (w *vectorWindow) readBatch(places []uint64) (n int, err error) {
	err = w.data.View(func(v *storage.View) error {
		for total := 0; n < len(places) && total < batchBytes; n++ {
			number, place := int(places[n]>>32), int(uint32(places[n]))
			vector := w.vectors[place*w.stride:][:w.stride]
			size, err := v.ReadVector(vector, w.sequences[number])
			if errors.Is(err, storage.ErrNotFound) {
				clear(vector)
			} else if err != nil {
				return err
			}
			total += size
		}
		return nil
	})
	return n, err
}
