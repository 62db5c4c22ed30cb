package storage_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/vicinaldb/store/internal/mapped"
	"github.com/vicinaldb/store/storage"
)

// bytesOf returns the file of a sample, for a test that opens it.
func (s *sample) bytesOf(t testing.TB) ([]byte, storage.SegmentInfo) {
	t.Helper()
	needLittleEndian(t)
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
	for _, shape := range []sampleShape{
		{rows: 20, stride: 64, degree: 3, neighbors: 2, pivots: 2, payload: 200},
		{rows: 4, stride: 0, vectors: 8, degree: 1, pivots: 1, payload: 10},
	} {
		everyByteIsCovered(t, shape)
	}
}

func everyByteIsCovered(t *testing.T, shape sampleShape) {
	t.Helper()
	b, info := newSample(shape, 1).bytesOf(t)
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
			if used := walk(s); !expected(used) {
				t.Errorf("byte %d was flipped: using it: %v", at, used)
			}
		}
		if !errors.Is(err, storage.ErrCorrupt) {
			t.Errorf("byte %d was flipped: %v, want ErrCorrupt", at, err)
		}
		b[at] ^= 1 << (at % 8)
	}
}

func TestSegmentCutAndExtended(t *testing.T) {
	for _, shape := range []sampleShape{smallShape, sparseShape, vectorsShape} {
		cutAndExtended(t, shape)
	}
}

func cutAndExtended(t *testing.T, shape sampleShape) {
	t.Helper()
	b, _ := newSample(shape, 1).bytesOf(t)
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
		if _, err := storage.OpenSegment(path, want); shape != smallShape && !errors.Is(err, storage.ErrCorrupt) {
			t.Errorf("opening a segment %s: %v, want ErrCorrupt", reason, err)
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
	for _, shape := range []sampleShape{smallShape, sparseShape, vectorsShape} {
		splicedSections(t, shape)
	}
}

func splicedSections(t *testing.T, shape sampleShape) {
	t.Helper()
	b, info := newSample(shape, 1).bytesOf(t)
	other, _ := newSample(shape, 2).bytesOf(t)
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

// Damage in the middle of a large file is reported with the block and the sections that it has bytes of.
func TestVerifyNamesTheBlock(t *testing.T) {
	b, info := newSample(sampleShape{rows: 3000, stride: 64, degree: 2, neighbors: 1, pivots: 2, payload: 9}, 1).bytesOf(t)
	codes := place(t, b, storage.TagCodes)
	sums := binary.LittleEndian.Uint64(b[len(b)-storage.PageSize+32:])
	for _, c := range []struct {
		at   uint64
		want string
	}{
		{codes.Offset + storage.BlockSize, "codes"},
		{codes.Offset + codes.Length - 1, "codes to "},
		{2*storage.PageSize - 1, "header to codes"},
		{sums + 2, "block checksums"},
	} {
		b[c.at] ^= 1
		s, err := storage.ParseSegment(b, storage.SegmentInfo{Size: info.Size})
		if err == nil {
			err = s.Verify(context.Background())
		}
		damage, ok := errors.AsType[*storage.CorruptError](err)
		if !ok || !strings.HasPrefix(damage.Section, c.want) || uint64(damage.Offset) > c.at || uint64(damage.Offset)+storage.BlockSize <= c.at {
			t.Errorf("byte %d: %v, want the block of it in %s", c.at, err, c.want)
		}
		b[c.at] ^= 1
	}
}

// A file that shrinks while it is open faults, and the fault is damage.
func TestSegmentTruncatedWhileOpen(t *testing.T) {
	needLittleEndian(t)
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
