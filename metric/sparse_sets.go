package metric

// sparseSets are the metrics that look at which features two vectors have, and hamming, which compares values too. As for
// the dense ones, tt is the number of features that both vectors have, d of those that one has, n of all.
var sparseSets = []sparseEntry{
	{name: "hamming", define: withDim(sparseHamming)},
	{name: "jaccard", define: setsBy(func(tt, d, _ float64) (a, b float64) { return d, tt + d })},
	{name: "dice", define: setsBy(func(tt, d, _ float64) (a, b float64) { return d, 2*tt + d })},
	{name: "matching", define: setsBy(func(_, d, n float64) (a, b float64) { return d, n })},
	{name: "kulsinski", define: setsBy(func(tt, d, n float64) (a, b float64) { return d - tt + n, d + n })},
	{
		name: "rogerstanimoto", aliases: []string{"sokalmichener"},
		define: setsBy(func(_, d, n float64) (a, b float64) { return 2 * d, n + d }),
	},
	{name: "russellrao", define: setsBy(func(tt, _, n float64) (a, b float64) { return n - tt, n })},
	{name: "sokalsneath", define: setsBy(func(tt, d, _ float64) (a, b float64) { return 2 * d, tt + 2*d })},
}

// setsBy defines a metric by the two numbers whose ratio it is. Equal sets are at distance 0. The numbers are whole, so
// that the ratio is the same bits as that of the dense metric.
func setsBy(fraction func(tt, d, n float64) (a, b float64)) func(dim uint32, _ *Params) (SparseDefinition, error) {
	return withDim(func(dim uint32) SparseDefinition {
		n := float64(dim)
		return SparseDefinition{
			Kernel:    SparseTerms,
			Term:      func(_, _ float32, _, _ Summary) float64 { return 1 },
			Summarize: summarizeCount,
			FromOverlap: func(tt float64, x, y Summary) (float32, bool) {
				d := x[0] + y[0] - 2*tt
				if d == 0 {
					return 0, true
				}
				a, b := fraction(tt, d, n)
				return float32(a / b), true
			},
			Stretch: stretchSimilarity,
		}
	})
}

// summarizeCount keeps the number of features of a vector.
func summarizeCount(v SparseVector) Summary { return Summary{float64(len(v.Indices))} }

// sparseHamming is the definition of the share of unequal components. A shared feature makes them one less than the
// features of both vectors together, and two less when its values are equal.
func sparseHamming(dim uint32) SparseDefinition {
	n := float64(dim)
	return SparseDefinition{
		Kernel: SparseTerms,
		Term: func(x, y float32, _, _ Summary) float64 {
			if x == y {
				return 2
			}
			return 1
		},
		Summarize: summarizeCount,
		FromOverlap: func(overlap float64, x, y Summary) (float32, bool) {
			return float32((x[0] + y[0] - overlap) / n), true
		},
		Stretch: stretchSimilarity,
	}
}
