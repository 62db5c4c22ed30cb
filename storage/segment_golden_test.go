package storage_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/golang/snappy"
	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/metric"
	"github.com/vicinaldb/store/storage"
)

var update = flag.Bool("update", false, "write the golden files anew")

// field is a line of a layout table in FORMAT.md.
type field struct {
	offset, size  int
	name, content string
}

// tableUnder returns the cells of the last table under a heading of FORMAT.md, without its head.
func tableUnder(t testing.TB, heading string) [][]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "FORMAT.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, under, found := strings.Cut(string(text), "\n### "+heading+"\n")
	if !found {
		t.Fatalf("FORMAT.md has no heading %q", heading)
	}
	under, _, _ = strings.Cut(under, "\n#")
	var rows [][]string
	for line := range strings.Lines(under) {
		inner, ok := strings.CutPrefix(strings.TrimSpace(line), "|")
		switch {
		case !ok:
			continue
		case strings.HasPrefix(inner, "--"):
			rows = rows[:0] // what was above is the head
			continue
		}
		var cells []string
		for cell := range strings.SplitSeq(strings.TrimSuffix(inner, "|"), "|") {
			cells = append(cells, strings.TrimSpace(cell))
		}
		rows = append(rows, cells)
	}
	if len(rows) == 0 {
		t.Fatalf("FORMAT.md has no table under %q", heading)
	}
	return rows
}

// layoutUnder reads a layout table and sees to it that the fields cover size bytes without a gap.
func layoutUnder(t testing.TB, heading string, size int) []field {
	t.Helper()
	var fields []field
	next := 0
	for _, row := range tableUnder(t, heading) {
		offset, err1 := strconv.Atoi(row[0])
		length, err2 := strconv.Atoi(row[1])
		if err1 != nil || err2 != nil || offset != next {
			t.Fatalf("FORMAT.md, %s: field %q at %s of %s bytes does not follow at %d", heading, row[2], row[0], row[1], next)
		}
		fields = append(fields, field{offset, length, row[2], row[3]})
		next += length
	}
	if next != size {
		t.Fatalf("FORMAT.md, %s: the fields cover %d bytes, want %d", heading, next, size)
	}
	return fields
}

// constant returns the bytes that a field's content says it always has, or nil.
func (f field) constant() []byte {
	if b, err := hex.DecodeString(strings.ReplaceAll(strings.Trim(f.content, "`"), " ", "")); err == nil && len(b) == f.size && f.content[0] == '`' {
		return b
	}
	if v, err := strconv.ParseUint(f.content, 0, 64); err == nil {
		return append(binary.LittleEndian.AppendUint64(nil, v), make([]byte, max(0, f.size-8))...)[:f.size]
	}
	return nil
}

// dump writes bytes as an annotated hex dump: offset, bytes, what they are. Bytes that are all zero and many are counted.
type dump struct {
	text  strings.Builder
	bytes []byte
	at    int
}

// title begins a part.
func (d *dump) title(format string, args ...any) {
	fmt.Fprintf(&d.text, "\n# "+format+"\n", args...)
}

// line adds the next size bytes as one line, or as several of at most 16.
func (d *dump) line(size int, format string, args ...any) {
	note := fmt.Sprintf(format, args...)
	part := d.bytes[d.at : d.at+size]
	if size > 16 && len(bytes.Trim(part, "\x00")) == 0 {
		d.print(fmt.Sprintf("00 * %d", size), note)
		d.at += size
		return
	}
	for len(part) > 0 {
		n := min(16, len(part))
		d.print(fmt.Sprintf("% x", part[:n]), note)
		part, note = part[n:], ""
		d.at += n
	}
}

func (d *dump) print(digits, note string) {
	d.text.WriteString(strings.TrimRight(fmt.Sprintf("%08x  %-47s  %s", d.at, digits, note), " ") + "\n")
}

// layout adds the fields of a table.
func (d *dump) layout(fields []field, prefix string) {
	for _, f := range fields {
		d.line(f.size, "%s%s", prefix, f.name)
	}
}

