// Package shares divides work among goroutines.
package shares

import "sync/atomic"

// Shares are pieces of work, numbered from 0 on, that goroutines take until none is left. Each has a share of its own, of pieces that follow
// one another, and helps others when it is through with that. Where pieces that follow one another read and write what lies together, a core
// then has it in its cache, and no other core does: goroutines that took pieces in turns would all have the same.
//
// Any number of goroutines may use Shares at once.
type Shares []share

// share is pieces that follow one another. It fills a line of the cache, so that nobody waits for who takes pieces of another.
type share struct {
	next atomic.Int64 // the first that nobody has taken
	end  int64        // behind the last
	_    [48]byte
}

// Divide makes shares of so many pieces for goroutines, of which there are as many as shares: no more than asked for, nor more than pieces.
func Divide(pieces, goroutines int) Shares {
	s := make(Shares, max(min(goroutines, pieces), 0))
	for i := range s {
		s[i].next.Store(int64(i * pieces / len(s)))
		s[i].end = int64((i + 1) * pieces / len(s))
	}
	return s
}

// Take takes a piece for the goroutine whose share is the one with that number: the next of its own, or of another when it has none. It
// says whether there was any.
func (s Shares) Take(own int) (piece int, ok bool) {
	for i := range s {
		from := &s[(own+i)%len(s)]
		if next := from.next.Add(1) - 1; next < from.end {
			return int(next), true
		}
	}
	return 0, false
}

// Stop leaves no pieces to take.
func (s Shares) Stop() {
	for i := range s {
		s[i].next.Store(s[i].end)
	}
}
