package storage_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/golang/snappy"
	"github.com/vicinaldb/store/storage"
)

// numbers prints the u32 of a slice.
func numbers(b []byte) string {
	var list []string
	for ; len(b) >= 4; b = b[4:] {
		list = append(list, strconv.FormatUint(uint64(binary.LittleEndian.Uint32(b)), 10))
	}
	return strings.Join(list, " ")
}

// floats prints the f32 of a slice.
func floats(b []byte) string {
	var list []string
	for ; len(b) >= 4; b = b[4:] {
		list = append(list, fmt.Sprint(math.Float32frombits(binary.LittleEndian.Uint32(b))))
	}
	return strings.Join(list, " ")
}

// codes adds codes as the chapter Codes draws them.
func (d *dump) codes(s *sample, end int, of string) {
	for i := 0; d.at < end; i++ {
		switch p := s.Params; {
		case p.Codec == "sparse":
			d.sparseCode(i, int(binary.LittleEndian.Uint64(s.CodeOffsets[8*i+8:])-binary.LittleEndian.Uint64(s.CodeOffsets[8*i:])))
		case p.Codec == "bits":
			d.bitsCode(s, fmt.Sprintf("%s %d", of, i))
		case p.Codec == "float16":
			d.float16Code(s, fmt.Sprintf("%s %d", of, i))
		case p.Codec == "uint8":
			d.uint8Code(s, fmt.Sprintf("c of %s %d", of, i))
		case p.Metric == "cosine":
			d.line(4*p.Dim, "x of %s %d: %s", of, i, floats(d.bytes[d.at:][:4*p.Dim]))
			d.line(4, "1 / |x|: %s", floats(d.bytes[d.at:][:4]))
			d.line(p.CodecStride-4*p.Dim-4, "zeros")
		default:
			d.line(4*p.Dim, "x of %s %d: %s", of, i, floats(d.bytes[d.at:][:4*p.Dim]))
			d.line(p.CodecStride-4*p.Dim, "zeros")
		}
	}
}

// sparseCode adds a code of so many bytes.
func (d *dump) sparseCode(row, size int) {
	for i := range 2 {
		d.line(8, "row %d, summary %d: %v", row, i, math.Float64frombits(binary.LittleEndian.Uint64(d.bytes[d.at:])))
	}
	if half := (size - 16) / 2; half > 0 {
		d.line(half, "row %d, features %s", row, numbers(d.bytes[d.at:][:half]))
		d.line(half, "row %d, values %s", row, floats(d.bytes[d.at:][:half]))
	}
}

// records adds, as remarks, what a block of the whole sample decodes to.
func (d *dump) records(t *testing.T, s *sample, block []byte) {
	t.Helper()
	raw, err := snappy.Decode(nil, block)
	if err != nil {
		t.Fatal(err)
	}
	d.text.WriteString("#\n# block 0, decoded:\n")
	remark := func(size int, format string, args ...any) {
		d.text.WriteString(strings.TrimRight(fmt.Sprintf("#   % x  %s", raw[:size], fmt.Sprintf(format, args...)), " ") + "\n")
		raw = raw[size:]
	}
	for i := range s.ids {
		for _, part := range []struct {
			name string
			want []byte
		}{{"metadata", s.metadata[i]}, {"payload", s.payloads[i]}} {
			length, n := binary.Uvarint(raw)
			remark(n, "row %d: %s length", i, part.name)
			if !bytes.HasPrefix(raw, part.want) || length != uint64(len(part.want)) {
				t.Fatalf("%s of row %d is not in its place", part.name, i)
			}
			if length > 0 {
				remark(int(length), "row %d: %s", i, part.name)
			}
		}
	}
	if len(raw) > 0 {
		t.Fatalf("%d bytes follow the last record", len(raw))
	}
}

