package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/storage"
)

// writer is the one goroutine that changes a collection. Writes reach it as
// requests; it takes those that are waiting as one group, commits them in one
// transaction, publishes one snapshot and then answers them, so that
// concurrent callers share an fsync and nobody sees what is not durable.
type writer struct {
	c        *Collection
	requests chan *request
	stop     chan struct{} // closed to end the goroutine
	stopped  chan struct{} // closed when it has ended

	// The rest belongs to the goroutine.
	pending *pendingBuilder
	build   *build // the Prepare that runs, if any
	dirty   bool   // MANIFEST is behind: tombstones changed, or it could not be written
}

// request asks for one atomic change. Exactly one of write and solo is set.
type request struct {
	write func(g *group) error  // inside the group's transaction
	solo  func(w *writer) error // alone, between transactions
	done  chan error
}

// build is what the writer remembers for a running Prepare: the rows it may have read that died meanwhile.
type build struct {
	upto    uint64 // rows stored later are not part of it
	removed []uint64
}

// group is the transaction that a group of requests shares, and the effects to
// apply to memory once it is committed.
type group struct {
	w     *writer
	tx    *storage.Tx
	base  *snapshot
	dead  []*roaring.Bitmap // by segment; copied from base at the first change
	fresh []bool            // by segment: dead was copied
	added map[string]bool   // ids stored by this group

	effects []effect
	removed []uint64 // sequence numbers of rows that ceased to exist
}

// effect is one change of the pending rows, in order: a row is stored, or that of an id removed.
type effect struct {
	row    pendingRow
	vector codec.Vector
	stored bool
}

const maxGroup = 1024 // requests that share a transaction

func startWriter(c *Collection, pending *pendingBuilder, dirty bool) *writer {
	w := &writer{
		c:        c,
		requests: make(chan *request),
		stop:     make(chan struct{}),
		stopped:  make(chan struct{}),
		pending:  pending,
		dirty:    dirty,
	}
	go w.run()
	return w
}

// submit has the writer carry out a request and waits for its result. A context
// that ends before the writer took the request withdraws it; afterwards the
// outcome is awaited, so that the caller always learns it.
func (w *writer) submit(ctx context.Context, r *request) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	r.done = make(chan error, 1)
	select {
	case w.requests <- r:
		return <-r.done
	case <-w.stop:
		return ErrClosed
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// close ends the goroutine after the group it is committing.
func (w *writer) close() {
	close(w.stop)
	<-w.stopped
}

func (w *writer) run() {
	defer close(w.stopped)
	for {
		select {
		case <-w.stop:
			return
		case r := <-w.requests:
			w.serve(r)
		}
	}
}

// serve carries out a request with all that wait behind it, up to one that must run alone.
func (w *writer) serve(first *request) {
	var writes []*request
	next := first
	for next != nil && next.solo == nil {
		writes = append(writes, next)
		next = w.poll(len(writes))
	}
	if len(writes) > 0 {
		w.answer(writes)
	}
	if next != nil {
		next.done <- next.solo(w)
	}
}

// poll takes a request that is already waiting.
func (w *writer) poll(taken int) *request {
	if taken >= maxGroup {
		return nil
	}
	select {
	case r := <-w.requests:
		return r
	default:
		return nil
	}
}

// answer commits requests together and makes them visible or, where they cannot be committed, each by itself: the error may be
// of one of them alone.
func (w *writer) answer(writes []*request) {
	g, err := w.commit(writes)
	if err != nil && len(writes) > 1 && !errors.Is(err, storage.ErrPoisoned) {
		for i := range writes {
			w.answer(writes[i : i+1])
		}
		return
	}
	if err == nil {
		err = w.apply(g)
	}
	for _, r := range writes {
		r.done <- err
	}
}

// commit makes a group durable.
func (w *writer) commit(writes []*request) (*group, error) {
	base := w.c.current.Load()
	g := &group{w: w, base: base, dead: append([]*roaring.Bitmap(nil), base.dead...), fresh: make([]bool, len(base.dead)), added: make(map[string]bool)}
	err := w.c.data.Update(func(tx *storage.Tx) error {
		g.tx = tx
		for _, r := range writes {
			if err := r.write(g); err != nil {
				return err
			}
		}
		return g.putTombstones()
	})
	return g, err
}

// apply carries a committed group over into memory.
func (w *writer) apply(g *group) error {
	for _, e := range g.effects {
		if !e.stored {
			w.pending.remove(e.row.id)
		} else if err := w.pending.add(e.row, e.vector); err != nil {
			return err
		}
	}
	w.tidy()
	for i := range g.fresh {
		w.dirty = w.dirty || g.fresh[i]
	}
	if w.build != nil {
		for _, seq := range g.removed {
			if seq <= w.build.upto {
				w.build.removed = append(w.build.removed, seq)
			}
		}
	}
	w.c.swap(newSnapshot(&w.c.drain, g.base.segments, g.dead, w.pending.publish()))
	return nil
}

// tidy lets go of the pending rows that died, once they outweigh the live ones.
// The group is committed and true without it, so a failure costs memory alone.
func (w *writer) tidy() {
	if !w.pending.crowded() {
		return
	}
	pending, err := w.pending.after(0) // which is before all rows
	if err != nil {
		w.c.log.Warn("pending rows that died could not be let go", "error", err)
		return
	}
	w.pending = pending
}

// put stores an item as a new row, in place of the row its id had.
func (g *group) put(e *encoded) error {
	if _, err := g.remove(e.id); err != nil {
		return err
	}
	seq, err := g.tx.NextSeq()
	if err != nil {
		return err
	}
	if err := g.tx.Put(e.id, seq, e.record); err != nil {
		return err
	}
	g.added[e.id] = true
	g.effects = append(g.effects, effect{row: pendingRow{seq: seq, id: e.id, fields: e.fields, data: e.data}, vector: e.vector, stored: true})
	return nil
}

// remove deletes the row of an id, and reports whether there was one.
func (g *group) remove(id string) (existed bool, err error) {
	seq, existed, err := g.tx.Delete(id)
	if err != nil || !existed {
		return false, err
	}
	g.removed = append(g.removed, seq)
	if _, pending := g.w.pending.position[id]; pending || g.added[id] {
		delete(g.added, id)
		g.effects = append(g.effects, effect{row: pendingRow{id: id}})
		return true, nil
	}
	return true, g.bury(id)
}

// bury marks the row of an id dead in the segment that holds it alive. That no
// segment does is damage, of the index: the row is stored and was alive until now.
func (g *group) bury(id string) error {
	for i, seg := range g.base.segments {
		row, found, err := seg.find(id)
		if err != nil {
			return err
		}
		if !found || g.dead[i] != nil && g.dead[i].Contains(row) {
			continue
		}
		if !g.fresh[i] {
			g.dead[i], g.fresh[i] = cloneBitmap(g.dead[i]), true
		}
		g.dead[i].Add(row)
		return nil
	}
	err := fmt.Errorf("deleting item %q: no segment holds its row: %w", clip(id), ErrCorrupt)
	if len(g.base.segments) == 0 {
		return err
	}
	return &damage{g.base.segments[0], err}
}

func (g *group) putTombstones() error {
	for i, seg := range g.base.segments {
		if !g.fresh[i] {
			continue
		}
		if err := g.tx.PutTombstones(seg.record.UUID, g.dead[i]); err != nil {
			return err
		}
	}
	return nil
}

func cloneBitmap(b *roaring.Bitmap) *roaring.Bitmap {
	if b == nil {
		return roaring.New()
	}
	return b.Clone()
}
