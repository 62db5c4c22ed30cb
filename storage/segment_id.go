package storage

import (
	"runtime"

	"github.com/vicinaldb/store/internal/simd"
)

// ID returns the id of a row: a view of the mapped file. A row that is not there, or an id that reaches out of its
// section, is an [ErrCorrupt].
func (s *Segment) ID(row uint32) ([]byte, error) {
	if uint64(row) >= uint64(s.params.Rows) {
		return nil, s.damage(TagIDOffsets, 0, "row %d of %d", row, s.params.Rows)
	}
	start, end := s.idOffsets[row], s.idOffsets[row+1]
	if start > end || end > uint64(len(s.idBytes)) || end-start > MaxID {
		return nil, s.damage(TagIDOffsets, 8*uint64(row), "id of row %d reaches from %d to %d of %d", row, start, end, len(s.idBytes))
	}
	return s.idBytes[start:end:end], nil
}

// PrefetchIDs has the processor begin to load where the ids of rows lie, and returns at once. It changes nothing but speed:
// what is no row does no harm.
func (s *Segment) PrefetchIDs(rows []uint32) { simd.PrefetchRows(s.idOffsets, 1, 1, rows) }

// AppendIDs appends the ids of rows to dst, one behind the other, and to ends how long dst is behind each. Errors are those of ID.
//
// The ids lie all over the file, and so do their offsets. All of both are asked for before the first is waited for.
func (s *Segment) AppendIDs(dst []byte, ends []int, rows []uint32) ([]byte, []int, error) {
	const together = 16
	var ids [together][]byte
	for len(rows) > 0 {
		some := rows[:min(len(rows), together)]
		rows = rows[len(some):]
		for i, row := range some {
			id, err := s.ID(row)
			if err != nil {
				return dst, ends, err
			}
			ids[i] = id
		}
		runtime.KeepAlive(firstBytes(ids[:len(some)]))
		for _, id := range ids[:len(some)] {
			dst = append(dst, id...)
			ends = append(ends, len(dst))
		}
	}
	return dst, ends, nil
}

// firstBytes reads the first bytes of some ids.
func firstBytes(ids [][]byte) (sum byte) {
	for _, id := range ids {
		if len(id) > 0 {
			sum += id[0]
		}
	}
	return sum
}

// Find returns the row of an id, and false if the segment does not have it.
func (s *Segment) Find(id string) (row uint32, ok bool, err error) {
	err = s.guard(func() error {
		row, ok, err = s.find(id)
		return err
	})
	return row, ok, err
}

// find is a binary search in the id order.
func (s *Segment) find(id string) (uint32, bool, error) {
	low, high := 0, len(s.idOrder)
	for low < high {
		middle := int(uint(low+high) >> 1)
		row := s.idOrder[middle]
		other, err := s.ID(row)
		switch {
		case err != nil:
			return 0, false, err
		case string(other) == id:
			return row, true, nil
		case string(other) < id:
			low = middle + 1
		default:
			high = middle
		}
	}
	return 0, false, nil
}
