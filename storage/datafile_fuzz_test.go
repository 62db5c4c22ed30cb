package storage_test

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/vicinaldb/store/storage"
)

func FuzzDataFilePage(f *testing.F) {
	sound, _ := damageFixture(f)
	for id := 2; id < len(sound)>>10; id++ {
		f.Add(sound[id<<10:(id+1)<<10], uint64(id), uint8(1))
	}
	f.Fuzz(func(t *testing.T, head []byte, id uint64, pages uint8) {
		if len(head) >= 8 {
			binary.NativeEndian.PutUint64(head, id)
		}
		_ = storage.ParsePage(head, id, 1<<10, int64(pages)<<10)
		_ = storage.ParsePage(head, 0, 1<<10, int64(len(head)))
	})
}

// FuzzDataFile overwrites parts of a file.
func FuzzDataFile(f *testing.F) {
	sound, _ := damageFixture(f)
	f.Add(uint32(0), []byte{1, 2, 3})
	f.Add(uint32(1<<10), []byte{1, 2, 3})
	for id := 0; id < len(sound)>>10; id++ {
		f.Add(uint32(id<<10), sound[id<<10:][:48])
	}
	f.Fuzz(func(t *testing.T, at uint32, part []byte) {
		damaged := append([]byte(nil), sound...)
		copy(damaged[int(at)%len(damaged):], part)
		path := filepath.Join(t.TempDir(), "data.bolt")
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		d, err := storage.OpenDataFile(path)
		if err != nil {
			return
		}
		_, _ = readEverything(d, []string{itemID(1), itemID(40)})
		_ = d.Verify(context.Background(), nil)
		_ = d.Update(func(tx *storage.Tx) error {
			_, _, err := tx.Delete(itemID(31))
			return err
		})
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
}

func FuzzDecodeTombstones(f *testing.F) {
	for _, dead := range []*roaring.Bitmap{roaring.New(), roaring.BitmapOf(1, 2, 1<<20)} {
		b, err := storage.EncodeTombstones(dead)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		dead, err := storage.DecodeTombstones(b, 1<<21)
		if err != nil {
			if !errors.Is(err, storage.ErrCorrupt) {
				t.Errorf("error %v is no ErrCorrupt", err)
			}
			return
		}
		if !dead.IsEmpty() && dead.Maximum() >= 1<<21 {
			t.Errorf("row %d is dead, beyond the last", dead.Maximum())
		}
	})
}
