package nnd

import (
	"context"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/vicinaldb/store/internal/simd"
)

// A row of a list is named by its offset from the list's own row, modulo MaxRows, rather than by its number. So rows at equal
// distance from one another, duplicates above all, each prefer the ones that follow them, and a group of more than k of them
// becomes a ring instead of everyone pointing at the same k. The lowest bit of a name is a flag for "new".
const isNew = 1

// nameOf is how the list of row names id, not flagged. No row is its own neighbor, so no name is 0.
func nameOf(row, id uint32) uint32 { return (id - row) << 1 }

// named is the row that a name in the list of row stands for.
func named(row, name uint32) uint32 { return (row + name>>1) % MaxRows }

// newEntry is the key of neighbor id of row, flagged new: the distance, then the name.
func newEntry(row, id uint32, distance float32) uint64 {
	return newKey(distance, nameOf(row, id)|isNew)
}

// neighborOf is the row that such a key stands for.
func neighborOf(row uint32, entry uint64) uint32 { return named(row, uint32(entry)) }

// list is the list of a row: neighbors by distance, and by name among equal distances, without repetition. Distances are as in keys.
type list struct{ names, distances []uint32 }

// newList has room for so many neighbors.
func newList(room int) list {
	l := list{make([]uint32, room), make([]uint32, room)}
	// New memory that is read before it is written to is given twice, and the second time all cores must hear of it.
	clear(l.names)
	for i := range l.distances {
		l.distances[i] = noDistance
	}
	return l
}

// noName and noDistance fill the unused end of a list.
const noName, noDistance = 0, math.MaxUint32

// filled is the part that has neighbors.
func (l list) filled() list {
	n := len(l.names)
	for n > 0 && l.names[n-1] == noName {
		n--
	}
	return list{l.names[:n], l.distances[:n]}
}

// full says that there is no room left.
func (l list) full() bool { return len(l.filled().names) == len(l.names) }

// has says whether a neighbor is there, flagged or not.
func (l list) has(name, distance uint32) bool {
	at, _ := slices.BinarySearch(l.distances, distance)
	for ; at < len(l.names) && l.distances[at] == distance; at++ {
		if l.names[at]|isNew == name|isNew {
			return true
		}
	}
	return false
}

// of is the list of sorted keys, in the memory of another.
func (l list) of(keys []uint64) list {
	l.names, l.distances = l.names[:0], l.distances[:0]
	for _, key := range keys {
		l.names, l.distances = append(l.names, uint32(key)), append(l.distances, uint32(key>>32))
	}
	return l
}

// lists hold the best neighbors of every row, at most k. What a list ends up with depends only on what was offered, not on the
// order: neighbors are totally ordered, and one that was pushed out can never return.
//
// Any number of goroutines may offer at the same time. All else needs that nobody offers. Most offers are of neighbors that are listed
// already: names, which are enough to tell that, are apart from distances.
type lists struct {
	k        int
	stride   int      // the room of each row; what is behind k is of no use
	all      list     // of all rows
	limits   []uint32 // the bits of the last distance of each row, of +Inf while there is room; written atomically
	locks    [1 << 12]sync.Mutex
	unlocked bool // names can be looked up while somebody enters others
	eager    bool // nearly all lists are still to change: distances are prefetched as names are
}

func newLists(n, k int) *lists {
	stride := (k + simd.ListBlock - 1) / simd.ListBlock * simd.ListBlock
	l := &lists{k: k, stride: stride, all: newList(n * stride), limits: make([]uint32, n), unlocked: simd.ListsUnlocked(stride), eager: true}
	for i := range l.limits {
		l.limits[i] = math.Float32bits(float32(math.Inf(1)))
	}
	return l
}

// room is all of a row's room.
func (l *lists) room(row uint32) list {
	start := int(row) * l.stride
	return list{l.all.names[start : start+l.stride : start+l.stride], l.all.distances[start : start+l.stride : start+l.stride]}
}

