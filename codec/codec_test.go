package codec_test

import (
	"slices"
	"testing"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/metric"
)

var (
	_ codec.Codec = (*codec.Float32)(nil)
	_ codec.Codec = (*codec.Bits)(nil)
	_ codec.Codec = (*codec.Uint8)(nil)
	_ codec.Codec = (*codec.Float16)(nil)
	_ codec.Codec = (*codec.Sparse)(nil)
)

// vectorOf returns the vector of a row of which there is one.
func vectorOf(rows codec.Rows, row uint32) codec.Vector {
	v, err := rows.Vector(row)
	if err != nil {
		panic(err)
	}
	return v
}

// Rows of each kind tell new rows from others in the same way, whatever they prefetch of them.
func TestRows_Unseen(t *testing.T) {
	const n = 70
	euclidean, err := metric.Lookup("euclidean")
	if err != nil {
		t.Fatal(err)
	}
	half, err := codec.NewFloat16(euclidean, 40)
	if err != nil {
		t.Fatal(err)
	}
	lossless, err := codec.NewUint8(euclidean, 40, codec.Uint8Params{Lossless: true, Scale: 1})
	if err != nil {
		t.Fatal(err)
	}
	hamming, err := metric.LookupBits("bit_hamming", 40)
	if err != nil {
		t.Fatal(err)
	}
	sparse, err := metric.LookupSparse("euclidean", 40)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]codec.Codec{
		"float32": codec.NewFloat32(euclidean, 40),
		"float16": half,
		"uint8":   lossless,
		"bits":    codec.NewBits(hamming),
		"sparse":  codec.NewSparse(sparse),
		"plain":   codec.NewPlain(codec.KindDense, 40, "mine", metric.Params{}),
	} {
		t.Run(name, func(t *testing.T) {
			rows := newTable(t, c, n).Rows()
			seen, dst := make([]uint64, 2), make([]uint32, 6)
			for _, tc := range []struct {
				rows, want []uint32
				ok         bool
			}{
				{rows: []uint32{5, 69, 5, 0, 64, 1}, want: []uint32{5, 69, 0, 64, 1}, ok: true},
				{rows: []uint32{1, 2, 64}, want: []uint32{2}, ok: true},
				{rows: []uint32{2, 3, n, 4}, want: []uint32{3}},
				{rows: nil, want: []uint32{}, ok: true},
			} {
				count, ok := rows.Unseen(dst[:len(tc.rows)], seen, tc.rows, n)
				if ok != tc.ok || !slices.Equal(dst[:count], tc.want) {
					t.Errorf("of %v: %v, %t, want %v, %t", tc.rows, dst[:count], ok, tc.want, tc.ok)
				}
			}
			if want := [2]uint64{1<<0 | 1<<1 | 1<<2 | 1<<3 | 1<<5, 1<<0 | 1<<5}; [2]uint64(seen) != want {
				t.Errorf("bits %x, want %x", seen, want)
			}
		})
	}
}
