package storage

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"

	"github.com/vicinaldb/store/internal/mapped"
)

// Digest is a SHA-256: the identity of a segment's bytes.
type Digest [32]byte

// String returns the digest as 64 hexadecimal digits.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// MarshalText returns what [Digest.String] does.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText sets the digest from 64 hexadecimal digits.
func (d *Digest) UnmarshalText(text []byte) error {
	if len(text) != hex.EncodedLen(len(d)) {
		return fmt.Errorf("a SHA-256 of %d digits", len(text))
	}
	_, err := hex.Decode(d[:], text)
	return err
}

// SegmentInfo identifies a segment file by its bytes. A zero field stands for any.
type SegmentInfo struct {
	Size   int64
	SHA256 Digest
}

// Segment is an open segment file. Its methods may be called by many goroutines at once, but none during or after
// [Segment.Close].
//
// The slices it hands out are the mapped file: not to be written to, to be read under mapped.Guard, and not after Close.
type Segment struct {
	path     string
	file     *mapped.File
	data     []byte
	want     SegmentInfo
	header   header
	trailer  trailer
	sections []section
	params   Params

	codes             []byte
	codeOffsets       codeOffsets
	vectors           []byte
	adjacency         []uint32
	pivotRows         []uint32
	pivotCodes        []byte
	neighborRows      []uint32
	neighborDistances []float32
	idOffsets         []uint64
	idBytes           []byte
	idOrder           []uint32
	recordBlocks      []byte
	recordIndex       []byte

	readers sync.Pool // of *RecordReader
}

// OpenSegment maps the segment at path. It reads the header, the trailer, the section table and the parameters, compares
// them with the size of the file, with one another and with want, and decodes nothing else: what it costs does not depend on
// the number of rows.
//
// A missing file is an [ErrNotFound], a damaged one an [ErrCorrupt], one of another version an [ErrVersion]. On a big-endian
// machine every segment is an [ErrUnsupported].
func OpenSegment(path string, want SegmentInfo) (*Segment, error) {
	file, err := mapped.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("opening segment: %w: %w", ErrNotFound, err)
	case errors.Is(err, mapped.ErrNotRegular):
		return nil, &CorruptError{File: path, Offset: -1, Cause: err}
	case errors.Is(err, errors.ErrUnsupported):
		return nil, fmt.Errorf("opening segment: %w: %w", ErrUnsupported, err)
	case err != nil:
		return nil, fmt.Errorf("opening segment: %w", err)
	}
	s := &Segment{path: path, file: file, data: file.Bytes(), want: want}
	if err := s.guard(s.parse); err != nil {
		return nil, errors.Join(fmt.Errorf("opening segment: %w", err), file.Close())
	}
	return s, nil
}

// guard runs fn and makes a memory fault the damage that it is.
func (s *Segment) guard(fn func() error) error {
	err := mapped.Guard(fn)
	if fault, ok := errors.AsType[*mapped.FaultError](err); ok {
		return &CorruptError{File: s.path, Offset: fault.Offset, Reason: "the file lost bytes that it had when it was opened", Cause: err}
	}
	return err
}

// corrupt returns the damage at an offset of the file. An error that says more than damage, such as ErrVersion, passes.
func (s *Segment) corrupt(part string, offset uint64, err error) error {
	if errors.Is(err, ErrVersion) || errors.Is(err, ErrUnsupported) {
		return fmt.Errorf("%s: %s: %w", s.path, part, err)
	}
	return &CorruptError{File: s.path, Section: part, Offset: int64(offset), Reason: err.Error()}
}

// parse checks the envelope of the file, then the sections, and takes the views.
func (s *Segment) parse() error {
	size := uint64(len(s.data))
	if s.want.Size != 0 && uint64(s.want.Size) != size {
		return s.corrupt("", size, fmt.Errorf("file has %d bytes, want %d", size, s.want.Size))
	}
	if size < 2*pageSize {
		return s.corrupt("", size, fmt.Errorf("file has %d bytes, which is less than header and trailer", size))
	}
	var err error
	if s.header, err = parseHeader(s.data[:pageSize]); err != nil {
		return s.corrupt("header", 0, err)
	}
	if s.trailer, err = parseTrailer(s.data[size-pageSize:], size); err != nil {
		return s.corrupt("trailer", size-pageSize, err)
	}
	table := s.data[s.trailer.tableOffset : s.trailer.tableOffset+uint64(s.trailer.tableLength)]
	if sum := checksum(table); sum != s.trailer.tableChecksum {
		return s.corrupt("section table", s.trailer.tableOffset, fmt.Errorf("checksum is %08x, the bytes have %08x", s.trailer.tableChecksum, sum))
	}
	if s.sections, err = parseSections(table, s.trailer.sumsOffset); err != nil {
		return s.corrupt("section table", s.trailer.tableOffset, err)
	}
	return s.takeSections()
}

