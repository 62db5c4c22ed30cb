package store

import (
	"github.com/RoaringBitmap/roaring/v2"

	"github.com/vicinaldb/store/codec"
)

// pendingBuilder derives the next pendingRows. It belongs to the goroutine that commits.
type pendingBuilder struct {
	codec    codec.Codec
	stride   int // bytes of a vector
	perChunk uint32
	position map[string]uint32 // row of each live id

	kept, lost int // bytes that live rows take, and dead ones

	chunks []*pendingChunk
	n      uint32
	dead   *roaring.Bitmap
	shared bool // dead belongs to a published value and must be copied before it changes
}

// chunkBytes is what one chunk's vectors take: large enough that a scan runs
// long in one piece, small enough that a nearly empty collection costs little.
const chunkBytes = 256 << 10

// sparseBytes is what a sparse vector is thought to take.
const sparseBytes = 1 << 10

// Dead rows may be as many as the live ones, or take as much, and so many more.
// Without these, a nearly empty collection would make a new chunk at every commit.
const (
	spareRows  = 256
	spareBytes = 4 * chunkBytes
)

func newPendingBuilder(c codec.Codec) *pendingBuilder {
	stride := c.Stride()
	if stride == 0 {
		stride = sparseBytes
	}
	perChunk := max(uint32(chunkBytes/stride), 8)
	return &pendingBuilder{codec: c, stride: stride, perChunk: perChunk, position: make(map[string]uint32), dead: roaring.New()}
}

// publish gives the rows as they are now.
func (b *pendingBuilder) publish() *pendingRows {
	p := &pendingRows{chunks: b.chunks, n: b.n}
	if !b.dead.IsEmpty() {
		p.dead = b.dead
		b.shared = true
	}
	return p
}

// add appends a row; an older pending row of the same id dies.
func (b *pendingBuilder) add(row pendingRow, vector codec.Vector) error {
	b.remove(row.id)
	if int(b.n) == len(b.chunks)*int(b.perChunk) {
		if err := b.grow(); err != nil {
			return err
		}
	}
	chunk, i := b.chunks[b.n/b.perChunk], b.n%b.perChunk
	chunk.vectors.Append(vector)
	chunk.rows[i] = row
	b.position[row.id] = b.n
	b.n++
	b.kept += b.size(&row)
	return nil
}

// size is what a row takes, about.
func (b *pendingBuilder) size(row *pendingRow) int {
	return b.stride + len(row.id) + len(row.fields) + len(row.data)
}

// grow adds an empty chunk. Published values keep their own, shorter list.
func (b *pendingBuilder) grow() error {
	vectors, err := b.codec.NewTable(int(b.perChunk))
	if err != nil {
		return err
	}
	chunk := &pendingChunk{vectors: vectors, view: vectors.Rows(), rows: make([]pendingRow, b.perChunk)}
	b.chunks = append(b.chunks[:len(b.chunks):len(b.chunks)], chunk)
	return nil
}

// remove marks the pending row of an id dead, if there is one.
func (b *pendingBuilder) remove(id string) {
	row, ok := b.position[id]
	if !ok {
		return
	}
	delete(b.position, id)
	if b.shared {
		b.dead, b.shared = b.dead.Clone(), false
	}
	b.dead.Add(row)
	size := b.size(&b.chunks[row/b.perChunk].rows[row%b.perChunk])
	b.kept, b.lost = b.kept-size, b.lost+size
}

// crowded tells whether the dead rows outweigh the live ones. By then as much has
// died as a builder without them has to copy, so that it costs each row, and each
// byte, that dies no more than a constant.
func (b *pendingBuilder) crowded() bool {
	live := len(b.position)
	return int(b.n)-live > live+spareRows || b.lost > b.kept+spareBytes
}

// after gives a builder with the live rows stored after seq, in their order, which
// is what stays pending once all up to seq are in a segment. What was published
// keeps the chunks that it has.
func (b *pendingBuilder) after(seq uint64) (*pendingBuilder, error) {
	next := newPendingBuilder(b.codec)
	for n := range b.n {
		chunk, i := b.chunks[n/b.perChunk], n%b.perChunk
		if chunk.rows[i].seq <= seq || b.dead.Contains(n) {
			continue
		}
		vector, err := chunk.view.Vector(i)
		if err == nil {
			err = next.add(chunk.rows[i], vector)
		}
		if err != nil {
			return nil, err
		}
	}
	return next, nil
}
