package nnd

// groupOfPivots is how many pivots have their nearest noted.
const groupOfPivots = 16

// pivots are those of a search that it has not taken yet. They are many, and few of them are ever taken, so they are in no order: of
// each group the nearest is known, and looked for again among these few when it was taken.
type pivots struct {
	keys     []uint64 // noEntry for those that were taken
	smallest []uint64 // of each group
	first    uint64   // of all, noEntry if there is none
}

func (p *pivots) reset() { p.keys, p.smallest, p.first = p.keys[:0], p.smallest[:0], noEntry }

func (p *pivots) add(key uint64) {
	if len(p.keys)%groupOfPivots == 0 {
		p.smallest = append(p.smallest, noEntry)
	}
	p.keys = append(p.keys, key)
	group := len(p.smallest) - 1
	p.smallest[group] = min(p.smallest[group], key)
	p.first = min(p.first, key)
}

// pop removes the nearest; there is one.
func (p *pivots) pop() uint64 {
	taken, group := p.first, 0
	for p.smallest[group] != taken {
		group++
	}
	begin := group * groupOfPivots
	keys, left := p.keys[begin:min(begin+groupOfPivots, len(p.keys))], uint64(noEntry)
	for i, key := range keys {
		if key == taken {
			key = noEntry
		}
		keys[i] = key
		left = min(left, key)
	}
	p.smallest[group], p.first = left, noEntry
	for _, key := range p.smallest {
		p.first = min(p.first, key)
	}
	return taken
}
