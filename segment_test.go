package store

import (
	"math"
	"slices"
	"testing"
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
