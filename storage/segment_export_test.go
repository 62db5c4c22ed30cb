package storage

import (
	"context"
	"io"

	"github.com/vicinaldb/store/internal/mapped"
)

// The parts of the format that tests take files apart with.
const (
	PageSize         = pageSize
	BlockSize        = blockSize
	SectionEntrySize = sectionEntrySize
	RecordEntrySize  = recordEntrySize
	RecordTarget     = recordTarget
	MaxManifest      = maxManifest
	MaxSegments      = maxSegments
	MaxParams        = maxParams
	MaxSections      = maxSections
	PieceSize        = pieceSize
)

// Checksum is the CRC32C of b.
func Checksum(b []byte) uint32 { return checksum(b) }

// ParseSegment is OpenSegment for bytes in memory.
func ParseSegment(b []byte, want SegmentInfo) (*Segment, error) {
	data := mapped.Aligned(len(b))
	copy(data, b)
	s := &Segment{path: "memory", data: data, want: want}
	if err := s.guard(s.parse); err != nil {
		return nil, err
	}
	return s, nil
}

// Place is where a section lies in a segment.
type Place struct {
	Tag            Tag
	Name           string
	Offset, Length uint64
	Entry          uint64 // offset of its entry in the section table
}

// Places returns the sections of a segment in the order of the file.
func (s *Segment) Places() []Place {
	var places []Place
	for i, sec := range s.sections {
		places = append(places, Place{
			Tag: sec.tag, Name: sectionNames[sec.tag], Offset: sec.offset, Length: sec.length,
			Entry: s.trailer.tableOffset + uint64(i)*sectionEntrySize,
		})
	}
	return places
}

// Tables returns where the block checksums and the section table begin.
func (s *Segment) Tables() (sums, table uint64) { return s.trailer.sumsOffset, s.trailer.tableOffset }

// OddSection appends a section of a kind that this version does not know.
func (w *SegmentWriter) OddSection(tag Tag, version, flags uint16, content []byte) error {
	s := section{tag: tag, version: version, flags: flags, elementSize: 1}
	return w.section(s, func(out io.Writer) error {
		_, err := out.Write(content)
		return err
	})
}

// LoseFile closes the file under the writer.
func (w *SegmentWriter) LoseFile() { w.file.Close() }

// WriteSections gives all sections to w.
func (c *SegmentContent) WriteSections(w *SegmentWriter) error {
	params, err := c.Params.encode()
	if err != nil {
		return err
	}
	return c.write(context.Background(), w, params)
}

// LoseFile closes the file under what is written ahead, when it is.
func (a *Ahead) LoseFile() {
	<-a.written
	a.file.Close()
}

// WaitWritten waits until everything is written ahead.
func (a *Ahead) WaitWritten() { <-a.written }

// Pieces passes on whole pieces of what is written to it.
type Pieces struct{ pieces }

func NewPieces(out io.Writer) *Pieces { return &Pieces{pieces{out: out}} }
