package metric

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Params are the parameters of a metric. Each metric takes some of them, as the package documentation lists, and Lookup refuses
// the others. The zero value of a field means that it is not given. Numbers are finite. A Params survives its JSON form
// unchanged, so that a collection's schema can keep it.
type Params struct {
	// P is the exponent of a Minkowski sum, from 0.01 on: of minkowski, wminkowski and wasserstein_1d, and, from 1 on, of
	// circular_kantorovich.
	P *float64 `json:"p,omitempty"`

	// W are the weights of wminkowski, one for each component, none negative and not all 0.
	W []float64 `json:"w,omitempty"`

	// Sigma are the variances of seuclidean, one for each component, all above 0.
	Sigma []float64 `json:"sigma,omitempty"`

	// Vinv is the inverse of the covariance matrix, by rows: of mahalanobis. It is symmetric and positive semidefinite.
	Vinv [][]float64 `json:"vinv,omitempty"`

	// Cost is the matrix, by rows, of what it costs to move one unit of mass between two bins: of kantorovich and sinkhorn. It is
	// symmetric, not negative, and zero on the diagonal.
	Cost [][]float64 `json:"cost,omitempty"`

	// GroundVectors are the places of the bins, of equal dimension: the cost between two bins is then the distance of
	// their places under GroundMetric. They replace Cost.
	GroundVectors [][]float32 `json:"ground_vectors,omitempty"`

	// GroundMetric names the metric between GroundVectors, one that needs no parameters. Default euclidean.
	GroundMetric string `json:"ground_metric,omitempty"`

	// Regularization is the weight of the entropy in sinkhorn, above 0, in the unit of the costs. Default 1, as PyNNDescent's.
	Regularization *float64 `json:"regularization,omitempty"`

	// MaxIterations ends an optimization that takes longer: pivots of kantorovich (default 100,000), rounds of
	// sinkhorn (default 1,000), as PyNNDescent's.
	MaxIterations *int `json:"max_iterations,omitempty"`

	// Proxy names a cheap metric, one that needs no parameters, to build and search graphs with in this one's place: see
	// Dense.Proxy. Every dense metric takes it.
	Proxy string `json:"proxy,omitempty"`
}

// given returns the JSON names of the parameters that are given.
func (p *Params) given() []string {
	var names []string
	for _, field := range []struct {
		name string
		set  bool
	}{
		{"p", p.P != nil},
		{"w", p.W != nil},
		{"sigma", p.Sigma != nil},
		{"vinv", p.Vinv != nil},
		{"cost", p.Cost != nil},
		{"ground_vectors", p.GroundVectors != nil},
		{"ground_metric", p.GroundMetric != ""},
		{"regularization", p.Regularization != nil},
		{"max_iterations", p.MaxIterations != nil},
		{"proxy", p.Proxy != ""},
	} {
		if field.set {
			names = append(names, field.name)
		}
	}
	return names
}

// checkTaken refuses parameters that a metric which takes those named has no use for.
func (p *Params) checkTaken(takes []string) error {
	for _, name := range p.given() {
		if slices.Contains(takes, name) {
			continue
		}
		if len(takes) == 0 {
			return fmt.Errorf("%w: %s is given, but there are none to give", ErrParams, name)
		}
		return fmt.Errorf("%w: %s is given, but only these can be: %s", ErrParams, name, strings.Join(takes, ", "))
	}
	return nil
}

// Clone returns a copy that shares no memory with p.
func (p *Params) Clone() Params {
	c := *p
	c.P = clonePointer(p.P)
	c.W = slices.Clone(p.W)
	c.Sigma = slices.Clone(p.Sigma)
	c.Vinv = cloneRows(p.Vinv)
	c.Cost = cloneRows(p.Cost)
	c.GroundVectors = cloneRows(p.GroundVectors)
	c.Regularization = clonePointer(p.Regularization)
	c.MaxIterations = clonePointer(p.MaxIterations)
	return c
}

func clonePointer[T any](p *T) *T {
	if p == nil {
		return nil
	}
	return new(*p)
}

func cloneRows[T any](rows [][]T) [][]T {
	c := slices.Clone(rows)
	for i := range c {
		c[i] = slices.Clone(c[i])
	}
	return c
}

// setP gives P its default and checks that it is a number from least on, and from where on roots can be computed.
func (p *Params) setP(byDefault, least float64) error {
	least = max(least, 0.01)
	if p.P == nil {
		p.P = new(byDefault)
	}
	if !isFinite(*p.P) || *p.P < least {
		return fmt.Errorf("%w: p is %v, must be a number from %v on", ErrParams, *p.P, least)
	}
	return nil
}

// setMaxIterations gives MaxIterations its default and checks that it is positive.
func (p *Params) setMaxIterations(byDefault int) error {
	if p.MaxIterations == nil {
		p.MaxIterations = new(byDefault)
	}
	if *p.MaxIterations < 1 {
		return fmt.Errorf("%w: max_iterations is %d, must be at least 1", ErrParams, *p.MaxIterations)
	}
	return nil
}

// checkSquareSymmetric refuses a matrix that is not square, not symmetric up to rounding, or not finite, and returns the
// largest magnitude in it.
func checkSquareSymmetric(name string, matrix [][]float64) (float64, error) {
	largest := 0.0
	for i, row := range matrix {
		if len(row) != len(matrix) {
			return 0, fmt.Errorf("%w: %s has %d rows, but row %d has %d columns", ErrParams, name, len(matrix), i, len(row))
		}
		for j, value := range row {
			if !isFinite(value) {
				return 0, fmt.Errorf("%w: %s[%d][%d] is %v", ErrParams, name, i, j, value)
			}
			largest = max(largest, math.Abs(value))
		}
	}
	// A matrix that was inverted, or computed in float32, is only symmetric up to rounding.
	for i, row := range matrix {
		for j := range i {
			if math.Abs(row[j]-matrix[j][i]) > 1e-6*largest {
				return 0, fmt.Errorf("%w: %s is not symmetric: [%d][%d] is %v, [%d][%d] is %v",
					ErrParams, name, i, j, row[j], j, i, matrix[j][i])
			}
		}
	}
	return largest, nil
}

func isFinite(x float64) bool { return x-x == 0 }
