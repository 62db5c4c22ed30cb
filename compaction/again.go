package compaction

import (
	"context"
	"errors"
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

// eachAgain reads the records of rows again, in an order, and hands them over in the goroutine of the caller. With more than one
// thread, the next of them are read meanwhile. The record of a row that died after it was read first is empty: nobody will ask for it.
func (job Job) eachAgain(ctx context.Context, rows *loaded, order []uint32, do func(i uint32, record codec.Record) error) error {
	next := func() (numbers []uint32, records []codec.Record, err error) {
		if ctx.Err() != nil {
			return nil, nil, context.Cause(ctx)
		}
		records, err = job.readAgain(rows, order)
		numbers, order = order[:len(records)], order[len(records):]
		return numbers, records, err
	}
	if job.Index.EnsureDefaults(rows.len()).Threads > 1 {
		ahead, stop := readAhead(next)
		defer stop()
		next = ahead
	}
	for {
		numbers, records, err := next()
		if err != nil || len(records) == 0 {
			return err
		}
		for at, i := range numbers {
			if err := do(i, records[at]); err != nil {
				return err
			}
		}
	}
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

// readAhead calls next in a goroutine of its own, one call ahead of what it returns, until there is nothing more, an error, or stop
// is called, which waits for it.
func readAhead(next func() ([]uint32, []codec.Record, error)) (ahead func() ([]uint32, []codec.Record, error), stop func()) {
	type batch struct {
		numbers []uint32
		records []codec.Record
		err     error
	}
	batches, stopped := make(chan batch), make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		defer close(batches)
		for {
			numbers, records, err := next()
			select {
			case batches <- batch{numbers, records, err}:
			case <-stopped:
				return
			}
			if err != nil || len(records) == 0 {
				return
			}
		}
	})
	ahead = func() ([]uint32, []codec.Record, error) {
		b := <-batches // nothing when closed
		return b.numbers, b.records, b.err
	}
	return ahead, func() {
		close(stopped)
		running.Wait()
	}
}
