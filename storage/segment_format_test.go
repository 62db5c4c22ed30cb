package storage_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/metric"
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

// formula computes what the table of sections says: numbers and parameters with × and +.
func formula(t *testing.T, expression string, params map[string]any) uint64 {
	t.Helper()
	sum := uint64(0)
	for term := range strings.SplitSeq(expression, " + ") {
		product := uint64(1)
		for factor := range strings.SplitSeq(term, " × ") {
			v, err := strconv.ParseUint(factor, 10, 64)
			if number, ok := params[factor].(float64); ok {
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

// holds tells whether the parameters make a section be there: "always", or a stride that is 0, which an absent one is as
// well, or above.
func holds(t *testing.T, condition string, params map[string]any) bool {
	t.Helper()
	if condition == "always" {
		return true
	}
	name, positive := strings.CutSuffix(condition, " > 0")
	if !positive {
		name = strings.TrimSuffix(condition, " = 0")
	}
	if name != "codec_stride" && name != "vector_stride" {
		t.Fatalf("FORMAT.md: cannot tell when %q is", condition)
	}
	stride, _ := params[name].(float64)
	return stride > 0 == positive
}

// The table of sections says what the files have, for all parameters.
func TestSegmentSectionsOfFormat(t *testing.T) {
	seen := map[string]bool{}
	for name, s := range goldenSamples(t) {
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
		var rows [][]string
		for _, row := range tableUnder(t, "Sections") {
			if holds(t, row[2], fields) {
				rows = append(rows, row)
				seen[row[0]+row[2]] = true
			}
		}
		if len(rows) != len(segment.Places()) {
			t.Fatalf("%s: FORMAT.md has %d sections, the file %d", name, len(rows), len(segment.Places()))
		}
		for i, p := range segment.Places() {
			row := rows[i]
			if p.Tag.String() != row[0] || p.Name != row[1] {
				t.Errorf("%s: section %d is %v, %s; FORMAT.md says %s, %s", name, i, p.Tag, p.Name, row[0], row[1])
			}
			size := uint64(binary.LittleEndian.Uint32(b[p.Entry+24:]))
			count := binary.LittleEndian.Uint64(b[p.Entry+32:])
			if size != formula(t, row[3], fields) || row[4] != "any" && count != formula(t, row[4], fields) {
				t.Errorf("%s: %s has %d elements of %d bytes, FORMAT.md says %s of %s", name, p.Name, count, size, row[4], row[3])
			}
		}
	}
	if rows := tableUnder(t, "Sections"); len(seen) != len(rows) {
		t.Errorf("%d of %d lines of the table speak of a golden file", len(seen), len(rows))
	}
}

// The table of parameters says what a segment that has all of them says.
func TestSegmentParamsOfFormat(t *testing.T) {
	codecParams, err := json.Marshal(codec.Uint8Params{Scale: 1, Lossless: true, Grown: true, Spherical: true, Turned: true})
	if err != nil {
		t.Fatal(err)
	}
	s := goldenVectorsSample(t)
	s.Params.CodecParams, s.Params.Surplus, s.Params.Deviations = codecParams, 7, 4.5
	s.Params.Entries = 2
	b, _ := s.bytesOf(t)
	params := place(t, b, storage.TagParams)
	compareMembers(t, "Parameters", b[params.Offset:params.Offset+params.Length])
	compareMembers(t, "Codes", codecParams)
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

// The table of summaries has every sparse metric, and says what the codec writes.
func TestSparseSummariesOfFormat(t *testing.T) {
	const dim, p = 4, 3.0
	v := metric.SparseVector{Indices: []uint32{0, 2, 3}, Values: []float32{1.5, -0.25, 4}}
	sum := func(f func(x float64) float64) (sum float64) {
		for _, x := range v.Values {
			sum += f(float64(x))
		}
		return sum
	}
	plain := sum(func(x float64) float64 { return x })
	mean := plain / dim
	quantities := map[string]float64{
		"0":                   0,
		"number of x":         float64(len(v.Values)),
		"Σx²":                 sum(func(x float64) float64 { return x * x }),
		"1 / √Σx²":            1 / math.Sqrt(sum(func(x float64) float64 { return x * x })),
		"Σ abs(x)":            sum(math.Abs),
		"1 / √Σ abs(x)":       1 / math.Sqrt(sum(math.Abs)),
		"Σ abs(x)ᵖ":           sum(func(x float64) float64 { return math.Pow(math.Abs(x), p) }),
		"Σx of the x below 0": sum(func(x float64) float64 { return min(x, 0) }),
		"1 / Σx":              1 / plain,
		"Σx / √dim":           plain / math.Sqrt(dim),
		"1 / √Σ(x - Σx / dim)², with the zeros": 1 / math.Sqrt(mean*mean+sum(func(x float64) float64 { return (x - mean) * (x - mean) })),
	}
	exponent := p
	params := map[string]metric.Params{
		"minkowski":   {P: &exponent},
		"kantorovich": {Cost: [][]float64{{0, 1, 2, 3}, {1, 0, 1, 2}, {2, 1, 0, 1}, {3, 2, 1, 0}}},
	}
	names := map[string]bool{}
	for _, row := range tableUnder(t, "Summary") {
		for name := range strings.FieldsSeq(strings.ReplaceAll(row[0], "`", "")) {
			names[name] = true
			m, err := metric.LookupSparse(name, dim, params[name])
			if err != nil {
				t.Fatal(err)
			}
			code := codec.NewSparse(m).Append(nil, v)
			for i := range 2 {
				want, ok := quantities[row[1+i]]
				got := math.Float64frombits(binary.LittleEndian.Uint64(code[8*i:]))
				if !ok || math.Abs(got-want) > 1e-12*math.Abs(want) {
					t.Errorf("summary %d of %s is %v, FORMAT.md says %q, which is %v", i, name, got, row[1+i], want)
				}
			}
		}
	}
	for _, name := range metric.SparseNames() {
		if !names[name] {
			t.Errorf("FORMAT.md does not say what the summary of %s is", name)
		}
	}
}

func TestSegmentLimitsOfFormat(t *testing.T) {
	limits := map[string]int{
		"rows of a segment": storage.MaxRows, "dim": storage.MaxDim, "codec_stride, vector_stride": storage.MaxStride,
		"adjacency_stride, neighbors, surplus, deviations, entries": storage.MaxDegree, "bytes of an id": storage.MaxID,
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
