package codec_test

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/internal/mapped"
)

func TestUint8Refuses(t *testing.T) {
	good := codec.Uint8Params{Offset: -1, Scale: 0.5}
	spherical := codec.Uint8Params{Offset: -64, Scale: 0.5, Spherical: true}
	for _, tc := range []struct {
		metric string
		dim    int
		params codec.Uint8Params
		want   error
		reason string
	}{
		{"euclidean", 65536, good, nil, "the largest sum fits 32 bits"},
		{"euclidean", 65537, good, codec.ErrNoCode, "more components than are allowed"},
		{"jensen-shannon", 5, good, codec.ErrNoCode, "a kernel that bytes have not"},
		{"braycurtis", 5, good, codec.ErrNoCode, "no kernel"},
		{"proxy_jensen-shannon", 5, good, nil, "a proxy with a kernel"},
		{"euclidean", 5, codec.Uint8Params{}, codec.ErrCorrupt, "no scale"},
		{"euclidean", 5, codec.Uint8Params{Scale: -1}, codec.ErrCorrupt, "a negative scale"},
		{"euclidean", 5, codec.Uint8Params{Scale: float32(math.Inf(1))}, codec.ErrCorrupt, "an infinite scale"},
		{"euclidean", 5, codec.Uint8Params{Offset: float32(math.NaN()), Scale: 1}, codec.ErrCorrupt, "no offset"},
		{"euclidean", 5, codec.Uint8Params{Scale: 2, Lossless: true}, codec.ErrCorrupt, "lossless and scaled"},
		{"euclidean", 5, codec.Uint8Params{Offset: 1, Scale: 1, Lossless: true}, codec.ErrCorrupt, "lossless and moved"},
		{"euclidean", 5, codec.Uint8Params{Scale: 1, Lossless: true}, nil, "lossless"},
		{"cosine", 5, codec.Uint8Params{Scale: 1, Lossless: true}, codec.ErrCorrupt, "lengths are lost"},
		{"hellinger", 5, codec.Uint8Params{Scale: 1, Lossless: true}, codec.ErrCorrupt, "transforms are not the vectors"},
		{"cosine", 64, codec.Uint8Params{Scale: 1, Grown: true}, nil, "grown"},
		{"cosine", 256, spherical, nil, "spherical"},
		{"cosine", 255, spherical, codec.ErrCorrupt, "spherical with too few components"},
		{"cosine", 300, spherical, codec.ErrCorrupt, "spherical where there is room for sums"},
		{"euclidean", 256, spherical, codec.ErrCorrupt, "spherical where lengths count"},
		{"cosine", 32768, codec.Uint8Params{Offset: -128 * 4.32e-5, Scale: 4.32e-5, Spherical: true}, nil, "as many components as spherical codes have"},
		{"cosine", 32832, spherical, codec.ErrCorrupt, "more components than spherical codes have"},
		{"cosine", 256, codec.Uint8Params{Offset: -1, Scale: 0.5, Spherical: true}, codec.ErrCorrupt, "spherical around another center"},
		{"cosine", 256, codec.Uint8Params{Offset: -128 * 4.31e-5, Scale: 4.31e-5, Spherical: true}, codec.ErrCorrupt, "a sphere too large for 31 bits"},
		{"cosine", 256, codec.Uint8Params{Offset: -256, Scale: 2, Spherical: true}, codec.ErrCorrupt, "a sphere with no room for a step"},
		{"cosine", 384, codec.Uint8Params{Offset: -64, Scale: 0.5, Spherical: true, Grown: true}, codec.ErrCorrupt, "spherical and grown"},
		{"euclidean", 64, codec.Uint8Params{Scale: 1, Lossless: true, Turned: true}, codec.ErrCorrupt, "lossless and turned"},
		{"euclidean", 32, codec.Uint8Params{Scale: 1, Turned: true}, nil, "turned"},
		{"euclidean", 31, codec.Uint8Params{Scale: 1, Turned: true}, codec.ErrCorrupt, "turned with too few components"},
		{"manhattan", 64, codec.Uint8Params{Scale: 1, Turned: true}, codec.ErrCorrupt, "turned where that changes distances"},
		{"cosine", 56, codec.Uint8Params{Scale: 1, Grown: true}, codec.ErrCorrupt, "grown where there is room"},
		{"cosine", 512, codec.Uint8Params{Scale: 1, Grown: true}, codec.ErrCorrupt, "grown where all are"},
		{"manhattan", 64, codec.Uint8Params{Scale: 1, Grown: true}, codec.ErrCorrupt, "grown for sums that nothing needs"},
		{"inner_product", 64, codec.Uint8Params{Scale: 1, Grown: true}, codec.ErrCorrupt, "grown where all have sums"},
	} {
		c, err := codec.NewUint8(float32Metric(t, tc.metric), tc.dim, tc.params)
		if !errors.Is(err, tc.want) || (c == nil) != (tc.want != nil) {
			t.Errorf("%s: %v, want %v", tc.reason, err, tc.want)
		}
	}
	c := codec.NewFloat32(float32Metric(t, "euclidean"), 5)
	for reason, codes := range map[string]codec.Codes{
		"part of a row":     {Stride: 64, Codes: mapped.Aligned(65)},
		"rows too short":    {Stride: 16, Codes: mapped.Aligned(64)},
		"no stride":         {Codes: mapped.Aligned(64)},
		"no whole floats":   {Stride: 66, Codes: mapped.Aligned(66)},
		"part of a vector":  {Stride: 64, Codes: mapped.Aligned(64), VectorStride: 20, Vectors: mapped.Aligned(24)},
		"vectors too short": {Stride: 64, Codes: mapped.Aligned(64), VectorStride: 16, Vectors: mapped.Aligned(16)},
	} {
		if _, _, err := c.Compact(codes); !errors.Is(err, codec.ErrCorrupt) {
			t.Errorf("%s: %v, want ErrCorrupt", reason, err)
		}
	}
	if _, _, err := codec.NewFloat32(float32Metric(t, "braycurtis"), 5).Compact(codec.Codes{}); !errors.Is(err, codec.ErrNoCode) {
		t.Errorf("no kernel: %v, want ErrNoCode", err)
	}
	lossy, codes := compact(t, float32Metric(t, "euclidean"), shares(1, 4, 5))
	lossless, exact := compact(t, float32Metric(t, "euclidean"), counts(1, 4, 5))
	with := func(codes codec.Codes, vectors []byte, stride int) codec.Codes {
		codes.Vectors, codes.VectorStride = vectors, stride
		return codes
	}
	for reason, err := range map[string]error{
		"vectors of another length": second(lossy.View(with(codes, codes.Vectors, 16))),
		"a vector too few":          second(lossy.View(with(codes, codes.Vectors[20:], 20))),
		"vectors beside lossless":   second(lossless.View(with(exact, codes.Vectors, 20))),
	} {
		if !errors.Is(err, codec.ErrCorrupt) {
			t.Errorf("%s: %v, want ErrCorrupt", reason, err)
		}
	}
}

