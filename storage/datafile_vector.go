package storage

import (
	"fmt"

	"github.com/vicinaldb/store/codec"
)

// ReadVector copies the vector of the row with a sequence number into dst, which must have its length, and returns how many bytes the row
// takes in the file. It does not look into metadata and payload. Rows that are read in the order of their sequence numbers share the work
// of finding and checking the pages that they are on. The error is an [ErrNotFound] if there is no such row. After an error dst is as it
// was.
func (v *View) ReadVector(dst []byte, seq uint64) (size int, err error) {
	key := rowKey(seq)
	v.vectors.tree = &v.rows
	if err := v.vectors.after(key); err != nil {
		return 0, err
	}
	payload, ok, err := v.payload(&v.vectors, key)
	if err != nil {
		return 0, err
	}
	if !ok {
		return 0, fmt.Errorf("%w: row %d", ErrNotFound, seq)
	}
	record, err := codec.DecodeRecordVector(payload)
	if err == nil && len(record.Vector) != len(dst) {
		err = fmt.Errorf("vector of %d bytes, should be %d", len(record.Vector), len(dst))
	}
	if err != nil {
		return 0, v.corrupt(bucketRows, entryName(bucketRows, key), -1, err)
	}
	copy(dst, record.Vector)
	return len(payload), nil
}