// section adds the content of a section, an element or a row a line.
func (d *dump) section(t *testing.T, s *sample, p storage.Place) {
	p0, end := s.Params, int(p.Offset+p.Length)
	each := func(size int, note func(i int, b []byte) string) {
		for i := 0; d.at < end; i++ {
			d.line(size, "%s", note(i, d.bytes[d.at:d.at+size]))
		}
	}
	switch p.Tag {
	case storage.TagParams:
		for d.at < end {
			n := min(16, end-d.at)
			d.line(n, "%s", d.bytes[d.at:d.at+n])
		}
	case storage.TagCodes:
		d.codes(s, end, "row")
	case storage.TagCodeOffsets:
		each(8, func(i int, b []byte) string {
			return fmt.Sprintf("code of row %d at %d", i, binary.LittleEndian.Uint64(b))
		})
	case storage.TagVectors:
		for i := 0; d.at < end; i++ {
			d.line(4*p0.Dim, "vector of row %d: %s", i, floats(d.bytes[d.at:][:4*p0.Dim]))
			d.line(p0.VectorStride-4*p0.Dim, "zeros")
		}
	case storage.TagAdjacency:
		each(4*p0.AdjacencyStride, func(i int, b []byte) string { return fmt.Sprintf("row %d to rows %s", i, numbers(b)) })
	case storage.TagPivotRows:
		each(4, func(i int, b []byte) string { return fmt.Sprintf("pivot %d is row %s", i, numbers(b)) })
	case storage.TagPivotCodes:
		d.codes(s, end, "pivot")
	case storage.TagNeighborRows:
		each(4*p0.Neighbors, func(i int, b []byte) string { return fmt.Sprintf("nearest to row %d: %s", i, numbers(b)) })
	case storage.TagNeighborDistances:
		each(4, func(i int, b []byte) string {
			return fmt.Sprintf("distance %v", math.Float32frombits(binary.LittleEndian.Uint32(b)))
		})
	case storage.TagIDOffsets:
		each(8, func(i int, b []byte) string {
			return fmt.Sprintf("id of row %d at %d", i, binary.LittleEndian.Uint64(b))
		})
	case storage.TagIDBytes:
		for i, id := range s.ids {
			d.line(len(id), "id of row %d: %s", i, id)
		}
	case storage.TagIDOrder:
		each(4, func(i int, b []byte) string { return fmt.Sprintf("in place %d: row %s", i, numbers(b)) })
	case storage.TagRecordBlocks:
		block := d.bytes[d.at:end]
		d.line(int(p.Length), "block 0, compressed")
		d.records(t, s, block)
	case storage.TagRecordIndex:
		for i := 0; d.at < end; i++ {
			d.layout(layoutUnder(t, "Records", storage.RecordEntrySize), fmt.Sprintf("block %d: ", i))
		}
	}
}

// annotate dumps a segment by the tables of FORMAT.md.
func annotate(t *testing.T, s *sample, b []byte) string {
	t.Helper()
	segment, err := storage.ParseSegment(b, storage.SegmentInfo{})
	if err != nil {
		t.Fatal(err)
	}
	d := &dump{bytes: b}
	d.text.WriteString("# A segment of three rows. Each line: offset, bytes, what FORMAT.md calls them.\n")
	d.title("header")
	d.layout(layoutUnder(t, "Header", storage.PageSize), "")
	sums, table := segment.Tables()
	for i, p := range segment.Places() {
		d.title("section %v: %s", p.Tag, p.Name)
		d.section(t, s, p)
		next := sums
		if i+1 < len(segment.Places()) {
			next = segment.Places()[i+1].Offset
		}
		d.padding(int(next))
	}
	d.title("block checksums")
	for i := 0; uint64(i)*storage.BlockSize < sums; i++ {
		d.line(4, "block %d", i)
	}
	d.padding(int(table))
	d.title("section table")
	for _, p := range segment.Places() {
		d.layout(layoutUnder(t, "Section table", storage.SectionEntrySize), p.Tag.String()+": ")
	}
	d.padding(len(b) - storage.PageSize)
	d.title("trailer")
	d.layout(layoutUnder(t, "Trailer", storage.PageSize), "")
	if d.at != len(b) {
		t.Fatalf("the dump covers %d of %d bytes", d.at, len(b))
	}
	return d.text.String()
}

func TestSegmentGolden(t *testing.T) {
	for name, s := range goldenSamples(t) {
		b, _ := s.bytesOf(t)
		golden(t, name, annotate(t, s, b))
	}
}

// The golden files are segments of version 1.0 as they were written once: they are read for ever.
func TestSegmentGoldenOpens(t *testing.T) {
	for name, s := range goldenSamples(t) {
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("testdata", name))
			if err != nil {
				t.Fatal(err)
			}
			want := undump(t, string(text))
			path, _, err := s.write(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
				t.Errorf("this machine writes other bytes; %v", err)
			}
			needLittleEndian(t)
			segment, err := storage.ParseSegment(want, storage.SegmentInfo{})
			if err != nil {
				t.Fatal(err)
			}
			s.compare(t, segment)
			if err := segment.Verify(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
}
