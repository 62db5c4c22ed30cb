package storage

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/google/uuid"
	bolt "go.etcd.io/bbolt"
)

// DataFileOptions say what a new data file holds from the start.
type DataFileOptions struct {
	Collection uuid.UUID // identifies the collection
	Schema     []byte    // bytes of the caller, given back by DataFile.Schema
	PageSize   int       // bytes; a power of two from 1 KiB to 64 KiB; 0: 4 KiB; see PageSizeFor
}

// What a row takes besides its vector, for PageSizeFor: bbolt's element and key, the value's header, the record's, a UUID for
// an id, and a little metadata.
const typicalRowBytes = 24 + valueHeader + 16 + 36 + 20

// PageSizeFor returns the page size for rows with vectors of dim components: the smallest of 4, 8 and 16 KiB whose pages are
// nine tenths full when many rows are stored at once, or else the one whose pages are fullest.
//
// bbolt puts at least two rows on a page, and as many pages in a row as they need. Rows of 3.2 KB (784 components) leave a
// quarter of their pages empty at 4 and 8 KiB and 3 % at 16 KiB, where storing a thousand of them takes half the CPU time.
// A commit of a single row writes nine pages whatever is on them; at 16 KiB that took as long as at 4, since syncing takes
// the time, but wrote 115 KB instead of 45, and rows stored one by one left 40 % of their pages empty.
func PageSizeFor(dim int) int {
	row := int64(dim)*4 + typicalRowBytes
	best, least := 0, int64(0)
	for size := int64(4 << 10); size <= 16<<10; size *= 2 {
		rows := max(2, (size-boltHeader)/row)
		taken := (boltHeader + rows*row + size - 1) / size * size
		if taken*9 <= rows*row*10 {
			return int(size)
		}
		// Compare taken/rows without losing the fraction.
		if perRow := taken * 1024 / rows; best == 0 || perRow < least {
			best, least = int(size), perRow
		}
	}
	return best
}

// CreateDataFile makes the data file of a new collection. It is built under another name in the same directory and
// synced before it takes its own, so that whenever the machine fails there is a whole file at path or none. An existing
// file is an error that wraps fs.ErrExist.
func CreateDataFile(path string, o DataFileOptions) error {
	if err := createDataFile(path, o); err != nil {
		return fmt.Errorf("creating data file: %w", err)
	}
	return nil
}

func createDataFile(path string, o DataFileOptions) error {
	if err := absent(path); err != nil {
		return err
	}
	if o.PageSize == 0 {
		o.PageSize = 4 << 10
	}
	if o.PageSize < minBoltPage || o.PageSize > maxBoltPage || o.PageSize&(o.PageSize-1) != 0 {
		return fmt.Errorf("page size is %d, must be a power of two from %d to %d", o.PageSize, minBoltPage, maxBoltPage)
	}
	temporary := path + ".new"
	if err := os.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := fillDataFile(temporary, o); err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	if err := syncFile(temporary); err != nil {
		return err
	}
	return PublishFile(temporary, path)
}

// fillDataFile makes a file with all buckets and no rows.
func fillDataFile(path string, o DataFileOptions) error {
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: time.Second, FreelistType: bolt.FreelistMapType, PageSize: o.PageSize})
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bolt.Tx) error {
		for _, name := range []string{bucketRows, bucketIDs, bucketTombstones, bucketState} {
			if _, err := tx.CreateBucket([]byte(name)); err != nil {
				return err
			}
		}
		state := tx.Bucket([]byte(bucketState))
		for key, payload := range map[string][]byte{
			stateFormat:   binary.LittleEndian.AppendUint32(nil, dataFormat),
			stateUUID:     o.Collection[:],
			stateSchema:   o.Schema,
			stateCounters: counters{}.encode(),
			stateCommit:   encodeCommit(tx),
		} {
			if err := state.Put([]byte(key), sealValue(bucketState, []byte(key), payload)); err != nil {
				return err
			}
		}
		return nil
	})
	return errors.Join(err, db.Close())
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
