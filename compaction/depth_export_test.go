package compaction

// ChooseDepth has a sampler of 100 rows choose a surplus, when the i-th of nearest had the rank by their codes that ranks says, of so many
// that were looked at, and rows had so many candidates.
func ChooseDepth(ranks []int, looked, candidates int, deep, deepest bool) (surplus int, lost float64, coarse bool) {
	s := sampler{ranks: make([]int, looked), sampled: 100, compared: 100 * candidates, total: len(ranks)}
	for _, rank := range ranks {
		s.ranks[rank]++
	}
	return s.choose(deep, deepest)
}
