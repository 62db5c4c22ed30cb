package nnd

// firstPivots is how many of the nearest pivots are found at once. Hardly any walk expands more of them.
const firstPivots = 16

// pivots are those of a search that it has not taken yet. They are many, and few of them are ever taken, so the nearest are in order and
// the others are not before these have gone.
type pivots struct {
	near []uint64 // ascending, and below all others
	next int      // of near
	rest frontier // no heap while any of near is left
}

func (p *pivots) reset() { p.near, p.next, p.rest = p.near[:0], 0, p.rest[:0] }

// add is for before any is taken.
func (p *pivots) add(key uint64) {
	n := len(p.near)
	switch {
	case n < firstPivots:
		p.near = append(p.near, key)
	case key >= p.near[n-1]:
		p.rest = append(p.rest, key)
		return
	default:
		n--
		p.rest = append(p.rest, p.near[n])
	}
	for n > 0 && p.near[n-1] > key {
		p.near[n] = p.near[n-1]
		n--
	}
	p.near[n] = key
}

// first is the nearest, noEntry if there is none.
func (p *pivots) first() uint64 {
	switch {
	case p.next < len(p.near):
		return p.near[p.next]
	case len(p.rest) > 0:
		return p.rest[0]
	}
	return noEntry
}

// pop removes the nearest; there is one.
func (p *pivots) pop() uint64 {
	if p.next == len(p.near) {
		return p.rest.pop()
	}
	key := p.near[p.next]
	if p.next++; p.next == len(p.near) {
		p.rest.heapify()
	}
	return key
}
