package storage

import (
	"encoding/binary"
	"fmt"
)

// codeAlignment is what codes of different lengths start at a multiple of, in bytes. It is part of the format, never change
// it.
const codeAlignment = 8

// codeOffsets are the bytes that say where the code of each row starts and, one more, where the codes end: u64 each. They are
// nil where all codes have one length.
type codeOffsets []byte

// count returns how many offsets there are.
func (o codeOffsets) count() int { return len(o) / 8 }

// at returns one of them.
func (o codeOffsets) at(i int) uint64 { return binary.LittleEndian.Uint64(o[8*i:]) }

// checkEnds sees to it that the first and the last of at least one offset are those of codes of so many bytes.
func (o codeOffsets) checkEnds(codes int) error {
	if first, last := o.at(0), o.at(o.count()-1); first != 0 || last != uint64(codes) {
		return fmt.Errorf("they run from %d to %d, want 0 to %d", first, last, codes)
	}
	return nil
}

// check compares one offset with the one before it and with the bytes that the codes have.
func (o codeOffsets) check(i, codes int) error {
	offset := o.at(i)
	switch {
	case offset > uint64(codes):
		return fmt.Errorf("offset %d is %d in codes of %d bytes", i, offset, codes)
	case offset%codeAlignment != 0:
		return fmt.Errorf("offset %d is %d, no multiple of %d", i, offset, codeAlignment)
	case i > 0 && offset < o.at(i-1):
		return fmt.Errorf("offset %d is %d, the one before it %d", i, offset, o.at(i-1))
	}
	return nil
}
