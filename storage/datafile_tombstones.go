package storage

import (
	"bytes"
	"fmt"

	"github.com/RoaringBitmap/roaring/v2"
)

// EncodeTombstones returns the form in which the dead rows of a segment are stored: the portable format of roaring
// bitmaps, which all its implementations share.
func EncodeTombstones(dead *roaring.Bitmap) ([]byte, error) {
	b, err := dead.ToBytes()
	if err != nil {
		return nil, fmt.Errorf("encoding tombstones: %w", err)
	}
	return b, nil
}

// DecodeTombstones returns the dead rows, of a segment that has the given number of rows, that [EncodeTombstones] encoded.
// Anything else is an [ErrCorrupt]. Nothing of b is kept.
func DecodeTombstones(b []byte, rows int) (*roaring.Bitmap, error) {
	dead, err := decodeBitmap(b)
	if err == nil && !dead.IsEmpty() && int64(dead.Maximum()) >= int64(rows) {
		err = fmt.Errorf("row %d of a segment of %d rows", dead.Maximum(), rows)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: tombstones: %w", ErrCorrupt, err)
	}
	return dead, nil
}

// decodeBitmap reads a bitmap that may be anything. The library promises to notice that in Validate, but reading comes
// first.
func decodeBitmap(b []byte) (dead *roaring.Bitmap, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("reading the bitmap panicked: %v", p)
		}
	}()
	dead = roaring.New()
	n, err := dead.ReadFrom(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	if n != int64(len(b)) {
		return nil, fmt.Errorf("bitmap takes %d of %d bytes", n, len(b))
	}
	return dead, dead.Validate()
}
