package metric_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/vicinaldb/store/metric"
)

// TestElementary compares the elementary functions with those of package math.
func TestElementary(t *testing.T) {
	near := func(t *rapid.T, what string, x, got, want, relative float64) {
		// Below the normal numbers, exponential returns 0.
		if got != want && math.Abs(want) > 1e-307 && !(math.Abs(got-want) <= relative*math.Abs(want)) {
			t.Fatalf("%s(%v): got %v, want %v", what, x, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		f := float64(rapid.OneOf(rapid.Float32Range(1e-30, 1e-2), rapid.Float32Range(1e-2, 1-1e-7)).Draw(t, "f"))
		near(t, "-log(1-f)", f, metric.MinusLog(f), -math.Log1p(-f), 2e-12)

		u := rapid.OneOf(rapid.Float64Range(1e-30, 1e-2), rapid.Float64Range(1e-2, 1000)).Draw(t, "u")
		near(t, "1-exp(-u)", u, metric.OneMinusExp(u), -math.Expm1(-u), 2e-12)

		x := rapid.OneOf(rapid.Float64Range(1e-300, math.MaxFloat64), rapid.Float64Range(0.5, 2), rapid.Float64Range(1e-300, 1)).Draw(t, "x")
		near(t, "log", x, metric.Logarithm(x), math.Log(x), 2e-12)

		e := rapid.OneOf(rapid.Float64Range(-1, 1), rapid.Float64Range(-707, 709.7)).Draw(t, "e")
		near(t, "exp", e, metric.Exponential(e), math.Exp(e), 2e-12)

		base := rapid.OneOf(rapid.Just(0.0), rapid.Float64Range(1e-300, 10), rapid.Float64Range(1, 1e9)).Draw(t, "base")
		p := rapid.OneOf(rapid.Float64Range(0.1, 20), rapid.Map(rapid.IntRange(1, 20), func(n int) float64 { return float64(n) })).Draw(t, "p")
		power, root := metric.Power(base, p)
		near(t, "power", base, power, math.Pow(base, p), 1e-9)
		near(t, "root", base, root, math.Pow(base, 1/p), 1e-9)
	})
}

func TestElementaryEnds(t *testing.T) {
	cases := []struct {
		what      string
		got, want float64
	}{
		{"log(0)", metric.Logarithm(0), math.Inf(-1)},
		{"log(2^-1074)", metric.Logarithm(5e-324), -1074 * math.Ln2},
		{"log(1)", metric.Logarithm(1), 0},
		{"exp(0)", metric.Exponential(0), 1},
		{"exp(1e9)", metric.Exponential(1e9), math.Inf(1)},
		{"exp(-1e9)", metric.Exponential(-1e9), 0},
		{"exp(-Inf)", metric.Exponential(math.Inf(-1)), 0},
		{"1-exp(0)", metric.OneMinusExp(0), 0},
		{"-log(1)", metric.MinusLog(0), 0},
	}
	for _, c := range cases {
		if c.got != c.want {
			t.Errorf("%s is %v, want %v", c.what, c.got, c.want)
		}
	}
}
