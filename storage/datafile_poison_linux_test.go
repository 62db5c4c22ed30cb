package storage_test

import (
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/vicinaldb/store/storage"
)

// TestFailedCommitPoisons takes away the right to write from under the file, so that a commit fails at its first write.
func TestFailedCommitPoisons(t *testing.T) {
	d := newDataFile(t, 0)
	path := d.Path()
	put(t, d, "a")
	readOnly, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer readOnly.Close()
	if err := unix.Dup3(int(readOnly.Fd()), int(d.File().Fd()), 0); err != nil {
		t.Fatal(err)
	}
	write := func(id string) error {
		return d.Update(func(tx *storage.Tx) error {
			seq, err := tx.NextSeq()
			if err != nil {
				return err
			}
			return tx.Put(id, seq, record(id, 1))
		})
	}
	if err := write("b"); !errors.Is(err, storage.ErrPoisoned) || !errors.Is(err, unix.EBADF) {
		t.Errorf("a commit that cannot write gives %v, want ErrPoisoned with the cause", err)
	}
	called := false
	err = d.Update(func(*storage.Tx) error { called = true; return nil })
	if !errors.Is(err, storage.ErrPoisoned) || !errors.Is(err, unix.EBADF) || called {
		t.Errorf("the next Update gives %v, want ErrPoisoned with the same cause", err)
	}
	if got := contents(t, d); len(got) != 1 || got["a"] != 1 {
		t.Errorf("there is %v, want a: reads go on", got)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	d = openDataFile(t, path)
	if got := contents(t, d); len(got) != 1 || got["a"] != 1 {
		t.Errorf("there is %v after reopening, want a", got)
	}
	put(t, d, "c")
}
