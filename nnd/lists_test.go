package nnd

import (
	"math"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// offered is an offer to row 5.
type offered struct {
	id       uint32
	distance float32
}

// A list ends up with the k smallest of what it was offered, whatever the order, and however often.
func TestListsKeepTheBest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const row = 5
		offer := rapid.Custom(func(t *rapid.T) offered {
			id := uint32(rapid.IntRange(6, 40).Draw(t, "id"))
			return offered{id, float32(id % 7)} // a pair of rows has but one distance
		})
		offers := rapid.SliceOf(offer).Draw(t, "offers")
		k := rapid.IntRange(1, 12).Draw(t, "k")
		l := newLists(10, k)
		for _, o := range offers {
			l.offer(row, o.id, o.distance)
		}
		var want []uint64
		for _, o := range offers {
			want = append(want, newEntry(row, o.id, o.distance))
		}
		slices.Sort(want)
		want = slices.Compact(want)
		want = want[:min(k, len(want))]
		of := l.of(row).filled()
		if got := keysOf(of); !slices.Equal(got, want) {
			t.Fatalf("list %x, want %x", got, want)
		}
		if l.of(row).full() != (len(want) == k) {
			t.Fatalf("list of %d of %d, full is %t", len(want), k, l.of(row).full())
		}
		limit := float32(math.Inf(1))
		if len(want) == k {
			limit = distanceOf(want[k-1])
		}
		if got := l.limit(row); got != limit {
			t.Fatalf("limit %v, want %v", got, limit)
		}
		for _, o := range offers {
			entry := newEntry(row, o.id, o.distance)
			if got := of.has(uint32(entry)&^isNew, uint32(entry>>32)); got != slices.Contains(want, entry) {
				t.Fatalf("entry %x is found: %t", entry, got)
			}
		}
	})
}

func TestListsKeepTheFlag(t *testing.T) {
	l := newLists(3, 2)
	l.offer(0, 1, 1)
	l.of(0).names[0] &^= isNew
	l.offer(0, 1, 1)
	if got := keysOf(l.of(0).filled()); !slices.Equal(got, []uint64{newEntry(0, 1, 1) &^ isNew}) {
		t.Errorf("list %x after an old neighbor was offered again", got)
	}
}

// keysOf are the keys of a list.
func keysOf(l list) (keys []uint64) {
	for i := range l.names {
		keys = append(keys, l.key(i))
	}
	return keys
}

func TestListsUnderConcurrency(t *testing.T) {
	const n, k, rounds = 50, 8, 20
	fill := func(threads int) (all [][]uint64) {
		l := newLists(n, k)
		var wg sync.WaitGroup
		for thread := range threads {
			wg.Go(func() {
				for i := thread; i < n*n*rounds; i += threads {
					row, id := uint32(i%n), uint32(i/n%n)
					if distance := float32(edge(row, id) % 11); row != id && distance <= l.limit(row) {
						l.offer(row, id, distance)
					}
				}
			})
		}
		wg.Wait()
		for row := range uint32(n) {
			all = append(all, keysOf(l.of(row)))
		}
		return all
	}
	if !slices.EqualFunc(fill(1), fill(4), slices.Equal) {
		t.Error("four goroutines fill lists otherwise than one")
	}
}

// Among equals, rows prefer those that follow them: going round, not up.
func TestNeighborsAtEqualDistanceGoRound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.Uint32Max(MaxRows - 1)
		row, a, b := number.Draw(t, "row"), number.Draw(t, "a"), number.Draw(t, "b")
		entryA, entryB := newEntry(row, a, 1), newEntry(row, b, 1)
		if neighborOf(row, entryA) != a || neighborOf(row, entryB&^isNew) != b {
			t.Fatalf("entries of %d name other rows", row)
		}
		if stepsA, stepsB := (a-row)%MaxRows, (b-row)%MaxRows; (stepsA < stepsB) != (entryA < entryB) {
			t.Fatalf("from row %d, %d and %d are in the wrong order", row, a, b)
		}
	})
}
