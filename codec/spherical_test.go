package codec_test

import (
	"math"
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

// TestUint8Spherical_Odd has vectors of which no code has the right length, or none at all: they get codes that are as near one another as
// the vectors are, and zero vectors lie near one another and far from all others, as their distances are.
func TestUint8Spherical_Odd(t *testing.T) {
	const dim = 256
	vectors := float32Vectors(7, 40, dim)
	for i := range 3 {
		vectors[i] = make([]float32, dim) // zero vectors
	}
	for i := 3; i < 6; i++ { // one component
		vectors[i] = make([]float32, dim)
		vectors[i][5] = float32(i)
	}
	vectors[6] = slices.Repeat([]float32{3}, dim)
	vectors[7] = slices.Repeat([]float32{1e-20}, dim)
	_, rows := compactRows(t, float32Metric(t, "cosine"), vectors)
	all := make([]uint32, len(vectors))
	for i := range all {
		all[i] = uint32(i)
	}
	distances := make([]float32, len(vectors))
	for _, group := range [][]uint32{{0, 1, 2}, {3, 4, 5}, {6, 7}} {
		rows.Distances(distances, group[0], all)
		for i, d := range distances {
			if slices.Contains(group, uint32(i)) != (d < 0.05) {
				t.Errorf("rows %d and %d are %v apart", group[0], i, d)
			}
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
