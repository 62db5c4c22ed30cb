package compaction

import (
	"bytes"
	"cmp"
	"sync"
	"sync/atomic"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/storage"
)

// worker takes vectors in their plain forms, each with its place among all. It belongs to one goroutine.
type worker func(place int, plain []byte) error

// loader hands the plain forms of all vectors to workers, in order to a single one or as they come to several that work together, and
// returns how many there were. It can be called again.
type loader func(together bool, newWorker func() worker) (n int, err error)

const (
	// readingRows is how many rows go to a worker at a time, and readingBytes from how much on their vectors do before there are as many.
	readingRows, readingBytes = 64, 256 << 10
	// readingBatches is how many times that may wait for each worker of another goroutine. It is slow to wake up.
	readingBatches = 8
	// mostReading is how many other goroutines have workers at most. One goroutine reads for all of them, and cannot keep more busy; they
	// would only take memory for rows that wait.
	mostReading = 64
)

// readingOthers is how many goroutines beside the one that reads are worth a worker: no more than there are whole batches of rows.
func readingOthers(threads, rows int) int {
	return min(threads-1, rows/readingRows, mostReading)
}

// reading deals rows that one goroutine reads to workers: to those of other goroutines, and while these are busy, to its own.
type reading struct {
	own     worker
	others  []worker
	batches chan readingBatch
	next    readingBatch

	failed atomic.Bool
	mu     sync.Mutex
	place  int // of the first row that no worker took; guarded by mu
	err    error
}

// readingBatch are rows that follow one another.
type readingBatch struct {
	place int // of the first
	rows  []storage.Row
	bytes int // of their vectors
}

func newReading(others int, newWorker func() worker) *reading {
	r := &reading{own: newWorker(), batches: make(chan readingBatch, readingBatches*others)}
	for range others {
		r.others = append(r.others, newWorker())
	}
	return r
}

// run has the workers of other goroutines wait for what read adds. Its error is that of the first row that has one: read has read no
// further than to the row of its own.
func (r *reading) run(read func(r *reading) error) error {
	var running sync.WaitGroup
	for _, other := range r.others {
		running.Go(func() {
			for batch := range r.batches {
				r.take(other, batch)
			}
		})
	}
	err := read(r)
	close(r.batches)
	if err == nil {
		r.take(r.own, r.next)
	}
	running.Wait()
	return cmp.Or(r.err, err)
}

// add takes the next row, and tells whether it is worth while to go on.
func (r *reading) add(row storage.Row) bool {
	vector := row.Record.Vector
	if row.Size > 2*len(vector) {
		vector = bytes.Clone(vector) // a payload of megabytes would wait with it
	}
	row.Record = codec.Record{Vector: vector}
	r.next.rows, r.next.bytes = append(r.next.rows, row), r.next.bytes+len(vector)
	if len(r.next.rows) < readingRows && r.next.bytes < readingBytes {
		return true
	}
	batch := r.next
	r.next = readingBatch{place: batch.place + len(batch.rows), rows: make([]storage.Row, 0, readingRows)}
	select {
	case r.batches <- batch:
	default:
		r.take(r.own, batch)
	}
	return !r.failed.Load()
}

// take gives the rows of a batch to a worker.
func (r *reading) take(w worker, batch readingBatch) {
	for i, row := range batch.rows {
		if err := w(batch.place+i, row.Record.Vector); err != nil {
			r.fail(batch.place+i, damaged(row, err))
			return
		}
	}
}

// fail keeps the error of the first row that has one.
func (r *reading) fail(place int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil || place < r.place {
		r.place, r.err = place, err
	}
	r.failed.Store(true)
}
