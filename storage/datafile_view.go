package storage

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/uuid"
	bolt "go.etcd.io/bbolt"

	"github.com/vicinaldb/store/codec"
)

// View is one committed state of a data file. It belongs to the function that DataFile.View calls and to one goroutine;
// what it returned stays valid afterwards.
type View struct {
	file   *DataFile
	pages  *boltPages
	memory *viewMemory

	rows, ids, tombstones, state boltTree
	counters                     counters
	vectors                      boltCursor // where ReadVector was last
}

// Row is a row as it was stored.
type Row struct {
	Seq    uint64
	Record codec.Record // its bytes belong to the row
	Size   int          // bytes it takes in the file
}

// View calls fn with the last committed state and returns its error. As long as fn runs, the pages of that state cannot
// be used again, and where there is no address space to spare (Windows, 32-bit) a writer may have to wait, and all who
// come after it: fn should be short, and must not call View or Update.
func (d *DataFile) View(fn func(v *View) error) error {
	tx, err := d.beginTx(false)
	if err != nil {
		return err
	}
	defer d.rollback(tx)
	v, err := d.view(tx)
	if err != nil {
		return err
	}
	defer v.end()
	return fn(v)
}

// viewMemory is what a view reads pages into.
type viewMemory struct {
	arena  []byte
	leaves [4][]byte // by tree
}

// arenaSize has room for the branch pages between the roots and some leaves.
const arenaSize = 64 << 10

var viewMemories = sync.Pool{New: func() any { return &viewMemory{arena: make([]byte, 0, arenaSize)} }}

// view opens the state that a transaction began with. The caller ends it.
func (d *DataFile) view(tx *bolt.Tx) (*View, error) {
	v := &View{file: d, memory: viewMemories.Get().(*viewMemory)}
	v.pages = &boltPages{
		file:     d.file,
		path:     d.path,
		pageSize: d.pageSize,
		count:    uint64(tx.Size()) / uint64(d.pageSize),
		branches: make(map[uint64]*boltPage),
		arena:    v.memory.arena[:0],
	}
	err := v.openBuckets(uint64(tx.Cursor().Bucket().Root()))
	if err == nil {
		err = v.checkCommit(tx)
	}
	if err != nil {
		v.end()
		return nil, err
	}
	return v, nil
}

// checkCommit compares the number that the last transaction left in state with that of the meta page.
func (v *View) checkCommit(tx *bolt.Tx) error {
	last := uint64(tx.ID())
	if tx.Writable() {
		last-- // its own is the next
	}
	payload, err := v.stateValue(stateCommit)
	if err != nil {
		return err
	}
	if len(payload) != 8 || binary.LittleEndian.Uint64(payload) != last {
		return v.corrupt(bucketState, stateCommit, -1, fmt.Errorf("is % x in the state of transaction %d", payload, last))
	}
	return nil
}

// end gives the memory of the view to the next one.
func (v *View) end() {
	for i, tree := range v.trees() {
		if cap(tree.buf) <= wholePage {
			v.memory.leaves[i] = tree.buf
		}
		tree.buf = nil
	}
	v.pages.ended, v.pages.branches = true, nil
	viewMemories.Put(v.memory)
}

// openBuckets finds the buckets in the tree of buckets, and reads the counters.
func (v *View) openBuckets(root uint64) error {
	names := [...]string{bucketRows, bucketIDs, bucketTombstones, bucketState}
	for i, tree := range v.trees() {
		*tree = boltTree{pages: v.pages, name: names[i], buf: v.memory.leaves[i]}
	}
	buckets := boltTree{pages: v.pages, name: "root", root: root}
	found := 0
	c := boltCursor{tree: &buckets}
	err := c.first()
	for ; err == nil && c.valid(); err = c.next() {
		key, err := c.key()
		if err != nil {
			return err
		}
		for _, tree := range v.trees() {
			if string(key) != tree.name {
				continue
			}
			if tree.root, tree.page, err = c.bucket(); err != nil {
				return err
			}
			found++
		}
	}
	if err != nil {
		return err
	}
	if found < len(names) {
		return v.pages.corrupt(root, "there are %d of %d buckets", found, len(names))
	}
	return v.loadCounters()
}

func (v *View) trees() [4]*boltTree {
	return [4]*boltTree{&v.rows, &v.ids, &v.tombstones, &v.state}
}

