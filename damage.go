package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/vicinaldb/store/storage"
)

// setAside takes a damaged segment out of service after a call failed on it,
// and reports whether the call should be tried again: then the segment's rows
// are pending, and answered from the source of truth. A read-only store has no
// such source, and an error that is no damage of the collection's own segments
// is the caller's: one of another collection may come with its graph.
func (c *Collection) setAside(ctx context.Context, err error) bool {
	d, ok := errors.AsType[*damage](err)
	if !ok || d.seg.of != c || c.writer == nil {
		return false
	}
	return c.writer.submit(ctx, &request{solo: func(w *writer) error { return w.setAside(d) }}) == nil
}

// setAside moves the file to quarantine, where it is kept for whoever wants to
// look at it, commits a manifest without it and makes its rows pending. In this
// order, since a file that no manifest names is removed: a crash in between
// leaves a manifest that names a missing file, which Open deals with likewise.
func (w *writer) setAside(d *damage) error {
	c, base := w.c, w.c.current.Load()
	var kept openedSegments
	for i, seg := range base.segments {
		if seg != d.seg {
			kept.add(seg, base.dead[i])
		}
	}
	if len(kept.list) == len(base.segments) {
		return nil // another call was first
	}
	c.report("a damaged segment is set aside", d.err)
	pending, err := c.loadPending(kept.list)
	if err != nil {
		return err
	}
	c.quarantine(d.seg.path)
	err = c.commitManifest(kept.list, func(tx *storage.Tx) error { return tx.DropTombstones(d.seg.record.UUID) })
	if err != nil {
		return err
	}
	w.pending = pending
	s := newSnapshot(&c.drain, kept.list, kept.dead, pending.publish())
	if err = c.publish(s); err != nil {
		c.report("a segment was set aside", err)
	}
	w.dirty = err != nil
	c.swap(s)
	return nil
}

// quarantine keeps a damaged file out of the way. It no longer counts, so failing to move it is no failure of the call.
func (c *Collection) quarantine(path string) {
	_, err := storage.MoveToQuarantine(path, c.dir.Quarantine())
	if errors.Is(err, storage.ErrNotFound) {
		err = storage.NoteMissing(path, c.dir.Quarantine())
	}
	if err != nil {
		c.report("a damaged segment could not be moved to quarantine", err)
	}
}

// noteSetAside has Info tell of damaged segments that were set aside before the
// collection was opened, if there is no other in their place: whoever opened it
// then may have told nobody.
func (c *Collection) noteSetAside(earlier []string, segments openedSegments) {
	if len(segments.list) > 0 {
		return
	}
	c.earlier = earlier
	for _, path := range earlier {
		c.log.Error(setAsideEarlier, "path", path)
	}
}

const setAsideEarlier = "a damaged segment was set aside, and there is no other yet"

// replaced notes that there is another index for all that was set aside.
func (c *Collection) replaced() {
	if err := c.dir.ReplaceQuarantined(); err != nil {
		c.log.Warn("files in quarantine keep the names of segments without another", "error", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.earlier = nil
}

// allProblems are the problems that Info tells.
func (c *Collection) allProblems() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	problems := slices.Clone(c.problems)
	for _, path := range c.earlier {
		problems = append(problems, fmt.Sprintf("%s: %s", setAsideEarlier, path))
	}
	return problems
}

// openedSegments are segments with their tombstones.
type openedSegments struct {
	list []*segment
	dead []*roaring.Bitmap
}

func (o *openedSegments) add(seg *segment, dead *roaring.Bitmap) {
	if dead != nil && dead.IsEmpty() {
		dead = nil
	}
	o.list, o.dead = append(o.list, seg), append(o.dead, dead)
}

// close unmaps segments that no snapshot took.
func (o *openedSegments) close() error {
	var errs []error
	for _, seg := range o.list {
		errs = append(errs, seg.Close())
	}
	return errors.Join(errs...)
}
