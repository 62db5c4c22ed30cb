package storage

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"math/bits"
)

// A bbolt file begins with two meta pages, written in turn, of which the newer whole one counts. After the page header:
//
//	0   u32  magic            16  u64  root page       40  u64  number of pages
//	4   u32  version, 2       24  u64  sequence, 0     48  u64  transaction
//	8   u32  page size        32  u64  freelist page   56  u64  FNV-1a hash of the 56 bytes before
//	12  u32  flags, 0
const (
	boltMagic    = 0xED0CDAED
	boltVersion  = 2
	boltMetaSize = 64
	boltMetaPage = 0x04 // type of a meta page
	boltFreelist = 0x10 // type of the freelist page

	minBoltPage = 1 << 10
	maxBoltPage = 64 << 10
)

// boltMeta is a meta page that was found in order.
type boltMeta struct {
	pageSize int
	root     uint64
	freelist uint64
	pages    uint64
	tx       uint64
	header   error // what is wrong with the header of the page, which bbolt does not look at
}

// parseBoltMeta decodes the meta page with number 0 or 1 that begins with page.
func parseBoltMeta(page []byte, id uint64) (boltMeta, error) {
	own, flags := binary.NativeEndian.Uint64(page), binary.NativeEndian.Uint16(page[8:])
	b := page[boltHeader : boltHeader+boltMetaSize]
	h := fnv.New64a()
	h.Write(b[:56])
	m := boltMeta{
		pageSize: int(binary.NativeEndian.Uint32(b[8:])),
		root:     binary.NativeEndian.Uint64(b[16:]),
		freelist: binary.NativeEndian.Uint64(b[32:]),
		pages:    binary.NativeEndian.Uint64(b[40:]),
		tx:       binary.NativeEndian.Uint64(b[48:]),
	}
	if own != id || flags != boltMetaPage {
		m.header = fmt.Errorf("page says it is page %d of type %#x", own, flags)
	}
	switch magic, version := binary.NativeEndian.Uint32(b), binary.NativeEndian.Uint32(b[4:]); {
	case magic == bits.ReverseBytes32(boltMagic):
		return m, fmt.Errorf("%w: written on a machine of the other byte order", ErrUnsupported)
	case magic != boltMagic:
		return m, fmt.Errorf("magic is %08x, should be %08x", magic, uint32(boltMagic))
	case binary.NativeEndian.Uint64(b[56:]) != h.Sum64():
		return m, errors.New("checksum does not match")
	case version != boltVersion:
		return m, fmt.Errorf("%w: bbolt file of version %d", ErrVersion, version)
	case m.pageSize < minBoltPage || m.pageSize > maxBoltPage || m.pageSize&(m.pageSize-1) != 0:
		return m, fmt.Errorf("page size is %d", m.pageSize)
	case m.pages < 4 || m.pages > math.MaxInt64/maxBoltPage:
		return m, fmt.Errorf("%d pages", m.pages)
	case m.root < 2 || m.root >= m.pages || m.freelist < 2 || m.freelist >= m.pages || m.root == m.freelist:
		return m, fmt.Errorf("root page %d and freelist page %d of %d pages", m.root, m.freelist, m.pages)
	}
	return m, nil
}

// checkBoltFile looks at what bbolt would read while opening a file of size bytes: meta pages, freelist, root page. It
// returns the meta page that counts. If the other one is damaged, damage says so: the file can be used as of the one that
// is whole, but it may be that a committed transaction was lost.
func checkBoltFile(file io.ReaderAt, path string, size int64) (meta boltMeta, damage, err error) {
	meta, damage, err = findBoltMeta(file, path, size)
	if err != nil {
		return meta, nil, err
	}
	if need := int64(meta.pages) * int64(meta.pageSize); size < need {
		return meta, nil, &CorruptError{File: path, Offset: size, Reason: fmt.Sprintf("file has %d bytes, its meta page says %d", size, need)}
	}
	pages := &boltPages{file: file, path: path, pageSize: meta.pageSize, count: meta.pages}
	free, _, err := pages.freelist(meta.freelist)
	if err != nil {
		return meta, nil, err
	}
	for _, id := range free {
		if id == meta.root {
			return meta, nil, pages.corrupt(meta.freelist, "freelist names the root page %d", id)
		}
	}
	if _, err := pages.read(meta.root, nil, 0); err != nil {
		return meta, nil, err
	}
	return meta, damage, nil
}

