package storage_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/uuid"

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
	if strconv.IntSize < 64 || runtime.GOOS == "windows" {
		t.Skip("with no address space to spare a writer waits for the view to end, see DataFile.View")
	}
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

// TestDataFileRowsInBatches walks rows while the file changes under the walk.
func TestDataFileRowsInBatches(t *testing.T) {
	d := newDataFile(t, 0)
	ids := make([]string, 1500) // three batches
	for i := range ids {
		ids[i] = fmt.Sprint(i)
	}
	put(t, d, ids...)
	var seqs []uint64
	for row, err := range d.Rows(100, 1400) {
		if err != nil {
			t.Fatal(err)
		}
		if row.Seq == 101 {
			// Row 1200 goes and comes back as row 1501, beyond the walk.
			put(t, d, "1199")
		}
		seqs = append(seqs, row.Seq)
	}
	var want []uint64
	for seq := uint64(101); seq <= 1400; seq++ {
		if seq != 1200 {
			want = append(want, seq)
		}
	}
	if !slices.Equal(seqs, want) {
		t.Errorf("the walk saw %d rows, %v, want 101 to 1400 but for 1200", len(seqs), seqs)
	}
	for row, err := range d.Rows(0, 1<<64-1) {
		if err != nil || row.Seq != 1 {
			t.Errorf("the first row is %d, %v", row.Seq, err)
		}
		break
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	for _, err := range d.Rows(0, 1<<64-1) {
		if !errors.Is(err, storage.ErrClosed) {
			t.Errorf("walking a closed file gives %v, want ErrClosed", err)
		}
	}
}

// TestLargeValues has rows over many pages, ids as long as they may be, and a manifest larger than what is read in one piece.
func TestLargeValues(t *testing.T) {
	for _, pageSize := range []int{1 << 10, 16 << 10} {
		d := newDataFile(t, pageSize)
		path := d.Path()
		random := rand.New(rand.NewPCG(7, 8))
		noise := func(n int) []byte { // does not compress
			b := make([]byte, n)
			for i := range b {
				b[i] = byte(random.Uint32())
			}
			return b
		}
		want := make(map[string]codec.Record)
		for i, size := range []int{0, 1, 500, 5000, 64 << 10, 100_000, 3 << 20, codec.MaxPayloadBytes, 20, 70_000} {
			id := strings.Repeat(string(rune('a'+i)), 1+i*codec.MaxIDBytes/10)
			want[id] = codec.Record{ID: []byte(id), Vector: noise(4 * i), Payload: noise(size)}
		}
		manifest := noise(200_000)
		err := d.Update(func(tx *storage.Tx) error {
			for _, id := range slices.Sorted(maps.Keys(want)) {
				seq, err := tx.NextSeq()
				if err != nil {
					return err
				}
				if err := tx.Put(id, seq, codec.AppendRecord(nil, want[id])); err != nil {
					return err
				}
			}
			return tx.PutManifest(manifest)
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		d = openDataFile(t, path)
		if got := contents(t, d); len(got) != len(want) {
			t.Errorf("%d rows, want %d", len(got), len(want))
		}
		err = d.View(func(v *storage.View) error {
			for id, r := range want {
				seq, ok, err := v.Find(id)
				if err != nil || !ok {
					return fmt.Errorf("id of %d bytes: %v, %w", len(id), ok, err)
				}
				got, err := v.Row(seq)
				if err != nil || !bytes.Equal(got.ID, r.ID) || !bytes.Equal(got.Vector, r.Vector) || !bytes.Equal(got.Payload, r.Payload) {
					return fmt.Errorf("row with a payload of %d bytes differs, %w", len(r.Payload), err)
				}
			}
			got, err := v.Manifest()
			if !bytes.Equal(got, manifest) {
				t.Error("the manifest differs")
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func TestResultsOutliveTheView(t *testing.T) {
	d := newDataFile(t, 0)
	put(t, d, "a", "b", "c")
	if err := d.Update(func(tx *storage.Tx) error { return tx.PutManifest([]byte("manifest")) }); err != nil {
		t.Fatal(err)
	}
	var row codec.Record
	var rows []storage.Row
	var manifest []byte
	var late *storage.View
	err := d.View(func(v *storage.View) (err error) {
		late = v
		if row, err = v.Row(2); err != nil {
			return err
		}
		for r, err := range v.Rows(0, 3) {
			if err != nil {
				return err
			}
			rows = append(rows, r)
		}
		manifest, err = v.Manifest()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		put(t, d, "d", "e", "f")
		contents(t, d)
	}
	if string(row.ID) != "b" || string(rows[0].Record.ID) != "a" || string(rows[2].Record.ID) != "c" || string(manifest) != "manifest" {
		t.Errorf("results changed to %q, %v, %q", row, rows, manifest)
	}
	if _, _, err := late.Find("a"); err == nil {
		t.Error("a view that has ended answers")
	}
	if _, err := late.Row(1); err == nil {
		t.Error("a view that has ended answers")
	}
}

func TestVerifyReportsProgressAndStops(t *testing.T) {
	d := newDataFile(t, 0)
	ids := make([]string, 3000)
	for i := range ids {
		ids[i] = fmt.Sprint(i)
	}
	put(t, d, ids...)
	var done []int
	err := d.Verify(t.Context(), func(n, total int) {
		if total != 3000 {
			t.Errorf("the total is %d, want 3000", total)
		}
		done = append(done, n)
	})
	if err != nil || !slices.IsSorted(done) || len(done) < 2 || done[len(done)-1] != 3000 {
		t.Errorf("Verify gives %v and progress %v, should end at 3000", err, done)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = d.Verify(ctx, func(n, total int) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a canceled Verify gives %v", err)
	}
	put(t, d, "after")
}

func TestPageSizeFor(t *testing.T) {
	for dim, want := range map[int]int{1: 4 << 10, 784: 16 << 10, 960: 4 << 10, 1536: 4 << 10, 65536: 4 << 10} {
		if got := storage.PageSizeFor(dim); got != want {
			t.Errorf("page size for %d components is %d, want %d", dim, got, want)
		}
	}
	for _, size := range []int{512, 3000, 128 << 10, -1} {
		path := filepath.Join(t.TempDir(), "data.bolt")
		if err := storage.CreateDataFile(path, storage.DataFileOptions{PageSize: size}); err == nil {
			t.Errorf("page size %d is accepted", size)
		}
	}
}
