package metric

// The elementary functions, which have the same bits on every machine.
var (
	Logarithm   = logarithm
	MinusLog    = minusLog
	Exponential = exponential
	OneMinusExp = oneMinusExp
)

// Power returns x^p and x^(1/p).
func Power(x, p float64) (power, root float64) {
	w := newPower(p)
	return w.of(x), w.root(x)
}

// SolveExact solves a problem of optimal transport, with a cost for each row and column.
func SolveExact(supply, demand []float64, cost [][]float64, maxPivots int) float64 {
	return transportOf(supply, demand, cost).solveExact(maxPivots)
}

// SolveEntropic solves it with entropy.
func SolveEntropic(supply, demand []float64, cost [][]float64, regularization float64, maxRounds int) float64 {
	return transportOf(supply, demand, cost).solveEntropic(regularization, maxRounds)
}

func transportOf(supply, demand []float64, cost [][]float64) *transport {
	t := new(transport)
	t.reset(len(supply), len(demand))
	copy(t.supply, supply)
	copy(t.demand, demand)
	for i, row := range cost {
		copy(t.cost[i*len(demand):], row)
	}
	return t
}
