package codec_test

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/metric"
)

// fillable is a table that several goroutines can fill.
type fillable interface {
	codec.Table
	Filler() func(place int, plain []byte) error
	Filled(n int)
}

// Tables that are filled by several goroutines in any order are those that are filled one vector after the other.
func TestTable_Filler(t *testing.T) {
	const n, dim = 700, 37
	random := rand.New(rand.NewPCG(3, 4))
	floats, bytesOnly := make([][]byte, n), make([][]byte, n)
	for i := range floats {
		v, b := make([]float32, dim), make([]float32, dim)
		for d := range v {
			v[d], b[d] = random.Float32()*9-3, float32(random.IntN(256))
		}
		floats[i], bytesOnly[i] = codec.AppendVector(nil, v), codec.AppendVector(nil, b)
	}
	for _, tc := range []struct {
		metric, codec string
		plain         [][]byte
	}{
		{"euclidean", "float32", floats},
		{"cosine", "float32", floats},
		{"correlation", "float32", floats},
		{"euclidean", "uint8", bytesOnly},
		{"euclidean", "uint8", floats},
		{"cosine", "uint8", floats},
		{"euclidean", "uint8", slices.Concat(floats[:n/2], bytesOnly[n/2:])},
		{"euclidean", "uint8", slices.Concat(bytesOnly[:n/2], floats[n/2:])},
	} {
		m, err := metric.Lookup(tc.metric)
		if err != nil {
			t.Fatal(err)
		}
		float := codec.NewFloat32(m, dim)
		var c codec.Codec = float
		if tc.codec == "uint8" {
			c = learned(t, float, tc.plain)
		}
		one, many := newTable(t, c, n+5), newTable(t, c, n+5).(fillable)
		for _, plain := range tc.plain {
			if err := one.AppendPlain(plain); err != nil {
				t.Fatal(err)
			}
		}
		order := random.Perm(n)
		var running sync.WaitGroup
		for part := range slices.Chunk(order, n/3) {
			set := many.Filler()
			running.Go(func() {
				for _, place := range part {
					if err := set(place, tc.plain[place]); err != nil {
						t.Error(err)
					}
				}
			})
		}
		running.Wait()
		many.Filled(n)
		want, got := one.Codes(), many.Codes()
		if many.Len() != n || !bytes.Equal(want.Codes, got.Codes) || !bytes.Equal(want.Vectors, got.Vectors) || want.VectorStride != got.VectorStride {
			t.Errorf("%s, %s: filling and appending give different codes", tc.metric, tc.codec)
		}
		set := newTable(t, c, 1).(fillable).Filler()
		if err := set(0, tc.plain[0][4:]); !errors.Is(err, codec.ErrCorrupt) {
			t.Errorf("%s, %s: a vector that is too short: %v", tc.metric, tc.codec, err)
		}
		if compact, ok := c.(*codec.Uint8); ok && !compact.Reranked() {
			if err := set(0, floats[0]); !errors.Is(err, codec.ErrNoCode) {
				t.Errorf("a vector of no integers in lossless codes: %v", err)
			}
		}
	}
}

// learned is the codec that learners learn which have seen a part of the vectors each.
func learned(t *testing.T, float *codec.Float32, plain [][]byte) *codec.Uint8 {
	t.Helper()
	var learners []*codec.Uint8Learner
	for part := range slices.Chunk(plain, len(plain)/4) {
		learner, err := float.Learner()
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range part {
			if err := learner.AddPlain(v); err != nil {
				t.Fatal(err)
			}
		}
		learners = append(learners, learner)
	}
	for _, other := range learners[1:] {
		learners[0].Merge(other)
	}
	alone, err := float.Learner()
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range plain {
		if err := alone.AddPlain(v); err != nil {
			t.Fatal(err)
		}
	}
	c := learners[0].Codec()
	if want := alone.Codec().CodeParams(); c.CodeParams() != want {
		t.Errorf("%d learners learned %+v, a single one %+v", len(learners), c.CodeParams(), want)
	}
	return c
}

func newTable(t *testing.T, c codec.Codec, capacity int) codec.Table {
	t.Helper()
	table, err := c.NewTable(capacity)
	if errors.Is(err, errors.ErrUnsupported) { // where rows cannot be computed with in place
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// What is learned does not depend on which of two zeros comes first.
func TestUint8Learner_Zeros(t *testing.T) {
	m, err := metric.Lookup("euclidean")
	if err != nil {
		t.Fatal(err)
	}
	negative := math.Float32frombits(1 << 31)
	for _, zeros := range [][]float32{{0, negative}, {negative, 0}} {
		learner, err := codec.NewFloat32(m, 2).Learner()
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range [][]float32{zeros, {0.5, 1}} {
			if err := learner.AddPlain(codec.AppendVector(nil, v)); err != nil {
				t.Fatal(err)
			}
		}
		if offset := learner.Codec().CodeParams().Offset; math.Float32bits(offset) != 0 {
			t.Errorf("of the components %v the least is %v, with the bits %x", zeros, offset, math.Float32bits(offset))
		}
	}
}

// A table of lossless codes refuses every vector that its codes would not give back bit for bit.
func TestTable_NoCode(t *testing.T) {
	for _, dim := range []int{1, 37, 64} {
		c, err := codec.NewFloat32(float32Metric(t, "euclidean"), dim).Lossless()
		if err != nil {
			t.Fatal(err)
		}
		negativeZero, v := float32(math.Copysign(0, -1)), make([]float32, dim)
		for d := range v {
			v[d] = float32(7 * d % 256)
		}
		for place := range v {
			for _, x := range []float32{0, 1, 255, negativeZero, -1, 0.5, 254.99998, 256, float32(math.NaN()), float32(math.Inf(1))} {
				before := v[place]
				v[place] = x
				table, want := newTable(t, c, 1), x == 0 && !math.Signbit(float64(x)) || x == 1 || x == 255
				if err := table.AppendPlain(codec.AppendVector(nil, v)); (err == nil) != want || err != nil && !errors.Is(err, codec.ErrNoCode) {
					t.Errorf("component %d of %d is %v: %v", place, dim, x, err)
				}
				v[place] = before
			}
		}
	}
}