// takeSections reads the parameters and gives every section that they speak of its slice.
func (s *Segment) takeSections() error {
	known, err := s.knownSections()
	if err != nil {
		return err
	}
	params, ok := known[TagParams]
	if !ok {
		return s.missing(TagParams)
	}
	// The JSON decoder gets a copy: see package mapped.
	if s.params, err = parseParams([]byte(string(s.bytes(params)))); err != nil {
		return s.corrupt(sectionNames[TagParams], params.offset, err)
	}
	for _, step := range []func(map[Tag]section) error{s.checkShapes, s.takeCodes, s.takeGraphs, s.takeItems} {
		if err := step(known); err != nil {
			return err
		}
	}
	return nil
}

// knownSections returns the sections that this version knows. One that it does not know must be optional.
func (s *Segment) knownSections() (map[Tag]section, error) {
	known := map[Tag]section{}
	for _, sec := range s.sections {
		if _, ok := sectionNames[sec.tag]; ok && sec.version == sectionVersion {
			known[sec.tag] = sec
		} else if sec.flags&sectionOptional == 0 {
			return nil, s.corrupt(sectionName(sec.tag), sec.offset, fmt.Errorf("%w: version %d of this section is needed to read the segment", ErrVersion, sec.version))
		}
	}
	return known, nil
}

// checkShapes compares the known sections with the parameters: those that there must be are there, as large as they must
// be, and no others.
func (s *Segment) checkShapes(known map[Tag]section) error {
	shapes := s.params.shapes()
	for _, want := range shapes {
		sec, ok := known[want.tag]
		if !ok {
			return s.missing(want.tag)
		}
		if want.count == anyCount {
			want.count = sec.count
		}
		if sec.elementSize != want.elementSize || sec.count != want.count {
			return s.corrupt(sectionNames[sec.tag], sec.offset, fmt.Errorf("%d elements of %d bytes, the parameters say %d of %d",
				sec.count, sec.elementSize, want.count, want.elementSize))
		}
	}
	for _, sec := range s.sections {
		_, ok := known[sec.tag]
		if ok && !slices.ContainsFunc(shapes, func(want shape) bool { return want.tag == sec.tag }) {
			return s.corrupt(sectionNames[sec.tag], sec.offset, errors.New("it is there, the parameters say that it is not"))
		}
	}
	return nil
}

// missing returns the damage of a section that is not there.
func (s *Segment) missing(tag Tag) error {
	return s.corrupt("section table", s.trailer.tableOffset, fmt.Errorf("section %v (%s) is missing", tag, sectionNames[tag]))
}

// bytes returns the content of a section of the table.
func (s *Segment) bytes(sec section) []byte { return s.data[sec.offset:sec.end():sec.end()] }

// optional returns the content of a section that the parameters may say is not there: then it is nil.
func (s *Segment) optional(known map[Tag]section, tag Tag) []byte {
	if sec, ok := known[tag]; ok {
		return s.bytes(sec)
	}
	return nil
}

func (s *Segment) takeCodes(known map[Tag]section) error {
	s.codes = s.bytes(known[TagCodes])
	s.pivotCodes = s.optional(known, TagPivotCodes)
	s.vectors = s.optional(known, TagVectors)
	s.codeOffsets = s.optional(known, TagCodeOffsets)
	if s.codeOffsets == nil {
		return nil
	}
	if err := s.codeOffsets.checkEnds(len(s.codes)); err != nil {
		return s.corrupt(sectionNames[TagCodeOffsets], known[TagCodeOffsets].offset, err)
	}
	return nil
}

func (s *Segment) takeGraphs(known map[Tag]section) error {
	for tag, view := range map[Tag]*[]uint32{
		TagAdjacency:    &s.adjacency,
		TagPivotRows:    &s.pivotRows,
		TagNeighborRows: &s.neighborRows,
	} {
		if err := take(s, view, known[tag], mapped.Uint32s); err != nil {
			return err
		}
	}
	return take(s, &s.neighborDistances, known[TagNeighborDistances], mapped.Float32s)
}

