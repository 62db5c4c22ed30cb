package compaction

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Codes go where the order says, for any permutation and stride.
func TestPermute(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, stride := rapid.IntRange(0, 60).Draw(t, "n"), rapid.IntRange(4, 12).Draw(t, "stride")
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		order := make([]uint32, n)
		codes := make([]byte, n*stride)
		for i, place := range random.Perm(n) {
			order[i] = uint32(place)
			binary.LittleEndian.PutUint32(codes[i*stride:], uint32(i))
		}
		permute(codes, stride, order)
		place := invert(order)
		for i := range order {
			if got := binary.LittleEndian.Uint32(codes[i*stride:]); got != order[i] {
				t.Fatalf("place %d has code %d, want %d of order %v", i, got, order[i], order)
			}
			if place[order[i]] != uint32(i) {
				t.Fatalf("invert(%v) is %v", order, place)
			}
		}
	})
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
