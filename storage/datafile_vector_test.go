package storage_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/storage"
)

// vectorRows makes a data file with rows 1 to n, of which some died: single ones, pages of them, and those at both ends.
func vectorRows(t *testing.T, n, pageSize int) (d *storage.DataFile, live map[uint64]bool) {
	t.Helper()
	d, live = newDataFile(t, pageSize), make(map[uint64]bool)
	ids := make([]string, n)
	for i := range ids {
		ids[i] = itemID(i)
	}
	for _, seq := range put(t, d, ids...) {
		live[seq] = true
	}
	err := d.Update(func(tx *storage.Tx) error {
		for i, id := range ids {
			if i%7 != 3 && i/60 != 2 && i > 1 && i < n-2 {
				continue
			}
			seq, _, err := tx.Delete(id)
			if err != nil {
				return err
			}
			delete(live, seq)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return d, live
}

// checkVector reads the vector of a row that is there or not.
func checkVector(v *storage.View, seq uint64, live bool) error {
	before := []byte("as it was")[:8]
	got := bytes.Clone(before)
	size, err := v.ReadVector(got, seq)
	if !live {
		if !errors.Is(err, storage.ErrNotFound) || size != 0 || !bytes.Equal(got, before) {
			return fmt.Errorf("row %d, which died: %q of %d bytes, %w", seq, got, size, err)
		}
		return nil
	}
	want := codec.AppendVector(nil, []float32{float32(seq), -1})
	if err != nil || !bytes.Equal(got, want) || size < len(want) {
		return fmt.Errorf("row %d: vector % x of %d bytes, want % x, %w", seq, got, size, want, err)
	}
	return nil
}

// In whatever order rows are asked for, and whatever is read in between, they are found where Row finds them.
func TestView_ReadVector(t *testing.T) {
	const n = 500
	for _, pageSize := range []int{1 << 10, 16 << 10} {
		d, live := vectorRows(t, n, pageSize)
		random := rand.New(rand.NewPCG(21, uint64(pageSize)))
		ascending := make([]uint64, n+2) // 0 and n+1 never were
		for i := range ascending {
			ascending[i] = uint64(i)
		}
		descending, mixed, sparse := slices.Clone(ascending), slices.Clone(ascending), []uint64{}
		slices.Reverse(descending)
		random.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
		for seq := uint64(1); seq <= n; seq += 1 + random.Uint64N(40) {
			sparse = append(sparse, seq, seq) // and again
		}
		between := map[string]func(v *storage.View) error{
			"nothing": func(*storage.View) error { return nil },
			"a row": func(v *storage.View) error {
				seq := 1 + random.Uint64N(n)
				if _, err := v.Row(seq); err != nil && !errors.Is(err, storage.ErrNotFound) {
					return err
				}
				return nil
			},
			"rows and ids": func(v *storage.View) error {
				for row, err := range v.Rows(random.Uint64N(n), n) {
					if err != nil {
						return err
					}
					_, _, err = v.Find(string(row.Record.ID))
					return err
				}
				return nil
			},
		}
		for order, seqs := range map[string][]uint64{"ascending": ascending, "descending": descending, "mixed": mixed, "sparse": sparse} {
			for what, read := range between {
				err := d.View(func(v *storage.View) error {
					for _, seq := range seqs {
						if err := errors.Join(checkVector(v, seq, live[seq]), read(v)); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					t.Errorf("pages of %d, %s, %s in between: %v", pageSize, order, what, err)
				}
			}
		}
	}
}

// Rows in ascending order have each leaf read once, and the pages above it only where a leaf is the last of one.
func TestView_ReadVector_Pages(t *testing.T) {
	const n = 2000
	d, live := vectorRows(t, n, 1<<10)
	pages, _, err := d.LeavesOf("rows")
	if err != nil {
		t.Fatal(err)
	}
	leaves, branches := 0, 0
	err = d.View(func(v *storage.View) error {
		v.OnRowPage(func(leaf bool) {
			if leaf {
				leaves++
			} else {
				branches++
			}
		})
		for seq := uint64(1); seq <= n; seq++ {
			if !live[seq] {
				continue
			}
			if err := checkVector(v, seq, true); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || len(pages) < 100 || leaves != len(pages) || branches > len(pages)/5 {
		t.Errorf("%d leaves: came to leaves %d and to branches %d times, %v", len(pages), leaves, branches, err)
	}
}

// A vector has the length that is asked for, or is damage; what follows is read as before.
func TestView_ReadVector_OtherLength(t *testing.T) {
	d := newDataFile(t, 0)
	put(t, d, "a", "b", "c")
	err := d.View(func(v *storage.View) error {
		for _, length := range []int{0, 4, 12} {
			dst := bytes.Repeat([]byte{7}, length)
			if _, err := v.ReadVector(dst, 2); !errors.Is(err, storage.ErrCorrupt) || bytes.Count(dst, []byte{7}) != length {
				t.Errorf("a vector of 8 bytes into %d: % x, %v", length, dst, err)
			}
			if err := checkVector(v, 3, true); err != nil {
				t.Error(err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A view that has ended reads no vectors, also of the page it was on.
func TestView_ReadVector_Ended(t *testing.T) {
	d, live := vectorRows(t, 200, 1<<10)
	var late *storage.View
	if err := d.View(func(v *storage.View) error {
		late = v
		return checkVector(v, 10, live[10])
	}); err != nil {
		t.Fatal(err)
	}
	for _, seq := range []uint64{10, 12, 100} {
		if _, err := late.ReadVector(make([]byte, 8), seq); err == nil || errors.Is(err, storage.ErrNotFound) {
			t.Errorf("row %d of a view that has ended: %v", seq, err)
		}
	}
}
