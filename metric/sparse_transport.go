package metric

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// sparseTransport are the transport distances between histograms.
var sparseTransport = []sparseEntry{
	{
		name: "wasserstein_1d", aliases: []string{"wasserstein-1d", "kantorovich_1d", "kantorovich-1d"},
		takes: []string{"p"}, define: defineSparseLine,
	},
	{
		name: "kantorovich", aliases: []string{"wasserstein"},
		takes: []string{"cost", "ground_vectors", "ground_metric", "max_iterations"}, define: defineSparseKantorovich,
	},
}

// defineSparseLine gives (sum |P-Q|^p)^(1/p), where P and Q are the cumulative shares of the bins, p = 1 by default. They
// only change at bins that one of the histograms has.
func defineSparseLine(dim uint32, p *Params) (SparseDefinition, error) {
	if err := p.setP(1, 0); err != nil {
		return SparseDefinition{}, err
	}
	exponent := newPower(*p.P)
	return SparseDefinition{Check: checkSparseHistogram, Fast: func(x, y SparseVector) float32 {
		differences := cumulative{scaleX: summarizeMass(x)[0], scaleY: summarizeMass(y)[0]}
		var sum float64
		var before uint32
		add := func(next uint32) {
			if d := math.Abs(differences.sum); d > cumulativeNoise {
				sum += float64(float64(next-before) * exponent.of(d))
			}
			before = next
		}
		eachFeature(x, y, func(feature uint32, x, y float64) {
			add(feature)
			differences.sum += float64(x*differences.scaleX) - float64(y*differences.scaleY)
		})
		add(dim)
		return rounded(exponent.root(sum))
	}}, nil
}

// defineSparseKantorovich gives the least cost of moving one histogram into the other, both divided by their sums, as the
// dense metric does. The distances between ground vectors are not tabulated, since features may be many: each problem
// computes those that it needs. With words for features and their embeddings for ground vectors, this is the word mover's
// distance (Kusner, Sun, Kolkin & Weinberger 2015).
func defineSparseKantorovich(dim uint32, p *Params) (SparseDefinition, error) {
	g, err := newSparseGround(dim, p)
	if err != nil {
		return SparseDefinition{}, err
	}
	if err := p.setMaxIterations(100_000); err != nil {
		return SparseDefinition{}, err
	}
	g.pivots = *p.MaxIterations
	return SparseDefinition{Fast: g.distance, Check: checkSparseHistogram}, nil
}

// sparseGround is what it costs to move mass between features.
type sparseGround struct {
	cost   func(a, b uint32) float64
	pivots int
}

// newSparseGround takes the costs from the parameters, as a matrix or as places.
func newSparseGround(dim uint32, p *Params) (*sparseGround, error) {
	if len(p.GroundVectors) == 0 {
		matrix, err := newGround(p)
		if err != nil {
			return nil, err
		}
		if uint64(matrix.bins) != uint64(dim) {
			return nil, fmt.Errorf("%w: cost is a matrix of %d bins, vectors have %d features", ErrParams, matrix.bins, dim)
		}
		return &sparseGround{cost: func(a, b uint32) float64 { return matrix.cost[int(a)*matrix.bins+int(b)] }}, nil
	}
	switch {
	case len(p.Cost) > 0:
		return nil, fmt.Errorf("%w: cost and ground_vectors are given, one is enough", ErrParams)
	case uint64(len(p.GroundVectors)) != uint64(dim):
		return nil, fmt.Errorf("%w: there are %d ground_vectors, vectors have %d features", ErrParams, len(p.GroundVectors), dim)
	}
	places, m, err := groundPlaces(p)
	if err != nil {
		return nil, err
	}
	return &sparseGround{cost: func(a, b uint32) float64 { return float64(m.Distance(places[a], places[b])) }}, nil
}

// groundPlaces returns the ground vectors and the metric between them.
func groundPlaces(p *Params) ([][]float32, *Dense, error) {
	p.GroundMetric = cmp.Or(p.GroundMetric, "euclidean")
	m, err := Lookup(p.GroundMetric)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: ground_metric: %w", ErrParams, err)
	}
	p.GroundMetric = m.Name()
	for i, v := range p.GroundVectors {
		if len(v) != len(p.GroundVectors[0]) {
			return nil, nil, fmt.Errorf("%w: ground_vectors[%d] has %d components, the first has %d", ErrParams, i, len(v), len(p.GroundVectors[0]))
		}
		if err := m.Check(v); err != nil {
			return nil, nil, fmt.Errorf("%w: ground_vectors[%d]: %w", ErrParams, i, err)
		}
	}
	return p.GroundVectors, m, nil
}

// distance solves the problem between two histograms. The solver may round a problem and its transpose differently, so
// both orders of a pair become the same one.
func (g *sparseGround) distance(x, y SparseVector) float32 {
	switch cmp.Or(slices.Compare(x.Indices, y.Indices), slices.Compare(x.Values, y.Values)) {
	case 0:
		return 0
	case +1:
		x, y = y, x
	}
	t := transports.Get().(*transport)
	defer transports.Put(t)
	g.fill(t, x, y)
	if len(t.supply) == 0 || len(t.demand) == 0 { // there is no plan: Check refuses such vectors
		return math.MaxFloat32
	}
	return rounded(t.solveExact(g.pivots))
}

// fill states the problem of moving x to y.
func (g *sparseGround) fill(t *transport, x, y SparseVector) {
	t.reset(len(x.Indices), len(y.Indices))
	t.supply, t.demand, t.cost = t.supply[:0], t.demand[:0], t.cost[:0]
	for j := range y.Indices {
		if isMass(y.Values[j]) {
			t.demand = append(t.demand, float64(y.Values[j]))
		}
	}
	for i, a := range x.Indices {
		if !isMass(x.Values[i]) {
			continue
		}
		t.supply = append(t.supply, float64(x.Values[i]))
		for j, b := range y.Indices {
			if isMass(y.Values[j]) {
				t.cost = append(t.cost, g.cost(a, b))
			}
		}
	}
}

// isMass tells whether a value is a finite mass to be moved. What else the row of a damaged file may have, Check refuses.
func isMass(value float32) bool { return value > 0 && value <= math.MaxFloat32 }
