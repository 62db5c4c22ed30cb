package storage

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sort"
)

// bbolt trusts the pages of its file: a damaged one makes it panic, fault, recurse until the process dies, or hand out
// bytes that are something else. So bbolt does not read here. It writes, and it keeps the pages of a state alive while that
// state is being read; the pages themselves are read by the code below, with read(2) and every number checked, and bbolt
// is let near a page only after that page was found in order.
//
// A page as bbolt writes it, in the byte order of the machine:
//
//	0   u64  id: its number, its offset divided by the page size
//	8   u16  1 = branch, 2 = leaf
//	10  u16  n: number of elements
//	12  u32  overflow: how many more pages it extends over
//	16       n elements of 16 bytes, then their keys and values, one after another without gaps
//
//	leaf element     u32 flags (1 = the value is a bucket), u32 pos, u32 key length, u32 value length
//	branch element   u32 pos, u32 key length, u64 page number of the child, whose first key is this key
//
// pos is the distance from the element to its key; the value follows its key. Since there are no gaps, every field but the
// lengths follows from the others, which is what makes damage visible.
const (
	boltHeader   = 16
	boltElement  = 16
	boltBranch   = 1
	boltLeaf     = 2
	boltMaxKey   = 32768
	boltMaxValue = 512 << 20 // twice the tombstones of the largest segment
	boltMaxDepth = 32        // a tree of this depth has more pages than a file can have

	// wholePage is up to which size a page is read in one piece. Of a larger one, only the elements are.
	wholePage = 64 << 10
)

// boltPage is a page that was found in order.
type boltPage struct {
	id   uint64
	leaf bool
	n    int
	size int64  // bytes in use
	head []byte // the first bytes: the elements at least, everything if the page extends over at most wholePage
}

// parseBoltPage checks the page that begins with head and takes extent bytes in the file. An inline page, which is part of
// a value, has number 0 and no padding; others are padded to whole pages of pageSize.
func parseBoltPage(head []byte, id uint64, pageSize int, extent int64) (*boltPage, error) {
	if len(head) < boltHeader {
		return nil, fmt.Errorf("page of %d bytes", len(head))
	}
	p := &boltPage{id: id, n: int(binary.NativeEndian.Uint16(head[10:])), head: head}
	switch flags := binary.NativeEndian.Uint16(head[8:]); flags {
	case boltLeaf:
		p.leaf = true
	case boltBranch:
	default:
		return nil, fmt.Errorf("page has type %#x, should be a branch or a leaf", flags)
	}
	if own := binary.NativeEndian.Uint64(head); own != id {
		return nil, fmt.Errorf("page says it is page %d", own)
	}
	if err := p.checkElements(extent); err != nil {
		return nil, err
	}
	padded := p.size
	if id != 0 {
		padded = (p.size + int64(pageSize) - 1) / int64(pageSize) * int64(pageSize)
	}
	if padded != extent {
		return nil, fmt.Errorf("page uses %d bytes, but extends over %d", p.size, extent)
	}
	return p, p.checkOrder()
}

// checkElements holds every element to the layout and finds the size.
func (p *boltPage) checkElements(extent int64) error {
	end := int64(boltHeader + boltElement*p.n)
	if end > int64(len(p.head)) || !p.leaf && p.n == 0 {
		return fmt.Errorf("page of %d bytes has %d elements", extent, p.n)
	}
	for i := range p.n {
		e := p.element(i)
		at := int64(boltHeader + boltElement*i)
		var pos, key, value uint32
		if p.leaf {
			if flags := binary.NativeEndian.Uint32(e); flags > 1 {
				return fmt.Errorf("element %d has flags %#x", i, flags)
			}
			pos, key, value = binary.NativeEndian.Uint32(e[4:]), binary.NativeEndian.Uint32(e[8:]), binary.NativeEndian.Uint32(e[12:])
		} else {
			pos, key = binary.NativeEndian.Uint32(e), binary.NativeEndian.Uint32(e[4:])
		}
		if key == 0 || key > boltMaxKey {
			return fmt.Errorf("element %d has a key of %d bytes", i, key)
		}
		if at+int64(pos) != end {
			return fmt.Errorf("element %d begins at %d, the one before ends at %d", i, at+int64(pos), end)
		}
		end += int64(key) + int64(value)
	}
	if end > extent {
		return fmt.Errorf("page uses %d bytes, but extends over %d", end, extent)
	}
	p.size = end
	return nil
}

// checkOrder sees that keys ascend. On a page that was not read whole it does not look: whoever walks or searches
// such a page does.
func (p *boltPage) checkOrder() error {
	if p.size > int64(len(p.head)) {
		return nil
	}
	var last []byte
	for i := range p.n {
		offset, length := p.keyAt(i)
		key := p.head[offset : offset+length]
		if i > 0 && bytes.Compare(last, key) >= 0 {
			return fmt.Errorf("key %d is not above the one before", i)
		}
		last = key
	}
	return nil
}

func (p *boltPage) element(i int) []byte {
	at := boltHeader + boltElement*i
	return p.head[at : at+boltElement]
}

// keyAt returns where the key of an element lies in the page.
func (p *boltPage) keyAt(i int) (offset int64, length int64) {
	e := p.element(i)
	at := int64(boltHeader + boltElement*i)
	if p.leaf {
		return at + int64(binary.NativeEndian.Uint32(e[4:])), int64(binary.NativeEndian.Uint32(e[8:]))
	}
	return at + int64(binary.NativeEndian.Uint32(e)), int64(binary.NativeEndian.Uint32(e[4:]))
}

