package metric

// The walks over two sparse vectors. All of them visit features in ascending order, so that sums of symmetric terms are
// the same bits for both orders of a pair.

// sharedProducts returns the sum of x*y over the features that both vectors have. A product of two float32 is exact in
// float64, so that whether a machine fuses it with the addition does not matter.
func sharedProducts(x, y SparseVector) (sum float64) {
	xs, ys := x.Values[:len(x.Indices)], y.Values[:len(y.Indices)]
	for i, j := 0, 0; i < len(x.Indices) && j < len(y.Indices); {
		a, b := x.Indices[i], y.Indices[j]
		if a == b {
			sum += float64(xs[i]) * float64(ys[j])
		}
		i, j = advance(i, j, a, b)
	}
	return sum
}

// sharedTerms returns the sum of a term over the features that both vectors have.
func sharedTerms(x, y SparseVector, ofX, ofY Summary, term func(x, y float32, ofX, ofY Summary) float64) (sum float64) {
	xs, ys := x.Values[:len(x.Indices)], y.Values[:len(y.Indices)]
	for i, j := 0, 0; i < len(x.Indices) && j < len(y.Indices); {
		a, b := x.Indices[i], y.Indices[j]
		if a == b {
			sum += term(xs[i], ys[j], ofX, ofY)
		}
		i, j = advance(i, j, a, b)
	}
	return sum
}

// advance moves on behind the smaller of two features, or behind both when they are the same. It has no branch that
// depends on them, since none could be predicted.
func advance(i, j int, a, b uint32) (nextI, nextJ int) {
	stepI, stepJ := 0, 0
	if a <= b {
		stepI = 1
	}
	if b <= a {
		stepJ = 1
	}
	return i + stepI, j + stepJ
}

// eachFeature calls visit with the components of both vectors for every feature that at least one of them has.
func eachFeature(x, y SparseVector, visit func(feature uint32, x, y float64)) {
	i, j := 0, 0
	for i < len(x.Indices) && j < len(y.Indices) {
		a, b := x.Indices[i], y.Indices[j]
		switch {
		case a < b:
			visit(a, float64(x.Values[i]), 0)
			i++
		case a > b:
			visit(b, 0, float64(y.Values[j]))
			j++
		default:
			visit(a, float64(x.Values[i]), float64(y.Values[j]))
			i++
			j++
		}
	}
	for ; i < len(x.Indices); i++ {
		visit(x.Indices[i], float64(x.Values[i]), 0)
	}
	for ; j < len(y.Indices); j++ {
		visit(y.Indices[j], 0, float64(y.Values[j]))
	}
}

// squaredNorm returns the sum of the squares of the values, as sharedProducts of v with itself does.
func squaredNorm(v SparseVector) (sum float64) {
	for _, x := range v.Values {
		sum += float64(x) * float64(x)
	}
	return sum
}
