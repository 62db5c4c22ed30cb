package storage_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/vicinaldb/store/storage"
	"pgregory.net/rapid"
)

// sample is a segment to be, with what it should give back.
type sample struct {
	storage.SegmentContent
	ids                []string
	metadata, payloads [][]byte
}

// sampleShape says how large the parts of a sample are.
type sampleShape struct {
	rows, stride, degree, neighbors, pivots int // stride 0: codes of different lengths
	vectors                                 int // bytes of a vector beside its code
	payload                                 int // up to so many bytes
}

var (
	smallShape   = sampleShape{rows: 5, stride: 64, degree: 3, neighbors: 2, pivots: 2, payload: 20}
	sparseShape  = sampleShape{rows: 5, stride: 0, degree: 3, neighbors: 2, pivots: 2, payload: 20}
	vectorsShape = sampleShape{rows: 5, stride: 64, vectors: 24, degree: 3, neighbors: 2, pivots: 2, payload: 20}
)

// newSample makes up a segment. All parts are valid; the numbers mean nothing.
func newSample(shape sampleShape, seed uint64) *sample {
	rng := rand.New(rand.NewPCG(seed, 1))
	s := &sample{SegmentContent: storage.SegmentContent{
		Params: storage.Params{
			Rows: shape.rows, Dim: max(1, shape.stride/4), Metric: "euclidean", Codec: "float32", CodecStride: shape.stride,
			VectorStride: shape.vectors, AdjacencyStride: shape.degree, Neighbors: shape.neighbors, Pivots: shape.pivots,
			Seed: seed, Index: json.RawMessage(`{"neighbors":30}`), Build: json.RawMessage(`{"rounds":2}`),
		},
		Codes:   make([]byte, shape.rows*shape.stride),
		Vectors: make([]byte, shape.rows*shape.vectors),
	}}
	if shape.stride == 0 {
		s.CodeOffsets = make([]byte, 8)
		for range shape.rows {
			s.Codes = append(s.Codes, make([]byte, 8*rng.IntN(6))...)
			s.CodeOffsets = binary.LittleEndian.AppendUint64(s.CodeOffsets, uint64(len(s.Codes)))
		}
	}
	for _, b := range [][]byte{s.Codes, s.Vectors} {
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
	}
	row := func() uint32 { return rng.Uint32N(uint32(shape.rows)) }
	for range shape.rows * shape.degree {
		s.Adjacency = append(s.Adjacency, row())
	}
	for range shape.pivots {
		s.PivotRows = append(s.PivotRows, row())
	}
	for range shape.rows {
		distance := float32(0)
		for range shape.neighbors {
			distance += rng.Float32()
			s.NeighborRows = append(s.NeighborRows, row())
			s.NeighborDistances = append(s.NeighborDistances, distance)
		}
	}
	for i := range shape.rows {
		s.ids = append(s.ids, fmt.Sprintf("id-%x-%d", rng.Uint32()>>16, i))
		s.metadata = append(s.metadata, bytes.Repeat([]byte{byte(i)}, rng.IntN(8)))
		payload := make([]byte, rng.IntN(shape.payload+1))
		for j := range payload {
			payload[j] = byte(rng.Uint32() >> 30) // compresses a little
		}
		s.payloads = append(s.payloads, payload)
	}
	return s
}

// write writes the sample as a file in a directory.
func (s *sample) write(dir string) (path string, info storage.SegmentInfo, err error) {
	items, err := storage.NewItemWriter(filepath.Join(dir, "spool"))
	if err != nil {
		return "", info, err
	}
	defer func() { err = errors.Join(err, items.Close()) }()
	for i, id := range s.ids {
		if err := items.Add(id, s.metadata[i], s.payloads[i]); err != nil {
			return "", info, err
		}
	}
	s.Items = items
	path = filepath.Join(dir, "s.seg")
	info, err = storage.WriteSegment(context.Background(), path, &s.SegmentContent)
	return path, info, err
}

// items gives the sample its items, for a test that writes the sections by itself and closes the items.
func (s *sample) items(t testing.TB, dir string) *storage.ItemWriter {
	t.Helper()
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
	return items
}

