package storage

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/uuid"
	bolt "go.etcd.io/bbolt"

	"github.com/vicinaldb/store/codec"
)

// How full bbolt makes pages that it splits. Sequence numbers only grow, so nothing is ever put between two rows, and their
// pages can be full. Ids may come in any order: at 0.5, pages of version 7 UUIDs, which grow, stay half empty for ever;
// at 0.9, those of random ids are split again at once and end up a third full. At 0.7 both are 0.6 to 0.7 full.
const (
	rowsFill = 1.0
	idsFill  = 0.7
)

// Tx is a transaction that changes a data file. It belongs to the function that DataFile.Update calls and to one
// goroutine.
type Tx struct {
	tx   *bolt.Tx
	base *View // the state that the transaction began with

	counters counters
	dirty    bool
	failed   error // a change that was begun and not finished
	panicked bool  // by a panic of bbolt

	ids  map[string]uint64   // sequence numbers of ids changed so far; 0 for a deleted one
	put  map[uint64]struct{} // rows put
	gone map[uint64]struct{} // rows removed
}

// Update calls fn with a transaction and commits it: when Update returns nil, all of its changes are durable. When fn
// returns an error, nothing was changed and Update returns that error. One Update runs at a time; fn must not call
// Update or View.
//
// When committing itself fails, or bbolt fails in a way it should not, nobody knows whether the changes are durable: the
// error wraps [ErrPoisoned], and so does that of every later Update. Reads go on; they may or may not see the changes.
// Opening the file again settles it.
func (d *DataFile) Update(fn func(tx *Tx) error) error {
	d.write.Lock()
	defer d.write.Unlock()
	if d.poison != nil {
		return fmt.Errorf("%w: %w", ErrPoisoned, d.poison)
	}
	tx, err := d.beginTx(true)
	switch {
	case errors.Is(err, ErrCorrupt):
		return d.poisoned(err)
	case err != nil:
		return err
	}
	// Also when fn panics, the transaction ends here. After a commit this does nothing.
	defer d.rollback(tx)
	base, err := d.view(tx)
	if err != nil {
		return err
	}
	defer base.end()
	t := newTx(tx, base)
	if err = fn(t); err == nil && t.dirty {
		err = cmp.Or(t.putState(stateCounters, t.counters.encode()), t.putState(stateCommit, encodeCommit(tx)))
	}
	switch {
	case t.panicked:
		return d.poisoned(t.failed)
	case err != nil:
		return err
	case !t.dirty:
		return nil
	}
	d.db.AllocSize = growth(tx.Size())
	if _, err := d.guard("committing", tx.Commit); err != nil {
		return d.poisoned(err)
	}
	return nil
}

// growth returns by how much bbolt lets the file grow when it is full: by a quarter, so that small files stay small and large
// ones need few of the syncs that this takes.
func growth(size int64) int {
	return int(min(max(size/4, 1<<20), 16<<20))
}

// poisoned ends writing for the reason err.
func (d *DataFile) poisoned(err error) error {
	d.poison = err
	return fmt.Errorf("%w: %w", ErrPoisoned, err)
}

func newTx(tx *bolt.Tx, base *View) *Tx {
	for _, tree := range base.trees() {
		tree.seen = make(map[uint64]struct{})
	}
	return &Tx{
		tx:       tx,
		base:     base,
		counters: base.counters,
		ids:      make(map[string]uint64),
		put:      make(map[uint64]struct{}),
		gone:     make(map[uint64]struct{}),
	}
}

// NextSeq returns a sequence number that no row has had, larger than all before.
func (t *Tx) NextSeq() (uint64, error) {
	if t.counters.lastSeq == 1<<64-1 {
		return 0, fmt.Errorf("%w: sequence numbers are used up", ErrTooLarge)
	}
	t.counters.lastSeq++
	t.dirty = true
	return t.counters.lastSeq, nil
}

// Live returns the number of rows.
func (t *Tx) Live() int { return int(t.counters.live) }

// Find returns the sequence number of the row with an id.
func (t *Tx) Find(id string) (seq uint64, ok bool, err error) {
	if seq, changed := t.ids[id]; changed {
		return seq, seq != 0, nil
	}
	return t.base.Find(id)
}

// Exists reports whether there is a row with a sequence number.
func (t *Tx) Exists(seq uint64) (bool, error) {
	if _, ok := t.put[seq]; ok {
		_, gone := t.gone[seq]
		return !gone, nil
	}
	if _, ok := t.gone[seq]; ok {
		return false, nil
	}
	return t.base.exists(seq)
}

