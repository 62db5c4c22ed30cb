package storage

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