// Codes that have no sums, as those of fewer than 512 components had before they grew to have them, are read as they are, and compare
// as grown ones do.
func TestUint8Grown(t *testing.T) {
	vectors := shares(3, 30, 384)
	grown, codes := compact(t, float32Metric(t, "euclidean"), vectors)
	params := grown.CodeParams()
	params.Grown = false
	plain, err := codec.NewUint8(float32Metric(t, "euclidean"), 384, params)
	if err != nil || plain.Stride() != 384 || grown.Stride() != 448 {
		t.Fatalf("%v; codes of %d bytes, and grown ones of %d", err, plain.Stride(), grown.Stride())
	}
	short := codec.Codes{Stride: 384, Codes: mapped.Aligned(384 * len(vectors)), VectorStride: codes.VectorStride, Vectors: codes.Vectors}
	for i := range vectors {
		copy(short.Codes[i*384:][:384], codes.Codes[i*448:])
	}
	want := allDistances(collector{codec: grown}.view(t, codes), len(vectors))
	if got := allDistances(collector{codec: plain}.view(t, short), len(vectors)); !slices.EqualFunc(got, want, slices.Equal[[]float32]) {
		t.Errorf("without sums distances are %v, with sums %v", got, want)
	}
}

func second[T any](_ T, err error) error { return err }

// FuzzUint8Params gives any JSON: what is accepted must be possible, and come out the same when it is written again.
func FuzzUint8Params(f *testing.F) {
	for _, s := range []string{
		`{"offset":0,"scale":1,"lossless":true}`, `{"offset":-1.5,"scale":0.25}`, `{"scale":1e-45}`, `{"scale":0}`, `{"scale":1,"clip":2}`,
		`{"offset":1e39,"scale":1}`, `{"scale":1}{}`, `null`, ``, `{"scale":1,"lossless":true,"offset":3}`, `{"offset":-64,"scale":0.5,"spherical":true,"turned":true}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := codec.ParseUint8Params(b)
		if err != nil {
			if !errors.Is(err, codec.ErrCorrupt) {
				t.Fatal(err)
			}
			return
		}
		again, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if q, err := codec.ParseUint8Params(again); err != nil || q != p {
			t.Fatalf("%s becomes %+v, %s, %+v: %v", b, p, again, q, err)
		}
		never := p.Grown || p.Spherical || p.Turned // of three components
		if _, err := codec.NewUint8(float32Metric(t, "euclidean"), 3, p); (err != nil) != never || never && !errors.Is(err, codec.ErrCorrupt) {
			t.Fatal(err)
		}
	})
}

// ParseUint8Params accepts what a segment keeps and nothing that would mean something else.
func TestParseUint8Params(t *testing.T) {
	for _, tc := range []struct {
		json   string
		want   codec.Uint8Params
		ok     bool
		reason string
	}{
		{`{"offset":-1.5,"scale":0.25}`, codec.Uint8Params{Offset: -1.5, Scale: 0.25}, true, "lossy"},
		{`{"offset":0,"scale":1,"lossless":true}`, codec.Uint8Params{Scale: 1, Lossless: true}, true, "lossless"},
		{`{"offset":0,"scale":2,"grown":true}`, codec.Uint8Params{Scale: 2, Grown: true}, true, "grown"},
		{`{"offset":-64,"scale":0.5,"spherical":true,"turned":true}`, codec.Uint8Params{Offset: -64, Scale: 0.5, Spherical: true, Turned: true}, true, "spherical and turned"},
		{`{"offset":-60,"scale":0.5,"spherical":true}`, codec.Uint8Params{}, false, "a sphere around something else"},
		{`{"scale":1,"clip":2}`, codec.Uint8Params{}, false, "a member that may change what codes mean"},
		{`{"scale":1} {}`, codec.Uint8Params{}, false, "something behind it"},
		{`{"scale":1}]`, codec.Uint8Params{}, false, "a bracket behind it"},
		{`{"offset":0}`, codec.Uint8Params{}, false, "no scale"},
		{`{"scale":1e39}`, codec.Uint8Params{}, false, "no float32"},
		{``, codec.Uint8Params{}, false, "nothing"},
	} {
		got, err := codec.ParseUint8Params([]byte(tc.json))
		if tc.ok && (err != nil || got != tc.want) || !tc.ok && !errors.Is(err, codec.ErrCorrupt) {
			t.Errorf("%s: %+v, %v: %s", tc.json, got, err, tc.reason)
		}
	}
}