// needLittleEndian skips a test of what only little-endian machines do.
func needLittleEndian(t testing.TB) {
	t.Helper()
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("segments are not opened on a big-endian machine")
	}
}

// open writes the sample and opens it.
func (s *sample) open(t testing.TB) *storage.Segment {
	t.Helper()
	needLittleEndian(t)
	path, info, err := s.write(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	segment, err := storage.OpenSegment(path, info)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := segment.Verify(context.Background()); err != nil {
			t.Errorf("at the end of the test: %v", err)
		}
		segment.Close()
	})
	return segment
}

// failer is what *testing.T and *rapid.T have in common.
type failer interface {
	Helper()
	Errorf(format string, args ...any)
}

// compare looks at everything that the segment gives back.
func (s *sample) compare(t failer, got *storage.Segment) {
	t.Helper()
	if g, w := fmt.Sprintf("%+v", got.Params()), fmt.Sprintf("%+v", s.Params); g != w {
		t.Errorf("params are %s, want %s", g, w)
	}
	stride := s.Params.CodecStride
	var pivotCodes []byte
	for _, row := range s.PivotRows {
		pivotCodes = append(pivotCodes, s.Codes[int(row)*stride:][:stride]...)
	}
	for _, c := range []struct {
		name string
		same bool
	}{
		{"rows", got.Rows() == s.Params.Rows},
		{"codes", bytes.Equal(got.Codes(), s.Codes)},
		{"code offsets", bytes.Equal(got.CodeOffsets(), s.CodeOffsets) && (got.CodeOffsets() == nil) == (stride > 0)},
		{"vectors", bytes.Equal(got.Vectors(), s.Vectors) && (got.Vectors() == nil) == (s.Params.VectorStride == 0)},
		{"adjacency", slices.Equal(got.Adjacency(), s.Adjacency)},
		{"pivot rows", slices.Equal(got.PivotRows(), s.PivotRows)},
		{"pivot codes", bytes.Equal(got.PivotCodes(), pivotCodes) && (got.PivotCodes() == nil) == (stride == 0)},
		{"neighbor rows", slices.Equal(got.NeighborRows(), s.NeighborRows)},
		{"neighbor distances", slices.Equal(got.NeighborDistances(), s.NeighborDistances)},
	} {
		if !c.same {
			t.Errorf("%s came back different", c.name)
		}
	}
	reader := got.Records()
	for i, id := range s.ids {
		if b, err := got.ID(uint32(i)); err != nil || string(b) != id {
			t.Errorf("id of row %d is %q, %v; want %q", i, b, err, id)
		}
		if row, ok, err := got.Find(id); err != nil || !ok || row != uint32(i) {
			t.Errorf("Find(%q) = %d, %v, %v; want %d", id, row, ok, err, i)
		}
		metadata, payload, err := got.Record(uint32(i))
		if err != nil || !bytes.Equal(metadata, s.metadata[i]) || !bytes.Equal(payload, s.payloads[i]) {
			t.Errorf("record of row %d came back different; %v", i, err)
		}
		metadata, payload, err = reader.Record(uint32(i))
		if err != nil || !bytes.Equal(metadata, s.metadata[i]) || !bytes.Equal(payload, s.payloads[i]) {
			t.Errorf("record of row %d from the reader came back different; %v", i, err)
		}
	}
	s.compareIDs(t, got)
}

// compareIDs reads ids of rows in another order, more and more of them, some twice.
func (s *sample) compareIDs(t failer, got *storage.Segment) {
	t.Helper()
	var rows []uint32
	var want []byte
	var ends []int
	for i := range min(2*len(s.ids), 40) {
		got.PrefetchIDs(append(slices.Clone(rows), math.MaxUint32)) // what is no row does no harm
		dst, at, err := got.AppendIDs(nil, nil, rows)
		if err != nil || !bytes.Equal(dst, want) || !slices.Equal(at, ends) {
			t.Errorf("ids of rows %v are %q until %d, %v; want %q until %d", rows, dst, at, err, want, ends)
		}
		row := i * 7919 % len(s.ids)
		rows = append(rows, uint32(row))
		want = append(want, s.ids[row]...)
		ends = append(ends, len(want))
	}
	if _, _, err := got.AppendIDs(nil, nil, append(rows, uint32(len(s.ids)))); !errors.Is(err, storage.ErrCorrupt) {
		t.Errorf("ids of a row too many: %v", err)
	}
}