// of is the list of a row.
func (l *lists) of(row uint32) list {
	room := l.room(row)
	return list{room.names[:l.k], room.distances[:l.k]}
}

// limit is a distance above which an offer to the row is in vain.
func (l *lists) limit(row uint32) float32 {
	return math.Float32frombits(atomic.LoadUint32(&l.limits[row]))
}

// prefetch has on its way from memory what is needed to make offers to rows.
func (l *lists) prefetch(rows []uint32) {
	simd.PrefetchRows(l.all.names, l.stride, l.stride, rows)
	if l.eager {
		simd.PrefetchRows(l.all.distances, l.stride, l.stride, rows)
	}
}

// offer enters id in the list of row if it is among the k best so far. NaN is no distance to offer.
func (l *lists) offer(row, id uint32, distance float32) {
	if distance <= l.limit(row) {
		l.enter(row, []uint64{newEntry(row, id, distance)})
	}
}

// enter puts neighbors, by their keys, in the list of a row, as far as they do not come after the last, and unless they are there already.
func (l *lists) enter(row uint32, keys []uint64) {
	lock := &l.locks[row%uint32(len(l.locks))]
	lock.Lock()
	room := l.room(row)
	simd.Enter(room.names, room.distances, keys)
	if last := l.k - 1; last >= 0 && room.names[last] != noName {
		if limit := math.Float32bits(room.distance(last)); limit != atomic.LoadUint32(&l.limits[row]) {
			atomic.StoreUint32(&l.limits[row], limit)
		}
	}
	lock.Unlock()
}

// each calls do for every neighbor of every list, on several goroutines.
func (l *lists) each(ctx context.Context, s stage, do func(row, id uint32, distance float32)) error {
	return s.run(ctx, func() func(lo, hi int) {
		return func(lo, hi int) {
			for row := uint32(lo); row < uint32(hi); row++ {
				of := l.of(row).filled()
				for i, name := range of.names {
					do(row, named(row, name), of.distance(i))
				}
			}
		}
	})
}

// distance is how far the i-th neighbor is.
func (l list) distance(i int) float32 { return distanceOf(uint64(l.distances[i]) << 32) }

// key is that of the i-th neighbor.
func (l list) key(i int) uint64 { return uint64(l.distances[i])<<32 | uint64(l.names[i]) }

// clone is a copy of the lists to read.
func (l *lists) clone() *lists {
	return &lists{k: l.k, stride: l.stride, all: list{slices.Clone(l.all.names), slices.Clone(l.all.distances)}, limits: slices.Clone(l.limits)}
}

// age takes the flag from all neighbors.
func (l *lists) age() {
	for i := range l.all.names {
		l.all.names[i] &^= isNew
	}
}

// countNew counts the neighbors with the flag.
func (l *lists) countNew() (count int) {
	for row := range uint32(len(l.limits)) {
		for _, name := range l.of(row).names {
			count += int(name & isNew)
		}
	}
	return count
}

// around appends the neighbors of a row and their neighbors, each once and without the row, in ascending order.
func (l *lists) around(row uint32, dst []uint32) []uint32 {
	for _, name := range l.of(row).filled().names {
		id := named(row, name)
		dst = append(dst, id)
		for _, name := range l.of(id).filled().names {
			if second := named(id, name); second != row {
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
	n := len(l.limits)
	reverse, stage := newIncoming[uint64](n), o.stage("", n, 1024)
	lacking := func() func(row uint32, p *parcel[uint64]) {
		return func(row uint32, p *parcel[uint64]) {
			of := l.of(row).filled()
			for i, name := range of.names {
				id := named(row, name)
				if !l.of(id).has(nameOf(id, row), of.distances[i]) {
					p.put(id, uint64(of.distances[i])<<32|uint64(nameOf(id, row)|isNew))
				}
			}
		}
	}
	if err := reverse.fill(ctx, stage, lacking); err != nil {
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
