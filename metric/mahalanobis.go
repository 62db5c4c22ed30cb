package metric

import (
	"fmt"
	"math"
	"sync"

	"github.com/vicinaldb/store/internal/simd"
)

var mahalanobisParametric = []parametric{
	{name: "mahalanobis", takes: []string{"vinv"}, define: defineMahalanobis},
}

// mahalanobis computes sqrt((x-y)' Vinv (x-y)) as the Euclidean distance of Ux and Uy, where Vinv = U'U (Cholesky), and, for a
// pair, from U(x-y).
type mahalanobis struct {
	dim int
	u   []float64 // the rows of the upper triangle, one after the other

	squaredNorm float64 // sum of the squares in u: |Uv|^2 is at most that times |v|^2
}

// differences keeps the memory of x-y.
var differences = sync.Pool{New: func() any { return new([]float64) }}

func (m *mahalanobis) squaredDistance(x, y []float32) float32 {
	kept := differences.Get().(*[]float64)
	defer differences.Put(kept)
	*kept = resized(*kept, m.dim)
	difference := *kept
	for i := range difference {
		difference[i] = float64(x[i]) - float64(y[i])
	}
	var sum float64
	u := m.u
	for i := range difference {
		rest := difference[i:]
		var product float64
		for j, f := range u[:len(rest)] {
			product += float64(f * rest[j])
		}
		sum += float64(product * product)
		u = u[len(rest):]
	}
	return rounded(sum)
}

// transform sets dst to Uv.
func (m *mahalanobis) transform(dst, v []float32) {
	u := m.u
	for i := range v {
		dst[i] = float32(product(u, v[i:]))
		u = u[len(v)-i:]
	}
}

// check decides by a bound on |Uv| where that is enough, since the product takes as long as a Transform.
func (m *mahalanobis) check(v []float32) error {
	if float64(simd.Dot(v, v))*m.squaredNorm <= maxSquaredNorm/2 {
		return nil
	}
	var sum float64
	u := m.u
	for i := range v {
		p := product(u, v[i:])
		sum += float64(p * p)
		u = u[len(v)-i:]
	}
	return checkTransformed(sum)
}

// product returns the sum of u[i]*v[i].
func product(u []float64, v []float32) (sum float64) {
	for i, f := range u[:len(v)] {
		sum += float64(f * float64(v[i]))
	}
	return sum
}

func defineMahalanobis(p *Params) (Definition, error) {
	if len(p.Vinv) == 0 {
		return Definition{}, fmt.Errorf("%w: vinv is missing, the inverse of the covariance matrix", ErrParams)
	}
	largest, err := checkSquareSymmetric("vinv", p.Vinv)
	if err != nil {
		return Definition{}, err
	}
	u, err := cholesky(p.Vinv, largest)
	if err != nil {
		return Definition{}, err
	}
	m := &mahalanobis{dim: len(p.Vinv), u: u}
	for _, f := range u {
		m.squaredNorm += float64(f * f)
	}
	return Definition{
		Kernel: SquaredL2, Transform: m.transform, Fast: m.squaredDistance, Correct: sqrt, Stretch: stretchSquared,
		Check: m.check, Dim: m.dim,
	}, nil
}

// cholesky returns the rows of U, upper triangular, with U'U = matrix. What a semidefinite matrix has no root for,
// up to rounding, becomes a row of zeros.
func cholesky(matrix [][]float64, largest float64) ([]float64, error) {
	n := len(matrix)
	rounding := 1e-10 * largest
	rows := make([][]float64, n) // row i of U from the diagonal on
	var flat []float64
	for i := range n {
		row := make([]float64, n-i)
		for j := i; j < n; j++ {
			row[j-i] = matrix[i][j]/2 + matrix[j][i]/2
			for k := range i {
				row[j-i] -= float64(rows[k][i-k] * rows[k][j-k])
			}
		}
		pivot := row[0]
		if pivot < -rounding {
			return nil, fmt.Errorf("%w: vinv is not positive semidefinite: pivot %d is %v", ErrParams, i, pivot)
		}
		for j := range row {
			if pivot > rounding {
				row[j] /= math.Sqrt(pivot)
				continue
			}
			// A semidefinite matrix has |m_ij| <= sqrt(m_ii m_jj), so next to no pivot there is next to nothing.
			if math.Abs(row[j]) > 1e-4*largest {
				return nil, fmt.Errorf("%w: vinv is not positive semidefinite: pivot %d is zero, its row is not", ErrParams, i)
			}
			row[j] = 0
		}
		rows[i] = row
		flat = append(flat, row...)
	}
	return flat, nil
}
