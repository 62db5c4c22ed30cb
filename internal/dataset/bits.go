package dataset

import (
	"fmt"
	"math/bits"
)

// bits presents rows of bytes as bit vectors.
func (m *matrix) bits(o Options) (layout, error) {
	room := o.BitForm.room(m.dim)
	dim := o.Dim
	if dim == 0 {
		dim = room
	}
	switch {
	case o.BitForm > Unpacked:
		return layout{}, fmt.Errorf("%w: bits of form %d, which does not exist", ErrOptions, o.BitForm)
	case m.dim == 0: // an empty file that declares no dimension
		return layout{kind: Bits, next: m.layout().next}, nil
	case m.kind != numUint8 && (m.kind != numBool || o.BitForm != Unpacked):
		return layout{}, fmt.Errorf("%w: bits are read from arrays of uint8, unpacked ones of bool too", ErrOptions)
	case dim > room:
		return layout{}, fmt.Errorf("%w: its rows have room for %d bits, not %d", ErrOptions, room, dim)
	}
	return layout{kind: Bits, dim: dim, count: m.count, next: func() (Row, error) {
		raw, err := m.next()
		if err != nil {
			return Row{}, err
		}
		v, err := bitVector(raw, o.BitForm, dim)
		if err != nil {
			return Row{}, fmt.Errorf("row %d: %w", m.read-1, err)
		}
		return Row{Bits: v}, nil
	}}, nil
}

// room returns how many bits so many bytes hold.
func (f BitForm) room(columns int) int {
	if f == Unpacked {
		return columns
	}
	return 8 * columns
}

// bitVector makes dim bits of a row of bytes. What has no place among them must be zero: it is padding, not data.
func bitVector(raw []byte, form BitForm, dim int) ([]uint64, error) {
	v := make([]uint64, (form.room(len(raw))+63)/64)
	for i, b := range raw {
		switch form {
		case PackedBig:
			v[i/8] |= uint64(bits.Reverse8(b)) << (i % 8 * 8)
		case PackedLittle:
			v[i/8] |= uint64(b) << (i % 8 * 8)
		case Unpacked:
			if b > 1 {
				return nil, fmt.Errorf("%w: byte %d is %d; an unpacked bit is 0 or 1", ErrFormat, i, b)
			}
			v[i/64] |= uint64(b) << (i % 64)
		}
	}
	words := (dim + 63) / 64
	behind := v[words-1] >> 1 >> ((dim - 1) % 64)
	for _, word := range v[words:] {
		behind |= word
	}
	if behind != 0 {
		return nil, fmt.Errorf("%w: bits are set behind the first %d", ErrFormat, dim)
	}
	return v[:words:words], nil
}
