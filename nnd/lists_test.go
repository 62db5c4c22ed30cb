package nnd

import (
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
		if got := filled(l.of(row)); !slices.Equal(got, want) {
			t.Fatalf("list %x, want %x", got, want)
		}
		for _, entry := range want {
			if !l.contains(row, neighborOf(row, entry), entry) {
				t.Fatalf("entry %x is not found", entry)
			}
		}
	})
}

func TestListsKeepTheFlag(t *testing.T) {
	l := newLists(3, 2)
	l.offer(0, 1, 1)
	l.entries[0] &^= isNew
	l.offer(0, 1, 1)
	if l.entries[0]&isNew != 0 || l.entries[1] != noEntry {
		t.Errorf("list %x after an old entry was offered again", l.of(0))
	}
}

func TestListsUnderConcurrency(t *testing.T) {
	const n, k, rounds = 50, 8, 20
	fill := func(threads int) []uint64 {
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
		return l.entries
	}
	if !slices.Equal(fill(1), fill(4)) {
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
