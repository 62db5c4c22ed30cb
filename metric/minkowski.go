package metric

import "math"

// minkowskiFamily are the metrics that sum powers of the differences of components.
var minkowskiFamily = []Definition{
	{Name: "euclidean", Aliases: []string{"l2"}, Kernel: SquaredL2, Correct: sqrt, Stretch: stretchSquared},
	{Name: "sqeuclidean", Kernel: SquaredL2},
	{Name: "manhattan", Aliases: []string{"taxicab", "l1"}, Kernel: L1},
}

// sqrt rounds once: the square root in float64 of a float32 rounds to the same float32 as the exact root.
func sqrt(fast float32) float32 { return float32(math.Sqrt(float64(fast))) }

// stretchSquared stretches a distance by way of its square.
func stretchSquared(fast, epsilon float32) float32 { return (1 + epsilon) * (1 + epsilon) * fast }
