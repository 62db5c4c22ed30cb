package storage_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/vicinaldb/store/storage"
)

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
