package codec_test

import (
	"errors"
	"testing"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/metric"
)

// Lengths that cannot be right are refused before a row is read by them.
func TestPlain_View(t *testing.T) {
	plain := codec.NewPlain(codec.KindDense, 8, "mine", metric.Params{})
	for reason, codes := range map[string]codec.Codes{
		"vectors of one row and a quarter": {Stride: 64, Codes: make([]byte, 128), VectorStride: 32, Vectors: make([]byte, 40)},
		"a code and a half":                {Stride: 64, Codes: make([]byte, 96)},
		"codes that are too short":         {Stride: 16, Codes: make([]byte, 32)},
	} {
		if _, err := plain.View(codes); !errors.Is(err, codec.ErrCorrupt) {
			t.Errorf("%s: %v, want ErrCorrupt", reason, err)
		}
	}
	rows, err := plain.View(codec.Codes{Stride: 64, Codes: make([]byte, 128), VectorStride: 32, Vectors: make([]byte, 64)})
	if err != nil {
		t.Fatal(err)
	}
	if v, err := rows.Vector(1); err != nil || len(v.Dense) != 8 {
		t.Errorf("the second of two rows is %v, %v", v, err)
	}
}
