package storage

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// verifyRows is how many rows are looked at between two looks at the context.
const verifyRows = 4096

// VerifyFile opens the segment at path, verifies all of it, and closes it. What it expects of the file is in want.
func VerifyFile(ctx context.Context, path string, want SegmentInfo) error {
	s, err := OpenSegment(path, want)
	if err != nil {
		return err
	}
	return errors.Join(s.Verify(ctx), s.Close())
}

// Verify reads the whole file and returns the first damage it finds. It compares every block with its checksum, the file
// with the SHA-256 it was opened with (if any), and then what the sections say with one another: codes of different lengths
// follow one another, rows of both graphs and of the pivots are there, distances ascend, ids are unique and in order, every
// record decodes, the codes of the pivots are those of their rows. It takes as long as reading the file.
func (s *Segment) Verify(ctx context.Context) error {
	for _, step := range []func(context.Context) error{
		s.verifyBytes, s.verifyPadding, s.verifyCodeOffsets, s.verifyGraphs, s.verifyPivots, s.verifyIDs, s.verifyRecords,
	} {
		if err := s.guard(func() error { return step(ctx) }); err != nil {
			return fmt.Errorf("verifying segment: %w", err)
		}
	}
	return nil
}

// verifyBytes compares the blocks with their checksums and the file with its digest.
func (s *Segment) verifyBytes(ctx context.Context) error {
	sums := s.data[s.trailer.sumsOffset : s.trailer.sumsOffset+s.trailer.sumsLength]
	if sum := checksum(sums); sum != s.trailer.sumsChecksum {
		return s.corrupt("block checksums", s.trailer.sumsOffset, fmt.Errorf("checksum is %08x, the bytes have %08x", s.trailer.sumsChecksum, sum))
	}
	known, digest := s.want.SHA256 != (Digest{}), sha256.New()
	for start := uint64(0); start < uint64(len(s.data)); start += blockSize {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if start < s.trailer.sumsOffset {
			block := s.data[start:min(start+blockSize, s.trailer.sumsOffset)]
			stored := binary.LittleEndian.Uint32(sums[start/blockSize*4:])
			if sum := checksum(block); sum != stored {
				return s.corrupt(s.partAt(start), start, fmt.Errorf("checksum of block %d is %08x, the bytes have %08x", start/blockSize, stored, sum))
			}
		}
		if known {
			digest.Write(s.data[start:min(start+blockSize, uint64(len(s.data)))])
		}
	}
	if got := Digest(digest.Sum(nil)); known && got != s.want.SHA256 {
		return s.corrupt("", 0, fmt.Errorf("SHA-256 is %v, want %v", got, s.want.SHA256))
	}
	return nil
}

// partAt names the sections that the block at an offset has bytes of.
func (s *Segment) partAt(start uint64) string {
	first, last := "header", ""
	for _, sec := range s.sections {
		if sec.offset <= start {
			first = sectionName(sec.tag)
		} else if sec.offset < start+blockSize && sec.length > 0 {
			last = sectionName(sec.tag)
		}
	}
	if last != "" {
		return first + " to " + last
	}
	return first
}

// verifyPadding sees to it that the bytes between the parts are zero.
func (s *Segment) verifyPadding(context.Context) error {
	ends := []uint64{s.trailer.sumsOffset + s.trailer.sumsLength, s.trailer.tableOffset + uint64(s.trailer.tableLength)}
	for _, sec := range s.sections {
		ends = append(ends, sec.end())
	}
	for _, end := range ends {
		padding := s.data[end:pageEnd(end)]
		if !bytes.Equal(padding, zeroPage[:len(padding)]) {
			return s.corrupt("padding", end, errors.New("it is not zero"))
		}
	}
	return nil
}

// verifyCodeOffsets sees to it that codes of different lengths follow one another, each where it may start.
func (s *Segment) verifyCodeOffsets(ctx context.Context) error {
	for i := range s.codeOffsets.count() {
		if i%verifyRows == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := s.codeOffsets.check(i, len(s.codes)); err != nil {
			return s.damage(TagCodeOffsets, 8*uint64(i), "%v", err)
		}
	}
	return nil
}

// verifyGraphs walks both graphs.
func (s *Segment) verifyGraphs(ctx context.Context) error {
	for _, graph := range []struct {
		tag  Tag
		rows []uint32
	}{{TagAdjacency, s.adjacency}, {TagNeighborRows, s.neighborRows}} {
		for i, row := range graph.rows {
			if i%verifyRows == 0 && ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if uint64(row) >= uint64(s.params.Rows) {
				return s.damage(graph.tag, 4*uint64(i), "row %d of %d", row, s.params.Rows)
			}
		}
	}
	return s.verifyDistances(ctx)
}

// verifyDistances sees to it that each row's distances ascend and are numbers.
func (s *Segment) verifyDistances(ctx context.Context) error {
	k := s.params.Neighbors
	for i, d := range s.neighborDistances {
		if i%verifyRows == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if math.IsNaN(float64(d)) || i%k > 0 && d < s.neighborDistances[i-1] {
			return s.damage(TagNeighborDistances, 4*uint64(i), "neighbor %d of row %d is at distance %v", i%k, i/k, d)
		}
	}
	return nil
}

// verifyPivots compares the packed codes with the codes of the rows.
func (s *Segment) verifyPivots(context.Context) error {
	stride := uint64(s.params.CodecStride) // 0 where no codes are packed: nothing is compared with nothing
	for i, row := range s.pivotRows {
		if uint64(row) >= uint64(s.params.Rows) {
			return s.damage(TagPivotRows, 4*uint64(i), "row %d of %d", row, s.params.Rows)
		}
		at, from := uint64(i)*stride, uint64(row)*stride
		if !bytes.Equal(s.pivotCodes[at:at+stride], s.codes[from:from+stride]) {
			return s.damage(TagPivotCodes, at, "pivot %d does not have the code of row %d", i, row)
		}
	}
	return nil
}

// verifyIDs walks the ids in their order. Strictly ascending ids are all different, so their rows are, so every row is
// there once.
func (s *Segment) verifyIDs(ctx context.Context) error {
	var before []byte
	for i, row := range s.idOrder {
		if i%verifyRows == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		id, err := s.ID(row)
		if err != nil {
			return err
		}
		if bytes.Compare(before, id) >= 0 {
			return s.damage(TagIDOrder, 4*uint64(i), "the id of row %d does not come after the one before it", row)
		}
		before = id
	}
	return nil
}

// verifyRecords decodes every block and walks its rows, which must use it up.
func (s *Segment) verifyRecords(ctx context.Context) error {
	reader := s.Records()
	if first := s.recordEntry(0); first.row != 0 || first.offset != 0 {
		return s.damage(TagRecordIndex, 0, "it starts at row %d and byte %d", first.row, first.offset)
	}
	for block := range s.recordBlockCount() {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		entry, next := s.recordEntry(block), s.recordEntry(block+1)
		if err := reader.decode(block); err != nil {
			return err
		}
		if _, _, err := reader.Record(next.row - 1); err != nil {
			return err
		}
		if reader.at != len(reader.raw) {
			return s.damage(TagRecordBlocks, entry.offset, "block %d has %d bytes after its last row", block, len(reader.raw)-reader.at)
		}
	}
	return nil
}
