package codec_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/vicinaldb/store/codec"
)

// squareOf is the square of the length of a spherical code, in steps.
func squareOf(code []byte) int {
	square := 0
	for _, c := range code {
		square += (int(c) - 128) * (int(c) - 128)
	}
	return square
}

// TestUint8Spherical wants codes without sums where there is no room for them, all of one length, in the direction of the vectors.
func TestUint8Spherical(t *testing.T) {
	for _, name := range []string{"cosine", "dot"} {
		for _, dim := range []int{256, 313, 384, 505, 512, 768, 1536} {
			vectors := float32Vectors(uint64(dim), 50, dim)
			c, codes := compact(t, float32Metric(t, name), vectors)
			p := c.CodeParams()
			if want := (dim + 63) / 64 * 64; !p.Spherical || p.Grown || p.Offset != -128*p.Scale || c.Stride() != want {
				t.Fatalf("%s, dim %d: %+v and codes of %d bytes, want spherical ones of %d", name, dim, p, c.Stride(), want)
			}
			want := int(1/(float64(p.Scale)*float64(p.Scale)) + 0.5)
			for i := range vectors {
				code := codes.Codes[i*c.Stride():][:c.Stride()]
				off := 2 // where components of the sizes that it would take are missing
				if got := squareOf(code); got < want-off || got > want+off {
					t.Errorf("%s, dim %d: code %d has the square %d, want %d", name, dim, i, got, want)
				}
				for _, b := range code[dim:] {
					if b != 128 {
						t.Fatalf("%s, dim %d: %v behind the components of code %d, want 128", name, dim, code[dim:], i)
					}
				}
			}
		}
	}
}

// TestUint8Spherical_Direction decodes codes: the angle between a vector and its code is that of roundings at random, and hardly more.
func TestUint8Spherical_Direction(t *testing.T) {
	const dim = 384
	vectors := float32Vectors(3, 100, dim)
	c, codes := compact(t, float32Metric(t, "cosine"), vectors)
	p := c.CodeParams()
	if p.Turned {
		t.Fatal("the test decodes codes of vectors that are not turned")
	}
	allowed := 1.3 * dim * float64(p.Scale) * float64(p.Scale) / 12 // of the squared distance of two directions
	for i, v := range vectors {
		var dot, vv, dd float64
		for j, b := range codes.Codes[i*c.Stride():][:dim] {
			d := float64(p.Offset) + float64(p.Scale)*float64(b)
			dot, vv, dd = dot+d*float64(v[j]), vv+float64(v[j])*float64(v[j]), dd+d*d
		}
		if squared := 2 - 2*dot/math.Sqrt(vv*dd); squared > allowed {
			t.Errorf("vector %d and its code are %v apart, want at most %v", i, squared, allowed)
		}
	}
}

// ternary draws vectors of components -1, 0 and 1, few or many of which are not 0: all of these are rounded alike.
func ternary(seed uint64, n, dim int) [][]float32 {
	r := rand.New(rand.NewPCG(seed, 3))
	vectors := make([][]float32, n)
	for i := range vectors {
		vectors[i] = make([]float32, dim)
		for range 20 + r.IntN(dim) {
			vectors[i][r.IntN(dim)] = float32(1 - 2*r.IntN(2))
		}
	}
	return vectors
}