// Find returns the sequence number of the row with an id.
func (v *View) Find(id string) (seq uint64, ok bool, err error) {
	payload, ok, err := v.get(&v.ids, []byte(id))
	if err != nil || !ok {
		return 0, false, err
	}
	if len(payload) != 8 {
		return 0, false, v.corrupt(bucketIDs, fmt.Sprintf("%q", clip([]byte(id))), -1, fmt.Errorf("sequence number of %d bytes", len(payload)))
	}
	return binary.LittleEndian.Uint64(payload), true, nil
}

// Row returns the row with a sequence number; an [ErrNotFound] if there is none.
func (v *View) Row(seq uint64) (codec.Record, error) {
	record, _, err := v.record(seq)
	return record, err
}

func (v *View) record(seq uint64) (record codec.Record, size int, err error) {
	key := rowKey(seq)
	payload, ok, err := v.get(&v.rows, key)
	if err != nil {
		return record, 0, err
	}
	if !ok {
		return record, 0, fmt.Errorf("%w: row %d", ErrNotFound, seq)
	}
	if record, err = codec.DecodeRecord(bytes.Clone(payload)); err != nil {
		return record, 0, v.corrupt(bucketRows, entryName(bucketRows, key), -1, err)
	}
	return record, len(payload), nil
}

// Get returns the row with an id; false if there is none. Unlike Find and Row together, it holds the two against each other.
func (v *View) Get(id string) (row Row, ok bool, err error) {
	seq, ok, err := v.Find(id)
	if err != nil || !ok {
		return Row{}, false, err
	}
	row.Seq = seq
	row.Record, row.Size, err = v.record(seq)
	switch {
	case errors.Is(err, ErrNotFound):
		err = v.corrupt(bucketIDs, entryName(bucketIDs, []byte(id)), -1, fmt.Errorf("row %d does not exist", seq))
	case err == nil && string(row.Record.ID) != id:
		err = v.corrupt(bucketIDs, entryName(bucketIDs, []byte(id)), -1, fmt.Errorf("row %d has id %q", seq, clip(row.Record.ID)))
	}
	if err != nil {
		return Row{}, false, err
	}
	return row, true, nil
}

// exists reports whether there is a row with a sequence number.
func (v *View) exists(seq uint64) (bool, error) {
	key := rowKey(seq)
	c := boltCursor{tree: &v.rows}
	if err := c.seek(key); err != nil {
		return false, err
	}
	own, err := c.key()
	return err == nil && bytes.Equal(own, key), err
}

// Rows walks the rows after one sequence number up to and including another, in ascending order. An error ends the walk.
func (v *View) Rows(after, upto uint64) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		rows := v.rows.fork()
		rows.keep = true
		c := boltCursor{tree: &rows}
		if after == 1<<64-1 {
			return
		}
		err := c.seek(rowKey(after + 1))
		for ; err == nil && c.valid(); err = c.next() {
			var row Row
			if row, err = v.row(&c); err != nil || row.Seq > upto {
				break
			}
			if !yield(row, nil) {
				return
			}
		}
		if err != nil {
			yield(Row{}, err)
		}
	}
}

// Bounds of a batch of DataFile.Rows. They keep a batch to some milliseconds.
const (
	batchRows  = 512
	batchBytes = 4 << 20
)

// Rows walks rows as View.Rows does, in batches: each batch is read from the state that is the last one then, and no state is
// held while the caller looks at it. So the caller may take its time and call anything; a row that is stored, replaced or
// deleted meanwhile may or may not be seen, others are, once.
func (d *DataFile) Rows(after, upto uint64) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for {
			batch, err := d.batch(after, upto)
			for _, row := range batch {
				if !yield(row, nil) {
					return
				}
				after = row.Seq
			}
			if err != nil {
				yield(Row{}, err)
			}
			if err != nil || len(batch) == 0 {
				return
			}
		}
	}
}

// batch reads the next rows, none if there are no more. With an error it returns those before it.
func (d *DataFile) batch(after, upto uint64) (batch []Row, err error) {
	err = d.View(func(v *View) error {
		size := 0
		for row, err := range v.Rows(after, upto) {
			if err != nil {
				return err
			}
			batch = append(batch, row)
			if size += row.Size; len(batch) == batchRows || size >= batchBytes {
				return nil
			}
		}
		return nil
	})
	return batch, err
}

