package nnd_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/vicinaldb/store/nnd"
)

func TestNeighborGraphCSR(t *testing.T) {
	points := vectors{{0}, {1}, {3}, {7}}
	g := neighbors(t, points, nnd.Options{Neighbors: 2})
	root := func(fast float32) float32 { return float32(math.Sqrt(float64(fast))) }
	for _, test := range []struct {
		name    string
		self    bool
		correct func(float32) float32
		want    *nnd.CSR
	}{
		{"fast", false, nil, &nnd.CSR{
			Offsets:   []int{0, 2, 4, 6, 8},
			Rows:      []uint32{1, 2, 0, 2, 1, 0, 2, 1},
			Distances: []float32{1, 9, 1, 4, 4, 9, 16, 36},
		}},
		{"true, with the rows", true, root, &nnd.CSR{
			Offsets:   []int{0, 3, 6, 9, 12},
			Rows:      []uint32{0, 1, 2, 1, 0, 2, 2, 1, 0, 3, 2, 1},
			Distances: []float32{0, 1, 3, 0, 1, 2, 0, 2, 3, 0, 4, 6},
		}},
	} {
		got := g.CSR(test.self, test.correct)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
		if err := got.Check(); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		plus := func(fast float32) float32 { return fast + 1 }
		if diff := cmp.Diff(g.CSR(test.self, plus), g.CSR(test.self, nil).Correct(plus)); diff != "" {
			t.Errorf("%s: corrected later (-at once +later):\n%s", test.name, diff)
		}
	}
	want := &nnd.CSR{
		Offsets:   []int{0, 2, 5, 8, 10},
		Rows:      []uint32{1, 2, 0, 2, 3, 0, 1, 3, 1, 2},
		Distances: []float32{1, 9, 1, 4, 36, 9, 4, 16, 36, 16},
	}
	if diff := cmp.Diff(want, g.CSR(false, nil).Symmetrize()); diff != "" {
		t.Errorf("symmetrized (-want +got):\n%s", diff)
	}
}

// drawCSR draws a graph with repeated and one-sided edges, rows that are their own neighbors, and different distances.
func drawCSR(t *rapid.T) *nnd.CSR {
	n := rapid.IntRange(0, 12).Draw(t, "n")
	c := &nnd.CSR{Offsets: []int{0}}
	for range n {
		for range rapid.IntRange(0, 3).Draw(t, "degree") {
			c.Rows = append(c.Rows, uint32(rapid.IntRange(0, n-1).Draw(t, "neighbor")))
			c.Distances = append(c.Distances, float32(rapid.IntRange(-2, 5).Draw(t, "distance")))
		}
		c.Offsets = append(c.Offsets, len(c.Rows))
	}
	return c
}

func TestSymmetrize(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCSR(t)
		if err := c.Check(); err != nil {
			t.Fatalf("%v", err)
		}
		type pair struct{ row, id uint32 }
		want := map[pair]float32{}
		for row := range uint32(c.Len()) {
			rows, distances := c.Neighbors(row)
			for i, id := range rows {
				for _, p := range []pair{{row, id}, {id, row}} {
					if least, ok := want[p]; !ok || distances[i] < least {
						want[p] = distances[i]
					}
				}
			}
		}
		s := c.Symmetrize()
		if err := s.Check(); err != nil {
			t.Fatalf("%v", err)
		}
		for row := range uint32(s.Len()) {
			rows, distances := s.Neighbors(row)
			for i, id := range rows {
				if i > 0 && rows[i-1] >= id {
					t.Fatalf("row %d: neighbors %v do not ascend", row, rows)
				}
				if distance, ok := want[pair{row, id}]; !ok || distance != distances[i] {
					t.Fatalf("rows %d and %d at %v, want %v", row, id, distances[i], distance)
				}
			}
		}
		if s.Len() != c.Len() || len(s.Rows) != len(want) {
			t.Fatalf("%d rows, %d edges, want %d, %d", s.Len(), len(s.Rows), c.Len(), len(want))
		}
	})
}

func TestComponents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCSR(t)
		of, count := c.Components()
		// The model: every row takes the least number of its neighbors until none changes.
		want := identity(c.Len())
		for changed := true; changed; {
			changed = false
			for row := range uint32(c.Len()) {
				rows, _ := c.Neighbors(row)
				for _, id := range rows {
					if least := min(want[row], want[id]); want[row] != least || want[id] != least {
						want[row], want[id], changed = least, least, true
					}
				}
			}
		}
		next := uint32(0)
		for row, first := range want {
			if int(first) == row {
				want[row] = next
				next++
			} else {
				want[row] = want[first]
			}
		}
		if !slices.Equal(of, want) || count != int(next) {
			t.Fatalf("%d components %v, want %d, %v", count, of, next, want)
		}
	})
}

func TestCSRCheck(t *testing.T) {
	for name, bad := range map[string]*nnd.CSR{
		"no offsets":          {Rows: []uint32{0}, Distances: []float32{1}},
		"first offset":        {Offsets: []int{1, 1}, Rows: []uint32{0}, Distances: []float32{1}},
		"descending offsets":  {Offsets: []int{0, 2, 1}, Rows: []uint32{0}, Distances: []float32{1}},
		"negative offset":     {Offsets: []int{0, -1, 1}, Rows: []uint32{0}, Distances: []float32{1}},
		"offsets end early":   {Offsets: []int{0, 1}, Rows: []uint32{0, 0}, Distances: []float32{1, 1}},
		"offsets end late":    {Offsets: []int{0, 3}, Rows: []uint32{0, 0}, Distances: []float32{1, 1}},
		"no such row":         {Offsets: []int{0, 1}, Rows: []uint32{1}, Distances: []float32{1}},
		"missing distances":   {Offsets: []int{0, 1}, Rows: []uint32{0}},
		"too many distances":  {Offsets: []int{0}, Distances: []float32{1}},
		"neighbors of no row": {Offsets: []int{0}, Rows: []uint32{0}, Distances: []float32{1}},
	} {
		if err := bad.Check(); !errors.Is(err, nnd.ErrCorrupt) {
			t.Errorf("%s: error %v, want ErrCorrupt", name, err)
		}
	}
	var none nnd.CSR
	if _, count := none.Components(); none.Check() != nil || none.Symmetrize().Len() != 0 || count != 0 {
		t.Error("the zero value is not the graph of no rows")
	}
	if c := new(nnd.NeighborGraph).CSR(true, nil); c.Check() != nil || c.Len() != 0 {
		t.Errorf("no rows: %+v", c)
	}
}
