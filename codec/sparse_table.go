package codec

import "github.com/vicinaldb/store/metric"

// sparseTable holds one vector so that what another one shares with it is found feature by feature, without a walk over
// both. It is used by one goroutine at a time, and keeps its memory between vectors.
//
// Up to lookupFeatures features, the values lie in an array of all features. Beyond, they lie in a hash table with open
// addressing that is nearly empty, so that most features are found, or found missing, at the first look.
type sparseTable struct {
	metric  *metric.Sparse
	vector  metric.SparseVector // a copy
	summary metric.Summary

	lookup []float32 // by feature, 0 for those that the vector does not have; nil beyond lookupFeatures

	slots []sparseSlot // a power of two of them
	shift uint8        // of the hash of a feature, which leaves the number of a slot
}

// sparseSlot is one feature in the hash table. An empty one has value 0.
type sparseSlot struct {
	feature uint32
	value   float32
}

const (
	// lookupFeatures bounds the array, to 4 MB. What counts for speed is only how much of it the features in use touch.
	lookupFeatures = 1 << 20

	// slotsPerFeature is how empty the hash table is at least. A vector with more than hashedFeatures, 1 MB, is not put into
	// one: rows of a damaged file must not ask for any amount of memory.
	slotsPerFeature = 16
	hashedFeatures  = 1 << 17

	// hashFactor is 2^32 divided by the golden ratio: its multiples are spread evenly (Knuth 6.4).
	hashFactor = 0x9e3779b1
)

func newSparseTable(m *metric.Sparse) *sparseTable {
	t := &sparseTable{metric: m}
	if m.Kernel() != metric.SparsePairwise && m.Dim() <= lookupFeatures {
		t.lookup = make([]float32, m.Dim())
	}
	return t
}

// tabled tells whether a vector with n features is one to look up in a table. Any other is only kept there.
func tabled(m *metric.Sparse, n int) bool {
	return m.Kernel() != metric.SparsePairwise && (m.Dim() <= lookupFeatures || n <= hashedFeatures)
}

// load puts a vector into an empty table. Its indices must be ascending and below the number of features.
func (t *sparseTable) load(v metric.SparseVector, summary metric.Summary) {
	t.vector.Indices = append(t.vector.Indices, v.Indices...)
	t.vector.Values = append(t.vector.Values, v.Values[:len(v.Indices)]...)
	t.summary = summary
	switch {
	case !tabled(t.metric, len(t.vector.Indices)):
	case t.lookup != nil:
		for i, feature := range t.vector.Indices {
			t.lookup[feature] = t.vector.Values[i]
		}
	default:
		t.hash()
	}
}

// hash fills the hash table.
func (t *sparseTable) hash() {
	size, shift := 1<<8, uint8(32-8)
	for size < slotsPerFeature*len(t.vector.Indices) {
		size, shift = 2*size, shift-1
	}
	if len(t.slots) < size {
		t.slots = make([]sparseSlot, size)
	}
	t.slots, t.shift = t.slots[:size], shift
	for i, feature := range t.vector.Indices {
		t.slots[t.slotOf(feature)] = sparseSlot{feature, t.vector.Values[i]}
	}
}

// slotOf returns the slot of a feature, an empty one if the vector does not have it.
func (t *sparseTable) slotOf(feature uint32) uint32 {
	slots := t.slots
	mask := uint32(len(slots) - 1)
	slot := feature * hashFactor >> (t.shift & 31)
	for slots[slot&mask].value != 0 && slots[slot&mask].feature != feature {
		slot++
	}
	return slot & mask
}

// unload makes the table empty.
func (t *sparseTable) unload() {
	switch {
	case !tabled(t.metric, len(t.vector.Indices)):
	case t.lookup != nil:
		for _, feature := range t.vector.Indices {
			t.lookup[feature] = 0
		}
	default:
		clear(t.slots)
		t.slots = t.slots[:cap(t.slots)]
	}
	t.vector.Indices, t.vector.Values = t.vector.Indices[:0], t.vector.Values[:0]
}

// overlap returns the sum that the kernel makes of the features that v shares with the vector in the table, added in
// the order of the features, as metric.Sparse does. It returns false when v is no vector.
func (t *sparseTable) overlap(v metric.SparseVector, summary metric.Summary) (sum float64, ok bool) {
	switch {
	case t.lookup == nil:
		return t.hashedOverlap(v, summary)
	case t.metric.Kernel() == metric.SparseProducts:
		return lookupProducts(t.lookup, v)
	default:
		return t.lookupTerms(v, summary)
	}
}

// lookupProducts adds up all products, those with the zeros of absent features too: they change nothing.
func lookupProducts(lookup []float32, v metric.SparseVector) (sum float64, ok bool) {
	before, order := int64(-1), int64(-1)
	values := v.Values[:len(v.Indices)]
	for i, feature := range v.Indices {
		if uint64(feature) >= uint64(len(lookup)) {
			return 0, false
		}
		sum += float64(lookup[feature]) * float64(values[i])
		order &= before - int64(feature) // stays negative as long as features ascend
		before = int64(feature)
	}
	return sum, order < 0
}

func (t *sparseTable) lookupTerms(v metric.SparseVector, summary metric.Summary) (sum float64, ok bool) {
	before, order := int64(-1), int64(-1)
	values := v.Values[:len(v.Indices)]
	lookup := t.lookup
	for i, feature := range v.Indices {
		if uint64(feature) >= uint64(len(lookup)) {
			return 0, false
		}
		if x := lookup[feature]; x != 0 {
			sum += t.metric.Term(x, values[i], t.summary, summary)
		}
		order &= before - int64(feature)
		before = int64(feature)
	}
	return sum, order < 0
}

func (t *sparseTable) hashedOverlap(v metric.SparseVector, summary metric.Summary) (sum float64, ok bool) {
	before, order := int64(-1), int64(-1)
	values := v.Values[:len(v.Indices)]
	products := t.metric.Kernel() == metric.SparseProducts
	for i, feature := range v.Indices {
		if x := t.slots[t.slotOf(feature)].value; x != 0 {
			if products {
				sum += float64(x) * float64(values[i])
			} else {
				sum += t.metric.Term(x, values[i], t.summary, summary)
			}
		}
		order &= before - int64(feature)
		before = int64(feature)
	}
	return sum, order < 0 && before < int64(t.metric.Dim())
}
