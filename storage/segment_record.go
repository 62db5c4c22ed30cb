package storage

import (
	"encoding/binary"
	"fmt"
	"slices"
	"sort"

	"github.com/golang/snappy"
)

// Sizes of the record blocks. But for the target they are part of the format, never change them.
const (
	recordEntrySize = 16
	recordTarget    = 16 << 10 // a writer ends a block here: enough to compress, little to decode for one record
	maxSharedBlock  = 64 << 10 // no block of more than one row is larger, so that finding a row in it stays cheap

	// MaxRecord is how many bytes the metadata and the payload of one row may have together.
	MaxRecord = 64 << 20

	maxKeptBlock   = 1 << 20 // a decoded block that is larger is not kept for the next reader
	maxRecordBlock = MaxRecord + 2*binary.MaxVarintLen64
	// maxExpansion is how much snappy can shrink: its shortest copy takes 3 bytes and gives 64. So a reader allocates no
	// more than this times the bytes that a block really has.
	maxExpansion = 22
)

// recordEntry is one entry of the record index: the block holds the rows from row up to that of the next entry, in the
// bytes from offset up to that of the next entry, which decode to raw bytes. The last entry only ends the one before it.
type recordEntry struct {
	row    uint32
	raw    uint32
	offset uint64
}

func (e recordEntry) appendTo(index []byte) []byte {
	index = binary.LittleEndian.AppendUint32(index, e.row)
	index = binary.LittleEndian.AppendUint32(index, e.raw)
	return binary.LittleEndian.AppendUint64(index, e.offset)
}

// recordSize is how many bytes a row takes in a raw block.
func recordSize(metadata, payload []byte) int {
	var b [binary.MaxVarintLen64]byte
	return binary.PutUvarint(b[:], uint64(len(metadata))) + len(metadata) + binary.PutUvarint(b[:], uint64(len(payload))) + len(payload)
}

// appendRecord appends one row to a raw block.
func appendRecord(raw, metadata, payload []byte) []byte {
	raw = binary.AppendUvarint(raw, uint64(len(metadata)))
	raw = append(raw, metadata...)
	raw = binary.AppendUvarint(raw, uint64(len(payload)))
	return append(raw, payload...)
}

// recordBlockCount returns the number of blocks, without the entry that ends the index.
func (s *Segment) recordBlockCount() int { return len(s.recordIndex)/recordEntrySize - 1 }

// Record returns copies of the metadata and the payload of a row, as they were given to [ItemWriter.Add]. It decodes the
// block that holds them; to read many rows, a [RecordReader] is sure to decode each block once.
func (s *Segment) Record(row uint32) (metadata, payload []byte, err error) {
	err = s.guard(func() error {
		reader, ok := s.readers.Get().(*RecordReader)
		if !ok {
			reader = s.Records()
		}
		m, p, err := reader.Record(row)
		metadata, payload = slices.Clone(m), slices.Clone(p)
		if cap(reader.raw) <= maxKeptBlock {
			s.readers.Put(reader)
		}
		return err
	})
	return metadata, payload, err
}

// RecordReader reads records and keeps the block it decoded last. It is for one goroutine, which runs it under
// mapped.Guard, for it reads the mapped file.
type RecordReader struct {
	segment *Segment
	block   int    // the decoded block, or -1
	raw     []byte // its content
	first   uint32 // its first row
	end     uint32 // the row after its last
	row     uint32 // the row that begins at position at of raw
	at      int
}

// Records returns a reader of the segment's records.
func (s *Segment) Records() *RecordReader { return &RecordReader{segment: s, block: -1} }

