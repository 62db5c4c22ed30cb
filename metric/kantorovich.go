package metric

import (
	"fmt"
	"math"
	"slices"
)

// transportParametric are the transport distances of histograms for any cost between their bins.
var transportParametric = []parametric{
	{
		name: "kantorovich", aliases: []string{"wasserstein"},
		takes: []string{"cost", "ground_vectors", "ground_metric", "max_iterations"}, define: defineKantorovich,
	},
	{
		name:  "sinkhorn",
		takes: []string{"cost", "ground_vectors", "ground_metric", "regularization", "max_iterations"}, define: defineSinkhorn,
	},
}

// defineKantorovich gives the least cost of moving one histogram into the other, both divided by their sums
// (Kantorovich 1942), the exact one unless max_iterations exchanges of the simplex method do not reach it. It is a metric on
// histograms of equal sum if the cost is one.
func defineKantorovich(p *Params) (Definition, error) {
	g, err := newGround(p)
	if err != nil {
		return Definition{}, err
	}
	if err := p.setMaxIterations(100_000); err != nil {
		return Definition{}, err
	}
	pivots := *p.MaxIterations
	return g.definition(func(t *transport) float64 { return t.solveExact(pivots) }), nil
}

// defineSinkhorn gives the cost of the plan that minimizes the cost less regularization times the plan's entropy, for
// both histograms divided by their sums (Cuturi 2013, "Sinkhorn distances"). A plan with entropy never leaves all mass where
// it is: as there, equal histograms are at distance 0 all the same. With a regularization far below the costs,
// max_iterations rounds do not suffice and the plan misses the supplies: kantorovich is the metric for that.
func defineSinkhorn(p *Params) (Definition, error) {
	g, err := newGround(p)
	if err != nil {
		return Definition{}, err
	}
	if p.Regularization == nil {
		p.Regularization = new(1.0)
	}
	if err := p.setMaxIterations(1000); err != nil {
		return Definition{}, err
	}
	regularization, rounds := *p.Regularization, *p.MaxIterations
	// Costs are divided by it: the quotients must be finite and leave room for sums.
	if !(regularization > 0) || !isFinite(regularization) || !(g.largest/regularization < 1e12) {
		return Definition{}, fmt.Errorf("%w: regularization is %v, must be above 0 and not below 1e-12 of the largest cost, %v",
			ErrParams, regularization, g.largest)
	}
	return g.definition(func(t *transport) float64 { return t.solveEntropic(regularization, rounds) }), nil
}

// ground is what it costs to move mass between bins.
type ground struct {
	bins    int
	cost    []float64 // by rows
	largest float64
}

// newGround takes the costs from the parameters, as a matrix or as distances between places.
func newGround(p *Params) (*ground, error) {
	costs := p.Cost
	switch {
	case len(p.Cost) > 0 && len(p.GroundVectors) > 0:
		return nil, fmt.Errorf("%w: cost and ground_vectors are given, one is enough", ErrParams)
	case len(p.GroundVectors) > 0:
		var err error
		if costs, err = distancesOf(p); err != nil {
			return nil, err
		}
	case p.GroundMetric != "":
		return nil, fmt.Errorf("%w: ground_metric is given without ground_vectors", ErrParams)
	case len(p.Cost) == 0:
		return nil, fmt.Errorf("%w: cost is missing, a matrix of the costs between bins, or ground_vectors, their places", ErrParams)
	}
	largest, err := checkSquareSymmetric("cost", costs)
	if err != nil {
		return nil, err
	}
	if largest > math.MaxFloat32 {
		return nil, fmt.Errorf("%w: the largest cost, %v, exceeds the largest float32", ErrParams, largest)
	}
	return flattenCosts(costs, largest)
}

// flattenCosts makes costs symmetric to the bit, and refuses what cannot be one.
func flattenCosts(costs [][]float64, largest float64) (*ground, error) {
	n := len(costs)
	g := &ground{bins: n, cost: make([]float64, n*n), largest: largest}
	for i, row := range costs {
		for j, cost := range row {
			switch {
			case cost < 0:
				return nil, fmt.Errorf("%w: cost[%d][%d] is %v, must not be negative", ErrParams, i, j, cost)
			case i == j && cost > 1e-6*largest:
				return nil, fmt.Errorf("%w: cost[%d][%d] is %v, must be zero: mass that stays costs nothing", ErrParams, i, j, cost)
			case i != j:
				g.cost[i*n+j] = cost/2 + costs[j][i]/2
			}
		}
	}
	return g, nil
}

// distancesOf returns the distances between the ground vectors.
func distancesOf(p *Params) ([][]float64, error) {
	const mostBins = 8192 // half a gigabyte of costs
	if n := len(p.GroundVectors); n > mostBins {
		return nil, fmt.Errorf("%w: ground_vectors are %d bins, more than %d", ErrParams, n, mostBins)
	}
	if p.GroundMetric == "" {
		p.GroundMetric = "euclidean"
	}
	m, err := Lookup(p.GroundMetric)
	if err != nil {
		return nil, fmt.Errorf("%w: ground_metric: %w", ErrParams, err)
	}
	p.GroundMetric = m.Name()
	distances := make([][]float64, len(p.GroundVectors))
	for i, v := range p.GroundVectors {
		if len(v) != len(p.GroundVectors[0]) {
			return nil, fmt.Errorf("%w: ground_vectors[%d] has %d components, the first has %d", ErrParams, i, len(v), len(p.GroundVectors[0]))
		}
		if err := m.Check(v); err != nil {
			return nil, fmt.Errorf("%w: ground_vectors[%d]: %w", ErrParams, i, err)
		}
		distances[i] = make([]float64, len(p.GroundVectors))
		for j, w := range p.GroundVectors[:i] {
			distances[i][j] = float64(m.Distance(v, w))
			distances[j][i] = distances[i][j]
		}
	}
	return distances, nil
}

// definition returns the metric that solves the problems between histograms over the ground.
func (g *ground) definition(solve func(t *transport) float64) Definition {
	return Definition{Dim: g.bins, Check: checkHistogram, Fast: func(x, y []float32) float32 {
		// The solvers may round a problem and its transpose differently, so both orders of a pair become the same one.
		switch slices.Compare(x, y) {
		case 0:
			return 0
		case +1:
			x, y = y, x
		}
		t := transports.Get().(*transport)
		defer transports.Put(t)
		g.fill(t, x, y)
		if len(t.supply) == 0 || len(t.demand) == 0 {
			return g.withoutMass(t)
		}
		return rounded(solve(t))
	}}
}

// withoutMass returns the distance when a histogram has no mass: 0 if neither has, else the largest cost.
func (g *ground) withoutMass(t *transport) float32 {
	if len(t.supply) == len(t.demand) {
		return 0
	}
	return rounded(g.largest)
}

// fill states the problem of moving x to y: between the bins that are not empty.
func (g *ground) fill(t *transport, x, y []float32) {
	t.reset(len(x), len(y))
	t.supply, t.demand, t.cost, t.bins = t.supply[:0], t.demand[:0], t.cost[:0], t.bins[:0]
	for j, mass := range y {
		if mass > 0 {
			t.demand = append(t.demand, float64(mass))
			t.bins = append(t.bins, j)
		}
	}
	for i, mass := range x {
		if mass > 0 {
			t.supply = append(t.supply, float64(mass))
			for _, j := range t.bins {
				t.cost = append(t.cost, g.cost[i*g.bins+j])
			}
		}
	}
}