func TestSegmentRoundTrip(t *testing.T) {
	for reason, shape := range map[string]sampleShape{
		"a few rows":             smallShape,
		"one row":                {rows: 1, stride: 64, degree: 1, neighbors: 0, pivots: 1, payload: 5},
		"no graph":               {rows: 3, stride: 64, payload: 5},
		"codes of an odd length": {rows: 300, stride: 13, degree: 7, neighbors: 5, pivots: 9, payload: 5},
		"many record blocks":     {rows: 700, stride: 8, degree: 2, neighbors: 1, pivots: 3, payload: 400},
		"large payloads":         {rows: 12, stride: 8, degree: 2, neighbors: 1, pivots: 3, payload: 100_000},
		"many checksum blocks":   {rows: 3000, stride: 512, degree: 8, neighbors: 4, pivots: 100, payload: 10},
		"more than goes at once": {rows: 260, stride: 64 << 10, degree: 3, pivots: 2, payload: 5},
		"codes of any length":    {rows: 9000, degree: 3, neighbors: 2, pivots: 40, payload: 10},
		"no code has a byte":     {rows: 1, payload: 5},
		"vectors beside codes":   {rows: 300, stride: 64, vectors: 100, degree: 3, neighbors: 2, pivots: 9, payload: 10},
		"vectors beside any":     {rows: 300, vectors: 4, degree: 3, neighbors: 2, pivots: 9, payload: 10},
	} {
		t.Run(reason, func(t *testing.T) {
			s := newSample(shape, 1)
			s.compare(t, s.open(t))
		})
	}
}

func TestSegmentWithoutRows(t *testing.T) {
	for _, shape := range []sampleShape{{stride: 64}, {stride: 0}, {stride: 64, vectors: 64}} {
		s := newSample(shape, 1)
		got := s.open(t)
		s.compare(t, got)
		if row, ok, err := got.Find("x"); ok || err != nil {
			t.Errorf("Find in nothing = %d, %v, %v", row, ok, err)
		}
		if _, err := got.ID(0); !errors.Is(err, storage.ErrCorrupt) {
			t.Errorf("ID(0) of nothing: %v", err)
		}
		if _, _, err := got.Record(0); !errors.Is(err, storage.ErrCorrupt) {
			t.Errorf("Record(0) of nothing: %v", err)
		}
	}
}

// A segment that is only searched has no neighbor graph: its sections are there, and empty.
func TestSegmentWithoutNeighbors(t *testing.T) {
	for _, shape := range []sampleShape{smallShape, sparseShape, vectorsShape} {
		shape.neighbors = 0
		s := newSample(shape, 1)
		s.compare(t, s.open(t))
		b, _ := s.bytesOf(t)
		for _, tag := range []storage.Tag{storage.TagNeighborRows, storage.TagNeighborDistances} {
			if p := place(t, b, tag); p.Length != 0 {
				t.Errorf("%s has %d bytes, want none", p.Name, p.Length)
			}
		}
	}
}

// What the parameters say to the readers of the numbers comes back, whatever it is, and in their largest numbers.
func TestSegmentKeepsItsParams(t *testing.T) {
	s := newSample(vectorsShape, 1)
	s.Params.Dim = storage.MaxDim
	s.Params.MetricParams = json.RawMessage(`{"p":3.5,"w":[1e-300,2,"<&>"],"more":null}`)
	s.Params.CodecParams, s.Params.Surplus = json.RawMessage(`{"offset":-1.5,"scale":1e-45}`), storage.MaxDegree
	s.Params.Deviations = 4.25
	got := s.open(t).Params()
	if string(got.CodecParams) != `{"offset":-1.5,"scale":1e-45}` || got.Surplus != storage.MaxDegree || got.Deviations != 4.25 {
		t.Errorf("codec parameters %s, surplus %d and deviations %v came back", got.CodecParams, got.Surplus, got.Deviations)
	}
	var want, have any
	if err := errors.Join(json.Unmarshal(s.Params.MetricParams, &want), json.Unmarshal(got.MetricParams, &have)); err != nil {
		t.Fatal(err)
	}
	if got.Dim != storage.MaxDim || !reflect.DeepEqual(have, want) {
		t.Errorf("dim %d and metric parameters %s came back", got.Dim, got.MetricParams)
	}
	s.Params.MetricParams = json.RawMessage(`[0` + strings.Repeat(",0.12345678901234567", 100_000) + `]`) // a matrix
	s.compare(t, s.open(t))
	if plain := newSample(smallShape, 1).open(t).Params(); plain.MetricParams != nil || plain.VectorStride != 0 || plain.CodecParams != nil {
		t.Errorf("metric parameters %q, codec parameters %q and vectors of %d bytes came of nothing",
			plain.MetricParams, plain.CodecParams, plain.VectorStride)
	}
}

