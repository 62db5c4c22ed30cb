package storage

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// The header and the trailer of a segment, one page each. These values are part of the format, never change them.
const (
	segmentMajor  = 1
	segmentMinor  = 0
	byteOrderMark = 0x01020304
	checksumCRC32 = 1 // the algorithm of the block checksums: CRC32C

	headerChecksumAt  = pageSize - 4
	trailerChecksumAt = pageSize - 4
)

var (
	segmentMagic    = [8]byte{0x89, 'V', 'S', 'G', '\r', '\n', 0x1a, '\n'}
	segmentEndMagic = [8]byte{0x76, ^byte('V'), ^byte('S'), ^byte('G'), 0xf2, 0xf5, 0xe5, 0xf5}
)

// header is the first page of a segment. The flags say what a program must know about the segment beyond its version.
// This version defines none.
type header struct {
	major, minor   uint16
	compatible     uint32 // a reader that does not know the flag may ignore it
	readCompatible uint32 // ... may read the segment, but not rewrite it into another
	incompatible   uint32 // ... must refuse the segment
}

func (h header) encode() []byte {
	page := make([]byte, pageSize)
	copy(page, segmentMagic[:])
	binary.LittleEndian.PutUint16(page[8:], h.major)
	binary.LittleEndian.PutUint16(page[10:], h.minor)
	binary.LittleEndian.PutUint32(page[12:], byteOrderMark)
	binary.LittleEndian.PutUint32(page[16:], pageSize)
	binary.LittleEndian.PutUint32(page[20:], h.compatible)
	binary.LittleEndian.PutUint32(page[24:], h.readCompatible)
	binary.LittleEndian.PutUint32(page[28:], h.incompatible)
	binary.LittleEndian.PutUint32(page[headerChecksumAt:], checksum(page[:headerChecksumAt]))
	return page
}

// parseHeader decodes the first page. An error wraps [ErrVersion] if the page is whole but too new, else the page is
// damaged. The places of magic, version and checksum are the same in every version, so damage never looks like a version.
func parseHeader(page []byte) (header, error) {
	h := header{
		major:          binary.LittleEndian.Uint16(page[8:]),
		minor:          binary.LittleEndian.Uint16(page[10:]),
		compatible:     binary.LittleEndian.Uint32(page[20:]),
		readCompatible: binary.LittleEndian.Uint32(page[24:]),
		incompatible:   binary.LittleEndian.Uint32(page[28:]),
	}
	stored := binary.LittleEndian.Uint32(page[headerChecksumAt:])
	switch sum := checksum(page[:headerChecksumAt]); {
	case !bytes.Equal(page[:8], segmentMagic[:]):
		return h, fmt.Errorf("magic is % x, want % x", page[:8], segmentMagic)
	case stored != sum:
		return h, fmt.Errorf("checksum is %08x, the bytes have %08x", stored, sum)
	case h.major != segmentMajor:
		return h, fmt.Errorf("%w: segment has version %d.%d, this program reads %d", ErrVersion, h.major, h.minor, segmentMajor)
	case h.incompatible != 0:
		return h, fmt.Errorf("%w: segment needs features %#x", ErrVersion, h.incompatible)
	case binary.LittleEndian.Uint32(page[12:]) != byteOrderMark:
		return h, fmt.Errorf("byte-order mark is % x", page[12:16])
	case binary.LittleEndian.Uint32(page[16:]) != pageSize:
		return h, fmt.Errorf("header length is %d, want %d", binary.LittleEndian.Uint32(page[16:]), pageSize)
	}
	return h, nil
}

// trailer is the last page of a segment: where the tables are that lie between the sections and it.
type trailer struct {
	fileSize      uint64
	tableOffset   uint64 // section table
	tableLength   uint32
	tableChecksum uint32
	sumsOffset    uint64 // checksums of the blocks before it
	sumsLength    uint64
	sumsChecksum  uint32
}

