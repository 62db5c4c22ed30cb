package storage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"

	bolt "go.etcd.io/bbolt"

	"github.com/vicinaldb/store/codec"
)

// maxFindings is how many damages Verify describes.
const maxFindings = 20

// Verify reads the whole file and compares it with its checksums and with itself: meta pages, freelist, every page of every
// bucket, so that each page is in use once or free; every entry; ids and rows both ways; the counters. It returns nil, or
// the damages it found, joined, each an [ErrCorrupt] that says where; after some it stops. progress, if not nil, hears how
// many of all rows are done.
//
// Reads and writes go on meanwhile. Verify sees the state that was the last one when it began, and holds it as View
// does: the file grows by what is written in that time.
//
// bbolt's own Tx.Check is not used. It runs in a goroutine of its own, where a fault on a damaged file ends the process.
func (d *DataFile) Verify(ctx context.Context, progress func(done, total int)) error {
	if progress == nil {
		progress = func(int, int) {}
	}
	f := &verification{ctx: ctx, progress: progress}
	if err := f.run(d); err != nil {
		return fmt.Errorf("verifying data file: %w", err)
	}
	return nil
}

// verification is one run of Verify.
type verification struct {
	ctx      context.Context
	progress func(done, total int)
	view     *View
	findings []error
	used     pageSet
	partial  bool // some pages could not be reached
}

// errEnough ends a verification early: there are enough findings to know that the file is beyond use.
var errEnough = errors.New("there may be more")

func (f *verification) run(d *DataFile) error {
	tx, meta, err := f.begin(d)
	if err != nil {
		return err
	}
	defer d.rollback(tx)
	if f.view, err = d.view(tx); err == nil {
		defer f.view.end()
		err = f.walk(meta)
	}
	if f.ctx.Err() != nil {
		return context.Cause(f.ctx)
	}
	return errors.Join(append(f.findings, err)...)
}

// begin begins a transaction and finds the meta page that it began with: there is only one way to know where its freelist
// is, and that is to look before the next two commits overwrite it.
func (f *verification) begin(d *DataFile) (tx *bolt.Tx, meta boltMeta, err error) {
	d.write.Lock()
	defer d.write.Unlock()
	if tx, err = d.beginTx(false); err != nil {
		return nil, meta, err
	}
	info, err := d.file.Stat()
	if err == nil {
		var damage error
		if meta, damage, err = checkBoltFile(d.file, d.path, info.Size()); damage != nil {
			f.findings = append(f.findings, damage)
		}
	}
	if err == nil && meta.tx != uint64(tx.ID()) {
		err = &CorruptError{File: d.path, Offset: -1, Reason: fmt.Sprintf("the newest meta page is of transaction %d, the file is in use as of %d", meta.tx, tx.ID())}
	}
	if err != nil {
		d.rollback(tx)
		return nil, meta, err
	}
	return tx, meta, nil
}

// found notes a damage.
func (f *verification) found(err error) error {
	f.findings = append(f.findings, err)
	if len(f.findings) >= maxFindings {
		return errEnough
	}
	return nil
}

func (f *verification) walk(meta boltMeta) error {
	v := f.view
	f.used = make(pageSet, (v.pages.count+63)/64)
	if err := f.useFree(meta); err != nil {
		return err
	}
	root := boltTree{pages: v.pages, name: "root", root: meta.root}
	if err := f.walkTree(root, f.checkBucket); err != nil {
		return err
	}
	var rows, ids int
	for _, bucket := range []struct {
		tree  *boltTree
		check func(c *boltCursor) error
	}{
		{&v.state, f.checkEntry},
		{&v.tombstones, f.checkTombstones},
		{&v.ids, func(c *boltCursor) error { ids++; return f.checkID(c) }},
		{&v.rows, func(c *boltCursor) error { rows++; return f.checkRow(c, rows) }},
	} {
		if err := f.walkTree(bucket.tree.fork(), bucket.check); err != nil {
			return err
		}
	}
	if f.partial {
		return nil
	}
	if rows != ids || rows != v.Live() {
		if err := f.found(v.corrupt(bucketState, stateCounters, -1, fmt.Errorf("there are %d rows and %d ids, the counter says %d", rows, ids, v.Live()))); err != nil {
			return err
		}
	}
	return f.checkUnused()
}

// useFree marks the pages that no bucket may use: meta pages, the freelist and the pages in it.
func (f *verification) useFree(meta boltMeta) error {
	pages := f.view.pages
	free, extent, err := pages.freelist(meta.freelist)
	if err != nil {
		return err
	}
	f.used.add(0, 2)
	f.used.add(meta.freelist, extent)
	for _, id := range free {
		f.used.add(id, 1)
	}
	return nil
}

