package simd

import "fmt"

//go:generate sh -c "cd _asm && go run ./find -out ../find_kernel_amd64.s -stubs ../find_kernel_amd64.go -pkg simd"

// Find returns the place of key in a list that is sorted, or the one where it belongs, and whether it is there. The lowest bit of
// keys does not count: neither in key nor in the list, in which no two keys differ in nothing else.
func Find(keys []uint64, key uint64) (at int, found bool) { return find(keys, key&^1) }

// findGo is the Go twin. Long lists are halved; a short rest is gone through from its end, since that is where most keys belong and
// a processor foresees a loop better than the turns of a binary search.
func findGo(keys []uint64, key uint64) (at int, found bool) {
	lo, hi := 0, len(keys)
	for hi-lo > 32 {
		middle := (lo + hi) / 2
		if keys[middle] < key {
			lo = middle + 1
		} else {
			hi = middle
		}
	}
	for hi > lo && keys[hi-1] >= key {
		hi--
	}
	return hi, hi < len(keys) && keys[hi]&^1 == key
}

// Unlisted moves those of keys to the front that are less than the last of a list and not in it, and returns how many they are; with
// each key goes its row, the number of the list that it is for. There are as many rows as keys. Lists lie one behind the other in
// lists, sorted and of so many keys each. The lowest bit of keys, set in keys, does not count. It panics when a list reaches beyond
// lists. The caller prefetches lists, by PrefetchRows.
//
// Where [UnlistedUnlocked], others may meanwhile enter smaller keys in lists, for which the greatest are given up. What is left may be
// listed then; but what is left out was listed, or would have been given up.
func Unlisted(rows []uint32, keys, lists []uint64, length int) int {
	keys = keys[:len(rows)]
	if len(rows) == 0 {
		return 0
	}
	if last := largestRow(rows); length <= 0 || uint64(last) >= uint64(len(lists)/length) {
		panic(fmt.Sprintf("simd: list %d of %d keys is outside of %d", last, length, len(lists)))
	}
	return unlisted(rows, keys, lists, length)
}

// unlistedGo is the Go twin.
func unlistedGo(rows []uint32, keys, lists []uint64, length int) int {
	kept := 0
	for i, row := range rows {
		list := lists[int(row)*length:][:length]
		if at, found := findGo(list, keys[i]&^1); !found && at < length {
			rows[kept], keys[kept] = row, keys[i]
			kept++
		}
	}
	return kept
}
