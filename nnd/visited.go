package nnd

import "github.com/vicinaldb/store/internal/simd"

// visited is the set of rows that a search has scored, with a log of them, by which it is emptied.
type visited struct {
	words []uint64
	log   []uint32
}

// reset empties the set and makes room for n rows.
func (v *visited) reset(n int) {
	words := (n + 63) / 64
	if len(v.log) < len(v.words)/8 {
		for _, row := range v.log {
			v.words[row/64] = 0
		}
	} else {
		clear(v.words)
	}
	v.log = v.log[:0]
	if cap(v.words) < words {
		v.words = make([]uint64, words)
	}
	v.words = v.words[:words]
}

// unseener finds rows that are new, as an [UnseenScorer] does.
type unseener interface {
	Unseen(dst []uint32, seen []uint64, rows []uint32, n uint32) (count int, ok bool)
}

// lookup is an unseener that finds them, and that is all.
type lookup struct{}

func (lookup) Unseen(dst []uint32, seen []uint64, rows []uint32, n uint32) (count int, ok bool) {
	return simd.Unseen(dst, seen, rows, n)
}

// enter logs those of rows that are not in the set yet, as by finds them, and returns them; false when one of them is no row. They
// are valid until the next call.
func (v *visited) enter(rows []uint32, n uint32, by unseener) (unseen []uint32, ok bool) {
	start := len(v.log)
	if cap(v.log)-start < len(rows) {
		grown := make([]uint32, start, 2*cap(v.log)+len(rows))
		copy(grown, v.log)
		v.log = grown
	}
	count, ok := by.Unseen(v.log[start:start+len(rows)], v.words, rows, n)
	v.log = v.log[:start+count]
	return v.log[start:], ok
}

// add enters one row and says whether it is new.
func (v *visited) add(row uint32) bool {
	word, bit := &v.words[row/64], uint64(1)<<(row%64)
	if *word&bit != 0 {
		return false
	}
	*word |= bit
	v.log = append(v.log, row)
	return true
}
