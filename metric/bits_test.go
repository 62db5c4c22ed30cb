package metric_test

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/vicinaldb/store/metric"
)

var builtInBits = []string{"bit_hamming", "bit_hamming_normalized", "bit_jaccard"}

func lookupBits(t testing.TB, name string, bits uint32) *metric.Bits {
	t.Helper()
	m, err := metric.LookupBits(name, bits)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// drawBits draws a vector, often one of few or of nearly all bits.
func drawBits(t *rapid.T, m *metric.Bits, label string) []uint64 {
	word := rapid.OneOf(rapid.Uint64(), rapid.Just(uint64(0)), rapid.Just(^uint64(0)), rapid.Uint64Range(0, 3))
	v := rapid.SliceOfN(word, m.Words(), m.Words()).Draw(t, label)
	if used := m.Bits() % 64; used != 0 {
		v[len(v)-1] &= 1<<used - 1
	}
	return v
}

func TestBitsProperties(t *testing.T) {
	for _, name := range builtInBits {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				m, err := metric.LookupBits(name, rapid.Uint32Range(1, 300).Draw(t, "bits"))
				if err != nil {
					t.Fatal(err)
				}
				x, y, z := drawBits(t, m, "x"), drawBits(t, m, "y"), drawBits(t, m, "z")
				xy, yz, xz := m.Fast(x, y), m.Fast(y, z), m.Fast(x, z)
				if yx := m.Fast(y, x); math.Float32bits(xy) != math.Float32bits(yx) {
					t.Fatalf("%v one way, %v the other", xy, yx)
				}
				if (xy == 0) != slices.Equal(x, y) || m.Fast(x, x) != 0 {
					t.Fatalf("distance %v, to itself %v", xy, m.Fast(x, x))
				}
				if got, want := m.Distance(x, y), m.Correct(xy); got != want {
					t.Fatalf("distance %v, corrected fast form %v", got, want)
				}
				if xz > (xy+yz)*(1+1e-6) {
					t.Fatalf("%v over %v and %v: the triangle inequality fails", xz, xy, yz)
				}
				if name != "bit_hamming" && (xy < 0 || xy > 1) {
					t.Fatalf("distance %v", xy)
				}
				checkBitsStretch(t, m, xy, xz)
			})
		})
	}
}

func checkBitsStretch(t *rapid.T, m *metric.Bits, f, g float32) {
	epsilon := rapid.Float32Range(0, 5).Draw(t, "epsilon")
	low, high := m.Stretch(min(f, g), epsilon), m.Stretch(max(f, g), epsilon)
	if low > high || low < min(f, g) || high < max(f, g) {
		t.Fatalf("epsilon %v: %v becomes %v, %v becomes %v", epsilon, min(f, g), low, max(f, g), high)
	}
	if got := m.Stretch(f, 0); got != f {
		t.Fatalf("epsilon 0 changes %v to %v", f, got)
	}
}

func TestBitsOfSpecialPairs(t *testing.T) {
	cases := []struct {
		name   string
		x, y   string
		want   float32
		reason string
	}{
		{"bit_hamming", "1100", "0110", 2, "the number of differing bits, not divided"},
		{"bit_hamming_normalized", "1100", "0110", 0.5, "divided by all bits"},
		{"bit_jaccard", "1100", "0110", 2. / 3, "1-J, not -log(J)"},
		{"bit_jaccard", "1100", "0011", 1, "disjoint sets are at 1, not infinitely far"},
		{"bit_jaccard", "0000", "0000", 0, "two empty sets are equal"},
		{"bit_jaccard", "0000", "0001", 1, "an empty set shares nothing"},
		{"bit_hamming", "0", "1", 1, "one bit"},
	}
	for _, c := range cases {
		if got := lookupBits(t, c.name, uint32(len(c.x))).Distance(packed(c.x), packed(c.y)); got != c.want {
			t.Errorf("%s of %s and %s: %v, want %v: %s", c.name, c.x, c.y, got, c.want, c.reason)
		}
	}
}

// TestBitJaccardStretch has the factor act on -log2 of the similarity, so that it keeps its effect near 1.
func TestBitJaccardStretch(t *testing.T) {
	m := lookupBits(t, "bit_jaccard", 64)
	for _, f := range []float32{0.01, 0.5, 0.9, 0.99} {
		got, want := float64(m.Stretch(f, 0.2)), 1-math.Pow(1-float64(f), 1.2)
		if math.Abs(got-want) > 1e-6 {
			t.Errorf("%v becomes %v, want %v", f, got, want)
		}
	}
	if got := m.Stretch(1, 0.2); got < 1.2 {
		t.Errorf("1 becomes %v: disjoint sets must stay below the bound of disjoint sets", got)
	}
}

func TestBitsCheck(t *testing.T) {
	m := lookupBits(t, "bit_jaccard", 70)
	cases := []struct {
		v      []uint64
		want   error
		says   string
		reason string
	}{
		{[]uint64{1, 1<<6 - 1}, nil, "", "all bits are used"},
		{[]uint64{0, 0}, nil, "", "the empty set is one"},
		{[]uint64{1}, metric.ErrDomain, "1 words", "too short"},
		{[]uint64{1, 2, 3}, metric.ErrDomain, "3 words", "too long"},
		{nil, metric.ErrDomain, "0 words", "no words"},
		{[]uint64{0, 1 << 6}, metric.ErrDomain, "number 69", "bit 70 is none of 70"},
	}
	for _, c := range cases {
		if err := m.Check(c.v); !errors.Is(err, c.want) || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%x: %v, want %v that says %q: %s", c.v, err, c.want, c.says, c.reason)
		}
	}
	if err := lookupBits(t, "bit_hamming", 128).Check([]uint64{0, 1 << 63}); err != nil {
		t.Errorf("%v: the last bit of a whole word is one", err)
	}
}

