package storage_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/vicinaldb/store/storage"
)

// damageFixture makes a small file whose trees have two levels and whose freelist is not empty, and returns its bytes and
// what is in it.
func damageFixture(t testing.TB) ([]byte, everything) {
	t.Helper()
	d := newDataFile(t, 1<<10)
	ids := make([]string, 60)
	for i := range ids {
		ids[i] = itemID(i * 7 % 60)
	}
	put(t, d, ids...)
	put(t, d, ids[10:30]...)
	err := d.Update(func(tx *storage.Tx) error {
		for _, id := range ids[:5] {
			if _, _, err := tx.Delete(id); err != nil {
				return err
			}
		}
		if err := tx.PutTombstones(testCollection, roaring.BitmapOf(1, 2, 3)); err != nil {
			return err
		}
		return tx.PutManifest([]byte("a manifest"))
	})
	if err != nil {
		t.Fatal(err)
	}
	all, err := readEverything(d, ids)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(d.Path())
	if err != nil {
		t.Fatal(err)
	}
	return b, all
}

// itemID names the items of the fixture, far enough apart that a damaged name can still be in its place.
func itemID(n int) string { return fmt.Sprintf("item-%03d", 16*n) }

// everything is what a data file answers.
type everything struct {
	records  map[uint64]string
	ids      map[string]uint64
	live     int
	last     uint64
	manifest string
	dead     []uint32
	schema   string
}

func (e everything) equal(o everything) bool {
	return maps.Equal(e.records, o.records) && maps.Equal(e.ids, o.ids) && e.live == o.live && e.last == o.last &&
		e.manifest == o.manifest && slices.Equal(e.dead, o.dead) && e.schema == o.schema
}

// readEverything asks all there is to ask, and compares the number of rows with the counter, as who reads all rows should.
func readEverything(d *storage.DataFile, ids []string) (everything, error) {
	e := everything{records: make(map[uint64]string), ids: make(map[string]uint64), schema: string(d.Schema())}
	err := d.View(func(v *storage.View) error {
		e.live, e.last = v.Live(), v.LastSeq()
		for row, err := range v.Rows(0, 1<<64-1) {
			if err != nil {
				return err
			}
			e.records[row.Seq] = fmt.Sprintf("%q", row.Record)
			one, err := v.Row(row.Seq)
			if err != nil {
				return err
			}
			if fmt.Sprintf("%q", one) != e.records[row.Seq] {
				return errors.New("a row reads differently alone")
			}
		}
		if err := readVectors(v, e); err != nil {
			return err
		}
		if len(e.records) != e.live {
			return fmt.Errorf("%w: %d rows of %d", storage.ErrCorrupt, len(e.records), e.live)
		}
		for _, id := range ids {
			seq, ok, err := v.Find(id)
			if err != nil {
				return err
			}
			if ok {
				e.ids[id] = seq
			}
		}
		manifest, err := v.Manifest()
		if err != nil {
			return err
		}
		e.manifest = string(manifest)
		dead, err := v.Tombstones(testCollection, 100)
		if err != nil {
			return err
		}
		if dead != nil {
			e.dead = dead.ToArray()
		}
		return nil
	})
	return e, err
}

// readVectors reads the vectors of all rows that may be there, and compares them with those of the records.
func readVectors(v *storage.View, e everything) error {
	for seq := range e.last + 1 {
		vector := make([]byte, 8)
		_, err := v.ReadVector(vector, seq)
		one, rowErr := v.Row(seq)
		if err != nil && !errors.Is(err, storage.ErrNotFound) {
			return err
		}
		if (err == nil) != (rowErr == nil) || err == nil && !bytes.Equal(vector, one.Vector) {
			return fmt.Errorf("row %d has vector %q and %w, alone %q and %w", seq, one.Vector, rowErr, vector, err)
		}
	}
	return nil
}

