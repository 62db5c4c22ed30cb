package storage_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/vicinaldb/store/storage"
)

func put16(v uint16) []byte { return binary.LittleEndian.AppendUint16(nil, v) }
func put32(v uint32) []byte { return binary.LittleEndian.AppendUint32(nil, v) }
func put64(v uint64) []byte { return binary.LittleEndian.AppendUint64(nil, v) }

// What the header says decides who may read the segment.
func TestSegmentVersions(t *testing.T) {
	whole, _ := newSample(smallShape, 1).bytesOf(t)
	for _, c := range []struct {
		reason     string
		at         int
		value      []byte
		want       error
		rewritable bool
	}{
		{"as it was written", 8, put16(1), nil, true},
		{"a later major version means something else", 8, put16(2), storage.ErrVersion, false},
		{"there was no major version 0", 8, put16(0), storage.ErrVersion, false},
		{"a later minor version only adds", 10, put16(9), nil, true},
		{"a compatible flag may be ignored", 20, put32(1 << 31), nil, true},
		{"a read-compatible flag forbids rewriting", 24, put32(1), nil, false},
		{"an incompatible flag forbids reading", 28, put32(1 << 7), storage.ErrVersion, false},
		{"a byte order turned around", 12, []byte{1, 2, 3, 4}, storage.ErrCorrupt, false},
		{"another header length", 16, put32(8192), storage.ErrCorrupt, false},
		{"another magic", 0, []byte("\x89PNG"), storage.ErrCorrupt, false},
		{"line ends converted to text", 4, []byte("\n\x1a\n"), storage.ErrCorrupt, false},
	} {
		b := bytes.Clone(whole)
		copy(b[c.at:], c.value)
		reseal(b)
		s, err := storage.ParseSegment(b, storage.SegmentInfo{})
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.reason, err, c.want)
		}
		if err == nil && s.Rewritable() != c.rewritable {
			t.Errorf("%s: rewritable is %v", c.reason, s.Rewritable())
		}
	}
}