func TestSegmentRoundTripOfAnyShape(t *testing.T) {
	needLittleEndian(t)
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		shape := sampleShape{
			rows:      rapid.IntRange(1, 60).Draw(t, "rows"),
			stride:    rapid.IntRange(0, 200).Draw(t, "stride"),
			vectors:   rapid.IntRange(0, 100).Draw(t, "vectors"),
			degree:    rapid.IntRange(0, 9).Draw(t, "degree"),
			neighbors: rapid.IntRange(0, 9).Draw(t, "neighbors"),
			payload:   rapid.SampledFrom([]int{0, 1, 100, 5000, 40_000}).Draw(t, "payload"),
		}
		shape.pivots = rapid.IntRange(0, shape.rows).Draw(t, "pivots")
		s := newSample(shape, rapid.Uint64().Draw(t, "seed"))
		path, info, err := s.write(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = os.Remove(path) }()
		got, err := storage.OpenSegment(path, info)
		if err != nil {
			t.Fatal(err)
		}
		defer got.Close()
		s.compare(t, got)
		if err := got.Verify(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

// Ids are bytes to a segment: none is special, prefixes of one another and zeros included.
func TestSegmentFindsOddIDs(t *testing.T) {
	s := newSample(sampleShape{rows: 8, stride: 8, payload: 3}, 1)
	s.ids = []string{"b", "a", "ab", "a\x00", "\x00", strings.Repeat("z", storage.MaxID), "\xff\xfe", "aa"}
	got := s.open(t)
	s.compare(t, got)
	for _, id := range []string{"", "c", "a\x00\x00", "\xff", strings.Repeat("z", storage.MaxID-1), strings.Repeat("z", storage.MaxID+1)} {
		if row, ok, err := got.Find(id); ok || err != nil {
			t.Errorf("Find(%q) = %d, %v, %v; want nothing", id, row, ok, err)
		}
	}
}

// A segment is its content: neither the name nor the time nor earlier files leave a trace in it.
func TestSegmentIsDeterministic(t *testing.T) {
	shape := sampleShape{rows: 200, stride: 64, degree: 5, neighbors: 3, pivots: 7, payload: 300}
	pathA, infoA, errA := newSample(shape, 7).write(t.TempDir())
	pathB, infoB, errB := newSample(shape, 7).write(t.TempDir())
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	if infoA != infoB {
		t.Errorf("two writes give %v and %v", infoA, infoB)
	}
	a, _ := os.ReadFile(pathA)
	b, _ := os.ReadFile(pathB)
	if !bytes.Equal(a, b) {
		t.Error("two writes give different bytes")
	}
	if _, infoC, _ := newSample(shape, 8).write(t.TempDir()); infoC.SHA256 == infoA.SHA256 {
		t.Error("another content gives the same digest")
	}
}

func TestSegmentRecordsInAnyOrder(t *testing.T) {
	s := newSample(sampleShape{rows: 300, stride: 8, payload: 2000}, 3)
	reader := s.open(t).Records()
	rng := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		row := rng.IntN(300)
		metadata, payload, err := reader.Record(uint32(row))
		if err != nil || !bytes.Equal(metadata, s.metadata[row]) || !bytes.Equal(payload, s.payloads[row]) {
			t.Fatalf("record of row %d came back different; %v", row, err)
		}
	}
}

func TestSegmentIsSharedByGoroutines(t *testing.T) {
	s := newSample(sampleShape{rows: 100, stride: 64, degree: 3, neighbors: 2, pivots: 4, payload: 500}, 3)
	got := s.open(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { s.compare(t, got) })
	}
	wg.Wait()
}

