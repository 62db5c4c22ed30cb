package nnd

import (
	"slices"

	"github.com/vicinaldb/store/internal/simd"
)

// groupOfPivots is how many pivots have their nearest noted.
const groupOfPivots = 16

// pivots are those of a search that it has not taken yet. They are many, and few of them are ever taken, so they are in no order: of
// each group the nearest is known, and looked for again among these few when it was taken.
type pivots struct {
	keys     []uint64 // noKey for those that were taken
	smallest []uint64 // of each group
	first    uint64   // of all, noKey if there is none
}

// fill takes rows with their distances, in place of what there was. A row at NaN counts as taken.
func (p *pivots) fill(rows []uint32, distances []float32) {
	count := len(rows)
	p.keys, p.smallest, p.first = slices.Grow(p.keys[:0], count)[:count], p.smallest[:0], noKey
	for begin := 0; begin < count; begin += groupOfPivots {
		end := min(begin+groupOfPivots, count)
		least := simd.MakeKeys(p.keys[begin:end], rows[begin:end], distances[begin:end])
		p.smallest, p.first = append(p.smallest, least), min(p.first, least)
	}
}

// pop removes the nearest; there is one.
func (p *pivots) pop() uint64 {
	taken, group := p.first, 0
	for p.smallest[group] != taken {
		group++
	}
	begin := group * groupOfPivots
	keys, left := p.keys[begin:min(begin+groupOfPivots, len(p.keys))], uint64(noKey)
	for i, key := range keys {
		if key == taken {
			key = noKey
		}
		keys[i] = key
		left = min(left, key)
	}
	p.smallest[group], p.first = left, noKey
	for _, key := range p.smallest {
		p.first = min(p.first, key)
	}
	return taken
}
