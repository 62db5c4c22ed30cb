package metric_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/vicinaldb/store/metric"
)

const manyPivots = 1 << 30 // a solver that cycles does not end

// TestTransportOnLine compares the simplex method with the closed form there is on a line, at sizes that no
// general solver in a golden file reaches.
func TestTransportOnLine(t *testing.T) {
	line := lookup(t, "wasserstein_1d")
	rapid.Check(t, func(rt *rapid.T) {
		dim := rapid.IntRange(1, 80).Draw(rt, "dim")
		cost := make([][]float64, dim)
		for i := range cost {
			cost[i] = make([]float64, dim)
			for j := range cost[i] {
				cost[i][j] = math.Abs(float64(i - j))
			}
		}
		exact, err := metric.Lookup("kantorovich", metric.Params{Cost: cost})
		if err != nil {
			rt.Fatal(err)
		}
		tr := traits{vectors: histogram}
		x, y := tr.draw(rt, line, dim, "x"), tr.draw(rt, line, dim, "y")
		got, want := float64(exact.Distance(x, y)), float64(line.Distance(x, y))
		if math.Abs(got-want) > 1e-6*want+1e-9*float64(dim) {
			rt.Fatalf("got %v, the distance on the line is %v", got, want)
		}
	})
}

// TestAssignments solves the problems in which every plan that is a spanning tree is degenerate, as all masses are equal:
// where a simplex method that does not guard against it may cycle. Brute force tries all permutations.
func TestAssignments(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(rt, "n")
		// Few different costs, so that there are many ties.
		row := rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 3), func(c int) float64 { return float64(c) }), n, n)
		cost := rapid.SliceOfN(row, n, n).Draw(rt, "cost")
		ones := slices.Repeat([]float64{1}, n)
		got, want := metric.SolveExact(ones, ones, cost, manyPivots), cheapestAssignment(cost, 0, 0)/float64(n)
		if math.Abs(got-want) > 1e-9 {
			rt.Fatalf("got %v, want %v", got, want)
		}
	})
}

// cheapestAssignment assigns the rows from i on to the columns that taken does not mark.
func cheapestAssignment(cost [][]float64, i, taken int) float64 {
	if i == len(cost) {
		return 0
	}
	best := math.Inf(1)
	for j, c := range cost[i] {
		if taken&(1<<j) == 0 {
			best = min(best, c+cheapestAssignment(cost, i+1, taken|1<<j))
		}
	}
	return best
}

// TestLargeAssignments has costs with many ties again, and a known solution: a hidden permutation costs nothing.
func TestLargeAssignments(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{50, 200} {
		cost, hidden := make([][]float64, n), r.Perm(n)
		for i := range cost {
			cost[i] = make([]float64, n)
			for j := range cost[i] {
				cost[i][j] = float64(1 + r.IntN(3))
			}
			cost[i][hidden[i]] = 0
		}
		ones := slices.Repeat([]float64{1}, n)
		if got := metric.SolveExact(ones, ones, cost, manyPivots); got != 0 {
			t.Errorf("%d rows: cost %v, want 0", n, got)
		}
	}
}

// TestUnevenMasses puts masses of very different sizes, and far more rows than columns, through the rounding to whole
// numbers.
func TestUnevenMasses(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		mass := rapid.Map(rapid.IntRange(-60, 60), func(e int) float64 { return math.Ldexp(1, e) })
		supply := rapid.SliceOfN(mass, 1, 40).Draw(rt, "supply")
		demand := rapid.SliceOfN(mass, 1, 3).Draw(rt, "demand")
		// A cost that is a sum of a row's and a column's part makes all plans cost the same.
		cost, want := make([][]float64, len(supply)), 0.0
		for i := range cost {
			cost[i] = make([]float64, len(demand))
			for j := range cost[i] {
				cost[i][j] = float64(i + 10*j)
			}
			want += supply[i] / sumOf(supply) * float64(i)
		}
		for j, d := range demand {
			want += d / sumOf(demand) * 10 * float64(j)
		}
		if got := metric.SolveExact(supply, demand, cost, manyPivots); math.Abs(got-want) > 1e-9 {
			rt.Fatalf("got %v, want %v", got, want)
		}
	})
}