// row decodes the entry under a cursor of bucket rows.
func (v *View) row(c *boltCursor) (Row, error) {
	key, payload, at, err := v.entry(c)
	if err != nil {
		return Row{}, err
	}
	if len(key) != 8 {
		return Row{}, v.corrupt(bucketRows, entryName(bucketRows, key), at, fmt.Errorf("key of %d bytes", len(key)))
	}
	row := Row{Seq: binary.BigEndian.Uint64(key), Size: len(payload)}
	if row.Record, err = codec.DecodeRecord(payload); err != nil {
		return row, v.corrupt(bucketRows, entryName(bucketRows, key), at, err)
	}
	return row, nil
}

// Live returns the number of rows.
func (v *View) Live() int { return int(v.counters.live) }

// LastSeq returns the last sequence number that was given out, 0 if none was.
func (v *View) LastSeq() uint64 { return v.counters.lastSeq }

func (v *View) loadCounters() error {
	payload, err := v.stateValue(stateCounters)
	if err != nil {
		return err
	}
	if v.counters, err = decodeCounters(payload); err != nil {
		return v.corrupt(bucketState, stateCounters, -1, err)
	}
	return nil
}

// Manifest returns what was last given to Tx.PutManifest, nil if nothing was.
func (v *View) Manifest() ([]byte, error) {
	payload, _, err := v.get(&v.state, []byte(stateManifest))
	return bytes.Clone(payload), err
}

// Tombstones returns the dead rows of a segment that has the given number of rows; nil if none are dead.
func (v *View) Tombstones(segment uuid.UUID, rows int) (*roaring.Bitmap, error) {
	payload, ok, err := v.get(&v.tombstones, segment[:])
	if err != nil || !ok {
		return nil, err
	}
	dead, err := DecodeTombstones(payload, rows)
	if err != nil {
		return nil, v.corrupt(bucketTombstones, segment.String(), -1, err)
	}
	return dead, nil
}

// stateValue returns a payload of bucket state that must be there, valid as get's.
func (v *View) stateValue(key string) ([]byte, error) {
	payload, ok, err := v.get(&v.state, []byte(key))
	if err == nil && !ok {
		err = v.corrupt(bucketState, key, -1, fmt.Errorf("is missing"))
	}
	return payload, err
}

// get returns the payload of a key, valid until the next call for this tree. That a key is not there is only believed when the entries around its place are in
// order, for a damaged key hides itself and sends searches for others the wrong way.
func (v *View) get(tree *boltTree, key []byte) (payload []byte, ok bool, err error) {
	if len(key) == 0 {
		return nil, false, nil
	}
	c := boltCursor{tree: tree}
	if err := c.seekLeaf(key); err != nil {
		return nil, false, err
	}
	return v.payload(&c, key)
}

// payload is get for a cursor that is at the place of the key in its leaf.
func (v *View) payload(c *boltCursor, key []byte) (payload []byte, ok bool, err error) {
	place := c.top().index
	if place < c.top().page.n {
		own, payload, _, err := v.entry(c)
		if err != nil || bytes.Equal(own, key) {
			return payload, err == nil, err
		}
	}
	if c.top().index--; place > 0 {
		if _, _, _, err := v.entry(c); err != nil {
			return nil, false, err
		}
	}
	// Behind the last entry of a leaf, the next leaf could be the place. Going there compares its first key.
	c.top().index = place
	return nil, false, c.settle()
}

// entry returns the key, the payload and the offset of the entry under a cursor, after checking its checksum.
func (v *View) entry(c *boltCursor) (key, payload []byte, at int64, err error) {
	if key, err = c.key(); err != nil {
		return nil, nil, 0, err
	}
	value, at, err := c.value()
	if err != nil {
		return nil, nil, 0, err
	}
	if payload, err = openValue(c.tree.name, key, value); err != nil {
		return nil, nil, 0, v.corrupt(c.tree.name, entryName(c.tree.name, key), at, err)
	}
	return key, payload, at, nil
}

// entryName says which entry of a bucket a key is.
func entryName(bucket string, key []byte) string {
	switch {
	case bucket == bucketRows && len(key) == 8:
		return fmt.Sprintf("row %d", binary.BigEndian.Uint64(key))
	case bucket == bucketTombstones && len(key) == 16:
		return uuid.UUID(key).String()
	}
	return fmt.Sprintf("%q", clip(key))
}

func (v *View) corrupt(bucket, entry string, at int64, reason error) error {
	return &CorruptError{File: v.file.path, Section: bucket + ", " + entry, Offset: at, Cause: reason}
}