func TestLookupBitsRefuses(t *testing.T) {
	if _, err := metric.LookupBits("hamming", 8); !errors.Is(err, metric.ErrUnknown) || !strings.Contains(err.Error(), "bit_jaccard") {
		t.Errorf("%v, want ErrUnknown and the names there are", err)
	}
	if _, err := metric.LookupBits("bit_hamming", 0); !errors.Is(err, metric.ErrDefinition) {
		t.Errorf("%v, want ErrDefinition for no bits", err)
	}
	p := 2.0
	if _, err := metric.LookupBits("bit_hamming", 8, metric.Params{P: &p}); !errors.Is(err, metric.ErrParams) {
		t.Errorf("%v, want ErrParams", err)
	}
	if _, err := metric.LookupBits("bit_hamming", 8, metric.Params{}); err != nil {
		t.Errorf("%v: no parameter is given", err)
	}
}

func TestNewBitsRefuses(t *testing.T) {
	fast := func(_, _ []uint64, _ uint32) float32 { return 0 }
	counts := func(_, _, _ uint32) float32 { return 0 }
	cases := []struct {
		reason string
		d      metric.BitsDefinition
	}{
		{"no name", metric.BitsDefinition{Fast: fast}},
		{"nothing computes the fast form", metric.BitsDefinition{Name: "x"}},
		{"the kernel has nothing to call", metric.BitsDefinition{Name: "x", Kernel: metric.BitsOverlap}},
		{"the kernel does not call Fast", metric.BitsDefinition{Name: "x", Kernel: metric.BitsOverlap, Fast: fast, FromCounts: counts}},
		{"without a kernel nothing counts", metric.BitsDefinition{Name: "x", Fast: fast, FromCounts: counts}},
		{"no such kernel", metric.BitsDefinition{Name: "x", Kernel: 99, FromCounts: counts}},
		{"no stretch although it corrects", metric.BitsDefinition{Name: "x", Fast: fast, Correct: func(f float32) float32 { return f }}},
		{"the name is taken", metric.BitsDefinition{Name: "bit_hamming", Fast: fast}},
		{"an alias is taken", metric.BitsDefinition{Name: "test_bits", Aliases: []string{"bit_jaccard"}, Fast: fast}},
		{"an alias repeats the name", metric.BitsDefinition{Name: "test_bits", Aliases: []string{"test_bits"}, Fast: fast}},
	}
	for _, c := range cases {
		if err := metric.RegisterBits(c.d); !errors.Is(err, metric.ErrDefinition) {
			t.Errorf("%v, want ErrDefinition: %s", err, c.reason)
		}
	}
	if slices.Contains(metric.BitsNames(), "test_bits") {
		t.Error("what could not be registered is known")
	}
}

// TestRegisterBits registers a metric of each kernel.
func TestRegisterBits(t *testing.T) {
	word := rapid.Uint64()
	// As in the fast form of a dense metric, squares may stand for distances.
	root := func(fast float32) float32 { return float32(math.Sqrt(float64(fast))) }
	squared := func(fast, epsilon float32) float32 { return (1 + epsilon) * (1 + epsilon) * fast }
	odd := func(v []uint64) error {
		if v[0]&1 == 0 {
			return fmt.Errorf("%w: it is even", metric.ErrDomain)
		}
		return nil
	}
	n := registered.Add(1)
	pairwise := metric.BitsDefinition{
		Name: fmt.Sprintf("test_bits_pairwise_%d", n), Aliases: []string{fmt.Sprintf("test_bits_alias_%d", n)},
		Fast: func(x, y []uint64, n uint32) float32 {
			return float32(bits.OnesCount64(x[0]^y[0])) * float32(n)
		},
		Correct: root, Stretch: squared, Check: odd,
	}
	counted := metric.BitsDefinition{
		Name: fmt.Sprintf("test_bits_counted_%d", n), Kernel: metric.BitsDiffering,
		FromCounts: func(shared, differing, n uint32) float32 { return float32(shared) + float32(differing)*float32(n) },
		Correct:    root, Stretch: squared, Check: odd,
	}
	for _, d := range []metric.BitsDefinition{pairwise, counted} {
		if err := metric.RegisterBits(d); err != nil {
			t.Fatal(err)
		}
	}
	a, b := lookupBits(t, pairwise.Aliases[0], 64), lookupBits(t, counted.Name, 64)
	if a.Name() != pairwise.Name || a.Kernel() != metric.BitsPairwise || b.Kernel() != metric.BitsDiffering {
		t.Errorf("%s with kernel %d, %s with kernel %d", a.Name(), a.Kernel(), b.Name(), b.Kernel())
	}
	rapid.Check(t, func(t *rapid.T) {
		x, y := []uint64{word.Draw(t, "x")}, []uint64{word.Draw(t, "y")}
		if a.Distance(x, y) != b.Distance(x, y) || a.Stretch(a.Fast(x, y), 1) != 4*b.Fast(x, y) {
			t.Fatalf("%v and %v", a.Distance(x, y), b.Distance(x, y))
		}
	})
	if err := a.Check([]uint64{2}); !errors.Is(err, metric.ErrDomain) || !strings.Contains(err.Error(), "even") {
		t.Errorf("%v: the metric's own check was not asked", err)
	}
}
