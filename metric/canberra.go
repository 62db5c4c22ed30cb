package metric

import "math"

// relativeFamily are the metrics that divide differences of components by their sums.
var relativeFamily = []Definition{
	// sum |x-y|/(|x|+|y|), 0 for 0/0 (Lance & Williams 1967)
	{Name: "canberra", Fast: canberra},

	// sum |x-y| / sum |x+y|, 0 for 0/0 (Bray & Curtis 1957). Bounded by 1 for components that are not negative.
	{Name: "braycurtis", Fast: brayCurtis, Stretch: stretchSimilarity},
}

func canberra(x, y []float32) float32 {
	y = y[:len(x)]
	var sum float64
	for i := range x {
		a, b := float64(x[i]), float64(y[i])
		if total := math.Abs(a) + math.Abs(b); total > 0 {
			sum += math.Abs(a-b) / total
		}
	}
	return rounded(sum)
}

// brayCurtis of opposite vectors, for which the definition divides by zero, is the largest float32.
func brayCurtis(x, y []float32) float32 {
	y = y[:len(x)]
	var differences, sums float64
	for i := range x {
		a, b := float64(x[i]), float64(y[i])
		differences += math.Abs(a - b)
		sums += math.Abs(a + b)
	}
	if differences == 0 {
		return 0
	}
	return rounded(differences / sums)
}
