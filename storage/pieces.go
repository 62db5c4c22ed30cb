package storage

import "io"

// pieceSize is how many bytes of a segment go to the file at a time, from a multiple of it on: the size of large pages on most
// processors. A page cache that holds files in pages as large as what was written at once then has large ones, and maps them as such;
// so many addresses are found by one entry that those of a whole index stay known to the processor.
const pieceSize = 2 << 20

// pieces passes what is written to it on in whole pieces, the last one when it is flushed.
type pieces struct {
	out    io.Writer
	offset int    // where the buffer begins
	buffer []byte // of one piece at most
}

// Write appends bytes. Whole pieces are not copied.
func (p *pieces) Write(b []byte) (int, error) {
	for rest := b; len(rest) > 0; {
		begins := len(p.buffer) == 0 && p.offset%pieceSize == 0
		if whole := len(rest) / pieceSize * pieceSize; begins && whole > 0 {
			if err := p.pass(rest[:whole]); err != nil {
				return 0, err
			}
			rest = rest[whole:]
			continue
		}
		room := pieceSize - (p.offset+len(p.buffer))%pieceSize
		some := rest[:min(room, len(rest))]
		p.buffer, rest = append(p.buffer, some...), rest[len(some):]
		if len(some) == room {
			if err := p.Flush(); err != nil {
				return 0, err
			}
		}
	}
	return len(b), nil
}

// Flush passes on what waits for the rest of its piece.
func (p *pieces) Flush() error {
	if len(p.buffer) == 0 {
		return nil
	}
	err := p.pass(p.buffer)
	p.buffer = p.buffer[:0]
	return err
}

func (p *pieces) pass(b []byte) error {
	n, err := p.out.Write(b)
	p.offset += n
	return err
}
