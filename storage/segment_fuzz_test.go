package storage_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"runtime"
	"testing"

	"github.com/vicinaldb/store/storage"
)

// editSegment changes a segment as the program in edits says, 7 bytes a step: which part, where in it, what to write. Numbers
// that break things more often than others are at hand. The parts are those of the untouched file, so that every byte of an
// edit does something.
func editSegment(b []byte, parts [][2]uint64, rows uint64, edits []byte) {
	odd := []uint64{
		0, 1, rows - 1, rows, rows + 1, 2 * rows, 0x7f, 0x80, math.MaxInt32, math.MaxUint32, math.MaxInt64, math.MaxUint64,
		uint64(len(b)), uint64(len(b)) - storage.PageSize, storage.PageSize, storage.BlockSize,
	}
	for ; len(edits) >= 7; edits = edits[7:] {
		part := parts[int(edits[0])%len(parts)]
		at := part[0] + uint64(binary.LittleEndian.Uint16(edits[1:]))%part[1]
		width := min(uint64(1)<<(edits[3]>>6), uint64(len(b))-at)
		value := uint64(binary.LittleEndian.Uint16(edits[4:]))
		if edits[3]&1 != 0 {
			value = odd[value%uint64(len(odd))] + uint64(edits[6])
		}
		// Numbers of the format lie at multiples of their size; half of the edits hit one.
		if edits[3]&2 == 0 {
			at -= at % width
		}
		copy(b[at:at+width], binary.LittleEndian.AppendUint64(nil, value))
	}
}

// parts returns the offset and the length of everything in a segment that is not padding.
func parts(s *storage.Segment, size int) [][2]uint64 {
	sums, table := s.Tables()
	list := [][2]uint64{
		{0, 32},
		{uint64(size) - storage.PageSize, 60},
		{sums, 8},
		{table, uint64(len(s.Places())) * storage.SectionEntrySize},
	}
	for _, p := range s.Places() {
		if p.Length > 0 {
			list = append(list, [2]uint64{p.Offset, p.Length})
		}
	}
	return list
}

// useSegment opens bytes as a segment and uses it. The memory that this takes is bounded by the size of the bytes.
func useSegment(t *testing.T, b []byte) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	s, err := storage.ParseSegment(b, storage.SegmentInfo{})
	if err == nil && s.Rows() > 0 {
		_, _, err = s.Record(0)
	}
	runtime.ReadMemStats(&after)
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 32*uint64(len(b))+16<<20 {
		t.Errorf("opening %d bytes allocates %d", len(b), allocated)
	}
	if !expected(err) {
		t.Errorf("opening gives %v", err)
	}
	if s != nil {
		if err := walk(s); !expected(err) {
			t.Errorf("using it gives %v", err)
		}
	}
}

func FuzzSegment(f *testing.F) {
	shapes := []sampleShape{
		smallShape,
		{rows: 40, stride: 8, degree: 2, neighbors: 2, pivots: 3, payload: 3000},
		{rows: 0, stride: 64},
		sparseShape,
		vectorsShape,
		{rows: 30, vectors: 8, degree: 2, pivots: 3, payload: 10},
	}
	type base struct {
		bytes []byte
		parts [][2]uint64
	}
	var bases []base
	for i, shape := range shapes {
		b, info := newSample(shape, uint64(i)).bytesOf(f)
		s, err := storage.ParseSegment(b, info)
		if err != nil {
			f.Fatal(err)
		}
		bases = append(bases, base{b, parts(s, len(b))})
	}
	f.Add(byte(0), 0, true, []byte{})
	f.Add(byte(1), 0, false, []byte{3, 20, 0, 0x80, 7, 0, 0})
	f.Add(byte(2), -storage.PageSize, true, []byte{})
	f.Add(byte(2), storage.PageSize, true, []byte{})
	for part := range byte(18) {
		f.Add(part, 0, true, []byte{part, 4, 0, 0x81, 9, 0, 0, part, 8, 0, 0xc1, 11, 0, 0})
	}
	// more is how many bytes the file gets or loses at its end, after it was edited.
	f.Fuzz(func(t *testing.T, which byte, more int, sealed bool, edits []byte) {
		chosen := bases[int(which)%len(bases)]
		b := bytes.Clone(chosen.bytes)
		editSegment(b, chosen.parts, uint64(shapes[int(which)%len(bases)].rows), edits)
		if more %= 2 * len(b); more < 0 {
			b = b[:max(0, len(b)+more)]
		} else {
			b = append(b, make([]byte, more)...)
		}
		if sealed {
			reseal(b)
		}
		useSegment(t, b)
	})
}