// padding adds the zeros up to an offset.
func (d *dump) padding(end int) {
	if d.at < end {
		d.line(end-d.at, "padding")
	}
}

// undump gives the bytes of a dump back.
func undump(t testing.TB, text string) []byte {
	t.Helper()
	var b []byte
	for line := range strings.Lines(text) {
		if len(line) < 10 || line[0] == '#' {
			continue
		}
		digits := strings.TrimSpace(line[10:min(57, len(line))])
		if count, ok := strings.CutPrefix(digits, "00 * "); ok {
			n, err := strconv.Atoi(count)
			if err != nil {
				t.Fatal(err)
			}
			b = append(b, make([]byte, n)...)
			continue
		}
		part, err := hex.DecodeString(strings.ReplaceAll(digits, " ", ""))
		if err != nil {
			t.Fatalf("golden line %q: %v", line, err)
		}
		b = append(b, part...)
	}
	return b
}

// golden compares a text with a file in testdata, or writes it there.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	gotLines, wantLines := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range min(len(gotLines), len(wantLines)) {
		if gotLines[i] != wantLines[i] {
			t.Fatalf("%s differs at line %d:\n got %s\nwant %s\n(-update writes it anew; a change of old bytes breaks the files of users)",
				name, i+1, gotLines[i], wantLines[i])
		}
	}
	t.Fatalf("%s has %d lines, want %d", name, len(gotLines), len(wantLines))
}

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

// What FORMAT.md says is constant is so in the file.
func TestSegmentConstantsOfFormat(t *testing.T) {
	b, _ := goldenSample(t).bytesOf(t)
	constants := 0
	check := func(heading string, start, size int) {
		for _, f := range layoutUnder(t, heading, size) {
			if want := f.constant(); want != nil {
				constants++
				if got := b[start+f.offset:][:f.size]; !bytes.Equal(got, want) {
					t.Errorf("%s: %s is % x, FORMAT.md says %s", heading, f.name, got[:min(16, len(got))], f.content)
				}
			}
		}
	}
	check("Header", 0, storage.PageSize)
	check("Trailer", len(b)-storage.PageSize, storage.PageSize)
	segment, err := storage.ParseSegment(b, storage.SegmentInfo{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range segment.Places() {
		check("Section table", int(p.Entry), storage.SectionEntrySize)
	}
	if constants < 30 {
		t.Errorf("found only %d constants in FORMAT.md", constants)
	}
	value := map[string]uint64{
		"file size": uint64(len(b)), "section table length": 12 * storage.SectionEntrySize, "block checksums length": 4,
	}
	value["block checksums offset"], value["section table offset"] = segment.Tables()
	for _, f := range layoutUnder(t, "Trailer", storage.PageSize) {
		if want, ok := value[f.name]; ok {
			delete(value, f.name)
			got := append(bytes.Clone(b[len(b)-storage.PageSize+f.offset:][:f.size]), 0, 0, 0, 0)
			if binary.LittleEndian.Uint64(got) != want {
				t.Errorf("%s is % x, want %d", f.name, got[:f.size], want)
			}
		}
	}
	if len(value) > 0 {
		t.Errorf("FORMAT.md has no field for %v", value)
	}
}

// The table of sections says what the file has.
func TestSegmentSectionsOfFormat(t *testing.T) {
	s := goldenSample(t)
	b, _ := s.bytesOf(t)
	segment, err := storage.ParseSegment(b, storage.SegmentInfo{})
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	params := place(t, b, storage.TagParams)
	if err := json.Unmarshal(b[params.Offset:params.Offset+params.Length], &fields); err != nil {
		t.Fatal(err)
	}
	// evaluate computes what the table says: numbers and parameters with × and +.
	evaluate := func(expression string) uint64 {
		sum := uint64(0)
		for term := range strings.SplitSeq(expression, " + ") {
			product := uint64(1)
			for factor := range strings.SplitSeq(term, " × ") {
				v, err := strconv.ParseUint(factor, 10, 64)
				if number, ok := fields[factor].(float64); ok {
					v, err = uint64(number), nil
				}
				if err != nil {
					t.Fatalf("FORMAT.md: cannot tell what %q is", expression)
				}
				product *= v
			}
			sum += product
		}
		return sum
	}
	rows := tableUnder(t, "Sections")
	if len(rows) != len(segment.Places()) {
		t.Fatalf("FORMAT.md has %d sections, the file %d", len(rows), len(segment.Places()))
	}
	for i, p := range segment.Places() {
		row := rows[i]
		if p.Tag.String() != row[0] || p.Name != row[1] {
			t.Errorf("section %d is %v, %s; FORMAT.md says %s, %s", i, p.Tag, p.Name, row[0], row[1])
		}
		size := uint64(binary.LittleEndian.Uint32(b[p.Entry+24:]))
		count := binary.LittleEndian.Uint64(b[p.Entry+32:])
		if size != evaluate(row[2]) || row[3] != "any" && count != evaluate(row[3]) {
			t.Errorf("%s has %d elements of %d bytes, FORMAT.md says %s of %s", p.Name, count, size, row[3], row[2])
		}
	}
	compareMembers(t, "Parameters", b[params.Offset:params.Offset+params.Length])
}

// compareMembers compares the names of a JSON object with a table of FORMAT.md, order included.
func compareMembers(t *testing.T, heading string, object []byte) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(object))
	if _, err := decoder.Token(); err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			t.Fatal(err)
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(name))
	}
	for _, row := range tableUnder(t, heading) {
		want = append(want, row[0])
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: the members are %v, FORMAT.md says %v", heading, got, want)
	}
}

