package storage_test

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/vicinaldb/store/storage"
)

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
