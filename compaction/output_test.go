package compaction

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestInvert(t *testing.T) {
	order := make([]uint32, 50)
	for i, number := range rand.New(rand.NewPCG(1, 2)).Perm(len(order)) {
		order[i] = uint32(number)
	}
	for number, place := range invert(order) {
		if order[place] != uint32(number) {
			t.Errorf("number %d is at %d, invert says %d", number, slices.Index(order, uint32(number)), place)
		}
	}
}

func TestOutput_Row(t *testing.T) {
	o := &Output{sequences: []uint64{2, 3, 7}, rowOf: []uint32{1, 2, 0}}
	for sequence, want := range map[uint64]int{1: -1, 2: 1, 3: 2, 4: -1, 7: 0, 8: -1} {
		row, ok := o.Row(sequence)
		if got := int(row); ok != (want >= 0) || ok && got != want {
			t.Errorf("row of sequence number %d is %d, %v, want %d", sequence, got, ok, want)
		}
	}
	if _, ok := new(Output).Row(0); ok {
		t.Error("an output without rows has a row")
	}
	if !slices.IsSorted(o.sequences) {
		t.Error("Row changed the output")
	}
}
