package metric

import (
	"fmt"
	"math"
)

// sparseAngular are the metrics that follow from the product of two vectors.
var sparseAngular = []sparseEntry{
	{name: "cosine", define: fixed(sparseCosine)},
	{name: "dot", define: fixed(sparseCosine)},
	{name: "inner_product", define: fixed(sparseInnerProduct)},
	{name: "correlation", define: withDim(sparseCorrelation)},
}

// sparseCosine is the definition of 1 - xy/(|x| |y|). The summary is the inverse norm.
func sparseCosine() SparseDefinition {
	return SparseDefinition{
		Kernel:      SparseProducts,
		Summarize:   func(v SparseVector) Summary { return Summary{inverseRoot(squaredNorm(v))} },
		FromOverlap: cosineFromOverlap,
		Fast:        sparseChord,
		Stretch:     stretchSimilarity,
		Check:       checkSparseDirection,
	}
}

// checkSparseDirection refuses vectors that are too short to be divided by their length, as the dense metric does.
func checkSparseDirection(v SparseVector) error {
	switch squared := squaredNorm(v); {
	case squared == 0:
		return fmt.Errorf("%w: no component is set: it has no direction", ErrDomain)
	case squared < minSquaredNorm:
		return fmt.Errorf("%w: its norm %.3g is below 2^-50", ErrDomain, math.Sqrt(squared))
	}
	return nil
}

// inverseRoot returns 1/sqrt(x), and 0 for 0.
func inverseRoot(x float64) float64 {
	if x == 0 {
		return 0
	}
	return 1 / math.Sqrt(x)
}

// cosineFromOverlap is 1 minus the overlap of two vectors after both are scaled to length 1.
func cosineFromOverlap(overlap float64, x, y Summary) (float32, bool) {
	scale := x[0] * y[0]
	if scale == 0 {
		return distanceToZero(x[0] == y[0]), true
	}
	distance := 1 - float64(overlap*scale)
	return float32(min(distance, 2)), distance > significant
}

// distanceToZero is the distance of the zero vector to another one, and to itself, where a similarity is not defined.
func distanceToZero(both bool) float32 {
	if both {
		return 0
	}
	return 1
}

// sparseChord returns half the squared distance of both vectors scaled to length 1, which is 1 minus their cosine, and
// precise for vectors of nearly the same direction.
func sparseChord(x, y SparseVector) float32 {
	return halfChord(x, y, inverseRoot(squaredNorm(x)), inverseRoot(squaredNorm(y)), func(v float64) float64 { return v })
}

// halfChord returns half the squared distance of two vectors after a function was applied to each component and the
// results were scaled.
func halfChord(x, y SparseVector, scaleX, scaleY float64, f func(v float64) float64) float32 {
	sum := 0.0
	eachFeature(x, y, func(_ uint32, x, y float64) {
		d := float64(f(x)*scaleX) - float64(f(y)*scaleY)
		sum += float64(d * d)
	})
	return float32(sum / 2)
}

// sparseInnerProduct is the definition of -xy. It is subtracted from zero so that orthogonal vectors are at +0.
func sparseInnerProduct() SparseDefinition {
	return SparseDefinition{
		Kernel:      SparseProducts,
		Summarize:   func(SparseVector) Summary { return Summary{} },
		FromOverlap: func(overlap float64, _, _ Summary) (float32, bool) { return float32(0 - overlap), true },
		Stretch:     stretchSigned,
	}
}

// sparseCorrelation is the definition of 1 minus Pearson's correlation of the components, those that are zero included.
func sparseCorrelation(dim uint32) SparseDefinition {
	n := float64(dim)
	return SparseDefinition{
		Kernel: SparseProducts,

		// The sum over the root of n, and the inverse norm of the vector less its mean.
		Summarize: func(v SparseVector) Summary {
			mean, inverse := center(v, n)
			return Summary{mean * math.Sqrt(n), inverse}
		},
		FromOverlap: func(overlap float64, x, y Summary) (float32, bool) {
			scale := x[1] * y[1]
			if scale == 0 {
				return distanceToZero(x[1] == y[1]), true
			}
			common := float64(x[0] * y[0])
			distance := 1 - float64((overlap-common)*scale)
			return float32(min(distance, 2)), distance > significant && math.Abs(common)*scale < 1/significant
		},
		Fast:    func(x, y SparseVector) float32 { return centeredChord(x, y, n) },
		Stretch: stretchSimilarity,
		Check:   func(v SparseVector) error { return checkSparseNotConstant(v, dim) },
	}
}

// checkSparseNotConstant refuses vectors that nothing can be correlated with.
func checkSparseNotConstant(v SparseVector, dim uint32) error {
	if len(v.Values) == 0 {
		return fmt.Errorf("%w: no component is set: it has no correlations", ErrDomain)
	}
	if uint64(len(v.Values)) < uint64(dim) {
		return nil
	}
	for _, x := range v.Values {
		if x != v.Values[0] {
			return nil
		}
	}
	return fmt.Errorf("%w: all %d components are equal: it has no correlations", ErrDomain, dim)
}

// center returns the mean of the n components of v, and the inverse norm of what is left of v when it is subtracted from
// each: 0 if nothing is.
func center(v SparseVector, n float64) (mean, inverse float64) {
	for _, x := range v.Values {
		mean += float64(x)
	}
	mean /= n
	squares := 0.0
	for _, x := range v.Values {
		d := float64(x) - mean
		squares += float64(d * d)
	}
	absent := n - float64(len(v.Values))
	return mean, inverseRoot(squares + float64(absent*float64(mean*mean)))
}

// centeredChord is sparseChord of both vectors less their means.
func centeredChord(x, y SparseVector, n float64) float32 {
	meanX, scaleX := center(x, n)
	meanY, scaleY := center(y, n)
	if scaleX == 0 || scaleY == 0 {
		return distanceToZero(scaleX == scaleY)
	}
	sum, absent := 0.0, n
	eachFeature(x, y, func(_ uint32, x, y float64) {
		d := float64((x-meanX)*scaleX) - float64((y-meanY)*scaleY)
		sum += float64(d * d)
		absent--
	})
	d := float64(meanX*scaleX) - float64(meanY*scaleY)
	return float32((sum + float64(absent*float64(d*d))) / 2)
}
