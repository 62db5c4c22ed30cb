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
	"slices"
	"strings"
	"testing"

	"github.com/vicinaldb/store/internal/mapped"
	"github.com/vicinaldb/store/storage"
)

// bytesOf returns the file of a sample.
func (s *sample) bytesOf(t testing.TB) ([]byte, storage.SegmentInfo) {
	t.Helper()
	path, info, err := s.write(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b, info
}

// reseal makes all checksums of a segment right again, as somebody would who wants to be believed.
func reseal(b []byte) {
	le := binary.LittleEndian
	if len(b) < 3*storage.PageSize {
		return
	}
	trailer := b[len(b)-storage.PageSize:]
	sumAt := storage.PageSize - 4
	le.PutUint32(b[sumAt:], storage.Checksum(b[:sumAt]))
	part := func(offset, length uint64) []byte {
		if offset > uint64(len(b)) || length > uint64(len(b))-offset {
			return nil
		}
		return b[offset : offset+length]
	}
	sumsOffset := le.Uint64(trailer[32:])
	sums := part(sumsOffset, le.Uint64(trailer[40:]))
	for i := 0; 4*i+4 <= len(sums); i++ {
		start := uint64(i) * storage.BlockSize
		if start < sumsOffset && sumsOffset <= uint64(len(b)) {
			le.PutUint32(sums[4*i:], storage.Checksum(b[start:min(start+storage.BlockSize, sumsOffset)]))
		}
	}
	le.PutUint32(trailer[48:], storage.Checksum(sums))
	le.PutUint32(trailer[28:], storage.Checksum(part(le.Uint64(trailer[16:]), uint64(le.Uint32(trailer[24:])))))
	le.PutUint32(trailer[sumAt:], storage.Checksum(trailer[:sumAt]))
}

// place returns where a section lies.
func place(t testing.TB, b []byte, tag storage.Tag) storage.Place {
	t.Helper()
	s, err := storage.ParseSegment(b, storage.SegmentInfo{})
	if err != nil {
		t.Fatal(err)
	}
	places := s.Places()
	i := slices.IndexFunc(places, func(p storage.Place) bool { return p.Tag == tag })
	if i < 0 {
		t.Fatalf("no section %v", tag)
	}
	return places[i]
}

// expected reports whether an error is one that bytes may lead to.
func expected(err error) bool {
	return err == nil || errors.Is(err, storage.ErrCorrupt) || errors.Is(err, storage.ErrVersion)
}

// walk calls everything that reads a segment and returns the errors. It panics if the segment does.
func walk(s *storage.Segment) error {
	var errs []error
	reader := s.Records()
	rows := uint32(s.Rows())
	for _, row := range append([]uint32{rows, math.MaxUint32}, s.PivotRows()...) {
		_, err := s.ID(row)
		_, _, err2 := s.Record(row)
		errs = append(errs, err, err2)
	}
	for row := range rows {
		id, err := s.ID(row)
		if err == nil {
			_, _, err = s.Find(string(id))
		}
		_, _, err2 := reader.Record(row)
		errs = append(errs, err, err2)
	}
	for _, row := range []uint32{0, rows / 2, rows - 1} {
		_, _, err := reader.Record(row)
		errs = append(errs, err)
	}
	return errors.Join(append(errs, s.Verify(context.Background()))...)
}

// Every byte of the file counts: flipping any is noticed by Verify, and by opening in the pages that it reads.
func TestSegmentEveryByteIsCovered(t *testing.T) {
	b, info := newSample(sampleShape{rows: 20, stride: 64, degree: 3, neighbors: 2, pivots: 2, payload: 200}, 1).bytesOf(t)
	whole, err := storage.ParseSegment(b, info)
	if err != nil {
		t.Fatal(err)
	}
	_, table := whole.Tables()
	tableEnd := int(table) + len(whole.Places())*storage.SectionEntrySize
	for at := range b {
		// Of long runs of padding a sample is enough.
		if b[at] == 0 && at%61 != 0 && at > 0 && b[at-1] == 0 && at+1 < len(b) && b[at+1] == 0 {
			continue
		}
		b[at] ^= 1 << (at % 8)
		s, err := storage.ParseSegment(b, storage.SegmentInfo{Size: info.Size})
		inEnvelope := at < storage.PageSize || at >= int(table) && at < tableEnd || at >= len(b)-storage.PageSize
		switch {
		case err == nil && inEnvelope:
			t.Errorf("byte %d was flipped and the segment opened", at)
		case err == nil:
			if err = s.Verify(context.Background()); err == nil {
				t.Errorf("byte %d was flipped and the segment verified", at)
			}
			walk(s)
		}
		if !errors.Is(err, storage.ErrCorrupt) {
			t.Errorf("byte %d was flipped: %v, want ErrCorrupt", at, err)
		}
		b[at] ^= 1 << (at % 8)
	}
}

func TestSegmentCutAndExtended(t *testing.T) {
	b, _ := newSample(smallShape, 1).bytesOf(t)
	whole, err := storage.ParseSegment(b, storage.SegmentInfo{})
	if err != nil {
		t.Fatal(err)
	}
	sums, table := whole.Tables()
	cuts := []uint64{0, 1, sums, table, uint64(len(b)) - 1, uint64(len(b)) - storage.PageSize}
	for _, p := range whole.Places() {
		cuts = append(cuts, p.Offset, p.Offset+p.Length, p.Offset+p.Length/2)
	}
	for cut := uint64(storage.PageSize); cut < uint64(len(b)); cut += storage.PageSize {
		cuts = append(cuts, cut, cut-1, cut+1)
	}
	for _, cut := range cuts {
		if _, err := storage.ParseSegment(b[:cut], storage.SegmentInfo{}); !errors.Is(err, storage.ErrCorrupt) {
			t.Errorf("cut to %d of %d bytes: %v, want ErrCorrupt", cut, len(b), err)
		}
		// Cut and with the trailer put behind, whose checksum is right.
		spliced := append(bytes.Clone(b[:cut]), b[len(b)-storage.PageSize:]...)
		if _, err := storage.ParseSegment(spliced, storage.SegmentInfo{}); len(spliced) != len(b) && !errors.Is(err, storage.ErrCorrupt) {
			t.Errorf("cut to %d bytes and the trailer: %v, want ErrCorrupt", cut, err)
		}
	}
	for reason, more := range map[string][]byte{
		"one byte":       {0},
		"a page":         make([]byte, storage.PageSize),
		"its own last":   b[len(b)-storage.PageSize:],
		"the whole file": b,
	} {
		if _, err := storage.ParseSegment(append(bytes.Clone(b), more...), storage.SegmentInfo{}); !errors.Is(err, storage.ErrCorrupt) {
			t.Errorf("extended by %s: %v, want ErrCorrupt", reason, err)
		}
	}
}

// A manifest names a segment by its bytes: another segment in its place is noticed, however whole it is.
func TestSegmentInPlaceOfAnother(t *testing.T) {
	_, want := newSample(smallShape, 1).bytesOf(t)
	for reason, shape := range map[string]sampleShape{
		"of another size":  {rows: 300, stride: 64, degree: 3, neighbors: 2, pivots: 2, payload: 20},
		"of the same size": smallShape,
	} {
		path, _, err := newSample(shape, 2).write(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		if err := storage.VerifyFile(context.Background(), path, want); !errors.Is(err, storage.ErrCorrupt) {
			t.Errorf("a segment %s: %v, want ErrCorrupt", reason, err)
		}
		if err := storage.VerifyFile(context.Background(), path, storage.SegmentInfo{}); err != nil {
			t.Errorf("a segment %s, by itself: %v", reason, err)
		}
	}
}

// A section of another segment fits where its sizes fit. Its checksums do not; and where somebody makes them right, nothing
// worse happens than an answer.
func TestSegmentSplicedSections(t *testing.T) {
	b, info := newSample(smallShape, 1).bytesOf(t)
	other, _ := newSample(smallShape, 2).bytesOf(t)
	whole, err := storage.ParseSegment(b, info)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range whole.Places() {
		from := place(t, other, p.Tag)
		length := min(p.Length, from.Length)
		old, spliced := b[p.Offset:p.Offset+length], other[from.Offset:from.Offset+length]
		if bytes.Equal(old, spliced) {
			continue
		}
		c := bytes.Clone(b)
		copy(c[p.Offset:], spliced)
		s, err := storage.ParseSegment(c, info)
		if err == nil {
			err = s.Verify(context.Background())
		}
		if !errors.Is(err, storage.ErrCorrupt) {
			t.Errorf("%s of another segment: %v, want ErrCorrupt", p.Name, err)
		}
		reseal(c)
		if s, err = storage.ParseSegment(c, storage.SegmentInfo{}); err == nil {
			err = walk(s)
		}
		if !expected(err) {
			t.Errorf("%s of another segment, resealed: %v", p.Name, err)
		}
		if s, err = storage.ParseSegment(c, info); err == nil {
			err = s.Verify(context.Background())
		}
		if !errors.Is(err, storage.ErrCorrupt) {
			t.Errorf("%s of another segment, resealed, with the digest known: %v, want ErrCorrupt", p.Name, err)
		}
	}
}

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

// A section that this version does not know is skipped if it may be, and otherwise the segment is of a later version.
func TestSegmentUnknownSections(t *testing.T) {
	odd := storage.Tag(binary.LittleEndian.Uint32([]byte("VECS")))
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
		items, err := storage.NewItemWriter(filepath.Join(dir, "spool"))
		if err != nil {
			t.Fatal(err)
		}
		for i, id := range s.ids {
			if err := items.Add(id, s.metadata[i], s.payloads[i]); err != nil {
				t.Fatal(err)
			}
		}
		s.Items = items
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
		if c.want != nil && err != nil && !strings.Contains(err.Error(), "VECS") {
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
	params := int(place(t, whole, storage.TagParams).Offset)
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
		{"block checksums between pages", "trailer", trailer + 32, put64(4097), storage.ErrCorrupt},
		{"block checksums in the header", "trailer", trailer + 32, put64(0), storage.ErrCorrupt},
		{"too many block checksums", "trailer", trailer + 40, put64(1 << 40), storage.ErrCorrupt},
		{"blocks of another size", "trailer", trailer + 52, put32(1), storage.ErrVersion},
		{"checksums of another kind", "trailer", trailer + 56, put32(2), storage.ErrVersion},
		{"a magic that is not inverted", "trailer", trailer, whole[:8], storage.ErrCorrupt},

		{"a required section of a later version", "codes", entry(storage.TagCodes) + 4, put16(2), storage.ErrVersion},
		{"a section under another's name", "section table", entry(storage.TagCodes), put32(uint32(storage.TagAdjacency)), storage.ErrCorrupt},
		{"a section that is missing", "section VECS", entry(storage.TagCodes), []byte("VECS"), storage.ErrVersion},
		{"a section in another's place", "section table", entry(storage.TagCodes) + 8, put64(storage.PageSize), storage.ErrCorrupt},
		{"a section beyond the file", "section table", entry(storage.TagCodes) + 16, put64(math.MaxUint64), storage.ErrCorrupt},
		{"a section that is too long", "section table", entry(storage.TagCodes) + 16, put64(1 << 40), storage.ErrCorrupt},
		{"elements of no size", "section table", entry(storage.TagCodes) + 24, put32(0), storage.ErrCorrupt},
		{"elements of another size", "section table", entry(storage.TagCodes) + 24, put32(4), storage.ErrCorrupt},
		{"reserved bytes that say something", "section table", entry(storage.TagCodes) + 28, put32(1), storage.ErrCorrupt},
		{"a product that overflows", "section table", entry(storage.TagCodes) + 32, put64(1 << 58), storage.ErrCorrupt},
	}
	for old, new := range map[string]string{
		`"rows":5`:            `"rows":4`,
		`"dim":16`:            `"dim":-1`,
		`"codec_stride":64`:   `"codec_stride":63`,
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
	}
}

// Many rows in a large block would make each of them slow to find, so only a row of its own may be large.
func TestSegmentLargeSharedBlock(t *testing.T) {
	s := newSample(sampleShape{rows: 3, stride: 8}, 1)
	for i := range s.payloads {
		s.payloads[i] = bytes.Repeat([]byte("abcdefg"), 10_000)
	}
	b, _ := s.bytesOf(t)
	copy(b[place(t, b, storage.TagRecordIndex).Offset+storage.RecordEntrySize:], put32(2))
	reseal(b)
	got, err := storage.ParseSegment(b, storage.SegmentInfo{})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := got.Record(0); !errors.Is(err, storage.ErrCorrupt) || !strings.Contains(err.Error(), "holds rows 0 to 2") {
		t.Errorf("a record of it: %v", err)
	}
}

// A file that shrinks while it is open faults, and the fault is damage.
func TestSegmentTruncatedWhileOpen(t *testing.T) {
	path, info, err := newSample(sampleShape{rows: 100, stride: 64, degree: 2, neighbors: 1, pivots: 1, payload: 9}, 1).write(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s, err := storage.OpenSegment(path, info)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := errors.Join(os.Chmod(path, 0o600), os.Truncate(path, 10)); err != nil {
		t.Skipf("this system keeps a mapped file from being truncated: %v", err)
	}
	for name, use := range map[string]func() error{
		"Find":   func() error { _, _, err := s.Find("x"); return err },
		"Record": func() error { _, _, err := s.Record(3); return err },
		"Verify": func() error { return s.Verify(context.Background()) },
	} {
		err := use()
		if damage, ok := errors.AsType[*storage.CorruptError](err); !ok || damage.File != path || !errors.Is(err, mapped.ErrFault) {
			t.Errorf("%s: %v, want a CorruptError from a fault", name, err)
		}
	}
	if _, err := storage.OpenSegment(path, info); !errors.Is(err, storage.ErrCorrupt) {
		t.Errorf("opening it again: %v, want ErrCorrupt", err)
	}
}

func TestVerifyStopsWithItsContext(t *testing.T) {
	reason := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(reason)
	s := newSample(smallShape, 1).open(t)
	if err := s.Verify(ctx); !errors.Is(err, reason) {
		t.Errorf("got %v, want the reason", err)
	}
}
