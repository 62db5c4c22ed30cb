package dataset

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// matrix is a file of rows of equally many numbers of one kind.
type matrix struct {
	in       *input
	kind     number
	order    binary.ByteOrder
	dim      int
	count    int64 // rows, -1 when unknown
	prefixed bool  // each row begins with its length, and only the end of the file ends the rows
	read     int64 // rows read
	buf      []byte
}

// newMatrix checks what a header declares before anything is allocated for it.
func newMatrix(m matrix, dim uint64) (*matrix, error) {
	if dim < 1 || dim > MaxDim {
		return nil, fmt.Errorf("%w: rows of %d components; 1 to %d are read", ErrFormat, dim, MaxDim)
	}
	m.dim = int(dim)
	m.buf = make([]byte, m.dim*m.kind.size())
	return &m, nil
}

// next returns the bytes of the next row, valid until the next call, and io.EOF after the last one.
func (m *matrix) next() ([]byte, error) {
	at := m.in.offset
	err := m.fill()
	switch {
	case errors.Is(err, io.EOF):
		return nil, io.EOF
	case err != nil:
		return nil, fmt.Errorf("row %d at byte %d: %w", m.read, at, err)
	}
	m.read++
	return m.buf, nil
}

func (m *matrix) fill() error {
	if m.prefixed {
		if err := m.prefix(); err != nil {
			return err
		}
	} else if m.read == m.count {
		return m.end()
	}
	return m.in.must(m.buf)
}

// prefix reads the length that stands before a row. All rows must have the first one's.
func (m *matrix) prefix() error {
	var length [4]byte
	if err := m.in.full(length[:]); err != nil {
		return err
	}
	if dim := m.order.Uint32(length[:]); dim != uint32(m.dim) {
		return fmt.Errorf("%w: it has %d components, the rows before have %d", ErrFormat, dim, m.dim)
	}
	return nil
}

// end makes sure that the file holds no more than its header declares: if it does, one of the two is wrong.
func (m *matrix) end() error {
	err := m.in.full(m.buf[:1])
	if err == nil {
		return fmt.Errorf("%w: the file goes on after the %d rows that its header declares", ErrFormat, m.count)
	}
	return err
}

// layout presents the rows as vectors.
func (m *matrix) layout() layout {
	return layout{kind: Dense, dim: m.dim, count: m.count, next: func() (Row, error) {
		raw, err := m.next()
		if err != nil {
			return Row{}, err
		}
		v := make([]float32, m.dim)
		if err := m.kind.floats(v, raw, m.order); err != nil {
			return Row{}, fmt.Errorf("row %d: %w", m.read-1, err)
		}
		return Row{Vector: v}, nil
	}}
}
