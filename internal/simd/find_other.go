//go:build !amd64 || purego

package simd

// FindsUnlocked says that [Find] needs no lock.
func FindsUnlocked() bool { return false }

func find(keys []uint64, key uint64) (at int, found bool) { return findGo(keys, key) }

func unlisted(rows []uint32, keys, lists []uint64, length int) int {
	return unlistedGo(rows, keys, lists, length)
}