// Record returns the metadata and the payload of a row. They are valid until the next call. Rows in ascending order are
// read without going back.
func (r *RecordReader) Record(row uint32) (metadata, payload []byte, err error) {
	s := r.segment
	if uint64(row) >= uint64(s.params.Rows) {
		return nil, nil, s.damage(TagRecordIndex, 0, "row %d of %d", row, s.params.Rows)
	}
	if r.block < 0 || row < r.first || row >= r.end {
		block := sort.Search(s.recordBlockCount(), func(i int) bool { return s.recordEntry(i).row > row }) - 1
		if block < 0 {
			return nil, nil, s.damage(TagRecordIndex, 0, "no block holds row %d", row)
		}
		if err := r.decode(block); err != nil {
			return nil, nil, err
		}
	}
	if row < r.row {
		r.row, r.at = r.first, 0
	}
	for {
		if metadata, err = r.bytes(); err == nil {
			payload, err = r.bytes()
		}
		if err != nil {
			r.block = -1
			return nil, nil, err
		}
		if r.row++; r.row > row {
			return metadata, payload, nil
		}
	}
}

// decode makes the block the current one.
func (r *RecordReader) decode(block int) error {
	s := r.segment
	r.block = -1
	entry, next := s.recordEntry(block), s.recordEntry(block+1)
	compressed, err := s.recordBlock(block, entry, next)
	if err != nil {
		return err
	}
	if cap(r.raw) < int(entry.raw) {
		r.raw = make([]byte, entry.raw)
	}
	raw, err := snappy.Decode(r.raw[:cap(r.raw)], compressed)
	if err != nil {
		return s.damage(TagRecordBlocks, entry.offset, "decoding block %d: %v", block, err)
	}
	r.raw = raw
	r.block, r.first, r.row, r.end, r.at = block, entry.row, entry.row, next.row, 0
	return nil
}

// recordBlock returns the compressed bytes of a block whose lengths it has checked.
func (s *Segment) recordBlock(block int, entry, next recordEntry) ([]byte, error) {
	if entry.offset > next.offset || next.offset > uint64(len(s.recordBlocks)) {
		return nil, s.damage(TagRecordIndex, uint64(block)*recordEntrySize, "block %d reaches from %d to %d of %d",
			block, entry.offset, next.offset, len(s.recordBlocks))
	}
	compressed := s.recordBlocks[entry.offset:next.offset]
	if entry.raw > maxRecordBlock || uint64(entry.raw) > maxExpansion*uint64(len(compressed)) {
		return nil, s.damage(TagRecordIndex, uint64(block)*recordEntrySize, "block %d of %d bytes cannot decode to %d",
			block, len(compressed), entry.raw)
	}
	if rows := next.row - entry.row; entry.row >= next.row || rows > 1 && entry.raw > maxSharedBlock {
		return nil, s.damage(TagRecordIndex, uint64(block)*recordEntrySize, "block %d of %d bytes holds rows %d to %d",
			block, entry.raw, entry.row, next.row)
	}
	if n, err := snappy.DecodedLen(compressed); err != nil || n != int(entry.raw) {
		return nil, s.damage(TagRecordBlocks, entry.offset, "block %d decodes to %d bytes, want %d; %v", block, n, entry.raw, err)
	}
	return compressed, nil
}

// bytes takes the next length and as many bytes from the block.
func (r *RecordReader) bytes() ([]byte, error) {
	length, n := binary.Uvarint(r.raw[r.at:])
	if n <= 0 || length > uint64(len(r.raw)-r.at-n) {
		entry := r.segment.recordEntry(r.block)
		return nil, r.segment.damage(TagRecordBlocks, entry.offset, "block %d: row %d reaches out of it", r.block, r.row)
	}
	start := r.at + n
	r.at = start + int(length)
	return r.raw[start:r.at:r.at], nil
}

// checkRecord compares the sizes of a record with the limit.
func checkRecord(metadata, payload []byte) error {
	if size := uint64(len(metadata)) + uint64(len(payload)); size > MaxRecord {
		return fmt.Errorf("%w: metadata and payload have %d bytes, at most %d are allowed", ErrTooLarge, size, MaxRecord)
	}
	return nil
}