// newTrailer places the tables behind sections that end, padded, at sectionsEnd.
func newTrailer(sectionsEnd uint64, sums, table []byte) trailer {
	tableOffset := pageEnd(sectionsEnd + uint64(len(sums)))
	return trailer{
		fileSize:      pageEnd(tableOffset+uint64(len(table))) + pageSize,
		tableOffset:   tableOffset,
		tableLength:   uint32(len(table)),
		tableChecksum: checksum(table),
		sumsOffset:    sectionsEnd,
		sumsLength:    uint64(len(sums)),
		sumsChecksum:  checksum(sums),
	}
}

func (t trailer) encode() []byte {
	page := make([]byte, pageSize)
	copy(page, segmentEndMagic[:])
	binary.LittleEndian.PutUint64(page[8:], t.fileSize)
	binary.LittleEndian.PutUint64(page[16:], t.tableOffset)
	binary.LittleEndian.PutUint32(page[24:], t.tableLength)
	binary.LittleEndian.PutUint32(page[28:], t.tableChecksum)
	binary.LittleEndian.PutUint64(page[32:], t.sumsOffset)
	binary.LittleEndian.PutUint64(page[40:], t.sumsLength)
	binary.LittleEndian.PutUint32(page[48:], t.sumsChecksum)
	binary.LittleEndian.PutUint32(page[52:], blockSize)
	binary.LittleEndian.PutUint32(page[56:], checksumCRC32)
	binary.LittleEndian.PutUint32(page[trailerChecksumAt:], checksum(page[:trailerChecksumAt]))
	return page
}

// parseTrailer decodes the last page of a file of the given size. The tables it names lie inside the file, one behind
// the other; that the sections end where the first of them starts, parseSections sees.
func parseTrailer(page []byte, size uint64) (trailer, error) {
	t := trailer{
		fileSize:      binary.LittleEndian.Uint64(page[8:]),
		tableOffset:   binary.LittleEndian.Uint64(page[16:]),
		tableLength:   binary.LittleEndian.Uint32(page[24:]),
		tableChecksum: binary.LittleEndian.Uint32(page[28:]),
		sumsOffset:    binary.LittleEndian.Uint64(page[32:]),
		sumsLength:    binary.LittleEndian.Uint64(page[40:]),
		sumsChecksum:  binary.LittleEndian.Uint32(page[48:]),
	}
	stored := binary.LittleEndian.Uint32(page[trailerChecksumAt:])
	switch sum := checksum(page[:trailerChecksumAt]); {
	case !bytes.Equal(page[:8], segmentEndMagic[:]):
		return t, fmt.Errorf("magic is % x, want % x: the file was cut or something was appended", page[:8], segmentEndMagic)
	case stored != sum:
		return t, fmt.Errorf("checksum is %08x, the bytes have %08x", stored, sum)
	case t.fileSize != size:
		return t, fmt.Errorf("file has %d bytes, want %d", size, t.fileSize)
	case binary.LittleEndian.Uint32(page[52:]) != blockSize || binary.LittleEndian.Uint32(page[56:]) != checksumCRC32:
		return t, fmt.Errorf("%w: block checksums of an unknown kind", ErrVersion)
	case t.sumsOffset > size:
		return t, fmt.Errorf("block checksums at %d in a file of %d bytes", t.sumsOffset, size)
	case t.sumsLength != 4*blockCount(t.sumsOffset):
		return t, fmt.Errorf("%d bytes of block checksums for %d bytes", t.sumsLength, t.sumsOffset)
	case t.tableOffset != pageEnd(t.sumsOffset+t.sumsLength):
		return t, fmt.Errorf("section table at %d does not follow the block checksums", t.tableOffset)
	case pageEnd(t.tableOffset+uint64(t.tableLength))+pageSize != size:
		return t, fmt.Errorf("section table of %d bytes at %d does not reach the trailer", t.tableLength, t.tableOffset)
	}
	return t, nil
}