// findBoltMeta reads both meta pages and returns the one that counts, which must be the one that bbolt takes. Where the second
// one is depends on the page size, which the first one says; if that is damaged, all sizes are tried.
func findBoltMeta(file io.ReaderAt, path string, size int64) (meta boltMeta, damage, err error) {
	first, err := readBoltMeta(file, path, size, 0)
	if err != nil {
		for at := int64(minBoltPage); at <= maxBoltPage; at *= 2 {
			if second, err2 := readBoltMeta(file, path, size, at); err2 == nil && int64(second.pageSize) == at {
				return second, err, nil
			}
		}
		return first, nil, err
	}
	at := int64(first.pageSize)
	second, err := readBoltMeta(file, path, size, at)
	damaged := func(page, at int64, reason string) error {
		return &CorruptError{File: path, Section: fmt.Sprintf("meta page %d", page), Offset: at, Reason: reason}
	}
	switch {
	case err != nil:
		return first, err, nil
	case second.pageSize != first.pageSize:
		return first, nil, damaged(1, at, fmt.Sprintf("page size is %d, meta page 0 says %d", second.pageSize, first.pageSize))
	case first.header != nil:
		damage = damaged(0, 0, first.header.Error())
	case second.header != nil:
		damage = damaged(1, at, second.header.Error())
	case second.tx == first.tx:
		// Each commit writes one of the two, so one of them was written and is not there.
		damage = damaged(1, at, fmt.Sprintf("both meta pages are of transaction %d", first.tx))
	}
	if second.tx > first.tx {
		return second, damage, nil
	}
	return first, damage, nil
}

func readBoltMeta(file io.ReaderAt, path string, size, at int64) (boltMeta, error) {
	var page [boltHeader + boltMetaSize]byte
	section := fmt.Sprintf("meta page %d", min(at, 1))
	if at+int64(len(page)) > size {
		return boltMeta{}, &CorruptError{File: path, Section: section, Offset: at, Reason: fmt.Sprintf("file has only %d bytes", size)}
	}
	if _, err := file.ReadAt(page[:], at); err != nil {
		return boltMeta{}, fmt.Errorf("reading %s of %s: %w", section, path, err)
	}
	m, err := parseBoltMeta(page[:], uint64(min(at, 1)))
	switch {
	case errors.Is(err, ErrUnsupported), errors.Is(err, ErrVersion):
		return m, fmt.Errorf("%s: %s: %w", path, section, err)
	case err != nil:
		return m, &CorruptError{File: path, Section: section, Offset: at, Reason: err.Error()}
	}
	return m, nil
}

// freelist reads the numbers of the free pages, in ascending order, and of how many pages they are listed on. The list is
// written into a page like others, with the number of entries in its header, or in the first entry if it is 65,535 or more.
func (b *boltPages) freelist(id uint64) (free []uint64, extent uint64, err error) {
	head := make([]byte, boltHeader+8)
	if err := b.fill(head, id, 0); err != nil {
		return nil, 0, err
	}
	own, flags := binary.NativeEndian.Uint64(head), binary.NativeEndian.Uint16(head[8:])
	if own != id || flags != boltFreelist {
		return nil, 0, b.corrupt(id, "page says it is page %d of type %#x, should be the freelist", own, flags)
	}
	n, at := uint64(binary.NativeEndian.Uint16(head[10:])), uint64(boltHeader)
	if n == math.MaxUint16 {
		n, at = binary.NativeEndian.Uint64(head[boltHeader:]), boltHeader+8
	}
	extent = uint64(binary.NativeEndian.Uint32(head[12:])) + 1
	if id+extent > b.count || n > b.count || at+8*n > extent*uint64(b.pageSize) {
		return nil, 0, b.corrupt(id, "freelist of %d entries extends over %d pages, %d are left", n, extent, b.count-id)
	}
	// bbolt sizes the list before it takes the pages for it out of it, so it may be shorter than its pages allow.
	if most := (at+8*(n+extent+1))/uint64(b.pageSize) + 1; extent > most {
		return nil, 0, b.corrupt(id, "freelist of %d entries extends over %d pages, %d would do", n, extent, most)
	}
	buf := make([]byte, 8*n)
	if err := b.fill(buf, id, int64(at)); err != nil {
		return nil, 0, err
	}
	free = make([]uint64, n)
	last := uint64(1)
	for i := range free {
		free[i] = binary.NativeEndian.Uint64(buf[8*i:])
		if free[i] <= last || free[i] >= b.count || free[i] >= id && free[i] < id+extent {
			return nil, 0, b.corrupt(id, "entry %d of the freelist is page %d", i, free[i])
		}
		last = free[i]
	}
	return free, extent, nil
}
