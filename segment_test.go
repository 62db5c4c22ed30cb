package store

import (
	"math"
	"slices"
	"strconv"
	"testing"

	"github.com/vicinaldb/store/codec"
)

// Queries are in the order of their nearest pivots, and those of one pivot lie from the one before it towards the one after it.
func TestSegmentScorer_Place(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	s := segmentScorer{numbers: []uint32{0, 1, 2}}
	ordered := [][]float32{
		{1, 9, 8},
		{1, 3, 8},
		{2, 2, 8}, // of equally near ones it is the first; what is nearest to that lies towards the second
		{3, 1, inf},
		{3, 1, 5},
		{4, 1, 4},
		{5, 1, 3},
		{inf, 1, 3},
		{9, 5, 1},
		{9, 8, 1},
		{nan, nan, 0},
		{nan, nan, nan},
	}
	var places []uint64
	for i, distances := range ordered {
		place := s.place(distances)
		if place&math.MaxUint16 != 0 {
			t.Errorf("the place of %v is %x", distances, place)
		}
		places = append(places, place|uint64(i))
	}
	if !slices.IsSorted(places) {
		t.Errorf("places are %x", places)
	}
	alone, none := segmentScorer{numbers: []uint32{0}}, segmentScorer{}
	if alone.place([]float32{3}) != alone.place([]float32{5}) || none.place(nil) <= alone.place([]float32{5}) {
		t.Errorf("a pivot alone has %x, no pivot %x", alone.place([]float32{5}), none.place(nil))
	}
	numbers := make([]uint32, math.MaxUint16+3)
	distances := make([]float32, len(numbers))
	for i := range numbers {
		numbers[i], distances[i] = uint32(i), float32(len(numbers)-i)
	}
	many := segmentScorer{numbers: numbers}
	last := many.place(distances)
	distances[math.MaxUint16-1] = -1
	if before := many.place(distances); before >= last || last>>48 != math.MaxUint16 {
		t.Errorf("the last of very many pivots has %x, one before it %x", last, before)
	}
}

// What is known of the pivots of one segment is not taken for those of another.
func TestSegmentScorer_ToPivots(t *testing.T) {
	st, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	c, err := st.Create(t.Context(), "c", Schema{Dim: 2})
	if err != nil {
		t.Fatal(err)
	}
	var items []Item
	for i := range 100 {
		items = append(items, Item{ID: strconv.Itoa(i), Vector: []float32{float32(i), float32(i * i)}})
	}
	if _, err := c.Upsert(t.Context(), items...); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	s, err := c.acquire()
	if err != nil {
		t.Fatal(err)
	}
	defer s.release()
	seg := s.segments[0]
	scorer := newSegmentScorer(seg)
	v := codec.Vector{Dense: []float32{7, 49}}
	scorer.Prepare(v)
	want := make([]float32, len(seg.graph.Pivots))
	if err := seg.graph.ScorePivots(scorer, want); err != nil {
		t.Fatal(err)
	}
	known := []float32{1, 2, 3}
	for _, tc := range []struct {
		reason string
		of     *segment
		want   []float32
	}{{"nothing is known", nil, want}, {"known for another segment", new(segment), want}, {"known", seg, known}} {
		got, err := scorer.toPivots(&query{vector: v, pivots: known, pivotsOf: tc.of})
		if err != nil || !slices.Equal(got, tc.want) {
			t.Errorf("%s: %v, %v, want %v", tc.reason, got, err, tc.want)
		}
	}
}