// oddSegment returns a segment that begins with optional sections that nobody knows, named 1, 2, 3 and so on.
func oddSegment(t *testing.T, sections int, content string) []byte {
	t.Helper()
	needLittleEndian(t)
	dir := t.TempDir()
	s := newSample(sampleShape{rows: 0, stride: 64}, 1)
	items, err := storage.NewItemWriter(filepath.Join(dir, "spool"))
	if err != nil {
		t.Fatal(err)
	}
	s.Items = items
	path := filepath.Join(dir, "s.seg")
	w, err := storage.CreateSegment(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range sections {
		if err := w.OddSection(storage.Tag(i+1), 1, 1, []byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	err = s.WriteSections(w)
	_, err2 := w.Finish()
	b, err3 := os.ReadFile(path)
	if err := errors.Join(err, err2, err3, items.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := storage.ParseSegment(b, storage.SegmentInfo{}); err != nil {
		t.Fatal(err)
	}
	return b
}

// The record index has an entry even when it has no block, so one without is damaged.
func TestSegmentWithoutRecordIndex(t *testing.T) {
	needLittleEndian(t)
	for _, index := range []string{"", strings.Repeat("\x00", storage.RecordEntrySize)} {
		w, dir := create(t)
		type content struct {
			elementSize int
			text        string
		}
		// The order of a map: a reader takes any.
		for tag, c := range map[storage.Tag]content{
			storage.TagParams:            {1, `{"rows":0,"dim":1,"codec_stride":4}`},
			storage.TagCodes:             {4, ""},
			storage.TagAdjacency:         {4, ""},
			storage.TagPivotRows:         {4, ""},
			storage.TagPivotCodes:        {4, ""},
			storage.TagNeighborRows:      {4, ""},
			storage.TagNeighborDistances: {4, ""},
			storage.TagIDOffsets:         {8, strings.Repeat("\x00", 8)},
			storage.TagIDBytes:           {1, ""},
			storage.TagIDOrder:           {4, ""},
			storage.TagRecordBlocks:      {1, ""},
			storage.TagRecordIndex:       {storage.RecordEntrySize, index},
		} {
			if err := w.Section(tag, c.elementSize, sectionText(c.text)); err != nil {
				t.Fatal(err)
			}
		}
		info, err := w.Finish()
		if err != nil {
			t.Fatal(err)
		}
		s, err := storage.OpenSegment(filepath.Join(dir, "s.seg"), info)
		switch {
		case index == "" && (!errors.Is(err, storage.ErrCorrupt) || !strings.Contains(err.Error(), "record index")):
			t.Errorf("no entry: %v, want ErrCorrupt in the record index", err)
		case index != "" && err != nil:
			t.Errorf("one entry: %v", err)
		case err == nil:
			if err := errors.Join(s.Verify(context.Background()), s.Close()); err != nil {
				t.Error(err)
			}
		}
	}
}

// Sections that are skipped follow the rules of the table as well.
func TestSegmentTableLies(t *testing.T) {
	var table uint64 // where it starts
	length := func(b []byte) []byte { return b[len(b)-storage.PageSize+24:][:4] }
	for _, c := range []struct {
		reason, want string
		sections     int
		content      string
		spoil        func(b []byte)
	}{
		{"a tag twice", "twice", 2, "", func(b []byte) { copy(b[table+storage.SectionEntrySize:], put32(1)) }},
		{"elements of no size", "elements of 0 bytes", 2, "", func(b []byte) { copy(b[table+24:], put32(0)) }},
		{"entries over the limit", "at most 256 entries", 256 - 12, "", func(b []byte) {
			sums := binary.LittleEndian.Uint64(b[len(b)-storage.PageSize+32:])
			end := binary.LittleEndian.Uint64(b[len(b)-storage.PageSize+16:]) + 256*storage.SectionEntrySize
			copy(b[end:], slices.Concat(put32(1<<20), put16(1), put16(1), put64(sums), put64(0), put32(1), put32(0), put64(0)))
			copy(length(b), put32(257*storage.SectionEntrySize))
		}},
		{"a page that is in no section", "sections end at", 1, "x", func(b []byte) {
			copy(b[table:], bytes.Clone(b[table+storage.SectionEntrySize:][:12*storage.SectionEntrySize]))
			for i := range uint64(12) { // every section moves a page to the front
				offset := b[table+i*storage.SectionEntrySize+8:][:8]
				copy(offset, put64(binary.LittleEndian.Uint64(offset)-storage.PageSize))
			}
			copy(length(b), put32(12*storage.SectionEntrySize))
		}},
	} {
		b := oddSegment(t, c.sections, c.content)
		table = binary.LittleEndian.Uint64(b[len(b)-storage.PageSize+16:])
		c.spoil(b)
		reseal(b)
		if _, err := storage.ParseSegment(b, storage.SegmentInfo{}); !errors.Is(err, storage.ErrCorrupt) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.reason, err, c.want)
		}
	}
}

// A section that this version does not know is skipped if it may be, and otherwise the segment is of a later version.
func TestSegmentUnknownSections(t *testing.T) {
	needLittleEndian(t)
	odd := storage.Tag(binary.LittleEndian.Uint32([]byte("COLS")))
	const optional = 1
	for _, c := range []struct {
		reason         string
		tag            storage.Tag
		version, flags uint16
		content        string
		want           error
	}{
		{"an optional section is skipped", odd, 1, optional, "something", nil},
		{"an empty one as well", odd, 1, optional, "", nil},
		{"with flags we do not know, too", odd, 3, optional | 1<<15, "something", nil},
		{"a required section is needed", odd, 1, 0, "something", storage.ErrVersion},
	} {
		dir := t.TempDir()
		s := newSample(smallShape, 1)
		items := s.items(t, dir)
		path := filepath.Join(dir, "s.seg")
		w, err := storage.CreateSegment(path)
		if err != nil {
			t.Fatal(err)
		}
		err = errors.Join(w.OddSection(c.tag, c.version, c.flags, []byte(c.content)), s.WriteSections(w))
		info, err2 := w.Finish()
		if err := errors.Join(err, err2, items.Close()); err != nil {
			t.Fatal(err)
		}
		got, err := storage.OpenSegment(path, info)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.reason, err, c.want)
		}
		if c.want != nil && err != nil && !strings.Contains(err.Error(), "COLS") {
			t.Errorf("%s: %v does not name the section", c.reason, err)
		}
		if err == nil {
			s.compare(t, got)
			if err := errors.Join(got.Verify(context.Background()), got.Close()); err != nil {
				t.Errorf("%s: %v", c.reason, err)
			}
		}
	}
}

