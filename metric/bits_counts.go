package metric

// bitsFamily are the metrics between bit vectors. A is the number of bits set in both vectors, D the number in which they
// differ, n that of all.
//
//	name                     aliases   true distance
//	bit_hamming                        D
//	bit_hamming_normalized             D/n
//	bit_jaccard                        D/(A+D), 0 if both vectors are empty
//
// The fast form is the true distance.
var bitsFamily = []BitsDefinition{
	{Name: "bit_hamming", Kernel: BitsDiffering, FromCounts: bitHamming},
	{Name: "bit_hamming_normalized", Kernel: BitsDiffering, FromCounts: bitHammingNormalized},
	{Name: "bit_jaccard", Kernel: BitsOverlap, FromCounts: bitJaccard, Stretch: stretchSimilarity},
}

func bitHamming(_, differing, _ uint32) float32 { return float32(differing) }

func bitHammingNormalized(_, differing, bits uint32) float32 {
	return float32(float64(differing) / float64(bits))
}

// bitJaccard is one less the share of common bits in all that are set. Distinct fractions of vectors below 4,096 bits stay
// distinct in float32.
func bitJaccard(shared, differing, _ uint32) float32 {
	if differing == 0 {
		return 0
	}
	return float32(float64(differing) / (float64(shared) + float64(differing)))
}
