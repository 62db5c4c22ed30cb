package storage_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/storage"
)

var testCollection = uuid.MustParse("0198c0de-0000-7000-8000-000000000001")

// newDataFile makes a data file in a new directory and opens it.
func newDataFile(t testing.TB, pageSize int) *storage.DataFile {
	t.Helper()
	path := filepath.Join(t.TempDir(), "data.bolt")
	err := storage.CreateDataFile(path, storage.DataFileOptions{Collection: testCollection, Schema: []byte(`{"dim":2}`), PageSize: pageSize})
	if err != nil {
		t.Fatal(err)
	}
	return openDataFile(t, path)
}

func openDataFile(t testing.TB, path string) *storage.DataFile {
	t.Helper()
	d, err := storage.OpenDataFile(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// record makes a record whose payload depends on the id and a number.
func record(id string, n int) []byte {
	return codec.AppendRecord(nil, codec.Record{
		ID:      []byte(id),
		Vector:  codec.AppendVector(nil, []float32{float32(n), -1}),
		Payload: bytes.Repeat([]byte{byte(n)}, n%300),
	})
}

// put stores rows with the given ids in one transaction and returns their sequence numbers.
func put(t testing.TB, d *storage.DataFile, ids ...string) []uint64 {
	t.Helper()
	seqs := make([]uint64, len(ids))
	err := d.Update(func(tx *storage.Tx) error {
		for i, id := range ids {
			seq, err := tx.NextSeq()
			if err != nil {
				return err
			}
			if err := tx.Put(id, seq, record(id, int(seq))); err != nil {
				return err
			}
			seqs[i] = seq
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return seqs
}

// contents reads everything that the model of a data file has: ids with their sequence numbers. Every row is read on the way and
// held against its id.
func contents(t testing.TB, d *storage.DataFile) map[string]uint64 {
	t.Helper()
	rows := make(map[string]uint64)
	err := d.View(func(v *storage.View) error {
		last := uint64(0)
		for row, err := range v.Rows(0, 1<<64-1) {
			if err != nil {
				return err
			}
			id := string(row.Record.ID)
			if row.Seq <= last {
				return fmt.Errorf("row %d comes after row %d", row.Seq, last)
			}
			last = row.Seq
			if seq, ok, err := v.Find(id); err != nil || !ok || seq != row.Seq {
				return fmt.Errorf("row %d has id %q, which finds %d, %v, %v", row.Seq, id, seq, ok, err)
			}
			rows[id] = row.Seq
		}
		if v.Live() != len(rows) {
			return fmt.Errorf("%d rows, Live says %d", len(rows), v.Live())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Verify(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestDataFileKeepsWhatWasPut(t *testing.T) {
	d := newDataFile(t, 0)
	seqs := put(t, d, "a", "b", "c")
	if !slices.Equal(seqs, []uint64{1, 2, 3}) {
		t.Errorf("sequence numbers are %v, should count from 1", seqs)
	}
	err := d.View(func(v *storage.View) error {
		got, err := v.Row(2)
		if err != nil {
			return err
		}
		want, err := codec.DecodeRecord(record("b", 2))
		if err != nil {
			return err
		}
		if string(got.ID) != "b" || !bytes.Equal(got.Vector, want.Vector) || !bytes.Equal(got.Payload, want.Payload) {
			t.Errorf("row 2 is %q, should be %q", got, want)
		}
		if _, err := v.Row(4); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("row 4 gives %v, should be ErrNotFound", err)
		}
		for _, id := range []string{"", "A", "ab", "d"} {
			if _, ok, err := v.Find(id); ok || err != nil {
				t.Errorf("finding %q gives %v, %v, should find nothing", id, ok, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if d.UUID() != testCollection || string(d.Schema()) != `{"dim":2}` {
		t.Errorf("uuid %v and schema %s are not those given at creation", d.UUID(), d.Schema())
	}
}

func TestDataFileSurvivesReopening(t *testing.T) {
	d := newDataFile(t, 0)
	path := d.Path()
	put(t, d, "a", "b", "c")
	put(t, d, "b")
	want := contents(t, d)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	d = openDataFile(t, path)
	if got := contents(t, d); !maps.Equal(got, want) {
		t.Errorf("after reopening there is %v, before there was %v", got, want)
	}
	if seqs := put(t, d, "d"); seqs[0] != 5 {
		t.Errorf("the next sequence number is %d, should go on at 5", seqs[0])
	}
	if d.Damage() != nil {
		t.Errorf("damage is %v in a sound file", d.Damage())
	}
}

func TestRowsRange(t *testing.T) {
	d := newDataFile(t, 0)
	ids := make([]string, 100)
	for i := range ids {
		ids[i] = fmt.Sprint(i)
	}
	put(t, d, ids...)
	for _, c := range []struct {
		after, upto, first, last uint64
		reason                   string
	}{
		{0, 1<<64 - 1, 1, 100, "everything"},
		{10, 20, 11, 20, "after is not in it, upto is"},
		{99, 100, 100, 100, "the last one"},
		{100, 200, 0, 0, "nothing is after the last"},
		{20, 10, 0, 0, "an empty range"},
		{1<<64 - 1, 1<<64 - 1, 0, 0, "there is no number after the largest"},
	} {
		var seqs []uint64
		err := d.View(func(v *storage.View) error {
			for row, err := range v.Rows(c.after, c.upto) {
				if err != nil {
					return err
				}
				seqs = append(seqs, row.Seq)
			}
			return nil
		})
		var want []uint64
		for seq := c.first; seq <= c.last && seq > 0; seq++ {
			want = append(want, seq)
		}
		if err != nil || !slices.Equal(seqs, want) {
			t.Errorf("rows %d to %d are %v, %v, should be %d to %d: %s", c.after, c.upto, seqs, err, c.first, c.last, c.reason)
		}
	}
}

func TestUpdateRollsBackAnError(t *testing.T) {
	d := newDataFile(t, 0)
	put(t, d, "a")
	refused := errors.New("refused")
	err := d.Update(func(tx *storage.Tx) error {
		seq, _ := tx.NextSeq()
		if err := tx.Put("b", seq, record("b", 1)); err != nil {
			t.Error(err)
		}
		if _, _, err := tx.Delete("a"); err != nil {
			t.Error(err)
		}
		return refused
	})
	if err != refused {
		t.Errorf("Update gives %v, should give the function's error as it is", err)
	}
	if got := contents(t, d); len(got) != 1 || got["a"] != 1 {
		t.Errorf("there is %v after a rolled back transaction, should be a only", got)
	}
	if seqs := put(t, d, "c"); seqs[0] != 2 {
		t.Errorf("the sequence number is %d, should be 2: the one of a rolled back transaction was not used", seqs[0])
	}
}

func TestUpdatePanicIsTheCallers(t *testing.T) {
	d := newDataFile(t, 0)
	func() {
		defer func() {
			if p := recover(); p != "mine" {
				t.Errorf("recovered %v, the panic should come through as it is", p)
			}
		}()
		_ = d.Update(func(tx *storage.Tx) error {
			seq, _ := tx.NextSeq()
			if err := tx.Put("a", seq, record("a", 1)); err != nil {
				t.Error(err)
			}
			panic("mine")
		})
	}()
	func() {
		defer func() { _ = recover() }()
		_ = d.View(func(*storage.View) error { panic("mine") })
	}()
	put(t, d, "b")
	if got := contents(t, d); len(got) != 1 {
		t.Errorf("there is %v, should be b only: a panic rolls back", got)
	}
}

func TestTxSeesItsOwnChanges(t *testing.T) {
	d := newDataFile(t, 0)
	put(t, d, "a", "b")
	err := d.Update(func(tx *storage.Tx) error {
		seq, err := tx.NextSeq()
		if err != nil {
			return err
		}
		if err := tx.Put("a", seq, record("a", 3)); err != nil {
			return err
		}
		if found, ok, err := tx.Find("a"); found != 3 || !ok || err != nil {
			t.Errorf("a is found at %d, %v, %v, should be at 3", found, ok, err)
		}
		if removed, existed, err := tx.Delete("b"); removed != 2 || !existed || err != nil {
			t.Errorf("deleting b gives %d, %v, %v, should remove row 2", removed, existed, err)
		}
		if _, existed, err := tx.Delete("b"); existed || err != nil {
			t.Errorf("deleting b again gives %v, %v", existed, err)
		}
		for seq, want := range map[uint64]bool{1: false, 2: false, 3: true, 4: false} {
			if got, err := tx.Exists(seq); got != want || err != nil {
				t.Errorf("row %d exists: %v, %v, should be %v", seq, got, err, want)
			}
		}
		if tx.Live() != 1 {
			t.Errorf("%d rows live, should be 1", tx.Live())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := contents(t, d); !maps.Equal(got, map[string]uint64{"a": 3}) {
		t.Errorf("there is %v, should be a at 3", got)
	}
}

func TestPutRefusesWhatDoesNotFit(t *testing.T) {
	d := newDataFile(t, 0)
	put(t, d, "a")
	for _, c := range []struct {
		id     string
		seq    func(next uint64) uint64
		record []byte
		reason string
	}{
		{"b", func(next uint64) uint64 { return next }, record("c", 1), "the record has another id"},
		{"b", func(next uint64) uint64 { return next + 1 }, record("b", 1), "the number was not given out"},
		{"b", func(uint64) uint64 { return 1 }, record("b", 1), "the number is another row's"},
		{"b", func(uint64) uint64 { return 0 }, record("b", 1), "0 is no sequence number"},
		{"b", func(next uint64) uint64 { return next }, []byte("b"), "that is no record"},
		{"", func(next uint64) uint64 { return next }, record("", 1), "an id has at least one byte"},
	} {
		err := d.Update(func(tx *storage.Tx) error {
			next, err := tx.NextSeq()
			if err != nil {
				return err
			}
			if err := tx.Put(c.id, c.seq(next), c.record); err == nil {
				t.Errorf("Put succeeds although %s", c.reason)
			}
			return errors.New("enough")
		})
		if err == nil {
			t.Error("the transaction was committed")
		}
	}
}

func TestManifestAndTombstones(t *testing.T) {
	d := newDataFile(t, 0)
	one, two := uuid.MustParse("0198c0de-0000-7000-8000-00000000000a"), uuid.MustParse("0198c0de-0000-7000-8000-00000000000b")
	err := d.View(func(v *storage.View) error {
		manifest, err := v.Manifest()
		if manifest != nil || err != nil {
			t.Errorf("a new file has manifest %q, %v", manifest, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	err = d.Update(func(tx *storage.Tx) error {
		if err := tx.PutManifest([]byte("first")); err != nil {
			return err
		}
		if err := tx.PutManifest([]byte("second")); err != nil {
			return err
		}
		if err := tx.PutTombstones(one, roaring.BitmapOf(3, 1, 99)); err != nil {
			return err
		}
		if err := tx.PutTombstones(two, roaring.BitmapOf(7)); err != nil {
			return err
		}
		return tx.DropTombstones(two)
	})
	if err != nil {
		t.Fatal(err)
	}
	err = d.View(func(v *storage.View) error {
		if manifest, err := v.Manifest(); string(manifest) != "second" || err != nil {
			t.Errorf("the manifest is %q, %v, should be the last one", manifest, err)
		}
		if dead, err := v.Tombstones(one, 100); err != nil || !dead.Equals(roaring.BitmapOf(1, 3, 99)) {
			t.Errorf("tombstones are %v, %v", dead, err)
		}
		if _, err := v.Tombstones(one, 99); !errors.Is(err, storage.ErrCorrupt) {
			t.Errorf("tombstones of rows that the segment does not have give %v", err)
		}
		if dead, err := v.Tombstones(two, 100); dead != nil || err != nil {
			t.Errorf("dropped tombstones are %v, %v", dead, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestViewIsOneState(t *testing.T) {
	d := newDataFile(t, 0)
	put(t, d, "a", "b")
	err := d.View(func(v *storage.View) error {
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range 50 {
				put(t, d, "a", "c")
			}
		}()
		<-done
		if seq, _, err := v.Find("a"); seq != 1 || err != nil || v.Live() != 2 {
			t.Errorf("a is at %d, %v with %d rows, should be at 1 with 2 as when the view began", seq, err, v.Live())
		}
		_, err := v.Row(1)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestDataFileIsLockedAndClosed(t *testing.T) {
	d := newDataFile(t, 0)
	if _, err := storage.OpenDataFile(d.Path()); !errors.Is(err, storage.ErrLocked) {
		t.Errorf("opening it again gives %v, should be ErrLocked", err)
	}
	if err := storage.CreateDataFile(d.Path(), storage.DataFileOptions{}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("creating it again gives %v, should be fs.ErrExist", err)
	}
	for range 2 {
		if err := d.Close(); err != nil {
			t.Errorf("closing gives %v", err)
		}
	}
	if err := d.Update(func(*storage.Tx) error { return nil }); !errors.Is(err, storage.ErrClosed) {
		t.Errorf("Update gives %v after Close, should be ErrClosed", err)
	}
	if err := d.View(func(*storage.View) error { return nil }); !errors.Is(err, storage.ErrClosed) {
		t.Errorf("View gives %v after Close, should be ErrClosed", err)
	}
	if _, err := storage.OpenDataFile(filepath.Join(t.TempDir(), "data.bolt")); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("a missing file gives %v, should be ErrNotFound", err)
	}
	if _, err := storage.OpenDataFile(t.TempDir()); err == nil {
		t.Error("a directory can be opened as a data file")
	}
}

func TestCreateDataFileReplacesAnUnfinishedOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data.bolt")
	if err := os.WriteFile(path+".new", []byte("what a crash left"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := storage.CreateDataFile(path, storage.DataFileOptions{}); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("there are %v, %v, should be the data file only", entries, err)
	}
	openDataFile(t, path)
}

func TestConcurrentUse(t *testing.T) {
	d := newDataFile(t, 0)
	var writers, readers sync.WaitGroup
	stop := make(chan struct{})
	for w := range 4 {
		writers.Go(func() {
			for i := range 25 {
				put(t, d, fmt.Sprintf("%d-%d", w, i), fmt.Sprintf("%d", w))
			}
		})
	}
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					contents(t, d)
				}
			}
		})
	}
	writers.Wait()
	close(stop)
	readers.Wait()
	if n := len(contents(t, d)); n != 104 {
		t.Errorf("there are %d rows, should be 104", n)
	}
}

// TestDataFileAgainstModel does the same to a data file and to a map, and compares them.
func TestDataFileAgainstModel(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		d := newDataFile(t, rapid.SampledFrom([]int{1 << 10, 4 << 10}).Draw(r, "page size"))
		model := make(map[string]uint64)
		idOf := rapid.Custom(func(r *rapid.T) string {
			n := rapid.IntRange(0, 400).Draw(r, "n")
			return strings.Repeat("x", n%7*13) + fmt.Sprint(n)
		})
		for range rapid.IntRange(1, 12).Draw(r, "transactions") {
			puts := rapid.SliceOfN(idOf, 0, 120).Draw(r, "puts")
			deletes := rapid.SliceOfN(idOf, 0, 120).Draw(r, "deletes")
			abort := rapid.IntRange(0, 5).Draw(r, "abort") == 0
			next := maps.Clone(model)
			err := d.Update(func(tx *storage.Tx) error {
				for _, id := range puts {
					seq, err := tx.NextSeq()
					if err != nil {
						return err
					}
					if err := tx.Put(id, seq, record(id, int(seq))); err != nil {
						return err
					}
					next[id] = seq
				}
				for _, id := range deletes {
					seq, existed, err := tx.Delete(id)
					if err != nil || existed != (next[id] != 0) || seq != next[id] {
						return fmt.Errorf("deleting %q gives %d, %v, %v, should give %d", id, seq, existed, err, next[id])
					}
					delete(next, id)
				}
				if abort {
					return fs.ErrInvalid
				}
				return nil
			})
			if abort && err != fs.ErrInvalid || !abort && err != nil {
				r.Fatal(err)
			}
			if !abort {
				model = next
			}
			if got := contents(t, d); !maps.Equal(got, model) {
				r.Fatalf("there is %v, should be %v", got, model)
			}
		}
		if err := d.Close(); err != nil {
			r.Fatal(err)
		}
	})
}
