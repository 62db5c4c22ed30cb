//go:build amd64 && !purego

package simd

// ListsUnlocked says that [Offers.DropListed] needs no lock for lists of so many names: it reads each name whole then, by instructions
// that the race detector does not see.
func ListsUnlocked(length int) bool { return hasAVX2 && length >= 8 }

func introduce(places, names, distances, rows []uint32, values, limits []float32, at, count int) int {
	if hasAVX512 {
		return introduceAVX512(places, names, distances, rows, values, limits, at, count)
	}
	return introduceEach(places, names, distances, rows, values, limits, at, count)
}

func introduceRow(places, names, distances, rows []uint32, values, limits []float32, at int) int {
	if hasAVX2 && hasPopcount {
		return introduceAVX2(places, names, distances, rows, values, limits, at)
	}
	return introduceRowGo(places, names, distances, rows, values, limits, at)
}

func unlisted(places, names, distances, rows, lists []uint32, length int) int {
	switch {
	case hasAVX512 && length >= 16:
		return unlistedAVX512(places, names, distances, rows, lists, length)
	case hasAVX2 && length >= 8:
		return unlistedAVX2(places, names, distances, rows, lists, length)
	}
	return unlistedGo(places, names, distances, rows, lists, length)
}
