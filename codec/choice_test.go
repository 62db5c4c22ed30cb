package codec_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/metric"
)

// What segments say of their codec may be wrong in any way.
func TestWithParams(t *testing.T) {
	floats := codec.NewFloat32(float32Metric(t, "euclidean"), 20)
	canberra := codec.NewFloat32(float32Metric(t, "canberra"), 20)
	bits, err := codec.Lookup(codec.KindBits, 20, "", metric.Params{})
	if err != nil {
		t.Fatal(err)
	}
	unknown := codec.NewPlain(codec.KindDense, 20, "mine", metric.Params{})
	const good = `{"offset":-1,"scale":0.5}`
	for _, tc := range []struct {
		reason       string
		vectors      codec.Codec
		name, params string
		want         string // empty for an error
	}{
		{"the collection's own", floats, "float32", "", "float32"},
		{"codes of bytes", floats, "uint8", good, "uint8"},
		{"lossless ones", floats, "uint8", `{"offset":0,"scale":1,"lossless":true}`, "uint8"},
		{"half floats", floats, "float16", "", "float16"},
		{"half floats under an unknown metric", unknown, "float16", "", "float16"},
		{"bits", bits, "bits", "", "bits"},
		{"an unknown metric", unknown, "float32", "", "float32"},
		{"codes of bytes under an unknown metric", unknown, "uint8", good, "uint8"},
		{"parameters where there are none", floats, "float32", `{}`, ""},
		{"no parameters", floats, "uint8", "", ""},
		{"parameters that are null", floats, "uint8", "null", ""},
		{"a scale of 0", floats, "uint8", `{"offset":-1,"scale":0}`, ""},
		{"a member that nobody knows", floats, "uint8", `{"offset":-1,"scale":1,"planes":2}`, ""},
		{"lossless with an offset", floats, "uint8", `{"offset":-1,"scale":1,"lossless":true}`, ""},
		{"a codec of another kind", floats, "bits", "", ""},
		{"half floats with parameters", floats, "float16", good, ""},
		{"half floats with parameters, under an unknown metric", unknown, "float16", good, ""},
		{"half floats under a metric without codes", canberra, "float16", "", ""},
		{"half floats for bits", bits, "float16", "", ""},
		{"a codec that nobody knows", floats, "float8", "", ""},
		{"no codec", floats, "", "", ""},
		{"a metric without codes", canberra, "uint8", good, ""},
		{"bytes for bits", bits, "uint8", good, ""},
		{"bad parameters under an unknown metric", unknown, "uint8", `{"scale":-1}`, ""},
	} {
		got, err := codec.WithParams(tc.vectors, tc.name, json.RawMessage(tc.params))
		switch {
		case tc.want == "" && !errors.Is(err, codec.ErrCorrupt):
			t.Errorf("%s: %v, want ErrCorrupt", tc.reason, err)
		case tc.want != "" && (err != nil || got.Name() != tc.want || got.Dim() != 20):
			t.Errorf("%s: %v, %v", tc.reason, got, err)
		}
	}
}

func TestCheckName(t *testing.T) {
	floats := codec.NewFloat32(float32Metric(t, "cosine"), 20)
	for name, ok := range map[string]bool{"": true, "float32": true, "uint8": true, "float16": true, "float8": false, "bits": false, "sparse": false} {
		if err := codec.CheckName(floats, name); (err == nil) != ok || err != nil && !errors.Is(err, codec.ErrNoCode) {
			t.Errorf("codec %q: %v", name, err)
		}
	}
	if err := codec.CheckName(codec.NewFloat32(float32Metric(t, "canberra"), 20), "float16"); !errors.Is(err, codec.ErrNoCode) {
		t.Errorf("half floats under canberra: %v, want ErrNoCode", err)
	}
	if err := codec.CheckName(codec.NewFloat32(float32Metric(t, "cosine"), 1<<16+1), "uint8"); !errors.Is(err, codec.ErrNoCode) {
		t.Errorf("65,537 components: %v, want ErrNoCode", err)
	}
	if _, err := codec.NewFloat32(float32Metric(t, "cosine"), 20).Lossless(); !errors.Is(err, codec.ErrNoCode) {
		t.Errorf("lossless codes under cosine: %v, want ErrNoCode", err)
	}
}

// A learner that sees vectors one by one comes to the codec that is made of all of them, and a table of codes alone to its codes.
func TestUint8Learner(t *testing.T) {
	for name, vectors := range map[string][][]float32{"euclidean": counts(8, 30, 40), "cosine": shares(8, 30, 40), "hellinger": shares(9, 30, 40)} {
		m := float32Metric(t, name)
		want, codes := compact(t, m, vectors)
		floats := codec.NewFloat32(m, 40)
		learner, err := floats.Learner()
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range vectors {
			if err := learner.AddPlain(codec.AppendVector(nil, v)); err != nil {
				t.Fatal(err)
			}
		}
		got := learner.Codec()
		if got.CodeParams() != want.CodeParams() {
			t.Errorf("%s: %+v, want %+v", name, got.CodeParams(), want.CodeParams())
		}
		table, err := got.NewCodeTable(len(vectors))
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range vectors {
			table.Append(codec.Vector{Dense: v})
		}
		if made := table.Codes(); string(made.Codes) != string(codes.Codes) || made.VectorStride != 0 || made.Vectors != nil {
			t.Errorf("%s: other codes, or vectors of %d bytes beside them", name, made.VectorStride)
		}
		if err := learner.AddPlain(make([]byte, 39)); !errors.Is(err, codec.ErrCorrupt) {
			t.Errorf("a plain form that is too short: %v, want ErrCorrupt", err)
		}
	}
}