// walkTree walks all entries of a tree, and marks its pages as used. A page that cannot be read ends the walk of
// this tree only.
func (f *verification) walkTree(tree boltTree, check func(c *boltCursor) error) error {
	leafDepth := -1
	tree.visit = func(p *boltPage, depth int) error {
		if p.id != 0 && !f.used.add(p.id, uint64((p.size+int64(tree.pages.pageSize)-1)/int64(tree.pages.pageSize))) {
			return tree.pages.corrupt(p.id, "page of bucket %q is free or in use elsewhere", tree.name)
		}
		if p.leaf && leafDepth >= 0 && depth != leafDepth {
			return tree.pages.corrupt(p.id, "leaf of bucket %q at depth %d, others are at %d", tree.name, depth, leafDepth)
		}
		if p.leaf {
			leafDepth = depth
		}
		return nil
	}
	err := f.walkEntries(&boltCursor{tree: &tree}, check)
	if errors.Is(err, ErrCorrupt) && f.ctx.Err() == nil {
		f.partial = true
		return f.found(err)
	}
	return err
}

func (f *verification) walkEntries(c *boltCursor, check func(c *boltCursor) error) error {
	var last []byte
	err := c.first()
	for n := 0; err == nil && c.valid(); n++ {
		if n%256 == 0 && f.ctx.Err() != nil {
			return context.Cause(f.ctx)
		}
		key, err := c.key()
		if err != nil {
			return err
		}
		if n > 0 && bytes.Compare(last, key) >= 0 {
			return c.tree.pages.corrupt(c.top().page.id, "key %x of bucket %q is not above the one before", clip(key), c.tree.name)
		}
		last = append(last[:0], key...)
		if err := check(c); err != nil {
			if errors.Is(err, errEnough) || !errors.Is(err, ErrCorrupt) {
				return err
			}
			if err := f.found(err); err != nil {
				return err
			}
		}
		if err := c.next(); err != nil {
			return err
		}
	}
	return err
}

// checkBucket looks at an entry of the root: the buckets, and no others.
func (f *verification) checkBucket(c *boltCursor) error {
	key, err := c.key()
	if err != nil {
		return err
	}
	for _, known := range f.view.trees() {
		if known.name == string(key) {
			_, _, err := c.bucket()
			return err
		}
	}
	return c.tree.pages.corrupt(c.top().page.id, "there is a bucket %q", clip(key))
}

func (f *verification) checkEntry(c *boltCursor) error {
	_, _, _, err := f.view.entry(c)
	return err
}

func (f *verification) checkTombstones(c *boltCursor) error {
	key, payload, at, err := f.view.entry(c)
	if err != nil {
		return err
	}
	if len(key) != 16 {
		err = fmt.Errorf("key of %d bytes", len(key))
	} else {
		_, err = DecodeTombstones(payload, math.MaxInt32)
	}
	if err != nil {
		return f.view.corrupt(bucketTombstones, entryName(bucketTombstones, key), at, err)
	}
	return nil
}

// checkID looks at an id only: that it finds a row follows from every row being found by its id, and from the counts.
func (f *verification) checkID(c *boltCursor) error {
	key, payload, at, err := f.view.entry(c)
	if err == nil && (len(payload) != 8 || len(key) > codec.MaxIDBytes) {
		err = f.view.corrupt(bucketIDs, entryName(bucketIDs, key), at, fmt.Errorf("id of %d bytes with a sequence number of %d", len(key), len(payload)))
	}
	return err
}

func (f *verification) checkRow(c *boltCursor, n int) error {
	row, err := f.view.row(c)
	if err != nil {
		return err
	}
	if n%1024 == 0 || n == f.view.Live() {
		f.progress(n, f.view.Live())
	}
	if err := f.checkContent(row); err != nil {
		return f.view.corrupt(bucketRows, entryName(bucketRows, rowKey(row.Seq)), -1, err)
	}
	return nil
}

func (f *verification) checkContent(row Row) error {
	if row.Seq == 0 || row.Seq > f.view.LastSeq() {
		return fmt.Errorf("the last sequence number given out is %d", f.view.LastSeq())
	}
	if len(row.Record.Vector)%4 != 0 {
		return fmt.Errorf("vector of %d bytes", len(row.Record.Vector))
	}
	if _, err := codec.DecodeMetadata(row.Record.Metadata); err != nil {
		return err
	}
	seq, ok, err := f.view.Find(string(row.Record.ID))
	if err == nil && (!ok || seq != row.Seq) {
		err = fmt.Errorf("its id %q belongs to row %d", clip(row.Record.ID), seq)
	}
	return err
}

// checkUnused sees that every page that no bucket uses is free.
func (f *verification) checkUnused() error {
	for id := range f.view.pages.count {
		if !f.used.has(id) {
			if err := f.found(f.view.pages.corrupt(id, "page is neither in use nor free")); err != nil {
				return err
			}
		}
	}
	return nil
}

// pageSet is a set of page numbers.
type pageSet []uint64

func (s pageSet) has(id uint64) bool { return s[id/64]&(1<<(id%64)) != 0 }

// add adds n pages that the file has, and reports whether none of them was in the set.
func (s pageSet) add(id, n uint64) bool {
	fresh := true
	for ; n > 0; id, n = id+1, n-1 {
		fresh = fresh && !s.has(id)
		s[id/64] |= 1 << (id % 64)
	}
	return fresh
}
