package storage_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/storage"
)

// TestVerifyFindsWhatReadingCannot: a freelist that names a page in use gives right answers until that page is
// overwritten.
func TestVerifyFindsWhatReadingCannot(t *testing.T) {
	const pageSize = 1 << 10
	sound, want := damageFixture(t)
	meta := newerMeta(sound)
	at := int(binary.NativeEndian.Uint64(meta[32:])) * pageSize
	list := make([]uint64, binary.NativeEndian.Uint16(sound[at+10:]))
	for i := range list {
		list[i] = binary.NativeEndian.Uint64(sound[at+16+8*i:])
	}
	found := 0
	for id := range binary.NativeEndian.Uint64(meta[40:]) {
		// The entry whose place it can take so that the list stays in order.
		i, free := slices.BinarySearch(list, id)
		if i = min(i, len(list)-1); free || id < 2 {
			continue
		}
		damaged := bytes.Clone(sound)
		binary.NativeEndian.PutUint64(damaged[at+16+8*i:], id)
		path := filepath.Join(t.TempDir(), "data.bolt")
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		d, err := storage.OpenDataFile(path)
		if id == binary.NativeEndian.Uint64(meta[16:]) || id == binary.NativeEndian.Uint64(meta[32:]) {
			if !errors.Is(err, storage.ErrCorrupt) {
				t.Errorf("opening gives %v with the root or the freelist itself named free", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if got, err := readEverything(d, nil); err != nil || !maps.Equal(got.records, want.records) {
			t.Errorf("reading with page %d named free gives %v", id, err)
		}
		if err := d.Verify(context.Background(), nil); !errors.Is(err, storage.ErrCorrupt) {
			t.Errorf("Verify gives %v with page %d named free", err, id)
		}
		found++
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if found == 0 {
		t.Error("no page in use could be named free")
	}
}

// TestDamagedFreelist: bbolt would hand out the pages that a freelist names, or take the memory that it claims.
func TestDamagedFreelist(t *testing.T) {
	sound, _ := damageFixture(t)
	at := int(binary.NativeEndian.Uint64(newerMeta(sound)[32:])) << 10
	n := int(binary.NativeEndian.Uint16(sound[at+10:]))
	if n < 2 {
		t.Fatalf("the fixture has %d free pages, want two", n)
	}
	entry := func(list []byte, i int) []byte { return list[16+8*i:][:8] }
	for reason, damage := range map[string]func(list []byte){
		"out of order":           func(list []byte) { copy(entry(list, 0), entry(list, n-1)) },
		"a page twice":           func(list []byte) { copy(entry(list, 1), entry(list, 0)) },
		"a meta page":            func(list []byte) { binary.NativeEndian.PutUint64(entry(list, 0), 1) },
		"a page beyond":          func(list []byte) { binary.NativeEndian.PutUint64(entry(list, n-1), 1<<40) },
		"more than fit":          func(list []byte) { binary.NativeEndian.PutUint16(list[10:], 2000) },
		"a length of 2^40":       func(list []byte) { binary.NativeEndian.PutUint16(list[10:], 0xffff); list[16+5] = 1 },
		"pages of others":        func(list []byte) { binary.NativeEndian.PutUint32(list[12:], 1) },
		"an extent of 2^32":      func(list []byte) { binary.NativeEndian.PutUint32(list[12:], 1<<32-1) },
		"another page's":         func(list []byte) { list[0]++ },
		"no freelist but a leaf": func(list []byte) { binary.NativeEndian.PutUint16(list[8:], 2) },
	} {
		damaged := bytes.Clone(sound)
		damage(damaged[at : at+1<<10])
		path := filepath.Join(t.TempDir(), "data.bolt")
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := storage.OpenDataFile(path); !errors.Is(err, storage.ErrCorrupt) {
			t.Errorf("opening gives %v with a freelist that is or names %s", err, reason)
		}
	}
}

// TestVerifyFindsLostPages: a page that is neither in use nor free harms nobody, but tells of something that went wrong.
func TestVerifyFindsLostPages(t *testing.T) {
	sound, _ := damageFixture(t)
	at := int(binary.NativeEndian.Uint64(newerMeta(sound)[32:])) << 10
	binary.NativeEndian.PutUint16(sound[at+10:], binary.NativeEndian.Uint16(sound[at+10:])-1)
	path := filepath.Join(t.TempDir(), "data.bolt")
	if err := os.WriteFile(path, sound, 0o600); err != nil {
		t.Fatal(err)
	}
	d := openDataFile(t, path)
	if err := d.Verify(t.Context(), nil); !errors.Is(err, storage.ErrCorrupt) || !strings.Contains(err.Error(), "neither in use nor free") {
		t.Errorf("Verify gives %v with a page missing from the freelist", err)
	}
}

// TestVerifyComparesEntries makes files of sound pages and values that contradict one another.
func TestVerifyComparesEntries(t *testing.T) {
	rowKey := func(seq uint64) []byte { return binary.BigEndian.AppendUint64(nil, seq) }
	u64 := func(v ...uint64) (b []byte) {
		for _, v := range v {
			b = binary.LittleEndian.AppendUint64(b, v)
		}
		return b
	}
	set := func(bucket string, key, payload []byte) func(tx *bolt.Tx) error {
		return func(tx *bolt.Tx) error {
			return tx.Bucket([]byte(bucket)).Put(key, storage.SealValue(bucket, key, payload))
		}
	}
	remove := func(bucket string, key []byte) func(tx *bolt.Tx) error {
		return func(tx *bolt.Tx) error { return tx.Bucket([]byte(bucket)).Delete(key) }
	}
	for _, c := range []struct {
		change func(tx *bolt.Tx) error
		want   string // in the error; empty: none
	}{
		{func(*bolt.Tx) error { return nil }, ""},
		{set("ids", []byte("d"), u64(3)), "there are 3 rows and 4 ids, the counter says 3"},
		{set("state", []byte("counters"), u64(9, 2)), "there are 3 rows and 3 ids, the counter says 2"},
		{set("state", []byte("counters"), u64(2, 2)), "rows, row 3: the last sequence number given out is 2"},
		{set("state", []byte("counters"), u64(2, 3)), "3 live rows, but only 2 were ever stored"},
		{set("state", []byte("counters"), u64(2)), "counters of 8 bytes"},
		{remove("state", []byte("counters")), "is missing"},
		{set("ids", []byte("b"), u64(3)), `rows, row 2: its id "b" belongs to row 3`},
		{remove("ids", []byte("b")), `rows, row 2: its id "b" belongs to row 0`},
		{remove("rows", rowKey(2)), "there are 2 rows and 3 ids, the counter says 3"},
		{set("ids", []byte("b"), u64(2, 0)), `ids, "b"`},
		{set("rows", []byte("short"), []byte("x")), `rows, "short"`},
		{set("rows", rowKey(2), []byte("x")), "rows, row 2: corrupt encoding"},
		{set("rows", rowKey(2), codec.AppendRecord(nil, codec.Record{ID: []byte("b"), Metadata: []byte("x")})), "rows, row 2: corrupt encoding"},
		{set("rows", rowKey(2), codec.AppendRecord(nil, codec.Record{ID: []byte("b"), Vector: []byte("x")})), "rows, row 2: vector of 1 bytes"},
		{set("tombstones", []byte("short"), []byte("x")), "tombstones, "},
		{set("tombstones", testCollection[:], []byte("x")), "tombstones, " + testCollection.String()},
		{set("state", []byte("uuid"), []byte("x")), "state, uuid"},
		{func(tx *bolt.Tx) error { _, err := tx.CreateBucket([]byte("more")); return err }, `there is a bucket "more"`},
		{func(tx *bolt.Tx) error { return tx.DeleteBucket([]byte("ids")) }, "there are 3 of 4 buckets"},
		{func(tx *bolt.Tx) error { _, err := tx.Bucket([]byte("rows")).CreateBucket([]byte("in")); return err }, "has a bucket in it"},
		{func(tx *bolt.Tx) error {
			return tx.Bucket([]byte("ids")).Put([]byte("b"), tx.Bucket([]byte("ids")).Get([]byte("a")))
		}, `ids, "b"`},
	} {
		d := newDataFile(t, 0)
		put(t, d, "a", "b", "c")
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		db, err := bolt.Open(d.Path(), 0o600, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(commit(db, c.change), db.Close()); err != nil {
			t.Fatal(err)
		}
		d, err = storage.OpenDataFile(d.Path())
		if err == nil {
			err = errors.Join(d.Verify(t.Context(), nil), d.Close())
		}
		if c.want == "" && err != nil || c.want != "" && (!errors.Is(err, storage.ErrCorrupt) || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("Verify gives %v, want an ErrCorrupt that says %q", err, c.want)
		}
	}
}

// commit changes a file behind the back of package storage, in a transaction that looks like one of its own.
func commit(db *bolt.DB, change func(tx *bolt.Tx) error) error {
	return db.Update(func(tx *bolt.Tx) error { return storage.Commit(tx, change) })
}

// TestStateOfAnotherTransaction: an older page of buckets, as it stays where a write never reached the disk, leads to a whole
// older state, whose acknowledged successors nobody would miss.
func TestStateOfAnotherTransaction(t *testing.T) {
	for _, c := range []struct {
		payload []byte
		reason  string
	}{
		{[]byte{1, 0, 0, 0, 0, 0, 0, 0}, "an older transaction"},
		{[]byte{99, 0, 0, 0, 0, 0, 0, 0}, "a transaction that never was"},
		{nil, "no number"},
	} {
		d := newDataFile(t, 0)
		put(t, d, "a", "b")
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		db, err := bolt.Open(d.Path(), 0o600, nil)
		if err != nil {
			t.Fatal(err)
		}
		err = db.Update(func(tx *bolt.Tx) error {
			return tx.Bucket([]byte("state")).Put([]byte("commit"), storage.SealValue("state", []byte("commit"), c.payload))
		})
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
		if _, err := storage.OpenDataFile(d.Path()); !errors.Is(err, storage.ErrCorrupt) {
			t.Errorf("a state of %s opens with %v, want ErrCorrupt", c.reason, err)
		}
	}
}

// TestGetComparesIDWithRow: an id that leads to no row, or to another's, is damage and not an answer.
func TestGetComparesIDWithRow(t *testing.T) {
	d := newDataFile(t, 0)
	put(t, d, "a", "b", "c", "d")
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := bolt.Open(d.Path(), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = commit(db, func(tx *bolt.Tx) error {
		if err := tx.Bucket([]byte("rows")).Delete(binary.BigEndian.AppendUint64(nil, 2)); err != nil {
			return err
		}
		return tx.Bucket([]byte("ids")).Put([]byte("c"), storage.SealValue("ids", []byte("c"), binary.LittleEndian.AppendUint64(nil, 4)))
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	d = openDataFile(t, d.Path())
	err = d.View(func(v *storage.View) error {
		for _, id := range []string{"b", "c"} {
			if _, ok, err := v.Get(id); ok || !errors.Is(err, storage.ErrCorrupt) {
				t.Errorf("getting %q gives %v, %v, want ErrCorrupt", id, ok, err)
			}
		}
		if _, ok, err := v.Get("e"); ok || err != nil {
			t.Errorf("getting what is not there gives %v, %v", ok, err)
		}
		row, ok, err := v.Get("d")
		if row.Seq != 4 || string(row.Record.ID) != "d" || row.Size == 0 || !ok {
			t.Errorf("getting d gives %v, %v", row, ok)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := deleted(d, "b"); !errors.Is(err, storage.ErrCorrupt) {
		t.Errorf("deleting b gives %v, want ErrCorrupt", err)
	}
}

func deleted(d *storage.DataFile, id string) (seq uint64, existed bool, err error) {
	err = d.Update(func(tx *storage.Tx) error {
		seq, existed, err = tx.Delete(id)
		return err
	})
	return seq, existed, err
}

func TestFormatOfTheFuture(t *testing.T) {
	for key, payload := range map[string][]byte{"format": {2, 0, 0, 0}} {
		d := newDataFile(t, 0)
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		db, err := bolt.Open(d.Path(), 0o600, nil)
		if err != nil {
			t.Fatal(err)
		}
		err = commit(db, func(tx *bolt.Tx) error {
			return tx.Bucket([]byte("state")).Put([]byte(key), storage.SealValue("state", []byte(key), payload))
		})
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
		if _, err := storage.OpenDataFile(d.Path()); !errors.Is(err, storage.ErrVersion) {
			t.Errorf("a later format gives %v, want ErrVersion", err)
		}
	}
}
