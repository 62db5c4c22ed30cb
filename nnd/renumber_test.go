package nnd_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/vicinaldb/store/nnd"
)

// A renumbered graph has the edges of the old one between the rows that are left, in the order Build would have them in.
func TestRenumber(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		points := smallPoints(t, 40)
		g, err := nnd.Build(background, points, nnd.Options{Neighbors: rapid.IntRange(1, 12).Draw(t, "k")})
		if err != nil {
			t.Fatalf("%v", err)
		}
		n := len(points) + rapid.IntRange(0, 5).Draw(t, "more")
		numbers := make([]uint32, n)
		for i := range numbers {
			numbers[i] = uint32(i)
		}
		to := slices.Clone(rapid.Permutation(numbers).Draw(t, "to"))[:len(points)]
		for i := range to {
			if rapid.IntRange(0, 3).Draw(t, "goes") == 0 {
				to[i] = nnd.NoRow
			}
		}
		renumbered, err := g.Renumber(to, n)
		if err != nil {
			t.Fatalf("%v", err)
		}
		if renumbered.Len() != n || renumbered.K != g.K {
			t.Fatalf("%d rows of %d neighbors, want %d of %d", renumbered.Len(), renumbered.K, n, g.K)
		}
		edges := 0
		for row, moved := range to {
			if moved == nnd.NoRow {
				continue
			}
			var want []nnd.Candidate // with the offset in place of the row, for the order among equals
			rows, distances := g.Neighbors(uint32(row))
			for i, id := range rows {
				if to[id] != nnd.NoRow {
					want = append(want, nnd.Candidate{Row: (to[id] - moved) % nnd.MaxRows, Distance: distances[i]})
				}
			}
			slices.SortFunc(want, byDistance)
			rows, distances = renumbered.Neighbors(moved)
			var got []nnd.Candidate
			for i, id := range rows {
				got = append(got, nnd.Candidate{Row: (id - moved) % nnd.MaxRows, Distance: distances[i]})
			}
			if !slices.Equal(got, want) {
				t.Fatalf("row %d, now %d: %v, want %v", row, moved, got, want)
			}
			edges += len(got)
		}
		for row := range uint32(n) {
			rows, _ := renumbered.Neighbors(row)
			edges -= len(rows)
		}
		if edges != 0 {
			t.Fatalf("rows that nothing was renumbered to have %d neighbors", -edges)
		}
	})
}

func byDistance(a, b nnd.Candidate) int {
	if a.Distance != b.Distance {
		if a.Distance < b.Distance {
			return -1
		}
		return 1
	}
	return int(a.Row) - int(b.Row)
}

func TestRenumberErrors(t *testing.T) {
	g := neighbors(t, uniform(4, 2, 1), nnd.Options{Neighbors: 2})
	for _, test := range []struct {
		name string
		g    *nnd.NeighborGraph
		to   []uint32
		n    int
		want error
	}{
		{"too few numbers", g, []uint32{0, 1, 2}, 4, nnd.ErrCorrupt},
		{"number out of range", g, []uint32{0, 1, 2, 4}, 4, nnd.ErrOptions},
		{"number twice", g, []uint32{0, 1, 2, 2}, 4, nnd.ErrOptions},
		{"negative rows", g, nil, -1, nnd.ErrOptions},
		{"neighbors beyond all numbers", &nnd.NeighborGraph{K: math.MaxInt/2 + 1, Rows: []uint32{}, Distances: []float32{}}, []uint32{0, 1, 2, 3}, 4, nnd.ErrCorrupt},
		{"no distances", &nnd.NeighborGraph{K: g.K, Rows: g.Rows}, []uint32{0, 1, 2, 3}, 4, nnd.ErrCorrupt},
	} {
		if _, err := test.g.Renumber(test.to, test.n); !errors.Is(err, test.want) {
			t.Errorf("%s: error %v, want %v", test.name, err, test.want)
		}
	}
	if got, err := new(nnd.NeighborGraph).Renumber(nil, 3); err != nil || got.K != 0 {
		t.Errorf("an empty graph: %+v, %v", got, err)
	}
}