func TestWriteSegmentRefuses(t *testing.T) {
	for reason, spoil := range map[string]func(s *sample){
		"codes of another length":     func(s *sample) { s.Codes = s.Codes[1:] },
		"adjacency of another length": func(s *sample) { s.Adjacency = s.Adjacency[1:] },
		"pivots of another number":    func(s *sample) { s.PivotRows = s.PivotRows[1:] },
		"a pivot that is no row":      func(s *sample) { s.PivotRows[0] = uint32(s.Params.Rows) },
		"neighbors of another length": func(s *sample) { s.NeighborRows = s.NeighborRows[1:] },
		"distances of another length": func(s *sample) { s.NeighborDistances = nil },
		"fewer items than rows":       func(s *sample) { s.ids = s.ids[1:] },
		"the same id twice":           func(s *sample) { s.ids[4] = s.ids[0] },
		"rows below zero":             func(s *sample) { s.Params.Rows = -1 },
		"no dimension":                func(s *sample) { s.Params.Dim = 0 },
		"a dimension over the limit":  func(s *sample) { s.Params.Dim = storage.MaxDim; s.Params.Dim++ }, // on 32 bits: below 0
		"codes without their offsets": func(s *sample) { s.Params.CodecStride = 0 },
		"codes with offsets as well":  func(s *sample) { s.CodeOffsets = make([]byte, 48) },
		"a code below zero":           func(s *sample) { s.Params.CodecStride = -1 },
		"a code over the limit": func(s *sample) {
			s.Params.CodecStride = storage.MaxStride + 1
			s.Codes = make([]byte, s.Params.Rows*s.Params.CodecStride)
		},
		"vectors of no length":        func(s *sample) { s.Vectors = make([]byte, 5) },
		"a vector stride, no vectors": func(s *sample) { s.Params.VectorStride = 1 },
		"a vector below zero":         func(s *sample) { s.Params.VectorStride = -1 },
		"a surplus below zero":        func(s *sample) { s.Params.Surplus = -1 },
		"a surplus over the limit":    func(s *sample) { s.Params.Surplus = storage.MaxDegree + 1 },
		"deviations below zero":       func(s *sample) { s.Params.Deviations = -1 },
		"entries below zero":          func(s *sample) { s.Params.Entries = -1 },
		"entries over the limit":      func(s *sample) { s.Params.Entries = storage.MaxDegree + 1 },
		"deviations over the limit":   func(s *sample) { s.Params.Deviations = storage.MaxDegree + 1 },
		"one vector less than rows": func(s *sample) {
			s.Params.VectorStride = 8
			s.WriteVectors = func(out io.Writer) error {
				_, err := out.Write(make([]byte, (s.Params.Rows-1)*s.Params.VectorStride))
				return err
			}
		},
		"a vector over the limit": func(s *sample) {
			s.Params.VectorStride = storage.MaxStride + 1
			s.Vectors = make([]byte, s.Params.Rows*s.Params.VectorStride)
		},
		"a degree over the limit":      func(s *sample) { s.Params.AdjacencyStride = storage.MaxDegree + 1 },
		"neighbors below zero":         func(s *sample) { s.Params.Neighbors = -1 },
		"more pivots than rows":        func(s *sample) { s.Params.Pivots = s.Params.Rows + 1 },
		"parameters that are not JSON": func(s *sample) { s.Params.Index = json.RawMessage("{") },
		"metric parameters, not JSON":  func(s *sample) { s.Params.MetricParams = json.RawMessage("p=3") },
		"codec parameters, not JSON":   func(s *sample) { s.Params.CodecParams = json.RawMessage("scale=3") },
		"parameters over the limit": func(s *sample) {
			s.Params.Build = json.RawMessage(`"` + strings.Repeat("x", storage.MaxParams) + `"`)
		},
		"an empty id":            func(s *sample) { s.ids[1] = "" },
		"an id over the limit":   func(s *sample) { s.ids[1] = strings.Repeat("x", storage.MaxID+1) },
		"a record over the size": func(s *sample) { s.payloads[1] = make([]byte, storage.MaxRecord+1) },
	} {
		t.Run(reason, func(t *testing.T) {
			s := newSample(smallShape, 1)
			spoil(s)
			dir := t.TempDir()
			if _, _, err := s.write(dir); err == nil {
				t.Error("was written")
			}
			expectEmpty(t, dir)
		})
	}
}

