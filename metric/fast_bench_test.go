package metric_test

import (
	"math/rand/v2"
	"testing"

	"github.com/vicinaldb/store/internal/simd"
	"github.com/vicinaldb/store/metric"
)

// rowsOf returns the Rows form of the kernel of m, nil if that takes more than the vectors.
func rowsOf(m *metric.Dense) func(dst, q, base []float32, stride int, rows []uint32) {
	switch m.Kernel() {
	case metric.SquaredL2:
		return simd.SquaredL2Rows
	case metric.L1:
		return simd.L1Rows
	case metric.Max:
		return simd.ChebyshevRows
	case metric.JensenShannon:
		return simd.JensenShannonRows
	default:
		return nil
	}
}

// BenchmarkFast compares, in the unit of one pair of 784 components, Fast with the kernel on transforms of 24 rows a call, and
// with what a transform costs. Half of the components are zero, as in images of clothes. The 64 rows stay in cache.
func BenchmarkFast(b *testing.B) {
	const dim, count, batch = 784, 64, 24
	vectors := make([]float32, count*dim)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range vectors {
		vectors[i] = float32(max(0, r.IntN(511)-255))
	}
	for _, name := range builtIn {
		tr := traitsOf[name]
		if tr.dim != 0 {
			continue
		}
		m := tr.of(b, name, dim)
		kernel := rowsOf(m)
		if kernel == nil {
			continue
		}
		transforms := make([]float32, len(vectors))
		row := func(matrix []float32, i int) []float32 { return matrix[i%count*dim:][:dim] }
		for i := range count {
			m.Transform(row(transforms, i), row(vectors, i))
		}
		perPair := func(b *testing.B, pairs int) {
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*pairs), "ns/pair")
		}
		b.Run(name+"/fast", func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				m.Fast(row(vectors, i), row(vectors, i+1))
			}
			perPair(b, 1)
		})
		b.Run(name+"/kernel", func(b *testing.B) {
			rows, dst := make([]uint32, batch), make([]float32, batch)
			for i := range rows {
				rows[i] = uint32(i * 37 % count)
			}
			for i := 0; b.Loop(); i++ {
				kernel(dst, row(transforms, i), transforms, dim, rows)
			}
			perPair(b, batch)
		})
		if !m.Transformed() {
			continue
		}
		b.Run(name+"/transform", func(b *testing.B) {
			dst := make([]float32, dim)
			for i := 0; b.Loop(); i++ {
				m.Transform(dst, row(vectors, i))
			}
		})
	}
}