func (s *Segment) takeItems(known map[Tag]section) error {
	s.idBytes = s.bytes(known[TagIDBytes])
	s.recordBlocks = s.bytes(known[TagRecordBlocks])
	s.recordIndex = s.bytes(known[TagRecordIndex])
	if err := take(s, &s.idOffsets, known[TagIDOffsets], mapped.Uint64s); err != nil {
		return err
	}
	if err := take(s, &s.idOrder, known[TagIDOrder], mapped.Uint32s); err != nil {
		return err
	}
	if first, last := s.idOffsets[0], s.idOffsets[s.params.Rows]; first != 0 || last != uint64(len(s.idBytes)) {
		return s.corrupt("id offsets", known[TagIDOffsets].offset, fmt.Errorf("they run from %d to %d, want 0 to %d", first, last, len(s.idBytes)))
	}
	if len(s.recordIndex) == 0 {
		return s.corrupt("record index", known[TagRecordIndex].offset, errors.New("it has no entry to end it"))
	}
	last := s.recordEntry(s.recordBlockCount())
	if uint64(last.row) != uint64(s.params.Rows) || last.offset != uint64(len(s.recordBlocks)) {
		return s.corrupt("record index", known[TagRecordIndex].offset, fmt.Errorf("it ends at row %d and byte %d, want %d and %d",
			last.row, last.offset, s.params.Rows, len(s.recordBlocks)))
	}
	return nil
}

// take sets view to the numbers of a section.
func take[T any](s *Segment, view *[]T, sec section, as func([]byte) ([]T, error)) error {
	v, err := as(s.bytes(sec))
	if errors.Is(err, mapped.ErrByteOrder) {
		err = fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	if err != nil {
		return s.corrupt(sectionNames[sec.tag], sec.offset, err)
	}
	*view = v
	return nil
}

// Path returns the path that the segment was opened with.
func (s *Segment) Path() string { return s.path }

// Size returns the size of the file in bytes.
func (s *Segment) Size() int64 { return int64(len(s.data)) }

// Params returns what the segment says about itself.
func (s *Segment) Params() Params { return s.params }

// Rewritable reports whether this program may make another segment from this one. It may not when the segment carries
// something that it would lose.
func (s *Segment) Rewritable() bool { return s.header.readCompatible == 0 }

// Rows returns the number of rows.
func (s *Segment) Rows() int { return s.params.Rows }

// Codes returns the codes: for each row Params.CodecStride bytes, or, if that is 0, what [Segment.CodeOffsets] says. They
// start at a multiple of 64 in memory.
func (s *Segment) Codes() []byte { return s.codes }

// CodeOffsets returns where the code of each row starts in Codes and, one more, where the last one ends: a little-endian
// uint64 each, at a multiple of 64 in memory. The first is 0 and the last the length of Codes; nobody has looked at the
// others yet. It returns nil if Params.CodecStride is not 0.
func (s *Segment) CodeOffsets() []byte { return s.codeOffsets }

// Vectors returns the vectors beside the codes: for each row Params.VectorStride bytes. They start at a multiple of 64 in
// memory. It returns nil if Params.VectorStride is 0.
func (s *Segment) Vectors() []byte { return s.vectors }

// Adjacency returns the search graph: for each row Params.AdjacencyStride rows. Nobody has compared them with the number of
// rows yet.
func (s *Segment) Adjacency() []uint32 { return s.adjacency }

// PivotRows returns the rows where searches may start. Nobody has compared them with the number of rows yet.
func (s *Segment) PivotRows() []uint32 { return s.pivotRows }

// PivotCodes returns the codes of the pivots, packed. It returns nil if Params.CodecStride is 0.
func (s *Segment) PivotCodes() []byte { return s.pivotCodes }

// NeighborRows returns the neighbor graph: for each row Params.Neighbors rows, the nearest first. Nobody has compared
// them with the number of rows yet.
func (s *Segment) NeighborRows() []uint32 { return s.neighborRows }

// NeighborDistances returns the distances that belong to NeighborRows.
func (s *Segment) NeighborDistances() []float32 { return s.neighborDistances }

// Close unmaps the file. Closing again does nothing.
func (s *Segment) Close() error { return s.file.Close() }

// offsetIn returns where in the file a position of a section lies.
func (s *Segment) offsetIn(tag Tag, position uint64) uint64 {
	for _, sec := range s.sections {
		if sec.tag == tag {
			return sec.offset + position
		}
	}
	return 0
}

// damage returns the corruption of a position in a section.
func (s *Segment) damage(tag Tag, position uint64, format string, args ...any) error {
	return s.corrupt(sectionNames[tag], s.offsetIn(tag, position), fmt.Errorf(format, args...))
}

// recordEntry decodes an entry of the record index.
func (s *Segment) recordEntry(block int) recordEntry {
	b := s.recordIndex[block*recordEntrySize:]
	return recordEntry{
		row:    binary.LittleEndian.Uint32(b),
		raw:    binary.LittleEndian.Uint32(b[4:]),
		offset: binary.LittleEndian.Uint64(b[8:]),
	}
}
