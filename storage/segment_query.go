package storage

import "github.com/vicinaldb/store/internal/mapped"

// QueryBytes returns the parts of the file that a query reads when it is asked for ids and distances: codes, vectors where codes have
// lost something, the search graph, pivots, and ids. They are for bringing into memory; their order and number mean nothing.
func (s *Segment) QueryBytes() [][]byte {
	return [][]byte{
		s.pivotCodes, mapped.BytesOfUint32s(s.pivotRows), mapped.BytesOfUint32s(s.adjacency), s.codes, s.codeOffsets, s.vectors,
		mapped.BytesOfUint64s(s.idOffsets), s.idBytes,
	}
}
