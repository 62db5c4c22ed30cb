package storage

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/golang/snappy"
	"github.com/vicinaldb/store/internal/mapped"
)

// ItemWriter collects what a segment keeps of its items besides the vectors: ids and records. Records go to a spool file
// as they come, so memory holds the ids and one block of records. It is for one goroutine.
type ItemWriter struct {
	spool *os.File
	out   *bufio.Writer

	idOffsets []uint64
	idBytes   []byte

	raw        []byte // the block that is being filled
	rawRow     uint32 // its first row
	compressed []byte
	index      []byte
	offset     uint64 // bytes in the spool
}

// NewItemWriter returns a writer whose spool file is at path, where nothing may be yet. The caller closes it.
func NewItemWriter(path string) (*ItemWriter, error) {
	spool, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("creating spool of records: %w", err)
	}
	return &ItemWriter{spool: spool, out: bufio.NewWriterSize(spool, writeChunk), idOffsets: []uint64{0}}, nil
}

// Len returns the number of items added.
func (w *ItemWriter) Len() int { return len(w.idOffsets) - 1 }

// Add appends the item of the next row. The slices are not kept. An id that is empty or too long, or a record that is
// too large, is an [ErrTooLarge].
func (w *ItemWriter) Add(id string, metadata, payload []byte) error {
	if len(id) == 0 || len(id) > MaxID {
		return fmt.Errorf("%w: id of row %d has %d bytes, want 1 to %d", ErrTooLarge, w.Len(), len(id), MaxID)
	}
	if w.Len() == MaxRows {
		return fmt.Errorf("%w: more than %d rows", ErrTooLarge, MaxRows)
	}
	if err := checkRecord(metadata, payload); err != nil {
		return fmt.Errorf("row %d: %w", w.Len(), err)
	}
	// A record that does not fit starts a block, so that a large one has a block of its own.
	if len(w.raw)+recordSize(metadata, payload) > recordTarget {
		if err := w.endBlock(); err != nil {
			return err
		}
	}
	w.raw = appendRecord(w.raw, metadata, payload)
	w.idBytes = append(w.idBytes, id...)
	w.idOffsets = append(w.idOffsets, uint64(len(w.idBytes)))
	return nil
}

// endBlock compresses the block and writes it to the spool.
func (w *ItemWriter) endBlock() error {
	if len(w.raw) == 0 {
		return nil
	}
	w.compressed = snappy.Encode(w.compressed[:cap(w.compressed)], w.raw)
	w.index = recordEntry{row: w.rawRow, raw: uint32(len(w.raw)), offset: w.offset}.appendTo(w.index)
	if _, err := w.out.Write(w.compressed); err != nil {
		return fmt.Errorf("writing spool of records: %w", err)
	}
	w.offset += uint64(len(w.compressed))
	w.raw, w.rawRow = w.raw[:0], uint32(w.Len())
	return nil
}

// write appends the sections of ids and records to a segment. The writer can take no more items.
func (w *ItemWriter) write(ctx context.Context, segment *SegmentWriter) error {
	order, err := w.order()
	if err != nil {
		return err
	}
	if err := w.endBlock(); err != nil {
		return err
	}
	if err := w.out.Flush(); err != nil {
		return fmt.Errorf("writing spool of records: %w", err)
	}
	index := recordEntry{row: uint32(w.Len()), offset: w.offset}.appendTo(w.index)
	for _, s := range []struct {
		tag         Tag
		elementSize int
		content     io.Reader
	}{
		{TagIDOffsets, 8, bytes.NewReader(mapped.BytesOfUint64s(w.idOffsets))},
		{TagIDBytes, 1, bytes.NewReader(w.idBytes)},
		{TagIDOrder, 4, bytes.NewReader(mapped.BytesOfUint32s(order))},
		{TagRecordBlocks, 1, io.NewSectionReader(w.spool, 0, int64(w.offset))},
		{TagRecordIndex, recordEntrySize, bytes.NewReader(index)},
	} {
		err := segment.Section(s.tag, s.elementSize, func(out io.Writer) error { return copyChunks(ctx, out, s.content) })
		if err != nil {
			return err
		}
	}
	return nil
}

// order returns the rows sorted by id. An id that is there twice is an error.
func (w *ItemWriter) order() ([]uint32, error) {
	rows := make([]uint32, w.Len())
	for i := range rows {
		rows[i] = uint32(i)
	}
	slices.SortFunc(rows, func(a, b uint32) int { return bytes.Compare(w.id(a), w.id(b)) })
	for i := 1; i < len(rows); i++ {
		if bytes.Equal(w.id(rows[i-1]), w.id(rows[i])) {
			return nil, fmt.Errorf("rows %d and %d have the same id %q", rows[i-1], rows[i], w.id(rows[i]))
		}
	}
	return rows, nil
}

func (w *ItemWriter) id(row uint32) []byte { return w.idBytes[w.idOffsets[row]:w.idOffsets[row+1]] }

// Close closes and removes the spool file. Closing again does nothing.
func (w *ItemWriter) Close() error {
	err := w.spool.Close()
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return errors.Join(err, os.Remove(w.spool.Name()))
}