// tryDamaged opens a damaged file, reads everything, writes a little and verifies. It returns what was read, or the error of
// opening or reading.
func tryDamaged(t testing.TB, path string, damaged []byte) (got everything, lost, verified, err error) {
	t.Helper()
	if err := os.WriteFile(path, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := storage.OpenDataFile(path)
	if err != nil {
		return got, nil, nil, err
	}
	defer func() {
		if err := d.Close(); err != nil {
			t.Errorf("closing gives %v", err)
		}
	}()
	ids := make([]string, 60)
	for i := range ids {
		ids[i] = itemID(i)
	}
	got, err = readEverything(d, ids)
	verified = d.Verify(context.Background(), nil)
	// Whatever comes of writing must be an error or not, but nothing else.
	for range 2 {
		_ = d.Update(func(tx *storage.Tx) error {
			for _, id := range []string{itemID(7), itemID(31), itemID(59), "new"} {
				seq, err := tx.NextSeq()
				if err != nil {
					return err
				}
				if err := tx.Put(id, seq, record(id, 299)); err != nil {
					return err
				}
			}
			_, _, err := tx.Delete(itemID(40))
			return err
		})
	}
	return got, d.Damage(), verified, err
}

func TestFlippedBytes(t *testing.T) {
	sound, want := damageFixture(t)
	path := filepath.Join(t.TempDir(), "data.bolt")
	step := 101 // coprime to the page size, so that all places in a page have their turn
	if testing.Short() {
		step = 371
	}
	random := rand.New(rand.NewPCG(1, 2))
	for at := 0; at < len(sound); at += step {
		mask := []byte{0x01, 0x80, 0xff, byte(1 + random.IntN(255))}[random.IntN(4)]
		damaged := bytes.Clone(sound)
		damaged[at] ^= mask
		checkDamaged(t, path, damaged, want, fmt.Sprintf("byte %d ^ %#x", at, mask))
	}
}

// TestFlippedIDs flips bytes on the pages of the ids and looks every id up, those that exist and those that do not: a damaged
// key must neither hide itself nor others.
func TestFlippedIDs(t *testing.T) {
	const pageSize = 1 << 10
	sound, want := damageFixture(t)
	path := filepath.Join(t.TempDir(), "data.bolt")
	pages, _ := leavesOf(t, sound, "ids")
	random := rand.New(rand.NewPCG(9, 10))
	step := 5
	if testing.Short() {
		step = 29
	}
	for _, page := range pages {
		for i := 0; i < pageSize; i += step {
			damaged := bytes.Clone(sound)
			mask := byte(1) << random.IntN(8)
			damaged[int(page)*pageSize+i] ^= mask
			if err := os.WriteFile(path, damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			d, err := storage.OpenDataFile(path)
			if err != nil {
				continue
			}
			for n := range 2 * 60 {
				id := fmt.Sprintf("item-%03d", 8*n) // every other one exists
				err := d.View(func(v *storage.View) error {
					seq, ok, err := v.Find(id)
					if err == nil && (seq != want.ids[id] || ok != (seq != 0)) {
						t.Errorf("byte %d of page %d ^ %#x: %q is found at %d, %v, want %d", i, page, mask, id, seq, ok, want.ids[id])
					}
					return err
				})
				if err != nil && !errors.Is(err, storage.ErrCorrupt) {
					t.Errorf("byte %d of page %d ^ %#x: finding %q gives %v", i, page, mask, id, err)
				}
			}
			if err := d.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestTruncatedFile(t *testing.T) {
	sound, _ := damageFixture(t)
	path := filepath.Join(t.TempDir(), "data.bolt")
	used := int(binary.NativeEndian.Uint64(newerMeta(sound)[40:])) << 10
	for size := 0; size < used; size += 173 {
		if err := os.WriteFile(path, sound[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		if d, err := storage.OpenDataFile(path); !errors.Is(err, storage.ErrCorrupt) {
			t.Errorf("truncated to %d bytes, of which %d are in use, opening gives %v", size, used, err)
			if err == nil {
				d.Close()
			}
		}
	}
}

// TestMisplacedPages puts pages in the places of others, as a disk does that wrote to the wrong address or not at all. In
// the place of a bucket's root, a page of the same bucket looks like a smaller bucket; only Verify tells.
func TestMisplacedPages(t *testing.T) {
	const pageSize = 1 << 10
	sound, want := damageFixture(t)
	path := filepath.Join(t.TempDir(), "data.bolt")
	random := rand.New(rand.NewPCG(3, 4))
	roots := rootsOf(t, sound)
	pages := len(sound) / pageSize
	runs := 300
	if testing.Short() {
		runs = 60
	}
	for range runs {
		from, to := random.IntN(pages), random.IntN(pages)
		damaged := bytes.Clone(sound)
		page := damaged[to*pageSize : (to+1)*pageSize]
		copy(page, sound[from*pageSize:])
		// A page that says it is the other one gets past the first check.
		if relabel := random.IntN(2) == 0; relabel {
			binary.NativeEndian.PutUint64(page, uint64(to))
		}
		if slices.Contains(roots, uint64(to)) {
			_, lost, verified, err := tryDamaged(t, path, damaged)
			if err == nil && lost == nil && verified == nil && !bytes.Equal(damaged, sound) {
				t.Errorf("page %d over root page %d: neither reading nor Verify notices", from, to)
			}
			continue
		}
		checkDamaged(t, path, damaged, want, fmt.Sprintf("page %d over page %d", from, to))
	}
}

// newerMeta returns the meta page that counts, from its magic on.
func newerMeta(b []byte) []byte {
	first, second := b[16:], b[1<<10+16:]
	if binary.NativeEndian.Uint64(second[48:]) > binary.NativeEndian.Uint64(first[48:]) {
		return second
	}
	return first
}

// rootsOf returns the pages that are roots of buckets.
func rootsOf(t *testing.T, b []byte) (roots []uint64) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "data.bolt")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	d := openDataFile(t, path)
	for id := uint64(2); id < uint64(len(b)>>10); id++ {
		is, err := d.IsRoot(id)
		if err != nil {
			t.Fatal(err)
		}
		if is {
			roots = append(roots, id)
		}
	}
	return roots
}

// TestMisdirectedBranches points every element of every branch page to every page, cycles among them, which would send
// bbolt into endless recursion.
func TestMisdirectedBranches(t *testing.T) {
	const pageSize = 1 << 10
	sound, want := damageFixture(t)
	path := filepath.Join(t.TempDir(), "data.bolt")
	pages := len(sound) / pageSize
	random := rand.New(rand.NewPCG(5, 6))
	for id := 2; id < pages; id++ {
		page := sound[id*pageSize:]
		if binary.NativeEndian.Uint64(page) != uint64(id) || binary.NativeEndian.Uint16(page[8:]) != 1 {
			continue
		}
		for i := range int(binary.NativeEndian.Uint16(page[10:])) {
			for range 4 {
				damaged := bytes.Clone(sound)
				to := []int{id, random.IntN(pages)}[random.IntN(2)]
				binary.NativeEndian.PutUint64(damaged[id*pageSize+16+16*i+8:], uint64(to))
				checkDamaged(t, path, damaged, want, fmt.Sprintf("element %d of page %d points to page %d", i, id, to))
			}
		}
	}
}

func checkDamaged(t *testing.T, path string, damaged []byte, want everything, what string) {
	t.Helper()
	got, lost, verified, err := tryDamaged(t, path, damaged)
	switch {
	case err != nil:
		if !errors.Is(err, storage.ErrCorrupt) && !errors.Is(err, storage.ErrVersion) && !errors.Is(err, storage.ErrUnsupported) {
			t.Errorf("%s: error %v is of no kind", what, err)
		}
	case lost != nil:
		if verified == nil {
			t.Errorf("%s: a damaged meta page, Verify finds nothing", what)
		}
	case !got.equal(want):
		t.Errorf("%s: wrong answers and no error; Verify says %v", what, verified)
	}
}

// TestDamageWhileOpen damages the file under a handle that is in use. Whatever is called then must return.
func TestDamageWhileOpen(t *testing.T) {
	sound, _ := damageFixture(t)
	for _, c := range []struct {
		reason string
		damage func(f *os.File) error
	}{
		{"truncated to nothing", func(f *os.File) error { return f.Truncate(0) }},
		{"truncated to the meta pages", func(f *os.File) error { return f.Truncate(2 << 10) }},
		{"truncated to half", func(f *os.File) error { return f.Truncate(int64(len(sound) / 2)) }},
		{"meta pages overwritten", func(f *os.File) error { _, err := f.WriteAt(make([]byte, 2<<10), 0); return err }},
		{"all but the meta pages overwritten", func(f *os.File) error {
			_, err := f.WriteAt(bytes.Repeat([]byte{0xa5}, len(sound)-2<<10), 2<<10)
			return err
		}},
	} {
		path := filepath.Join(t.TempDir(), "data.bolt")
		if err := os.WriteFile(path, sound, 0o600); err != nil {
			t.Fatal(err)
		}
		d, err := storage.OpenDataFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(c.damage(f), f.Close()); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, err := readEverything(d, []string{itemID(7)}); !errors.Is(err, storage.ErrCorrupt) {
				t.Errorf("%s: reading gives %v, should be ErrCorrupt", c.reason, err)
			}
			err := d.Update(func(tx *storage.Tx) error {
				seq, err := tx.NextSeq()
				if err != nil {
					return err
				}
				return tx.Put(itemID(7), seq, record(itemID(7), 1))
			})
			if !errors.Is(err, storage.ErrCorrupt) {
				t.Errorf("%s: writing gives %v, should be ErrCorrupt", c.reason, err)
			}
			if err := d.Verify(context.Background(), nil); !errors.Is(err, storage.ErrCorrupt) {
				t.Errorf("%s: Verify gives %v, should be ErrCorrupt", c.reason, err)
			}
		}
		if err := d.Close(); err != nil {
			t.Errorf("%s: closing gives %v", c.reason, err)
		}
	}
}

// TestDamagedMetaPage: when one of the two meta pages is damaged, the file opens as of the other one, and says so; commits make
// it whole.
func TestDamagedMetaPage(t *testing.T) {
	sound, want := damageFixture(t)
	for at, page := range map[int]int{0: 0, 8: 0, 16 + 48: 0, 1 << 10: 1, 1<<10 + 16 + 48: 1} {
		path := filepath.Join(t.TempDir(), "data.bolt")
		damaged := bytes.Clone(sound)
		damaged[at] ^= 0xff
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		d, err := storage.OpenDataFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var corrupt *storage.CorruptError
		if !errors.As(d.Damage(), &corrupt) || corrupt.Section != fmt.Sprintf("meta page %d", page) {
			t.Errorf("damage is %v, should name meta page %d", d.Damage(), page)
		}
		got, err := readEverything(d, nil)
		if err != nil || got.schema != want.schema {
			t.Errorf("reading gives %v", err)
		}
		if err := d.Verify(t.Context(), nil); !errors.Is(err, storage.ErrCorrupt) {
			t.Errorf("Verify gives %v, want the damage", err)
		}
		put(t, d, "new")
		put(t, d, "newer")
		if err := d.Verify(t.Context(), nil); err != nil {
			t.Errorf("after two commits Verify gives %v", err)
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		if d := openDataFile(t, path); d.Damage() != nil {
			t.Errorf("after two commits damage is still %v", d.Damage())
		}
	}
}

// TestChangesKeepOffDamage damages a page of the ids and then changes an id on it or beside it: bbolt would carry the damage
// on, into pages that are sound. The places where the change itself looks are left alone.
func TestChangesKeepOffDamage(t *testing.T) {
	const pageSize = 1 << 10
	sound, _ := damageFixture(t)
	pages, ids := leavesOf(t, sound, "ids")
	if len(pages) < 3 {
		t.Fatalf("bucket ids has %d leaves, want three", len(pages))
	}
	remove := func(id string) func(tx *storage.Tx) error {
		return func(tx *storage.Tx) error {
			_, _, err := tx.Delete(id)
			return err
		}
	}
	add := func(id string) func(tx *storage.Tx) error {
		return func(tx *storage.Tx) error {
			seq, err := tx.NextSeq()
			if err != nil {
				return err
			}
			return tx.Put(id, seq, record(id, 1))
		}
	}
	fewer := func(page []byte) { binary.NativeEndian.PutUint16(page[10:], 1) }
	for _, c := range []struct {
		leaf   int
		damage func(page []byte)
		change func(tx *storage.Tx) error
		reason string
	}{
		{1, fewer, remove(ids[0]), "the page after it has lost its entries"},
		{1, fewer, remove(ids[2]), "the page before it has lost its entries"},
		{1, fewer, add(ids[1] + "a"), "its page has lost its entries"},
		{1, func(page []byte) { binary.NativeEndian.PutUint32(page[12:], 1) }, add(ids[1] + "a"), "its page claims the next one too"},
		{1, func(page []byte) { binary.NativeEndian.PutUint64(page, pages[2]) }, add(ids[1] + "a"), "its page is another"},
		{1, func(page []byte) { page[lastKey(page)] = 'z' }, add(ids[1] + "a"), "its page reaches into the next one"},
		{1, func(page []byte) { page[lastKey(page)] = 'a' }, add(ids[1] + "a"), "the keys of its page are out of order"},
	} {
		damaged := bytes.Clone(sound)
		c.damage(damaged[int(pages[c.leaf])*pageSize:][:pageSize])
		path := filepath.Join(t.TempDir(), "data.bolt")
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		d := openDataFile(t, path)
		if err := d.Update(c.change); !errors.Is(err, storage.ErrCorrupt) || errors.Is(err, storage.ErrPoisoned) {
			t.Errorf("%s: the change gives %v, want ErrCorrupt", c.reason, err)
		}
		put(t, d, "zzz") // elsewhere all is well
		if err := d.Verify(t.Context(), nil); !errors.Is(err, storage.ErrCorrupt) {
			t.Errorf("%s: Verify gives %v, want ErrCorrupt", c.reason, err)
		}
	}
}

// lastKey returns where the last key of a leaf page is.
func lastKey(page []byte) int {
	at := 16 + 16*(int(binary.NativeEndian.Uint16(page[10:]))-1)
	return at + int(binary.NativeEndian.Uint32(page[at+4:]))
}

// leavesOf returns the leaves of a bucket and their first keys.
func leavesOf(t *testing.T, b []byte, bucket string) (pages []uint64, keys []string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "data.bolt")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := storage.OpenDataFile(path)
	if err != nil {
		t.Fatal(err)
	}
	pages, keys, err = d.LeavesOf(bucket)
	if err := errors.Join(err, d.Close()); err != nil {
		t.Fatal(err)
	}
	return pages, keys
}

// TestSwallowedErrorIsNotCommitted: who ignores the error of a change cannot commit the other half.
func TestSwallowedErrorIsNotCommitted(t *testing.T) {
	const pageSize = 1 << 10
	sound, _ := damageFixture(t)
	pages, ids := leavesOf(t, sound, "ids")
	path := filepath.Join(t.TempDir(), "data.bolt")
	damaged := bytes.Clone(sound)
	binary.NativeEndian.PutUint16(damaged[int(pages[1])*pageSize+10:], 1)
	if err := os.WriteFile(path, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	d := openDataFile(t, path)
	err := d.Update(func(tx *storage.Tx) error {
		seq, err := tx.NextSeq()
		if err != nil {
			return err
		}
		if err := tx.Put("zzz", seq, record("zzz", 1)); err != nil {
			return err
		}
		// The row of this one is removed, its id cannot be: the page beside it is damaged.
		if _, _, err := tx.Delete(ids[0]); err == nil {
			t.Error("deleting beside a damaged page succeeds")
		}
		return nil
	})
	if !errors.Is(err, storage.ErrCorrupt) {
		t.Errorf("Update gives %v, want the ErrCorrupt that was swallowed", err)
	}
	err = d.View(func(v *storage.View) error {
		if _, ok, err := v.Find("zzz"); ok || err != nil {
			t.Errorf("zzz is there: %v, %v", ok, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
