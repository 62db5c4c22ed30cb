package storage

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// Tag names a section of a segment: four ASCII letters, in the order in which they lie in the file.
type Tag uint32

// The sections of version 1; Params.shapes says which of them a segment has. These values are part of the format, never change them.
const (
	TagParams            Tag = 'P' | 'R'<<8 | 'M'<<16 | 'S'<<24 // canonical JSON of Params
	TagCodes             Tag = 'C' | 'O'<<8 | 'D'<<16 | 'E'<<24 // one code a row
	TagCodeOffsets       Tag = 'C' | 'O'<<8 | 'D'<<16 | 'O'<<24 // where the code of each row starts, if they have different lengths
	TagVectors           Tag = 'V' | 'E'<<8 | 'C'<<16 | 'S'<<24 // one vector a row, if the codes do not tell it
	TagAdjacency         Tag = 'A' | 'D'<<8 | 'J'<<16 | 'A'<<24 // search graph: rows, a fixed number a row
	TagPivotRows         Tag = 'P' | 'V'<<8 | 'R'<<16 | 'O'<<24 // rows where searches may start
	TagPivotCodes        Tag = 'P' | 'V'<<8 | 'C'<<16 | 'O'<<24 // their codes, packed
	TagNeighborRows      Tag = 'N' | 'B'<<8 | 'R'<<16 | 'O'<<24 // neighbor graph: rows, k a row
	TagNeighborDistances Tag = 'N' | 'B'<<8 | 'D'<<16 | 'I'<<24 // neighbor graph: distances, k a row
	TagIDOffsets         Tag = 'I' | 'D'<<8 | 'O'<<16 | 'F'<<24 // where the id of each row starts
	TagIDBytes           Tag = 'I' | 'D'<<8 | 'B'<<16 | 'Y'<<24 // the ids
	TagIDOrder           Tag = 'I' | 'D'<<8 | 'O'<<16 | 'R'<<24 // rows sorted by id
	TagRecordBlocks      Tag = 'R' | 'E'<<8 | 'C'<<16 | 'B'<<24 // compressed metadata and payloads
	TagRecordIndex       Tag = 'R' | 'E'<<8 | 'C'<<16 | 'I'<<24 // where each block lies
)

// String returns the four letters, or a number if they are not printable.
func (t Tag) String() string {
	letters := binary.LittleEndian.AppendUint32(nil, uint32(t))
	for _, c := range letters {
		if c <= ' ' || c > '~' {
			return fmt.Sprintf("tag %#08x", uint32(t))
		}
	}
	return string(letters)
}

// Limits and sizes of the section table. They are part of the format, never change them.
const (
	pageSize         = 4096 // sections start at multiples of it
	sectionEntrySize = 40
	maxSections      = 256
	sectionVersion   = 1
	sectionOptional  = 1 << 0 // flag: a reader that does not know the section may skip it
)

// section is one entry of the section table.
type section struct {
	tag         Tag
	version     uint16
	flags       uint16
	offset      uint64
	length      uint64
	elementSize uint32
	count       uint64 // of elements
}

// end returns where the section's bytes end, without the padding.
func (s section) end() uint64 { return s.offset + s.length }

// appendTo appends the entry to a section table.
func (s section) appendTo(table []byte) []byte {
	table = binary.LittleEndian.AppendUint32(table, uint32(s.tag))
	table = binary.LittleEndian.AppendUint16(table, s.version)
	table = binary.LittleEndian.AppendUint16(table, s.flags)
	table = binary.LittleEndian.AppendUint64(table, s.offset)
	table = binary.LittleEndian.AppendUint64(table, s.length)
	table = binary.LittleEndian.AppendUint32(table, s.elementSize)
	table = binary.LittleEndian.AppendUint32(table, 0)
	return binary.LittleEndian.AppendUint64(table, s.count)
}

// parseSections decodes a section table whose sections must fill the bytes from the first page up to limit: each begins
// at the page after the one before it, so that every byte of the file belongs to exactly one part.
func parseSections(table []byte, limit uint64) ([]section, error) {
	if len(table)%sectionEntrySize != 0 || len(table) > maxSections*sectionEntrySize {
		return nil, fmt.Errorf("length %d is not that of at most %d entries", len(table), maxSections)
	}
	sections := make([]section, 0, len(table)/sectionEntrySize)
	seen := make(map[Tag]bool, cap(sections))
	next := uint64(pageSize)
	for entry := 0; len(table) > 0; entry++ {
		s, err := parseSection(table[:sectionEntrySize], next, limit)
		if err == nil && seen[s.tag] {
			err = fmt.Errorf("section %v is there twice", s.tag)
		}
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", entry, err)
		}
		seen[s.tag] = true
		sections = append(sections, s)
		next = pageEnd(s.end())
		table = table[sectionEntrySize:]
	}
	if next != limit {
		return nil, fmt.Errorf("sections end at %d, want %d", next, limit)
	}
	return sections, nil
}

// parseSection decodes one entry, whose section must start at start and end before limit.
func parseSection(b []byte, start, limit uint64) (section, error) {
	s := section{
		tag:         Tag(binary.LittleEndian.Uint32(b)),
		version:     binary.LittleEndian.Uint16(b[4:]),
		flags:       binary.LittleEndian.Uint16(b[6:]),
		offset:      binary.LittleEndian.Uint64(b[8:]),
		length:      binary.LittleEndian.Uint64(b[16:]),
		elementSize: binary.LittleEndian.Uint32(b[24:]),
		count:       binary.LittleEndian.Uint64(b[32:]),
	}
	high, size := bits.Mul64(uint64(s.elementSize), s.count)
	switch {
	case s.offset != start:
		return s, fmt.Errorf("section %v starts at %d, want %d", s.tag, s.offset, start)
	case start > limit || s.length > limit-start:
		return s, fmt.Errorf("section %v of %d bytes at %d reaches past %d", s.tag, s.length, s.offset, limit)
	case s.elementSize == 0 || high != 0 || size != s.length:
		return s, fmt.Errorf("section %v: %d elements of %d bytes are not %d bytes", s.tag, s.count, s.elementSize, s.length)
	case binary.LittleEndian.Uint32(b[28:]) != 0:
		return s, fmt.Errorf("section %v: reserved bytes are not zero", s.tag)
	}
	return s, nil
}

// pageEnd rounds an offset up to a page. Its callers have compared the offset with the size of a file, which is far below
// overflow.
func pageEnd(offset uint64) uint64 { return (offset + pageSize - 1) &^ (pageSize - 1) }
