package nnd

import "math/bits"

// frontier is a binary heap of keys, the smallest on top: the candidates of a search that are not expanded yet.
type frontier []uint64

func (f *frontier) push(key uint64) {
	heap := append(*f, key)
	*f = heap
	i := len(heap) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if heap[parent] <= key {
			break
		}
		heap[i] = heap[parent]
		i = parent
	}
	heap[i] = key
}

// pop removes the smallest key of a frontier that is not empty.
func (f *frontier) pop() uint64 {
	heap := *f
	top, key := heap[0], heap[len(heap)-1]
	heap = heap[:len(heap)-1]
	*f = heap
	if len(heap) > 0 {
		heap.sink(0, key)
	}
	return top
}

// sink puts a key in place i, or below it where it belongs. The place is left empty first: of the two below it the smaller moves up, down to
// the bottom, which takes no branch that is as good as random, and the key, which comes from the bottom, hardly rises from there.
func (f frontier) sink(i int, key uint64) {
	top := i
	for right := 2*i + 2; right < len(f); right = 2*i + 2 {
		_, less := bits.Sub64(f[right], f[right-1], 0)
		child := right - 1 + int(less)
		f[i] = f[child]
		i = child
	}
	if last := len(f) - 1; 2*i+1 == last {
		f[i], i = f[last], last
	}
	for i > top {
		parent := (i - 1) / 2
		if f[parent] <= key {
			break
		}
		f[i], i = f[parent], parent
	}
	f[i] = key
}