func sumOf(v []float64) (sum float64) {
	for _, x := range v {
		sum += x
	}
	return sum
}

// TestFewPivots stops the simplex method early: the plan is dearer, but one.
func TestFewPivots(t *testing.T) {
	x, y := []float32{3, 1, 4, 1, 5, 9, 2, 6}, []float32{2, 7, 1, 8, 2, 8, 1, 8}
	p := overPlaces(len(x))
	var distances []float64
	for _, pivots := range []int{1, 3, 1000} {
		p.MaxIterations = &pivots
		m, err := metric.Lookup("kantorovich", p)
		if err != nil {
			t.Fatal(err)
		}
		distances = append(distances, float64(m.Distance(x, y)))
	}
	if !slices.IsSortedFunc(distances, func(a, b float64) int { return -int(math.Copysign(1, a-b)) }) || distances[0] > 2*distances[2] {
		t.Errorf("distances %v", distances)
	}
}

// TestEntropicLimits checks Sinkhorn's distance at both ends: with little entropy it is nearly the exact one, below it only by what
// the rounds leave of the demands unmet; with very much, every share goes to every bin in proportion.
func TestEntropicLimits(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		mass := rapid.SliceOfN(rapid.Float64Range(0.01, 1), 1, 6)
		supply, demand := mass.Draw(rt, "supply"), mass.Draw(rt, "demand")
		row := rapid.SliceOfN(rapid.Float64Range(0, 10), len(demand), len(demand))
		cost := rapid.SliceOfN(row, len(supply), len(supply)).Draw(rt, "cost")
		exact := metric.SolveExact(supply, demand, cost, manyPivots)
		if got := metric.SolveEntropic(supply, demand, cost, 0.05, 20_000); !(got > exact-0.1 && got < exact+0.3) {
			rt.Fatalf("with little entropy %v, the exact cost is %v", got, exact)
		}
		var spread float64
		for i, row := range cost {
			for j, c := range row {
				spread += c * supply[i] / sumOf(supply) * demand[j] / sumOf(demand)
			}
		}
		if got := metric.SolveEntropic(supply, demand, cost, 1e9, 1000); math.Abs(got-spread) > 1e-6 {
			rt.Fatalf("with much entropy %v, want %v", got, spread)
		}
	})
}

// TestEntropicExtremes has costs so large against the entropy that exp(-cost/regularization) is 0 everywhere. Where the
// rounds do not suffice, the result is still that of some plan.
func TestEntropicExtremes(t *testing.T) {
	supply, demand := []float64{1, 2, 1e-30}, []float64{2, 1e-6, 1}
	cost := [][]float64{{1000, 1, 1200}, {900, 2000, 1100}, {1e6, 1e6, 1e6}}
	exact := metric.SolveExact(supply, demand, cost, manyPivots)
	for regularization, slack := range map[float64]float64{10: 0.01, 1: 0.001, 1e-3: 0.5, 1e-6: 0.5} {
		got := metric.SolveEntropic(supply, demand, cost, regularization, 5000)
		if !(math.Abs(got-exact) <= slack*exact) {
			t.Errorf("regularization %v: got %v, the exact cost is %v", regularization, got, exact)
		}
	}
}

func BenchmarkTransport(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, dim := range []int{10, 30, 100, 300} {
		x, y := make([]float32, dim), make([]float32, dim)
		for i := range x {
			x[i], y[i] = r.Float32(), r.Float32()
		}
		for _, name := range []string{"kantorovich", "sinkhorn"} {
			b.Run(fmt.Sprintf("%s/%d", name, dim), func(b *testing.B) {
				m, err := metric.Lookup(name, overPlaces(dim))
				if err != nil {
					b.Fatal(err)
				}
				b.ReportAllocs()
				for b.Loop() {
					m.Fast(x, y)
				}
			})
		}
	}
}
