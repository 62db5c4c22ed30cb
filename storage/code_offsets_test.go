package storage_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vicinaldb/store/storage"
)

// offsetSample is a segment of five rows with codes of different lengths, one of them of none.
func offsetSample() *sample {
	s := newSample(sparseShape, 1)
	s.Codes = make([]byte, 64)
	s.CodeOffsets = slices.Concat(put64(0), put64(16), put64(16), put64(40), put64(48), put64(64))
	return s
}

// Nobody but the offsets says where a code of its own length ends, so a writer that got them wrong hears it at once.
func TestWriteSegmentRefusesCodeOffsets(t *testing.T) {
	for reason, spoil := range map[string]func(s *sample, offsets []byte){
		"one too few":             func(s *sample, offsets []byte) { s.CodeOffsets = offsets[8:] },
		"one too many":            func(s *sample, offsets []byte) { s.CodeOffsets = append(offsets, offsets[40:]...) },
		"a part of one":           func(s *sample, offsets []byte) { s.CodeOffsets = append(offsets, 0) },
		"none":                    func(s *sample, _ []byte) { s.CodeOffsets = nil },
		"a start behind 0":        func(_ *sample, offsets []byte) { offsets[0] = 8 },
		"an end behind the codes": func(s *sample, _ []byte) { s.Codes = s.Codes[:len(s.Codes)-8] },
		"an end before it":        func(s *sample, _ []byte) { s.Codes = append(s.Codes, make([]byte, 8)...) },
		"no multiple of 8":        func(_ *sample, offsets []byte) { offsets[8]++ },
		"descending":              func(_ *sample, offsets []byte) { copy(offsets[8:], put64(48)); copy(offsets[16:], put64(40)) },
		"out of the codes":        func(_ *sample, offsets []byte) { copy(offsets[8:], put64(1<<40)) },
	} {
		t.Run(reason, func(t *testing.T) {
			s := offsetSample()
			dir := t.TempDir()
			if path, _, err := s.write(dir); err != nil {
				t.Fatal(err)
			} else if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			spoil(s, s.CodeOffsets)
			if _, _, err := s.write(dir); err == nil {
				t.Error("was written")
			}
			expectEmpty(t, dir)
		})
	}
}

// The offsets lie, with checksums that are right: opening looks at the two ends, Verify at every one.
func TestSegmentCodeOffsetsLie(t *testing.T) {
	for _, c := range []struct {
		reason, want string
		opens        bool
		at           int
		value        []byte
	}{
		{"codes that start later", "they run from 8 to 64", false, 0, put64(8)},
		{"codes that end earlier", "they run from 0 to 56", false, 40, put64(56)},
		{"codes that end beyond", "they run from 0 to 72", false, 40, put64(72)},
		{"codes that end nowhere", "they run from 0 to 18446744073709551615", false, 40, put64(math.MaxUint64)},
		{"offsets that descend", "offset 3 is 8, the one before it 16", true, 24, put64(8)},
		{"an offset that the next one descends from", "offset 3 is 40, the one before it 64", true, 16, put64(64)},
		{"an offset that reaches out", "offset 2 is 72 in codes of 64 bytes", true, 16, put64(72)},
		{"an offset of all ones", "offset 4 is 18446744073709551615 in codes", true, 32, put64(math.MaxUint64)},
		{"an offset between words", "offset 1 is 12, no multiple of 8", true, 8, put64(12)},
	} {
		b, _ := offsetSample().bytesOf(t)
		p := place(t, b, storage.TagCodeOffsets)
		copy(b[int(p.Offset)+c.at:], c.value)
		reseal(b)
		s, err := storage.ParseSegment(b, storage.SegmentInfo{})
		if (err == nil) != c.opens {
			t.Errorf("%s: opening gives %v", c.reason, err)
		}
		if err == nil {
			err = s.Verify(context.Background())
			if used := walk(s); !expected(used) {
				t.Errorf("%s: using it: %v", c.reason, used)
			}
		}
		damage, ok := errors.AsType[*storage.CorruptError](err)
		if !ok || damage.Section != "code offsets" || !strings.HasPrefix(damage.Reason, c.want) {
			t.Errorf("%s: %v, want %q", c.reason, err, c.want)
		} else if at := uint64(damage.Offset); at < p.Offset || at >= p.Offset+p.Length {
			t.Errorf("%s: found at %d, the offsets are at %d", c.reason, at, p.Offset)
		}
	}
}

