package compaction

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/storage"
)

// Bounds of one read transaction, which must be short: while it lasts the
// writer cannot use the pages again that it sees.
const (
	batchRows  = 512
	batchBytes = 4 << 20
)

// mostAgain is how many goroutines read records again at most. More would only hold rows that wait for the one that writes them.
const mostAgain = 3

// eachAgain reads the records of rows again, in an order, and hands them over in the goroutine of the caller. With more than one
// thread, as many goroutines read the next of them meanwhile. The record of a row that died after it was read first is empty: nobody
// will ask for it.
func (job Job) eachAgain(ctx context.Context, rows *loaded, order []uint32, do func(i uint32, record codec.Record) error) error {
	take := func(b batch) error {
		for at, record := range b.records {
			if err := do(b.numbers[at], record); err != nil {
				return err
			}
		}
		return b.err
	}
	read := func(numbers []uint32, give func(batch) bool) {
		for more := true; more && len(numbers) > 0; {
			var b batch
			if ctx.Err() != nil {
				b.err = context.Cause(ctx)
			} else {
				b.records, b.err = job.readAgain(rows, numbers)
			}
			b.numbers, numbers = numbers[:len(b.records)], numbers[len(b.records):]
			more = give(b) && b.err == nil
		}
	}
	if threads := job.Index.EnsureDefaults(rows.len()).Threads; threads > 1 {
		return readAhead(min(threads, mostAgain), slices.Chunk(order, batchRows), read, take)
	}
	var err error
	read(order, func(b batch) bool {
		err = take(b)
		return err == nil
	})
	return err
}

// batch are rows that were read, by their numbers, up to an error if there is one.
type batch struct {
	numbers []uint32
	records []codec.Record
	err     error
}

// readAgain reads the first records of an order, as many as one transaction may.
func (job Job) readAgain(rows *loaded, order []uint32) (records []codec.Record, err error) {
	total := 0
	err = job.Data.View(func(v *storage.View) error {
		for _, i := range order[:min(len(order), batchRows)] {
			record, err := v.Row(rows.sequences[i])
			if errors.Is(err, storage.ErrNotFound) {
				record, err = codec.Record{}, nil
			}
			if err != nil {
				return err
			}
			records = append(records, record)
			if total += len(record.Vector) + len(record.Metadata) + len(record.Payload); total >= batchBytes {
				return nil
			}
		}
		return nil
	})
	return records, err
}

// readAhead has goroutines read chunks, so many at a time, and takes what they give in the order of the chunks. With an error, it
// waits until they have ended.
func readAhead(
	threads int, chunks iter.Seq[[]uint32], read func(numbers []uint32, give func(batch) bool), take func(batch) error,
) error {
	var running sync.WaitGroup
	defer running.Wait()
	stopped, begun := make(chan struct{}), make(chan chan batch, threads-1)
	defer close(stopped)
	running.Go(func() {
		defer close(begun)
		for chunk := range chunks {
			batches := make(chan batch, 1)
			select {
			case begun <- batches:
			case <-stopped:
				return
			}
			running.Go(func() {
				defer close(batches)
				read(chunk, func(b batch) bool {
					select {
					case batches <- b:
						return true
					case <-stopped:
						return false
					}
				})
			})
		}
	})
	for batches := range begun {
		for b := range batches {
			if err := take(b); err != nil {
				return err
			}
		}
	}
	return nil
}
