package metric

import "math"

// entropic solves transport problems with entropy (Cuturi 2013): the plan is exp((f_i + g_j - cost_ij)/r) for potentials f
// and g of rows and columns that Sinkhorn's rounds find by serving the demands and the supplies in turns. The first
// potentials are computed by logarithms, so that costs which are large against r cannot make all of a row zero. From
// there on, rounds multiply factors u and v onto a kernel; before these leave the range of float64 they go into the
// potentials, and the kernel is computed anew (Schmitzer 2019).
type entropic struct {
	supply, demand []float64 // shares
	rowPotential   []float64 // divided by r, as the next
	colPotential   []float64
	rowFactor      []float64 // u
	colFactor      []float64 // v
	kernel         []float64
	sums           []float64 // of each column
}

const (
	marginalError = 1e-10    // ends the rounds: by how much, in all, a plan may miss the supplies
	leastSum      = 0x1p-960 // what a sum of the plan counts for at least, so that factors stay finite
	largeFactor   = 0x1p300  // ends the use of a kernel
)

func (s *entropic) solve(t *transport, regularization float64, maxRounds int) float64 {
	rows, columns := len(t.supply), len(t.demand)
	if rows == 0 || columns == 0 {
		return 0
	}
	s.supply, s.demand = shares(s.supply, t.supply), shares(s.demand, t.demand)
	s.rowPotential, s.colPotential = resized(s.rowPotential, rows), resized(s.colPotential, columns)
	s.rowFactor, s.colFactor = resized(s.rowFactor, rows), resized(s.colFactor, columns)
	s.kernel, s.sums = resized(s.kernel, rows*columns), resized(s.sums, columns)

	s.startPotentials(t.cost, regularization)
	s.makeKernel(t.cost, regularization)
	for range maxRounds {
		if s.round() < marginalError {
			break
		}
		if s.outOfRange() {
			s.absorb()
			s.makeKernel(t.cost, regularization)
		}
	}
	return s.total(t.cost)
}

// shares returns masses divided by their sum.
func shares(dst, masses []float64) []float64 {
	var sum float64
	for _, m := range masses {
		sum += m
	}
	dst = resized(dst, len(masses))
	for i, m := range masses {
		dst[i] = m / sum
	}
	return dst
}

// startPotentials serves every row from its cheapest column, and then every column exactly, up to a rounding of the
// sum of exponentials to its largest term.
func (s *entropic) startPotentials(cost []float64, regularization float64) {
	columns := len(s.demand)
	for j := range s.colPotential {
		s.colPotential[j] = math.Inf(1)
	}
	for i := range s.rowPotential {
		row := cost[i*columns:][:columns]
		cheapest := math.Inf(1)
		for _, c := range row {
			cheapest = min(cheapest, c)
		}
		s.rowPotential[i] = cheapest/regularization + logarithm(s.supply[i])
		for j, c := range row {
			s.colPotential[j] = min(s.colPotential[j], c/regularization-s.rowPotential[i])
		}
	}
}

// makeKernel computes the plan of the potentials and resets the factors.
func (s *entropic) makeKernel(cost []float64, regularization float64) {
	columns := len(s.demand)
	for i, f := range s.rowPotential {
		row := cost[i*columns:][:columns]
		for j, c := range row {
			s.kernel[i*columns+j] = exponential((f + s.colPotential[j]) - c/regularization)
		}
	}
	for i := range s.rowFactor {
		s.rowFactor[i] = 1
	}
	for j := range s.colFactor {
		s.colFactor[j] = 1
	}
}

// round makes the plan meet the demands, then the supplies, and returns by how much it missed the supplies in between.
func (s *entropic) round() (missed float64) {
	columns := len(s.demand)
	clear(s.sums)
	for i, u := range s.rowFactor {
		for j, k := range s.kernel[i*columns:][:columns] {
			s.sums[j] += float64(k * u)
		}
	}
	for j, sum := range s.sums {
		s.colFactor[j] = s.demand[j] / max(sum, leastSum)
	}
	for i, u := range s.rowFactor {
		var sum float64
		for j, k := range s.kernel[i*columns:][:columns] {
			sum += float64(k * s.colFactor[j])
		}
		missed += math.Abs(float64(u*sum) - s.supply[i])
		s.rowFactor[i] = s.supply[i] / max(sum, leastSum)
	}
	return missed
}

func (s *entropic) outOfRange() bool {
	for _, factors := range [2][]float64{s.rowFactor, s.colFactor} {
		for _, f := range factors {
			if f > largeFactor || f < 1/largeFactor {
				return true
			}
		}
	}
	return false
}

// absorb moves the factors into the potentials.
func (s *entropic) absorb() {
	for i, u := range s.rowFactor {
		s.rowPotential[i] += logarithm(u)
	}
	for j, v := range s.colFactor {
		s.colPotential[j] += logarithm(v)
	}
}

// total returns the cost of the plan.
func (s *entropic) total(cost []float64) (sum float64) {
	columns := len(s.demand)
	for i, u := range s.rowFactor {
		var inRow float64
		kernel := s.kernel[i*columns:][:columns]
		for j, c := range cost[i*columns:][:columns] {
			if k := kernel[j]; k > 0 {
				inRow += float64(float64(k*s.colFactor[j]) * c)
			}
		}
		sum += float64(u * inRow)
	}
	return sum
}