// TestUint8Spherical_Odd has vectors whose components are rounded alike, so that many must be moved for their length, and such as have few
// components: codes are nearly as long as they should be, in the direction of the vectors, and as near as these.
func TestUint8Spherical_Odd(t *testing.T) {
	const dim = 256
	vectors := ternary(7, 250, dim)
	for i := range 3 { // one component
		vectors[i] = make([]float32, dim)
		vectors[i][5] = float32(i + 1)
	}
	vectors[3] = slices.Repeat([]float32{3}, dim)
	vectors[4] = slices.Repeat([]float32{1e-10}, dim)
	vectors[5] = slices.Repeat([]float32{-1}, dim)
	c, codes := compact(t, float32Metric(t, "cosine"), vectors)
	if !c.CodeParams().Spherical {
		t.Fatalf("%+v, want spherical codes", c.CodeParams())
	}
	square := 1 / math.Pow(float64(c.CodeParams().Scale), 2)
	rows := collector{codec: c}.view(t, codes)
	for i, distances := range allDistances(rows, len(vectors)) {
		if got := squareOf(codes.Codes[i*dim:][:dim]); math.Abs(float64(got)-square) > square/1000 {
			t.Errorf("code %d has the square %d, want about %v", i, got, square)
		}
		for j, distance := range distances {
			want := 1 - dot64(vectors[i], vectors[j])/math.Sqrt(dot64(vectors[i], vectors[i])*dot64(vectors[j], vectors[j]))
			if math.Abs(float64(distance)-want) > 0.02 {
				t.Errorf("codes %d and %d are %v apart, want %v", i, j, distance, want)
			}
		}
	}
}

// TestUint8Spherical_Not leaves vectors that do not lie around 0 codes with sums, which have shorter steps.
func TestUint8Spherical_Not(t *testing.T) {
	for _, dim := range []int{256, 384, 512, 768} {
		vectors := float32Vectors(3, 40, dim)
		for _, v := range vectors {
			for i, x := range v {
				v[i] = 5 + x/10
			}
		}
		c, _ := compact(t, float32Metric(t, "cosine"), vectors)
		if p := c.CodeParams(); p.Spherical || p.Turned || p.Grown != (dim < 512) || c.Stride() != dim+64 {
			t.Errorf("%d components: %+v and codes of %d bytes", dim, p, c.Stride())
		}
	}
}

// TestAdjust moves components either way, on either side of the center, and never one beyond the reach of codes.
func TestAdjust(t *testing.T) {
	for _, tc := range []struct {
		row, want []byte
		need      int
	}{
		{[]byte{128, 128, 128}, []byte{129, 128, 128}, 1},
		{[]byte{133, 120, 128}, []byte{133, 119, 128}, 17},
		{[]byte{133, 120, 128}, []byte{134, 120, 129}, 12},
		{[]byte{133, 120, 128}, []byte{133, 121, 128}, -15},
		{[]byte{133, 120, 128}, []byte{132, 120, 128}, -9},
		{[]byte{133, 120, 128}, []byte{133, 120, 128}, 0},
		{[]byte{255, 1, 128}, []byte{255, 1, 136}, 1000}, // eight moves, of the one that can be moved
		{[]byte{255, 0, 128}, []byte{254, 0, 128}, -253},
	} {
		got := slices.Clone(tc.row)
		if codec.Adjust(got, tc.need); !slices.Equal(got, tc.want) {
			t.Errorf("%v becomes %v for %d more, want %v", tc.row, got, tc.need, tc.want)
		}
	}
}

// TestUint8Spherical_Before reads codes with sums as they were made before there were spherical ones, and finds about what these find.
func TestUint8Spherical_Before(t *testing.T) {
	const dim = 384
	m := float32Metric(t, "cosine")
	vectors := float32Vectors(4, 60, dim)
	c, rows := compactRows(t, m, vectors)
	scale := 2 * c.CodeParams().Scale
	before, err := codec.NewUint8(m, dim, codec.Uint8Params{Offset: -64 * scale, Scale: scale, Grown: true})
	if err != nil || before.Stride() != 448 {
		t.Fatalf("%v, codes of %d bytes", err, before.Stride())
	}
	table, err := before.NewTable(len(vectors))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range vectors {
		table.Append(codec.Vector{Dense: v})
	}
	got, want := allDistances(table.Rows(), len(vectors)), allDistances(rows, len(vectors))
	for i := range got {
		for j := range got[i] {
			if math.Abs(float64(got[i][j]-want[i][j])) > 0.01 {
				t.Fatalf("rows %d and %d are %v apart by sums, %v without", i, j, got[i][j], want[i][j])
			}
		}
	}
}
