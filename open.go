package store

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"

	"github.com/google/uuid"

	"github.com/vicinaldb/store/storage"
)

// openWritable opens a collection from its source of truth.
func openWritable(dir storage.CollectionDir, name string, log *slog.Logger) (*Collection, error) {
	data, err := storage.OpenDataFile(dir.DataFile())
	if errors.Is(err, ErrNotFound) { // there is a MANIFEST then, see CheckCollection
		return nil, fmt.Errorf("%w: %s is missing, without which a collection can only be read", ErrCorrupt, dir.DataFile())
	}
	if err != nil {
		return nil, err
	}
	c, err := newCollection(dir, name, data.Schema(), log)
	if err != nil {
		return nil, errors.Join(err, data.Close())
	}
	c.data = data
	if err := c.load(); err != nil {
		return nil, errors.Join(err, data.Close())
	}
	return c, nil
}

// load opens the segments that the manifest names, reads the rows that none of
// them holds, removes what a crash left, and starts the writer.
func (c *Collection) load() error {
	if err := c.data.Damage(); err != nil {
		c.report("the data file was repaired", err)
	}
	if err := c.dir.Clean(); err != nil {
		return err
	}
	manifest, err := c.readManifest()
	if err != nil {
		return err
	}
	c.epoch = manifest.Epoch
	earlier, err := c.dir.Quarantined()
	if err != nil {
		return err
	}
	segments, err := c.openSegments(manifest)
	if err != nil {
		return errors.Join(err, segments.close())
	}
	c.noteSetAside(earlier, segments)
	if err := c.start(manifest, segments); err != nil {
		return errors.Join(err, segments.close())
	}
	return nil
}

// readManifest gives the manifest that counts; a collection never prepared has an empty one.
func (c *Collection) readManifest() (*storage.Manifest, error) {
	var encoded []byte
	err := c.data.View(func(v *storage.View) (err error) {
		encoded, err = v.Manifest()
		return err
	})
	if err != nil || encoded == nil {
		return new(storage.Manifest), err
	}
	return storage.DecodeManifest(encoded)
}

// openSegments opens the segments that can be opened. A damaged or missing one
// goes to quarantine: its rows are pending until the next Prepare.
func (c *Collection) openSegments(manifest *storage.Manifest) (segments openedSegments, err error) {
	for _, record := range manifest.Segments {
		path := c.dir.Segment(record.UUID)
		seg, err := c.openSegment(path, record)
		if errors.Is(err, ErrCorrupt) || errors.Is(err, ErrNotFound) {
			c.report("a damaged segment is set aside", err)
			c.quarantine(path)
			continue
		}
		if err != nil {
			return segments, err
		}
		segments.add(seg, nil)
		err = c.data.View(func(v *storage.View) error {
			dead, err := v.Tombstones(record.UUID, record.Rows)
			if err == nil && dead != nil && !dead.IsEmpty() {
				segments.dead[len(segments.dead)-1] = dead
			}
			return err
		})
		if err != nil {
			return segments, err
		}
	}
	return segments, nil
}

// start makes the first snapshot and the writer.
func (c *Collection) start(manifest *storage.Manifest, segments openedSegments) error {
	pending, err := c.loadPending(segments.list)
	if err != nil {
		return err
	}
	if len(segments.list) < len(manifest.Segments) {
		err := c.commitManifest(segments.list, func(tx *storage.Tx) error { return dropTombstones(tx, manifest, segments) })
		if err != nil {
			return err
		}
	}
	s := newSnapshot(&c.drain, segments.list, segments.dead, pending.publish())
	published := c.publish(s)
	if published == nil {
		c.collectGarbage(segments.list) // not before: readers come by MANIFEST
	} else { // a disk that is full, say: what is stored can be used all the same
		c.log.Error("readers beside this process see an older state", "error", published)
	}
	c.swap(s)
	c.writer = startWriter(c, pending, published != nil)
	return nil
}

// dropTombstones removes those of segments that a manifest names and that could not be opened.
func dropTombstones(tx *storage.Tx, manifest *storage.Manifest, segments openedSegments) error {
	for _, record := range manifest.Segments {
		opened := func(seg *segment) bool { return seg.record.UUID == record.UUID }
		if slices.ContainsFunc(segments.list, opened) {
			continue
		}
		if err := tx.DropTombstones(record.UUID); err != nil {
			return err
		}
	}
	return nil
}

// loadPending reads the rows that no segment covers.
func (c *Collection) loadPending(segments []*segment) (*pendingBuilder, error) {
	pending := newPendingBuilder(c.codec)
	covered := make([]storage.SegmentRecord, 0, len(segments))
	for _, seg := range segments {
		covered = append(covered, seg.record)
	}
	slices.SortFunc(covered, func(a, b storage.SegmentRecord) int { return cmp.Compare(a.FirstSeq, b.FirstSeq) })
	after := uint64(0)
	for _, record := range covered {
		if record.FirstSeq > after+1 {
			if err := c.loadRange(pending, after, record.FirstSeq-1); err != nil {
				return nil, err
			}
		}
		after = max(after, record.LastSeq)
	}
	return pending, c.loadRange(pending, after, math.MaxUint64)
}

// loadRange reads the rows after one sequence number up to another.
func (c *Collection) loadRange(pending *pendingBuilder, after, upto uint64) error {
	for row, err := range c.data.Rows(after, upto) {
		if err != nil {
			return err
		}
		if err := c.addPending(pending, row); err != nil {
			return err
		}
	}
	return nil
}

func (c *Collection) addPending(pending *pendingBuilder, row storage.Row) error {
	vector, err := c.codec.DecodePlain(row.Record.Vector)
	if err == nil && c.unknown == nil {
		err = c.codec.Check(vector)
	}
	if err != nil {
		return fmt.Errorf("row %d: %w: %w", row.Seq, ErrCorrupt, err)
	}
	return pending.add(pendingRow{
		seq:    row.Seq,
		id:     string(row.Record.ID),
		fields: append([]byte(nil), row.Record.Metadata...),
		data:   clonePayload(row.Record.Payload),
	}, vector)
}

// collectGarbage removes the segments that the manifest does not name. What
// cannot be removed now is tried again at the next Open.
func (c *Collection) collectGarbage(segments []*segment) {
	named := make([]uuid.UUID, 0, len(segments))
	for _, seg := range segments {
		named = append(named, seg.record.UUID)
	}
	removed, err := c.dir.RemoveUnnamed(named)
	if err != nil {
		c.log.Warn("some files could not be removed", "error", err)
	}
	for _, path := range removed {
		c.log.Info("removed a segment that nothing names", "path", path)
	}
}