// Codes that are no multiple of 8 bytes altogether end where no code may: only Verify looks.
func TestSegmentCodesEndBetweenWords(t *testing.T) {
	b, _ := offsetSample().bytesOf(t)
	codes, offsets := place(t, b, storage.TagCodes), place(t, b, storage.TagCodeOffsets)
	copy(b[codes.Entry+16:], slices.Concat(put64(60), put32(1), put32(0), put64(60)))
	copy(b[offsets.Offset+40:], put64(60))
	reseal(b)
	s, err := storage.ParseSegment(b, storage.SegmentInfo{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(context.Background()); !errors.Is(err, storage.ErrCorrupt) || !strings.Contains(err.Error(), "no multiple of 8") {
		t.Errorf("got %v, want ErrCorrupt", err)
	}
}

// The parameters decide which sections there are and how large they are: a segment that has others is damaged.
func TestSegmentSectionsAgainstParams(t *testing.T) {
	const optional = "\x01\x00\x01\x00" // section version 1, flag
	gone := func(tag storage.Tag) func(t *testing.T, b []byte) {
		return func(t *testing.T, b []byte) { copy(b[place(t, b, tag).Entry:], "COLS"+optional) }
	}
	params := func(old, new string) func(t *testing.T, b []byte) {
		return func(t *testing.T, b []byte) {
			at := bytes.Index(b, []byte(old))
			if at < 0 || len(old) != len(new) {
				t.Fatalf("cannot replace %q by %q in the parameters", old, new)
			}
			copy(b[at:], new)
		}
	}
	// elements changes the table's entry: length, element size, zero, element count.
	elements := func(tag storage.Tag, size uint32, count uint64) func(t *testing.T, b []byte) {
		return func(t *testing.T, b []byte) {
			copy(b[place(t, b, tag).Entry+16:], slices.Concat(put64(uint64(size)*count), put32(size), put32(0), put64(count)))
		}
	}
	for _, c := range []struct {
		reason, want string
		shape        sampleShape
		spoil        func(t *testing.T, b []byte)
	}{
		{"codes without their offsets", "section CODO (code offsets) is missing", sparseShape, gone(storage.TagCodeOffsets)},
		{"vectors that are gone", "section VECS (vectors) is missing", vectorsShape, gone(storage.TagVectors)},
		{"pivot codes that are gone", "section PVCO (pivot codes) is missing", smallShape, gone(storage.TagPivotCodes)},
		{"an offset too few", "code offsets at offset", sparseShape, elements(storage.TagCodeOffsets, 8, 5)},
		{"an offset too many", "code offsets at offset", sparseShape, elements(storage.TagCodeOffsets, 8, 7)},
		{"offsets of half the size", "code offsets at offset", sparseShape, elements(storage.TagCodeOffsets, 4, 12)},
		{"codes in elements of eight", "codes at offset", sparseShape, elements(storage.TagCodes, 8, 1)},
		{"a vector too few", "vectors at offset", vectorsShape, elements(storage.TagVectors, 24, 4)},
		{"vectors of another length", "vectors at offset", vectorsShape, params(`"vector_stride":24`, `"vector_stride":25`)},
		{"vectors below zero", "vector_stride is -4", vectorsShape, params(`"vector_stride":24`, `"vector_stride":-4`)},
		{"vectors that should not be there", "vectors at offset", vectorsShape, params(`"vector_stride":24`, `"vector_strode":24`)},
		{"equal codes said to be of any length", "codes at offset", smallShape, params(`"codec_stride":64`, `"codec_stride": 0`)},
		{"codes of any length said to be equal", "codes at offset", sparseShape, params(`"codec_stride":0`, `"codec_stride":8`)},
	} {
		b, _ := newSample(c.shape, 1).bytesOf(t)
		c.spoil(t, b)
		reseal(b)
		if _, err := storage.ParseSegment(b, storage.SegmentInfo{}); !errors.Is(err, storage.ErrCorrupt) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.reason, err, c.want)
		}
	}
}

// A section that is known is no other section that may be skipped: where the parameters say that it is not there, it is damage,
// also with the flag of an optional one.
func TestSegmentSectionTooMany(t *testing.T) {
	needLittleEndian(t)
	for _, c := range []struct {
		tag   storage.Tag
		want  string
		shape sampleShape
	}{
		{storage.TagCodeOffsets, "code offsets", smallShape},
		{storage.TagVectors, "vectors", smallShape},
		{storage.TagVectors, "vectors", sparseShape},
		{storage.TagPivotCodes, "pivot codes", sparseShape},
	} {
		for _, flags := range []uint16{0, 1} {
			dir := t.TempDir()
			s := newSample(c.shape, 1)
			items := s.items(t, dir)
			w, err := storage.CreateSegment(filepath.Join(dir, "s.seg"))
			if err != nil {
				t.Fatal(err)
			}
			err = errors.Join(s.WriteSections(w), w.OddSection(c.tag, 1, flags, make([]byte, 64)))
			_, err2 := w.Finish()
			b, err3 := os.ReadFile(filepath.Join(dir, "s.seg"))
			if err := errors.Join(err, err2, err3, items.Close()); err != nil {
				t.Fatal(err)
			}
			_, err = storage.ParseSegment(b, storage.SegmentInfo{})
			if damage, ok := errors.AsType[*storage.CorruptError](err); !ok || damage.Section != c.want || !strings.Contains(damage.Reason, "say that it is not") {
				t.Errorf("%v with flags %d: %v, want that it must not be there", c.tag, flags, err)
			}
		}
	}
}