// Put stores a row under a sequence number from NextSeq of this transaction, in place of the row that its id had. record is
// what codec.AppendRecord made, with this id; it is copied.
func (t *Tx) Put(id string, seq uint64, record []byte) error {
	if err := t.checkPut(id, seq, record); err != nil {
		return fmt.Errorf("putting row %d: %w", seq, err)
	}
	if _, _, err := t.Delete(id); err != nil {
		return fmt.Errorf("putting row %d: %w", seq, err)
	}
	if err := t.set(&t.base.rows, rowKey(seq), record); err != nil {
		return err
	}
	if err := t.set(&t.base.ids, []byte(id), binary.LittleEndian.AppendUint64(nil, seq)); err != nil {
		return err
	}
	t.ids[id], t.put[seq] = seq, struct{}{}
	t.counters.live++
	return nil
}

// checkPut refuses what would put ids and rows at odds.
func (t *Tx) checkPut(id string, seq uint64, record []byte) error {
	if _, taken := t.put[seq]; taken || seq <= t.base.counters.lastSeq || seq > t.counters.lastSeq {
		return fmt.Errorf("its sequence number is not a new one")
	}
	r, err := codec.DecodeRecordVector(record)
	if err != nil {
		return err
	}
	if string(r.ID) != id {
		return fmt.Errorf("its record has id %q, not %q", clip(r.ID), clip([]byte(id)))
	}
	return nil
}

// Delete removes the row with an id, and returns its sequence number if there was one.
func (t *Tx) Delete(id string) (seq uint64, existed bool, err error) {
	seq, existed, err = t.Find(id)
	if err != nil || !existed {
		return 0, false, err
	}
	there, err := t.Exists(seq)
	if err != nil {
		return 0, false, err
	}
	if !there {
		return 0, false, t.base.corrupt(bucketIDs, entryName(bucketIDs, []byte(id)), -1, fmt.Errorf("row %d does not exist", seq))
	}
	if err := t.remove(&t.base.rows, rowKey(seq)); err != nil {
		return 0, false, err
	}
	if err := t.remove(&t.base.ids, []byte(id)); err != nil {
		return 0, false, err
	}
	t.ids[id], t.gone[seq] = 0, struct{}{}
	t.counters.live--
	return seq, true, nil
}

// PutTombstones stores the dead rows of a segment in place of those stored before.
func (t *Tx) PutTombstones(segment uuid.UUID, dead *roaring.Bitmap) error {
	b, err := EncodeTombstones(dead)
	if err != nil {
		return err
	}
	return t.set(&t.base.tombstones, segment[:], b)
}

// DropTombstones forgets the dead rows of a segment, if any are stored.
func (t *Tx) DropTombstones(segment uuid.UUID) error {
	return t.remove(&t.base.tombstones, segment[:])
}

// PutManifest stores the manifest, bytes of the caller, in place of the one before. It is copied.
func (t *Tx) PutManifest(manifest []byte) error { return t.putState(stateManifest, manifest) }

func (t *Tx) putState(key string, payload []byte) error {
	return t.set(&t.base.state, []byte(key), payload)
}

// set puts a sealed value into a bucket.
func (t *Tx) set(tree *boltTree, key, payload []byte) error {
	return t.change(tree, func() error {
		c := boltCursor{tree: tree}
		return c.approach(key)
	}, func(b *bolt.Bucket) error { return b.Put(key, sealValue(tree.name, key, payload)) })
}

// remove deletes a key from a bucket. bbolt may merge the page it is on with one beside it, so it looks at those too.
func (t *Tx) remove(tree *boltTree, key []byte) error {
	return t.change(tree, func() error {
		c := boltCursor{tree: tree}
		return c.approachBeside(key)
	}, func(b *bolt.Bucket) error { return b.Delete(key) })
}

// change lets bbolt change a bucket, after a look at the pages that it will read. A change that fails spoils the
// transaction, whatever the caller makes of the error, for others that belong to it may be made.
func (t *Tx) change(tree *boltTree, inspect func() error, fn func(*bolt.Bucket) error) error {
	if t.failed != nil {
		return t.failed
	}
	t.dirty = true
	if t.failed = inspect(); t.failed != nil {
		return t.failed
	}
	t.panicked, t.failed = t.base.file.guard("changing bucket "+tree.name, func() error {
		b := t.tx.Bucket([]byte(tree.name))
		if b == nil {
			return errors.New("bucket is missing")
		}
		switch tree.name {
		case bucketRows:
			b.FillPercent = rowsFill
		case bucketIDs:
			b.FillPercent = idsFill
		}
		return fn(b)
	})
	return t.failed
}
