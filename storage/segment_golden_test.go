package storage_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/golang/snappy"
	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/metric"
	"github.com/vicinaldb/store/storage"
)

// goldenSample is small enough to be read by a person. Codes and metadata are real ones.
func goldenSample(t testing.TB) *sample {
	t.Helper()
	cosine, err := metric.Lookup("cosine")
	if err != nil {
		t.Fatal(err)
	}
	float32s := codec.NewFloat32(cosine, 2)
	codes := make([]byte, 3*float32s.Stride())
	for i, v := range [][]float32{{3, 4}, {1, 0}, {-3, 0.5}} {
		float32s.Encode(codes[i*float32s.Stride():], v)
	}
	return &sample{
		SegmentContent: storage.SegmentContent{
			Params: storage.Params{
				Rows: 3, Dim: 2, Metric: "cosine", Codec: "float32", CodecStride: float32s.Stride(), AdjacencyStride: 2, Neighbors: 1, Pivots: 2,
				Seed: 42, Index: json.RawMessage(`{"neighbors":1}`), Build: json.RawMessage(`{"rounds":1}`),
			},
			Codes:             codes,
			Adjacency:         []uint32{1, 2, 0, 1, 0, 2},
			PivotRows:         []uint32{0, 2},
			NeighborRows:      []uint32{1, 0, 0},
			NeighborDistances: []float32{0.4, 0.4, 1.25},
		},
		ids:      []string{"blue", "amber", "red"},
		metadata: [][]byte{codec.AppendMetadata(nil, map[string]any{"hue": int64(240), "warm": false}), {}, {}},
		payloads: [][]byte{[]byte("hello hello hello"), {}, []byte("bye")},
	}
}

// numbers prints the u32 of a slice.
func numbers(b []byte) string {
	var list []string
	for ; len(b) >= 4; b = b[4:] {
		list = append(list, strconv.FormatUint(uint64(binary.LittleEndian.Uint32(b)), 10))
	}
	return strings.Join(list, " ")
}

// codes adds float32 codes with an inverse length, as under the metric cosine.
func (d *dump) codes(p storage.Params, end int, of string) {
	for i := 0; d.at < end; i++ {
		b := d.bytes[d.at:]
		var list []string
		for j := range p.Dim {
			list = append(list, fmt.Sprint(math.Float32frombits(binary.LittleEndian.Uint32(b[4*j:]))))
		}
		d.line(4*p.Dim, "x of %s %d: %s", of, i, strings.Join(list, " "))
		d.line(4, "1 / |x|: %v", math.Float32frombits(binary.LittleEndian.Uint32(b[4*p.Dim:])))
		d.line(p.CodecStride-4*p.Dim-4, "zeros")
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
		d.codes(p0, end, "row")
	case storage.TagAdjacency:
		each(4*p0.AdjacencyStride, func(i int, b []byte) string { return fmt.Sprintf("row %d to rows %s", i, numbers(b)) })
	case storage.TagPivotRows:
		each(4, func(i int, b []byte) string { return fmt.Sprintf("pivot %d is row %s", i, numbers(b)) })
	case storage.TagPivotCodes:
		d.codes(p0, end, "pivot")
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
	s := goldenSample(t)
	b, _ := s.bytesOf(t)
	golden(t, "segment.golden", annotate(t, s, b))
}

// The golden file is a segment of version 1.0 as it was written once: it is read for ever.
func TestSegmentGoldenOpens(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "segment.golden"))
	if err != nil {
		t.Fatal(err)
	}
	want := undump(t, string(text))
	path, _, err := goldenSample(t).write(t.TempDir())
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
	goldenSample(t).compare(t, segment)
	if err := segment.Verify(context.Background()); err != nil {
		t.Error(err)
	}
}