// The envelope lies, with checksums that are right: opening compares every number with the others.
func TestSegmentEnvelopeLies(t *testing.T) {
	whole, _ := newSample(smallShape, 1).bytesOf(t)
	trailer := len(whole) - storage.PageSize
	entry := func(tag storage.Tag) int { return int(place(t, whole, tag).Entry) }
	content := func(tag storage.Tag) int { return int(place(t, whole, tag).Offset) }
	params := content(storage.TagParams)
	swap := func(old, new string) (int, []byte) {
		i := bytes.Index(whole[params:], []byte(old))
		if i < 0 || len(old) != len(new) {
			t.Fatalf("cannot replace %q by %q in the parameters", old, new)
		}
		return params + i, []byte(new)
	}
	type edit struct {
		reason, part string
		at           int
		value        []byte
		want         error
	}
	edits := []edit{
		{"a file size of nothing", "trailer", trailer + 8, put64(0), storage.ErrCorrupt},
		{"a file size beyond the file", "trailer", trailer + 8, put64(math.MaxUint64), storage.ErrCorrupt},
		{"a table before the file", "trailer", trailer + 16, put64(0), storage.ErrCorrupt},
		{"a table beyond the file", "trailer", trailer + 16, put64(math.MaxUint64 - 4095), storage.ErrCorrupt},
		{"a table of nothing", "section table", trailer + 24, put32(0), storage.ErrCorrupt},
		{"a table of half an entry", "section table", trailer + 24, put32(storage.SectionEntrySize*3 + 20), storage.ErrCorrupt},
		{"a table of too many entries", "trailer", trailer + 24, put32(storage.SectionEntrySize * 300), storage.ErrCorrupt},
		{"a table without the last section", "section table", trailer + 24, put32(storage.SectionEntrySize * 11), storage.ErrCorrupt},
		{"block checksums beyond the file", "trailer", trailer + 32, put64(1 << 60), storage.ErrCorrupt},
		{"block checksums between pages", "", trailer + 32, put64(4097), storage.ErrCorrupt},
		{"block checksums in the header", "", trailer + 32, put64(0), storage.ErrCorrupt},
		{"block checksums that wrap around", "trailer", trailer + 16, slices.Concat(
			put64(math.MaxUint64-4095), put32(uint32(len(whole))), put32(0), put64(math.MaxUint64-4095), put64(0),
		), storage.ErrCorrupt},
		{"a table that wraps around", "trailer", trailer + 16, slices.Concat(put64(math.MaxUint64-4095), put32(uint32(len(whole)))), storage.ErrCorrupt},
		{"no block checksums", "trailer", trailer + 40, put64(0), storage.ErrCorrupt},
		{"a block checksum more", "trailer", trailer + 40, put64(8), storage.ErrCorrupt},
		{"too many block checksums", "trailer", trailer + 40, put64(1 << 40), storage.ErrCorrupt},
		{"blocks of another size", "trailer", trailer + 52, put32(1), storage.ErrVersion},
		{"checksums of another kind", "trailer", trailer + 56, put32(2), storage.ErrVersion},
		{"a magic that is not inverted", "trailer", trailer, whole[:8], storage.ErrCorrupt},

		{"a required section of a later version", "codes", entry(storage.TagCodes) + 4, put16(2), storage.ErrVersion},
		{"a section under another's name", "section table", entry(storage.TagCodes), put32(uint32(storage.TagAdjacency)), storage.ErrCorrupt},
		{"a section that nobody knows", "section COLS", entry(storage.TagCodes), []byte("COLS"), storage.ErrVersion},
		{"a required section that is gone", "section table", entry(storage.TagCodes), []byte("COLS\x01\x00\x01\x00"), storage.ErrCorrupt},
		{"parameters that are gone", "(params) is missing", entry(storage.TagParams), []byte("COLS\x01\x00\x01\x00"), storage.ErrCorrupt},
		{"a section in another's place", "section table", entry(storage.TagCodes) + 8, put64(storage.PageSize), storage.ErrCorrupt},
		{"a section beyond the file", "section table", entry(storage.TagCodes) + 16, put64(math.MaxUint64), storage.ErrCorrupt},
		{"a section that is too long", "section table", entry(storage.TagCodes) + 16, put64(1 << 40), storage.ErrCorrupt},
		{"a section that reaches past the others", "reaches past", entry(storage.TagRecordIndex) + 16, slices.Concat(
			put64(1<<40), put32(1), put32(0), put64(1<<40),
		), storage.ErrCorrupt},
		{"a section that wraps around", "reaches past", entry(storage.TagRecordIndex) + 16, slices.Concat(
			put64(math.MaxUint64-8191), put32(1), put32(0), put64(math.MaxUint64-8191),
		), storage.ErrCorrupt},
		{"bytes in elements of seven", "id bytes", entry(storage.TagIDBytes) + 16, slices.Concat(put64(7), put32(7), put32(0), put64(1)), storage.ErrCorrupt},
		{"elements of no size", "section table", entry(storage.TagCodes) + 24, put32(0), storage.ErrCorrupt},
		{"elements of another size", "section table", entry(storage.TagCodes) + 24, put32(4), storage.ErrCorrupt},
		{"reserved bytes that say something", "section table", entry(storage.TagCodes) + 28, put32(1), storage.ErrCorrupt},
		{"ids that start later", "id offsets", content(storage.TagIDOffsets), put64(1), storage.ErrCorrupt},
		{"ids that end earlier", "id offsets", content(storage.TagIDOffsets) + 40, put64(1), storage.ErrCorrupt},
		{"records that end at another row", "record index", content(storage.TagRecordIndex) + 16, put32(4), storage.ErrCorrupt},
		{"records that end beyond", "record index", content(storage.TagRecordIndex) + 24, put64(1 << 50), storage.ErrCorrupt},
		{"a product that overflows", "section table", entry(storage.TagCodes) + 32, put64(1 << 58), storage.ErrCorrupt},
	}
	for old, new := range map[string]string{
		`"rows":5`:            `"rows":4`,
		`"dim":16`:            `"dim":-1`,
		`"codec_stride":64`:   `"codec_stride":63`,
		`"codec_stride":6`:    `"codec_stride":-`,
		`"adjacency_stride":`: `"adjacency_strode":`,
		`"neighbors":2`:       `"neighbors":9`,
		`"pivots":2`:          `"pivots":6`,
		`"metric":"`:          `"metric": `,
	} {
		at, value := swap(old, new)
		edits = append(edits, edit{"parameters " + new, "", at, value, storage.ErrCorrupt})
	}
	for _, e := range edits {
		b := bytes.Clone(whole)
		copy(b[e.at:], e.value)
		reseal(b)
		_, err := storage.ParseSegment(b, storage.SegmentInfo{})
		if !errors.Is(err, e.want) || !strings.Contains(fmt.Sprint(err), e.part) {
			t.Errorf("%s: %v, want %v in %s", e.reason, err, e.want, e.part)
		}
	}
}

