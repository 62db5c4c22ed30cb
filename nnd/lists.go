package nnd

import (
	"context"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/vicinaldb/store/internal/simd"
)

// An entry of a list is a key: the distance to a neighbor, then 31 bits that name it, then a flag for "new".
//
// The neighbor is named by its offset from the list's own row, modulo MaxRows, rather than by its number. So rows at equal
// distance from one another, duplicates above all, each prefer the ones that follow them, and a group of more than k of them
// becomes a ring instead of everyone pointing at the same k.
const (
	isNew = 1
	// noEntry fills the unused end of a list. It sorts after every distance.
	noEntry = math.MaxUint64
)

// newEntry is the entry for neighbor id in the list of row, flagged new.
func newEntry(row, id uint32, distance float32) uint64 {
	return newKey(distance, (id-row)<<1|isNew)
}

// neighborOf is the row that an entry in the list of row names.
func neighborOf(row uint32, entry uint64) uint32 {
	return (row + uint32(entry)>>1) % MaxRows
}

// lists hold the best entries of every row: at most k, sorted, without repetition. What a list ends up with depends only
// on what was offered, not on the order: entries are totally ordered, and one that was pushed out can never return.
//
// Any number of goroutines may offer at the same time. All else needs that nobody offers.
type lists struct {
	k        int
	entries  []uint64 // k for each row
	locks    [1 << 12]sync.Mutex
	unlocked bool // entries can be looked up while somebody enters others
}

func newLists(n, k int) *lists {
	l := &lists{k: k, entries: make([]uint64, n*k), unlocked: simd.UnlistedUnlocked(k)}
	for i := range l.entries {
		l.entries[i] = noEntry
	}
	return l
}

// of is the list of a row.
func (l *lists) of(row uint32) []uint64 {
	start := int(row) * l.k
	return l.entries[start : start+l.k : start+l.k]
}

// last points to a list's last entry, which is read without the lock and therefore always written atomically.
func (l *lists) last(row uint32) *uint64 { return &l.entries[int(row)*l.k+l.k-1] }

// limit is a distance above which an offer to the row is in vain: that of the last entry, +Inf while there is room.
func (l *lists) limit(row uint32) float32 {
	last := atomic.LoadUint64(l.last(row))
	if last == noEntry {
		return float32(math.Inf(1))
	}
	return distanceOf(last)
}

// prefetch has the lists of rows on their way from memory.
func (l *lists) prefetch(rows []uint32) { simd.PrefetchRows(l.entries, l.k, l.k, rows) }

// offer enters id in the list of row if it is among the k best so far. NaN is no distance to offer.
func (l *lists) offer(row, id uint32, distance float32) {
	entry := newEntry(row, id, distance)
	if entry >= atomic.LoadUint64(l.last(row))|isNew {
		return
	}
	l.enter(row, entry)
}

// enter puts a new entry in the list of row, unless it comes after the last or is there already.
func (l *lists) enter(row uint32, entry uint64) {
	lock := &l.locks[row%uint32(len(l.locks))]
	lock.Lock()
	insert(l.of(row), entry)
	lock.Unlock()
}

// insert puts a new entry in its place in a sorted list, unless it comes after the last or is there already.
func insert(list []uint64, entry uint64) {
	at, known := simd.Find(list, entry)
	end := len(list) - 1
	switch {
	case known || at > end:
		return
	case at == end:
		atomic.StoreUint64(&list[end], entry)
		return
	}
	atomic.StoreUint64(&list[end], list[end-1])
	copy(list[at+1:end], list[at:end-1])
	list[at] = entry
}

// filled is the part of a list that holds entries.
func filled(list []uint64) []uint64 {
	for len(list) > 0 && list[len(list)-1] == noEntry {
		list = list[:len(list)-1]
	}
	return list
}

// contains says whether the list of row names id, at the distance of entry.
func (l *lists) contains(row, id uint32, entry uint64) bool {
	entry = newKey(distanceOf(entry), (id-row)<<1|isNew)
	list := l.of(row)
	if entry > list[l.k-1]|isNew {
		return false
	}
	_, known := simd.Find(list, entry)
	return known
}

// each calls do for every entry of every list, on several goroutines.
func (l *lists) each(ctx context.Context, s stage, do func(row, id uint32, entry uint64)) error {
	return s.run(ctx, func() func(lo, hi int) {
		return func(lo, hi int) {
			for row := uint32(lo); row < uint32(hi); row++ {
				for _, entry := range filled(l.of(row)) {
					do(row, neighborOf(row, entry), entry)
				}
			}
		}
	})
}

// clone is a copy of the lists.
func (l *lists) clone() *lists { return &lists{k: l.k, entries: slices.Clone(l.entries)} }

// age takes the flag from all entries.
func (l *lists) age() {
	for i, entry := range l.entries {
		if entry != noEntry {
			l.entries[i] = entry &^ isNew
		}
	}
}

// around appends the neighbors of a row and their neighbors, each once and without the row, in ascending order.
func (l *lists) around(row uint32, dst []uint32) []uint32 {
	for _, entry := range filled(l.of(row)) {
		id := neighborOf(row, entry)
		dst = append(dst, id)
		for _, entry := range filled(l.of(id)) {
			if second := neighborOf(id, entry); second != row {
				dst = append(dst, second)
			}
		}
	}
	slices.Sort(dst)
	return slices.Compact(dst)
}

// reversed turns the lists around: for each row the entries, from its own point of view, of the rows that have it in their list and
// not in its own. Of more than k it is the k nearest.
func (l *lists) reversed(ctx context.Context, o Options) ([][]uint64, error) {
	n := len(l.entries) / l.k
	reverse, stage := newIncoming[uint64](n), o.stage("", n, 1024)
	all := func() func(row uint32, p *parcel[uint64]) {
		return func(row uint32, p *parcel[uint64]) {
			for _, entry := range filled(l.of(row)) {
				p.put(neighborOf(row, entry), 0)
			}
		}
	}
	lacking := func() func(row uint32, p *parcel[uint64]) {
		return func(row uint32, p *parcel[uint64]) {
			for _, entry := range filled(l.of(row)) {
				if id := neighborOf(row, entry); !l.contains(id, row, entry) {
					p.put(id, newEntry(id, row, distanceOf(entry)))
				}
			}
		}
	}
	if err := reverse.fill(ctx, stage, all, lacking); err != nil {
		return nil, err
	}
	nearest := make([][]uint64, n)
	return nearest, stage.run(ctx, func() func(lo, hi int) {
		return func(lo, hi int) {
			for row := lo; row < hi; row++ {
				nearest[row] = reverse.of(uint32(row))
				if len(nearest[row]) > l.k {
					slices.Sort(nearest[row])
					nearest[row] = nearest[row][:l.k]
				}
			}
		}
	})
}
