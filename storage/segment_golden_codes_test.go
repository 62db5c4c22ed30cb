package storage_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/internal/simd"
	"github.com/vicinaldb/store/metric"
	"github.com/vicinaldb/store/storage"
)

// goldenCodeSamples are segments of the codecs that are not those of the other samples. Each layout of codes is in one of them.
func goldenCodeSamples(t testing.TB) map[string]*sample {
	t.Helper()
	integers := [][]float32{{3, 255, 0}, {0, 1, 2}, {254, 128, 7}}
	// 4.015625 lies in the middle between two bytes of steps of 1/32.
	floats := [][]float32{{3, 4.015625, 0}, {1, 0, -0.5}, {-3, 0.5, 1}}
	unsummed := make([][]float32, 3) // 57 components leave no room for the sums
	for i := range unsummed {
		unsummed[i] = append(make([]float32, 54), floats[i]...)
	}
	lossless := codec.Uint8Params{Scale: 1, Lossless: true}
	long := make([][]float32, 3) // 313 components, for spherical codes
	for i := range long {
		long[i] = append(slices.Clone(floats[i]), make([]float32, 310)...)
		for j := range long[i] {
			long[i][j] += float32((7*i+j)%11) / 16
		}
	}
	turned := codec.Uint8Params{Offset: -2, Scale: 0.03125, Turned: true}
	return map[string]*sample{
		"segment-bits.golden":            bitsSample(70, [][]uint64{{0x0123456789abcdef, 1}, {0, 0}, {1 << 63, 0x3f}}),
		"segment-float16.golden":         float16Sample(t, "euclidean", 1, floats),
		"segment-uint8.golden":           uint8Sample(t, "euclidean", lossless, 0, integers),
		"segment-uint8-differ.golden":    uint8Sample(t, "manhattan", lossless, 0, integers),
		"segment-uint8-affine.golden":    uint8Sample(t, "cosine", codec.Uint8Params{Offset: -1, Scale: 0.0078125}, 12, floats),
		"segment-uint8-inner.golden":     uint8Sample(t, "inner_product", codec.Uint8Params{Offset: -3, Scale: 0.03125}, 12, unsummed),
		"segment-uint8-spherical.golden": uint8Sample(t, "cosine", codec.Uint8Params{Offset: -0.5, Scale: 1. / 256, Spherical: true}, 12, long),
		"segment-uint8-turned.golden":    uint8Sample(t, "euclidean", turned, 12, unsummed),
		"segment-uint8-unsummed.golden":  uint8Sample(t, "euclidean", codec.Uint8Params{Offset: -3, Scale: 0.03125}, 12, unsummed),
	}
}

// codesSample keeps three vectors as codes, the vectors beside them if there is a surplus.
func codesSample(distance string, dim int, name string, params string, surplus int, codes []byte, vectors [][]float32) *sample {
	s := &sample{
		SegmentContent: storage.SegmentContent{
			Params: storage.Params{
				Rows: 3, Dim: dim, Metric: distance, Codec: name, CodecStride: len(codes) / 3, CodecParams: json.RawMessage(params), Surplus: surplus,
				AdjacencyStride: 2, Pivots: 1, Seed: 42, Index: json.RawMessage(`{"neighbors":1}`), Build: json.RawMessage(`{"rounds":1}`),
			},
			Codes:     codes,
			Adjacency: []uint32{1, 2, 2, 0, 1, 0},
			PivotRows: []uint32{1},
		},
		ids:      []string{"blue", "amber", "red"},
		metadata: [][]byte{{}, {}, {}},
		payloads: [][]byte{{}, {}, {}},
	}
	if surplus > 0 {
		s.Params.VectorStride = 4 * dim
		for _, v := range vectors {
			s.Vectors = codec.AppendVector(s.Vectors, v)
		}
	}
	return s
}

// bitsSample keeps bits as their codec does.
func bitsSample(dim int, vectors [][]uint64) *sample {
	codes := make([]byte, 3*64)
	for i, v := range vectors {
		copy(codes[i*64:], codec.AppendBits(nil, v))
	}
	return codesSample("bit_jaccard", dim, "bits", "", 0, codes, nil)
}

// uint8Sample keeps vectors as bytes, as the codec makes them.
func uint8Sample(t testing.TB, distance string, p codec.Uint8Params, surplus int, vectors [][]float32) *sample {
	t.Helper()
	m, err := metric.Lookup(distance)
	if err != nil {
		t.Fatal(err)
	}
	c, err := codec.NewUint8(m, len(vectors[0]), p)
	if err != nil {
		t.Fatal(err)
	}
	codes := codesOf(t, c, vectors)
	params, err := json.Marshal(c.CodeParams())
	if err != nil {
		t.Fatal(err)
	}
	return codesSample(distance, len(vectors[0]), "uint8", string(params), surplus, codes, vectors)
}

// float16Sample keeps vectors as half floats, as the codec makes them.
func float16Sample(t testing.TB, distance string, surplus int, vectors [][]float32) *sample {
	t.Helper()
	m, err := metric.Lookup(distance)
	if err != nil {
		t.Fatal(err)
	}
	c, err := codec.NewFloat16(m, len(vectors[0]))
	if err != nil {
		t.Fatal(err)
	}
	return codesSample(distance, len(vectors[0]), "float16", "", surplus, codesOf(t, c, vectors), vectors)
}

// codesOf are the codes of vectors alone, which a machine of any byte order can make.
func codesOf(t testing.TB, c interface {
	NewCodeTable(capacity int) (codec.Table, error)
}, vectors [][]float32,
) []byte {
	t.Helper()
	table, err := c.NewCodeTable(len(vectors))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range vectors {
		table.Append(codec.Vector{Dense: v})
	}
	return table.Codes().Codes
}

// bitsCode adds a code of bits.
func (d *dump) bitsCode(s *sample, of string) {
	words := (s.Params.Dim + 63) / 64
	for i := range words {
		d.line(8, "%s, word %d: %x", of, i, binary.LittleEndian.Uint64(d.bytes[d.at:]))
	}
	d.line(s.Params.CodecStride-8*words, "zeros")
}

// float16Code adds a code of half floats.
func (d *dump) float16Code(s *sample, of string) {
	for i := range s.Params.Dim {
		d.line(2, "h[%d] of %s: %v", i, of, simd.FloatOfHalf(binary.LittleEndian.Uint16(d.bytes[d.at:])))
	}
	d.line(s.Params.CodecStride-2*s.Params.Dim, "zeros")
}

// uint8Code adds a code of bytes. By FORMAT.md, all that is summed of these samples has room for the sums, but for the one that says
// so in its dimension.
func (d *dump) uint8Code(s *sample, of string) {
	p := s.Params
	d.line(p.Dim, "%s: %d", of, d.bytes[d.at:][:p.Dim])
	summed := p.Metric != "manhattan" && (p.Dim <= 56 || p.Metric == "inner_product")
	switch {
	case p.Dim == 313: // spherical
		d.line(p.CodecStride-p.Dim, "128 each")
		return
	case !summed:
		d.line(p.CodecStride-p.Dim, "zeros")
		return
	}
	d.line(p.CodecStride-p.Dim-8, "zeros")
	for _, sum := range []string{"all c", "all c²"} {
		d.line(4, "sum of %s: %s", sum, fmt.Sprint(binary.LittleEndian.Uint32(d.bytes[d.at:])))
	}
}
