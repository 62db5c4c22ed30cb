package storage_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/vicinaldb/store/storage"
)

// passed notes what comes at once, and fails from some byte on.
type passed struct {
	bytes.Buffer
	sizes []int
	most  int
}

var errFull = errors.New("full")

func (p *passed) Write(b []byte) (int, error) {
	if p.most > 0 && p.Len()+len(b) > p.most {
		return 0, errFull
	}
	p.sizes = append(p.sizes, len(b))
	return p.Buffer.Write(b)
}

// TestPieces writes in all kinds of lengths: what is passed on begins and ends at whole pieces, but for where it is flushed.
func TestPieces(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	content := make([]byte, 9*storage.PieceSize+12345)
	for i := range content {
		content[i] = byte(random.Uint32())
	}
	for _, lengths := range [][]int{{len(content)}, {1, len(content) - 1}, {storage.PieceSize, 2 * storage.PieceSize, 3}, {4096, 100_000, 5 * storage.PieceSize, 77, storage.PieceSize - 1}} {
		var out passed
		p := storage.NewPieces(&out)
		for rest, i := content, 0; len(rest) > 0; i++ {
			some := rest[:min(lengths[i%len(lengths)], len(rest))]
			if n, err := p.Write(some); n != len(some) || err != nil {
				t.Fatal(n, err)
			}
			rest = rest[len(some):]
		}
		for _, size := range out.sizes {
			if size%storage.PieceSize != 0 {
				t.Errorf("lengths %v: passed on %v", lengths, out.sizes)
				break
			}
		}
		if waiting := len(content) - out.Len(); waiting >= storage.PieceSize {
			t.Errorf("lengths %v: %d bytes wait", lengths, waiting)
		}
		if err := p.Flush(); err != nil || !bytes.Equal(out.Bytes(), content) {
			t.Errorf("lengths %v: %d bytes of %d, other ones, or %v", lengths, out.Len(), len(content), err)
		}
		// After a flush amid a piece the next one ends where it would have.
		if _, err := p.Write(content[:storage.PieceSize]); err != nil || out.Len() != 10*storage.PieceSize {
			t.Errorf("lengths %v: after a flush %d bytes are out, %v", lengths, out.Len(), err)
		}
	}
}

func TestPieces_Errors(t *testing.T) {
	for _, length := range []int{storage.PieceSize, 3 * storage.PieceSize, 1000} {
		p := storage.NewPieces(&passed{most: 2*storage.PieceSize - 1})
		var err error
		for i := 0; err == nil && i < 5*storage.PieceSize; i += length {
			_, err = p.Write(make([]byte, length))
		}
		if !errors.Is(err, errFull) {
			t.Errorf("writing %d bytes at a time: %v", length, err)
		}
	}
}
