//go:build !amd64 || purego

package simd

// ListsUnlocked says that [Offers.DropListed] needs no lock for lists of so many names.
func ListsUnlocked(int) bool { return false }

func introduce(places, names, distances, rows []uint32, values, limits []float32, at, count int) int {
	return introduceEach(places, names, distances, rows, values, limits, at, count)
}

func introduceRow(places, names, distances, rows []uint32, values, limits []float32, at int) int {
	return introduceRowGo(places, names, distances, rows, values, limits, at)
}

func unlisted(places, names, distances, rows, lists []uint32, length int) int {
	return unlistedGo(places, names, distances, rows, lists, length)
}
