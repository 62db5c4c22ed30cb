package store

import (
	"cmp"
	"context"
	"fmt"
	"iter"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/storage"
)

// Get returns the item stored under an id, or ErrNotFound. In a read-only store
// that is an item of the state that was published.
func (c *Collection) Get(ctx context.Context, id string) (Item, error) {
	if err := context.Cause(ctx); err != nil {
		return Item{}, c.failed("getting", err)
	}
	s, err := c.acquire()
	if err != nil {
		return Item{}, c.failed("getting", err)
	}
	defer s.release()
	item, err := c.get(s, id)
	if err != nil {
		return Item{}, c.failed(fmt.Sprintf("getting item %q", clip(id)), err)
	}
	return item, nil
}

// get reads the source of truth, or in a read-only store the segments.
func (c *Collection) get(s *snapshot, id string) (Item, error) {
	if c.data == nil {
		return s.get(id)
	}
	var item Item
	err := c.data.View(func(v *storage.View) error {
		row, found, err := v.Get(id)
		if err != nil {
			return err
		}
		if !found {
			return ErrNotFound
		}
		item, err = c.decodeItem(row.Record)
		return err
	})
	return item, err
}

// decodeItem copies a record out of the transaction it was read in.
func (c *Collection) decodeItem(r codec.Record) (Item, error) {
	vector, err := c.codec.DecodePlain(r.Vector)
	if err != nil {
		return Item{}, err
	}
	metadata, err := decodeMetadata(r.Metadata)
	if err != nil {
		return Item{}, err
	}
	item := Item{ID: string(r.ID), Metadata: metadata, Payload: clonePayload(r.Payload)}
	item.setVector(vector)
	return item, nil
}

func decodeMetadata(fields []byte) (Metadata, error) {
	if len(fields) == 0 {
		return nil, nil
	}
	return codec.DecodeMetadata(fields)
}

// clonePayload copies a payload; an empty one comes back as nil, wherever it was kept.
func clonePayload(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return append([]byte(nil), b...)
}

// get finds an item of a read-only store.
func (s *snapshot) get(id string) (Item, error) {
	for i, seg := range s.segments {
		row, found, err := seg.find(id)
		if err != nil {
			return Item{}, err
		}
		if found && !s.isDead(i, row) {
			return seg.item(row)
		}
	}
	return Item{}, ErrNotFound
}

// isDead reports whether a row of the i-th segment was replaced or deleted.
func (s *snapshot) isDead(i int, row uint32) bool {
	return s.dead[i] != nil && s.dead[i].Contains(row)
}

// Len returns the number of items stored; 0 after Close.
func (c *Collection) Len() int {
	s, err := c.acquire()
	if err != nil {
		return 0
	}
	defer s.release()
	return s.live
}

// All walks every item in the order of storing (in a read-only store, in that
// of the index). It reads in small batches and holds nothing between them,
// so items replaced or deleted during the walk may or may not be in it, and what
// is stored after it began is not: the loop may store what it reads. The others
// are, each once. An error ends the walk, that of a context which ended among
// them.
func (c *Collection) All(ctx context.Context) iter.Seq2[Item, error] {
	if c.data == nil {
		return c.allIndexed(ctx)
	}
	return func(yield func(Item, error) bool) {
		if err := context.Cause(ctx); err != nil { // there may be no row to find that at
			yield(Item{}, c.failed("walking", err))
			return
		}
		last, err := c.lastSequence()
		if err != nil {
			yield(Item{}, c.failed("walking", err))
			return
		}
		for row, err := range c.data.Rows(0, last) {
			var item Item
			if err = cmp.Or(err, context.Cause(ctx)); err == nil {
				item, err = c.decodeItem(row.Record)
			}
			if err != nil {
				yield(Item{}, c.failed("walking", err))
				return
			}
			if !yield(item, nil) {
				return
			}
		}
	}
}

// lastSequence is the sequence number of what was stored last.
func (c *Collection) lastSequence() (last uint64, err error) {
	err = c.data.View(func(v *storage.View) error {
		last = v.LastSeq()
		return nil
	})
	return last, err
}

// allIndexed walks the rows of the segments.
func (c *Collection) allIndexed(ctx context.Context) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		p, err := c.pin()
		if err != nil {
			yield(Item{}, c.failed("walking", err))
			return
		}
		defer p.release()
		if err := p.check(ctx); err != nil { // there may be no row to find that at
			yield(Item{}, c.failed("walking", err))
			return
		}
		for at := range p.rows() {
			item, err := at.segment.item(at.row)
			if err == nil {
				err = p.check(ctx)
			}
			if err != nil {
				yield(Item{}, c.failed("walking", err))
				return
			}
			if !yield(item, nil) {
				return
			}
		}
	}
}

// item reads a whole item from the segment.
func (seg *segment) item(row uint32) (item Item, err error) {
	err = seg.guard(func() error {
		item, err = seg.readItem(row)
		return err
	})
	return item, err
}

func (seg *segment) readItem(row uint32) (Item, error) {
	id, err := seg.ID(row)
	if err != nil {
		return Item{}, err
	}
	fields, payload, err := seg.Record(row)
	if err != nil {
		return Item{}, err
	}
	metadata, err := decodeMetadata(fields)
	if err != nil {
		return Item{}, err
	}
	vector, err := seg.rows.Vector(row)
	if err != nil {
		return Item{}, err
	}
	item := Item{ID: string(id), Metadata: metadata, Payload: clonePayload(payload)}
	item.setVector(vector)
	return item, nil
}
