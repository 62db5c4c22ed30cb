package store

import (
	"context"
	"iter"
	"sync"
	"sync/atomic"

	"github.com/RoaringBitmap/roaring/v2"
)

// snapshot is one consistent state of a collection: segments, which of their
// rows are dead, and the pending rows. It is immutable and counted: a query
// holds it for its whole length, and the last holder of a segment unmaps it.
// Readers therefore take no lock that a writer holds.
type snapshot struct {
	segments []*segment
	dead     []*roaring.Bitmap // by segment: rows replaced or deleted; nil when none
	pending  *pendingRows
	live     int // rows that queries may return

	refs  atomic.Int64
	drain *sync.WaitGroup // done when the snapshot is gone; Close waits on it
}

// newSnapshot makes a snapshot with one reference, the collection's own. It
// takes a reference of each segment.
func newSnapshot(drain *sync.WaitGroup, segments []*segment, dead []*roaring.Bitmap, pending *pendingRows) *snapshot {
	s := &snapshot{segments: segments, dead: dead, pending: pending, live: pending.live(), drain: drain}
	for i, seg := range segments {
		seg.refs.Add(1)
		s.live += seg.Rows()
		if dead[i] != nil {
			s.live -= int(dead[i].GetCardinality())
		}
	}
	s.refs.Store(1)
	drain.Add(1)
	return s
}

// retain takes a reference, unless the snapshot is already gone.
func (s *snapshot) retain() bool {
	for {
		n := s.refs.Load()
		if n == 0 {
			return false
		}
		if s.refs.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// release gives a reference back.
func (s *snapshot) release() {
	if s.refs.Add(-1) > 0 {
		return
	}
	for _, seg := range s.segments {
		seg.release()
	}
	s.drain.Done()
}

// acquire gives the current snapshot; the caller releases it.
func (c *Collection) acquire() (*snapshot, error) {
	for {
		s := c.current.Load()
		if s == nil {
			return nil, ErrClosed
		}
		if s.retain() {
			return s, nil
		}
	}
}

// swap makes a snapshot the current one. Only the writer goroutine, Open and close call it.
func (c *Collection) swap(next *snapshot) {
	if last := c.current.Swap(next); last != nil {
		last.release()
	}
}

// pinned keeps the segments of a snapshot for a walk that the caller paces.
// Unlike a snapshot it does not hold up Close, which ends the walk instead.
type pinned struct {
	c        *Collection
	segments []*segment
	dead     []*roaring.Bitmap
}

// pin takes the segments of the current snapshot; the caller releases them.
func (c *Collection) pin() (*pinned, error) {
	s, err := c.acquire()
	if err != nil {
		return nil, err
	}
	defer s.release()
	for _, seg := range s.segments {
		seg.refs.Add(1)
	}
	return &pinned{c: c, segments: s.segments, dead: s.dead}, nil
}

func (p *pinned) release() {
	for _, seg := range p.segments {
		seg.release()
	}
}

// check is what a walk does before each step.
func (p *pinned) check(ctx context.Context) error {
	if p.c.current.Load() == nil {
		return ErrClosed
	}
	return context.Cause(ctx)
}

// place is a live row of a walk.
type place struct {
	segment *segment
	row     uint32
	dead    *roaring.Bitmap // the segment's dead rows; nil when none
}

// rows walks the live rows, segment by segment.
func (p *pinned) rows() iter.Seq[place] {
	return func(yield func(place) bool) {
		for i, seg := range p.segments {
			for row := range uint32(seg.Rows()) {
				if p.dead[i] != nil && p.dead[i].Contains(row) {
					continue
				}
				if !yield(place{seg, row, p.dead[i]}) {
					return
				}
			}
		}
	}
}
