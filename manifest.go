package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/vicinaldb/store/compaction"
	"github.com/vicinaldb/store/storage"
)

// errUnpublished marks a failure after the commit point: the change is durable
// and in use, but readers beside this process do not see it yet.
var errUnpublished = errors.New("committed, but MANIFEST could not be published")

// manifest describes a list of segments.
func (c *Collection) manifest(epoch uint64, segments []*segment) *storage.Manifest {
	m := &storage.Manifest{Collection: c.data.UUID(), Epoch: epoch, Schema: c.data.Schema()}
	for _, seg := range segments {
		m.Segments = append(m.Segments, seg.record)
		m.Watermark = max(m.Watermark, seg.record.LastSeq)
	}
	return m
}

// commitManifest makes a list of segments the collection's own, in one
// transaction with what else the change consists of. This is the commit point:
// before it the files are garbage, after it they count.
func (c *Collection) commitManifest(segments []*segment, also func(tx *storage.Tx) error) error {
	encoded, err := c.manifest(c.epoch+1, segments).Encode()
	if err != nil {
		return err
	}
	err = c.data.Update(func(tx *storage.Tx) error {
		if err := tx.PutManifest(encoded); err != nil {
			return err
		}
		return also(tx)
	})
	if err == nil {
		c.epoch++
	}
	return err
}

// publish writes the file MANIFEST, with the tombstones, for readers that must
// not touch the data file. It is written again by the next Prepare, Close or Open when it fails.
func (c *Collection) publish(s *snapshot) error {
	if err := c.publishSnapshot(s); err != nil {
		return fmt.Errorf("%w: %w", errUnpublished, err)
	}
	return nil
}

// publishAgain publishes the state that there is where it could not be before, so that a Prepare after one that failed so does what the
// first was to do.
func (c *Collection) publishAgain(ctx context.Context) error {
	return c.writer.submit(ctx, &request{solo: func(w *writer) error {
		if !w.dirty {
			return nil
		}
		err := c.publish(c.current.Load())
		w.dirty = err != nil
		return err
	}})
}

func (c *Collection) publishSnapshot(s *snapshot) error {
	m := c.manifest(c.epoch, s.segments)
	m.Live, m.Pending = uint64(s.live), uint64(s.pending.live())
	for i, dead := range s.dead {
		if dead == nil {
			continue
		}
		var err error
		if m.Segments[i].Tombstones, err = storage.EncodeTombstones(dead); err != nil {
			return err
		}
	}
	encoded, err := m.Encode()
	if err != nil {
		return err
	}
	if published, err := os.ReadFile(c.dir.Manifest()); err == nil && bytes.Equal(published, encoded) {
		return nil
	}
	return storage.PublishManifest(c.dir.Manifest(), c.dir.TemporaryManifest(), m)
}

// install makes a finished segment the index: into segments/, checked as a
// reader would check it, committed, published, swapped in. Rows that died
// while it was built are dead in it from the start.
func (w *writer) install(record storage.SegmentRecord, out *compaction.Output) error {
	c, base := w.c, w.c.current.Load()
	pending, err := w.pending.after(record.LastSeq)
	if err != nil {
		return err
	}
	var next openedSegments
	if record.Rows > 0 {
		seg, err := c.adopt(record)
		if err != nil {
			return err
		}
		next.add(seg, w.build.tombstones(out))
	}
	err = c.commitManifest(next.list, func(tx *storage.Tx) error { return replaceTombstones(tx, base, &next) })
	if err != nil {
		// What is in segments/ stays: after a commit that failed nobody knows whether it counts.
		return errors.Join(err, next.close())
	}
	s := newSnapshot(&c.drain, next.list, next.dead, pending.publish())
	err = c.publish(s)
	w.pending, w.dirty = pending, err != nil
	for _, seg := range base.segments {
		seg.obsolete.Store(err == nil) // else readers still come by MANIFEST, and the next Open removes the file
	}
	c.swap(s) // lets go of the old segments
	c.replaced()
	return err
}

// adopt moves a finished segment among the segments and opens it.
func (c *Collection) adopt(record storage.SegmentRecord) (*segment, error) {
	path := c.dir.Segment(record.UUID)
	if err := storage.PublishFile(c.dir.Building(record.UUID), path); err != nil {
		return nil, err
	}
	seg, err := c.openSegment(path, record)
	if err != nil {
		return nil, errors.Join(err, removeIfThere(path))
	}
	return seg, nil
}

// tombstones are the rows of a segment that died while it was built.
func (b *build) tombstones(out *compaction.Output) *roaring.Bitmap {
	dead := roaring.New()
	for _, sequence := range b.removed {
		if row, ok := out.Row(sequence); ok {
			dead.Add(row)
		}
	}
	return dead
}

// replaceTombstones stores those of the new segments instead of those of the old ones.
func replaceTombstones(tx *storage.Tx, base *snapshot, next *openedSegments) error {
	for _, seg := range base.segments {
		if err := tx.DropTombstones(seg.record.UUID); err != nil {
			return err
		}
	}
	for i, dead := range next.dead {
		if dead == nil {
			continue
		}
		if err := tx.PutTombstones(next.list[i].record.UUID, dead); err != nil {
			return err
		}
	}
	return nil
}
