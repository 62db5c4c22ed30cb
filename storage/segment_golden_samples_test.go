package storage_test

import (
	"encoding/binary"
	"encoding/json"
	"testing"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/metric"
	"github.com/vicinaldb/store/storage"
)

// goldenSamples are segments small enough to be read by a person, by the names of their files in testdata. Between them they
// have every section and every parameter.
func goldenSamples(t testing.TB) map[string]*sample {
	t.Helper()
	samples := map[string]*sample{
		"segment.golden":         goldenSample(t),
		"segment-sparse.golden":  goldenSparseSample(t),
		"segment-vectors.golden": goldenVectorsSample(t),
	}
	for name, s := range goldenCodeSamples(t) {
		samples[name] = s
	}
	return samples
}

// float32Codes encodes vectors one behind the other.
func float32Codes(c *codec.Float32, vectors [][]float32) []byte {
	codes := make([]byte, len(vectors)*c.Stride())
	for i, v := range vectors {
		c.Encode(codes[i*c.Stride():], v)
	}
	return codes
}

// goldenSample has codes of one length. Codes and metadata are real ones.
func goldenSample(t testing.TB) *sample {
	t.Helper()
	cosine, err := metric.Lookup("cosine")
	if err != nil {
		t.Fatal(err)
	}
	float32s := codec.NewFloat32(cosine, 2)
	return &sample{
		SegmentContent: storage.SegmentContent{
			Params: storage.Params{
				Rows: 3, Dim: 2, Metric: "cosine", Codec: "float32", CodecStride: float32s.Stride(), AdjacencyStride: 2, Neighbors: 1, Pivots: 2,
				Seed: 42, Index: json.RawMessage(`{"neighbors":1}`), Build: json.RawMessage(`{"rounds":1}`),
			},
			Codes:             float32Codes(float32s, [][]float32{{3, 4}, {1, 0}, {-3, 0.5}}),
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

// goldenSparseSample has codes of different lengths. The second row is the zero vector.
func goldenSparseSample(t testing.TB) *sample {
	t.Helper()
	euclidean, err := metric.LookupSparse("euclidean", 100_000)
	if err != nil {
		t.Fatal(err)
	}
	vectors := []metric.SparseVector{
		{Indices: []uint32{3, 70_000}, Values: []float32{1.5, -2}},
		{},
		{Indices: []uint32{0, 3, 99_999}, Values: []float32{0.25, 1, 4}},
	}
	sparse := codec.NewSparse(euclidean)
	var codes []byte
	offsets := make([]byte, 8)
	for _, v := range vectors {
		codes = sparse.Append(codes, v)
		offsets = binary.LittleEndian.AppendUint64(offsets, uint64(len(codes)))
	}
	return &sample{
		SegmentContent: storage.SegmentContent{
			Params: storage.Params{
				Rows: 3, Dim: 100_000, Metric: "euclidean", Codec: "sparse", AdjacencyStride: 2, Neighbors: 1, Pivots: 2,
				Seed: 42, Index: json.RawMessage(`{"neighbors":1}`), Build: json.RawMessage(`{"rounds":1}`),
			},
			Codes:             codes,
			CodeOffsets:       offsets,
			Adjacency:         []uint32{1, 2, 0, 2, 1, 0},
			PivotRows:         []uint32{2, 0},
			NeighborRows:      []uint32{1, 0, 1},
			NeighborDistances: []float32{6.25, 6.25, 17.0625},
		},
		ids:      []string{"b", "c", "a"},
		metadata: [][]byte{{}, {}, {}},
		payloads: [][]byte{[]byte("first"), {}, []byte("last")},
	}
}

// goldenVectorsSample keeps the vectors beside codes that tell something else: each component over the root of its variance, so
// that the distance with these variances is the euclidean one. It is only searched: there is no neighbor graph.
func goldenVectorsSample(t testing.TB) *sample {
	t.Helper()
	euclidean, err := metric.Lookup("euclidean")
	if err != nil {
		t.Fatal(err)
	}
	float32s := codec.NewFloat32(euclidean, 2)
	return &sample{
		SegmentContent: storage.SegmentContent{
			Params: storage.Params{
				Rows: 3, Dim: 2, Metric: "seuclidean", MetricParams: json.RawMessage(`{"sigma":[4,0.25]}`),
				Codec: "float32", CodecStride: float32s.Stride(), VectorStride: 16, AdjacencyStride: 2, Pivots: 1,
				Seed: 42, Index: json.RawMessage(`{"neighbors":1}`), Build: json.RawMessage(`{"rounds":1}`),
			},
			Codes: float32Codes(float32s, [][]float32{{1.5, 8}, {0.5, 0}, {-1.5, 1}}),
			Vectors: codec.AppendVector(nil, []float32{
				3, 4, 0, 0,
				1, 0, 0, 0,
				-3, 0.5, 0, 0,
			}),
			Adjacency: []uint32{1, 2, 2, 0, 1, 0},
			PivotRows: []uint32{1},
		},
		ids:      []string{"blue", "amber", "red"},
		metadata: [][]byte{{}, codec.AppendMetadata(nil, map[string]any{"warm": true}), {}},
		payloads: [][]byte{{}, []byte("!"), {}},
	}
}