// valueAt returns where the value of a leaf's element lies in the page, and whether it is a bucket.
func (p *boltPage) valueAt(i int) (offset, length int64, bucket bool) {
	key, keyLength := p.keyAt(i)
	e := p.element(i)
	return key + keyLength, int64(binary.NativeEndian.Uint32(e[12:])), binary.NativeEndian.Uint32(e) == 1
}

// child returns the page number of a branch's element.
func (p *boltPage) child(i int) uint64 { return binary.NativeEndian.Uint64(p.element(i)[8:]) }

// boltPages reads the pages of one committed state of a file. It is not for concurrent use.
type boltPages struct {
	file     io.ReaderAt
	path     string
	pageSize int
	count    uint64               // pages of this state, with the free ones
	branches map[uint64]*boltPage // branch pages read so far
	arena    []byte               // memory for branch pages; new memory is taken when it is used up
	ended    bool                 // nothing may be read any more
}

// own copies the bytes of a page, so that they stay.
func (b *boltPages) own(page []byte) []byte {
	if len(page) > cap(b.arena)-len(b.arena) {
		return bytes.Clone(page)
	}
	at := len(b.arena)
	b.arena = append(b.arena, page...)
	return b.arena[at:len(b.arena):len(b.arena)]
}

// read reads the page with a number that came from the file. It reads into buf, or into new memory if that is too small,
// and begins with guess bytes, which should be as many as the page has.
func (b *boltPages) read(id uint64, buf []byte, guess int64) (*boltPage, error) {
	if b.ended {
		return nil, errors.New("the view of the data file has ended")
	}
	if id < 2 || id >= b.count {
		return nil, b.corrupt(id, "a page number outside the file's %d pages", b.count)
	}
	room := int64(b.count-id) * int64(b.pageSize)
	head := grow(buf[:0], min(room, max(guess, int64(b.pageSize))))
	if err := b.fill(head, id, 0); err != nil {
		return nil, err
	}
	extent := (int64(binary.NativeEndian.Uint32(head[12:])) + 1) * int64(b.pageSize)
	if extent > room {
		return nil, b.corrupt(id, "page extends over %d bytes, the file has %d more", extent, room)
	}
	wanted := extent
	if extent > wholePage {
		elements := boltHeader + boltElement*int64(binary.NativeEndian.Uint16(head[10:]))
		wanted = min(extent, max(elements, int64(b.pageSize)))
	}
	if have := int64(len(head)); wanted > have {
		head = grow(head, wanted)
		if err := b.fill(head[have:], id, have); err != nil {
			return nil, err
		}
	}
	p, err := parseBoltPage(head[:wanted:wanted], id, b.pageSize, extent)
	if err != nil {
		return nil, b.corrupt(id, "%w", err)
	}
	if !p.leaf && b.branches != nil {
		p.head = b.own(p.head)
		b.branches[id] = p
	}
	return p, nil
}

// grow returns b with length n; what is new has any content.
func grow(b []byte, n int64) []byte {
	if n <= int64(cap(b)) {
		return b[:n]
	}
	return append(make([]byte, 0, n), b...)[:n]
}

// fill reads the bytes of a page from an offset in it.
func (b *boltPages) fill(buf []byte, id uint64, offset int64) error {
	_, err := b.file.ReadAt(buf, int64(id)*int64(b.pageSize)+offset)
	if errors.Is(err, io.EOF) {
		return b.corrupt(id, "the file ends inside the page")
	}
	if err != nil {
		return fmt.Errorf("reading page %d: %w", id, err)
	}
	return nil
}

// bytes returns a range of a page that was found in order.
func (b *boltPages) bytes(p *boltPage, offset, length int64) ([]byte, error) {
	if end := offset + length; end <= int64(len(p.head)) {
		return p.head[offset:end:end], nil
	}
	if length > boltMaxValue {
		return nil, b.corrupt(p.id, "a value of %d bytes", length)
	}
	buf := make([]byte, length)
	return buf, b.fill(buf, p.id, offset)
}

func (b *boltPages) key(p *boltPage, i int) ([]byte, error) {
	offset, length := p.keyAt(i)
	return b.bytes(p, offset, length)
}

// search returns the first element of a page whose key is at least, or with above set is above, the given one.
func (b *boltPages) search(p *boltPage, key []byte, above bool) (int, error) {
	var failed error
	i := sort.Search(p.n, func(i int) bool {
		own, err := b.key(p, i)
		if err != nil {
			failed = err
			return true
		}
		c := bytes.Compare(own, key)
		return c > 0 || c == 0 && !above
	})
	return i, failed
}

// within reports whether a key is between the first and the last key of a page that is not empty, so that it must be there or below, if
// it is anywhere.
func (b *boltPages) within(p *boltPage, key []byte) (bool, error) {
	first, err := b.key(p, 0)
	if err != nil || bytes.Compare(key, first) < 0 {
		return false, err
	}
	last, err := b.key(p, p.n-1)
	return err == nil && bytes.Compare(key, last) <= 0, err
}

func (b *boltPages) corrupt(id uint64, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &CorruptError{File: b.path, Section: fmt.Sprintf("page %d", id), Offset: int64(id) * int64(b.pageSize), Reason: err.Error()}
}