// expectEmpty sees to it that a failed write leaves nothing behind.
func expectEmpty(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) > 0 {
		t.Errorf("%v is left behind; %v", entries, err)
	}
}

func TestWriteSegmentStopsWithItsContext(t *testing.T) {
	reason := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(reason)
	dir := t.TempDir()
	items, err := storage.NewItemWriter(filepath.Join(dir, "spool"))
	if err != nil {
		t.Fatal(err)
	}
	s := newSample(sampleShape{rows: 0, stride: 64}, 1)
	s.Items = items
	if _, err := storage.WriteSegment(ctx, filepath.Join(dir, "s.seg"), &s.SegmentContent); !errors.Is(err, reason) {
		t.Errorf("got %v, want the reason", err)
	}
	if err := errors.Join(items.Close(), items.Close()); err != nil {
		t.Error(err)
	}
	expectEmpty(t, dir)
}

func TestWriteSegmentOverwritesNothing(t *testing.T) {
	needLittleEndian(t)
	dir := t.TempDir()
	path, info, err := newSample(smallShape, 1).write(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := newSample(smallShape, 2).write(dir); !errors.Is(err, os.ErrExist) {
		t.Errorf("writing over a segment: %v", err)
	}
	if err := storage.VerifyFile(context.Background(), path, info); err != nil {
		t.Errorf("the first segment: %v", err)
	}
}

func TestWriteSegmentMakesItReadOnly(t *testing.T) {
	path, _, err := newSample(smallShape, 1).write(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if stat, err := os.Stat(path); err != nil || stat.Mode().Perm()&0o222 != 0 {
		t.Errorf("mode is %v, %v; want no write permission", stat.Mode(), err)
	}
}

func TestOpenSegmentOfNothing(t *testing.T) {
	dir := t.TempDir()
	if _, err := storage.OpenSegment(filepath.Join(dir, "none.seg"), storage.SegmentInfo{}); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("a missing file: %v, want ErrNotFound", err)
	}
	if _, err := storage.OpenSegment(dir, storage.SegmentInfo{}); !errors.Is(err, storage.ErrCorrupt) {
		t.Errorf("a directory: %v, want ErrCorrupt", err)
	}
}

// A machine of the other byte order refuses, and says why.
func TestOpenSegmentOnBigEndian(t *testing.T) {
	if binary.NativeEndian.Uint16([]byte{1, 0}) == 1 {
		t.Skip("this machine is little-endian")
	}
	path, info, err := newSample(smallShape, 1).write(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := storage.OpenSegment(path, info); !errors.Is(err, storage.ErrUnsupported) {
		t.Errorf("got %v, want ErrUnsupported", err)
	}
}

func TestSegmentCloseTwice(t *testing.T) {
	needLittleEndian(t)
	path, info, err := newSample(smallShape, 1).write(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s, err := storage.OpenSegment(path, info)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Error(err)
	}
}

// Opening looks at the ends of the file, so its cost in memory is the same for any number of rows.
func TestOpenSegmentDecodesNothing(t *testing.T) {
	needLittleEndian(t)
	allocated := func(rows int) uint64 {
		path, info, err := newSample(sampleShape{rows: rows, stride: 64, degree: 8, neighbors: 4, pivots: 2, payload: 50}, 1).write(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		least := uint64(1 << 62)
		for range 5 { // other goroutines of the test binary allocate too
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			s, err := storage.OpenSegment(path, info)
			runtime.ReadMemStats(&after)
			if err != nil {
				t.Fatal(err)
			}
			s.Close()
			least = min(least, after.TotalAlloc-before.TotalAlloc)
		}
		return least
	}
	if few, many := allocated(10), allocated(20_000); many > few+4096 {
		t.Errorf("opening 20000 rows allocates %d bytes, 10 rows %d", many, few)
	}
}