// The sections lie, with checksums that are right: Verify finds it, and nothing else than an error or an answer comes of
// using them.
func TestSegmentSectionsLie(t *testing.T) {
	nan := math.Float32bits(float32(math.NaN()))
	for _, e := range []struct {
		reason string
		tag    storage.Tag
		at     int
		value  []byte
	}{
		{"a neighbor that is no row", storage.TagAdjacency, 4, put32(5)},
		{"a neighbor of all ones", storage.TagAdjacency, 56, put32(math.MaxUint32)},
		{"a nearest row that is none", storage.TagNeighborRows, 36, put32(5)},
		{"a distance that is no number", storage.TagNeighborDistances, 8, put32(nan)},
		{"distances that descend", storage.TagNeighborDistances, 0, put32(math.Float32bits(100))},
		{"a pivot that is no row", storage.TagPivotRows, 4, put32(5)},
		{"a pivot with another code", storage.TagPivotCodes, 70, []byte{1, 2, 3, 4}},
		{"an id that ends before it starts", storage.TagIDOffsets, 8, put64(1 << 40)},
		{"an id that ends beyond", storage.TagIDOffsets, 32, put64(math.MaxUint64)},
		{"an id of nothing", storage.TagIDOffsets, 8, put64(0)},
		{"ids out of order", storage.TagIDBytes, 0, []byte("\xff")},
		{"an order with a row that is none", storage.TagIDOrder, 8, put32(5)},
		{"an order with a row twice", storage.TagIDOrder, 0, put64(0)},
		{"an index that starts at another row", storage.TagRecordIndex, 0, put32(1)},
		{"an index that starts later", storage.TagRecordIndex, 8, put64(1)},
		{"an index that starts beyond", storage.TagRecordIndex, 8, put64(math.MaxUint64)},
		{"a block that decodes to nothing", storage.TagRecordIndex, 4, put32(0)},
		{"a block that decodes to too much", storage.TagRecordIndex, 4, put32(math.MaxUint32)},
		{"a block that decodes to another length", storage.TagRecordIndex, 4, put32(13)},
		{"a block that says another length", storage.TagRecordBlocks, 0, []byte{0xff, 0xff, 0xff, 0xff, 0x0f}},
		{"a block that is not snappy", storage.TagRecordBlocks, 1, []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
		{"a record longer than its block", storage.TagRecordBlocks, 3, []byte{0xff, 0x7f}},
	} {
		b, _ := newSample(smallShape, 1).bytesOf(t)
		p := place(t, b, e.tag)
		if uint64(e.at+len(e.value)) > p.Length {
			t.Fatalf("%s: the section has only %d bytes", e.reason, p.Length)
		}
		copy(b[int(p.Offset)+e.at:], e.value)
		reseal(b)
		s, err := storage.ParseSegment(b, storage.SegmentInfo{})
		if err == nil {
			err = s.Verify(context.Background())
			if used := walk(s); !expected(used) {
				t.Errorf("%s: using it: %v", e.reason, used)
			}
		}
		if damage, ok := errors.AsType[*storage.CorruptError](err); !ok || damage.File != "memory" || damage.Section == "" || damage.Offset < 0 {
			t.Errorf("%s: %v, want a CorruptError that says where", e.reason, err)
		}
		if strings.HasPrefix(e.reason, "an index that starts") && !strings.Contains(fmt.Sprint(err), "it starts at") {
			t.Errorf("%s: %v, want the start of the index", e.reason, err)
		}
	}
}

// The record index of three blocks lies. No lie makes a reader leave its block, or allocate for more than the block can hold.
func TestSegmentRecordIndexLies(t *testing.T) {
	const small, large = 9_000, 70_000
	const huge = 60 << 20
	for _, c := range []struct {
		reason, want string
		payload      int
		spoil        func(blocks, index []byte)
	}{
		{"many rows in a large block would be slow to find", "holds rows 0 to 2", large, func(_, index []byte) {
			copy(index[storage.RecordEntrySize:], put32(2))
		}},
		{"a block without rows", "holds rows 0 to 0", small, func(_, index []byte) { copy(index[storage.RecordEntrySize:], put32(0)) }},
		{"rows that descend", "holds rows 1 to 0", small, func(_, index []byte) {
			copy(index[2*storage.RecordEntrySize:], put32(0))
		}},
		{"a block that ends beyond", "reaches from", small, func(_, index []byte) {
			copy(index[storage.RecordEntrySize+8:], put64(1<<40))
		}},
		{"a block that ends before it starts", "reaches from", small, func(_, index []byte) {
			copy(index[2*storage.RecordEntrySize+8:], put64(1))
		}},
		{"a block that says it is huge", "cannot decode to", small, func(blocks, index []byte) {
			copy(blocks, binary.AppendUvarint(nil, huge))
			copy(index[4:], put32(huge))
		}},
		{"a row more than there are in the block", "reaches out of it", small, func(_, index []byte) {
			copy(index[storage.RecordEntrySize:], put32(2))
		}},
	} {
		s := newSample(sampleShape{rows: 3, stride: 8}, 1)
		for i := range s.payloads {
			s.payloads[i] = bytes.Repeat([]byte("abcdefg"), c.payload/7)
		}
		b, _ := s.bytesOf(t)
		blocks, index := place(t, b, storage.TagRecordBlocks), place(t, b, storage.TagRecordIndex)
		if index.Length != 4*storage.RecordEntrySize {
			t.Fatalf("the index has %d bytes, want three blocks", index.Length)
		}
		c.spoil(b[blocks.Offset:], b[index.Offset:])
		reseal(b)
		got, err := storage.ParseSegment(b, storage.SegmentInfo{})
		if err != nil {
			t.Fatalf("%s: %v", c.reason, err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err = got.Verify(context.Background())
		runtime.ReadMemStats(&after)
		if !errors.Is(err, storage.ErrCorrupt) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.reason, err, c.want)
		}
		if allocated := after.TotalAlloc - before.TotalAlloc; allocated > huge/2 {
			t.Errorf("%s: %d bytes are allocated for a file of %d", c.reason, allocated, len(b))
		}
		if err := walk(got); !expected(err) {
			t.Errorf("%s: using it: %v", c.reason, err)
		}
	}
}

// A block with a record more than the index knows.
func TestSegmentRecordTooMany(t *testing.T) {
	b, _ := newSample(sampleShape{rows: 40, stride: 8, payload: 3000}, 1).bytesOf(t)
	second := b[place(t, b, storage.TagRecordIndex).Offset+storage.RecordEntrySize:][:4]
	copy(second, put32(binary.LittleEndian.Uint32(second)-1))
	reseal(b)
	s, err := storage.ParseSegment(b, storage.SegmentInfo{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(context.Background()); !errors.Is(err, storage.ErrCorrupt) || !strings.Contains(err.Error(), "after its last row") {
		t.Errorf("got %v, want ErrCorrupt", err)
	}
}

// An id longer than one may be is damage, even where its bytes are all there.
func TestSegmentLongID(t *testing.T) {
	s := newSample(sampleShape{rows: 3, stride: 8}, 1)
	for i := range s.ids {
		s.ids[i] = strings.Repeat(string(rune('a'+i)), storage.MaxID)
	}
	b, _ := s.bytesOf(t)
	copy(b[place(t, b, storage.TagIDOffsets).Offset+8:], put64(0))
	reseal(b)
	got, err := storage.ParseSegment(b, storage.SegmentInfo{})
	if err != nil {
		t.Fatal(err)
	}
	if id, err := got.ID(1); !errors.Is(err, storage.ErrCorrupt) {
		t.Errorf("an id of %d bytes: %v, want ErrCorrupt", len(id), err)
	}
}
