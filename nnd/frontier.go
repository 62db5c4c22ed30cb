package nnd

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

// sink puts a key in place i, or below it where it belongs.
func (f frontier) sink(i int, key uint64) {
	for {
		child := 2*i + 1
		if child >= len(f) {
			break
		}
		if child+1 < len(f) && f[child+1] < f[child] {
			child++
		}
		if f[child] >= key {
			break
		}
		f[i] = f[child]
		i = child
	}
	f[i] = key
}