func TestSegmentLimitsOfFormat(t *testing.T) {
	limits := map[string]int{
		"rows of a segment": storage.MaxRows, "dim": storage.MaxDim, "codec_stride": storage.MaxStride,
		"adjacency_stride, neighbors": storage.MaxDegree, "bytes of an id": storage.MaxID,
		"bytes of metadata and payload of one row": storage.MaxRecord, "bytes of params": storage.MaxParams,
		"sections": storage.MaxSections,
	}
	for _, row := range tableUnder(t, "Limits") {
		if want, ok := limits[row[0]]; !ok || row[1] != strconv.Itoa(want) {
			t.Errorf("FORMAT.md says that %s are limited to %s, the code says %d", row[0], row[1], want)
		}
		delete(limits, row[0])
	}
	if len(limits) > 0 {
		t.Errorf("FORMAT.md is silent on %v", limits)
	}
}

func TestManifestGolden(t *testing.T) {
	b, err := sampleManifest().Encode()
	if err != nil {
		t.Fatal(err)
	}
	d := &dump{bytes: b}
	d.text.WriteString("# A manifest of two segments. Each line: offset, bytes, what they are.\n")
	d.title("line")
	line, _, _ := bytes.Cut(b, []byte("\n"))
	words := strings.Split(string(line), " ")
	for i, name := range []string{"magic", "magic", "version", "checksum", "length"} {
		d.line(len(words[i])+1, "%s: %s", name, words[i])
	}
	d.title("body")
	for d.at < len(b) {
		n := min(16, len(b)-d.at)
		d.line(n, "%s", bytes.TrimSpace(b[d.at:d.at+n]))
	}
	golden(t, "manifest.golden", d.text.String())
}

// The golden file is a manifest of version 1 as it was written once: it is read for ever.
func TestManifestGoldenDecodes(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "manifest.golden"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := storage.DecodeManifest(undump(t, string(text)))
	if err != nil {
		t.Fatal(err)
	}
	want := sampleManifest()
	want.Version = 1
	if got, want := fmt.Sprintf("%+v", m), fmt.Sprintf("%+v", want); got != want {
		t.Errorf("the golden manifest is\n%s, want\n%s", got, want)
	}
}

func TestManifestMembersOfFormat(t *testing.T) {
	b, err := sampleManifest().Encode()
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := bytes.Cut(b, []byte("\n"))
	compareMembers(t, "Manifest members", body)
	var m struct{ Segments []json.RawMessage }
	if err := json.Unmarshal(body, &m); err != nil {
		t.Fatal(err)
	}
	compareMembers(t, "Segment members", m.Segments[0])
}
