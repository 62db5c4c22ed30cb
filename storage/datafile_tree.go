package storage

import (
	"bytes"
	"encoding/binary"
)

// boltTree is a bucket of one committed state of the file: a B+ tree of pages with its entries in the leaves.
type boltTree struct {
	pages *boltPages
	name  string
	root  uint64    // page number; 0 if the tree is inline
	page  *boltPage // the only page of an inline tree

	leaf  *boltPage                          // the last leaf that was read
	buf   []byte                             // memory for leaves: each is valid until the next one is read
	keep  bool                               // read leaves into new memory instead, so that they stay valid
	guess int64                              // bytes of the last leaf
	seen  map[uint64]struct{}                // leaves found in order, if somebody wants to know
	visit func(p *boltPage, depth int) error // called for every page that a cursor comes to, if set
}

// read returns a page of the tree.
func (t *boltTree) read(id uint64) (*boltPage, error) {
	if t.leaf != nil && t.leaf.id == id && !t.pages.ended {
		return t.leaf, nil
	}
	if p := t.pages.branches[id]; p != nil {
		return p, nil
	}
	buf := t.buf
	if t.leaf = nil; t.keep {
		buf = nil
	}
	p, err := t.pages.read(id, buf, t.guess)
	if err != nil || !p.leaf {
		return p, err
	}
	t.leaf, t.guess = p, int64(len(p.head))
	if !t.keep {
		t.buf = p.head
	}
	return p, nil
}

// fork returns a tree that shares no memory with this one.
func (t *boltTree) fork() boltTree {
	return boltTree{pages: t.pages, name: t.name, root: t.root, page: t.page}
}

// boltBucketHeader is what the value of a bucket begins with: u64 page number of its root, u64 sequence (unused). When the
// page number is 0, the root is a leaf page that follows.
const boltBucketHeader = 16

// boltCursor walks the entries of a tree in the order of their keys.
type boltCursor struct {
	tree  *boltTree
	stack []boltFrame // from the root to a leaf; empty when there are no more entries
}

type boltFrame struct {
	page  *boltPage
	index int
}

func (c *boltCursor) top() *boltFrame { return &c.stack[len(c.stack)-1] }

// valid reports whether the cursor is on an entry.
func (c *boltCursor) valid() bool { return len(c.stack) > 0 }

// seek moves to the first entry whose key is at least the given one.
func (c *boltCursor) seek(key []byte) error {
	if err := c.seekLeaf(key); err != nil {
		return err
	}
	return c.settle()
}

// seekLeaf moves to the place of a key in the leaf where it must be, which may be behind the last entry there.
func (c *boltCursor) seekLeaf(key []byte) error {
	if err := c.start(); err != nil {
		return err
	}
	return c.down(key)
}

// after is seekLeaf for a cursor that stands near the key already, which is how keys come that are sought in their order: it looks on
// the leaf that was read last, and climbs no higher than to the page that the key must be below.
func (c *boltCursor) after(key []byte) error {
	if t := c.tree; t.pages.ended || !c.valid() || t.leaf == nil || c.top().page != t.leaf {
		return c.seekLeaf(key)
	}
	for len(c.stack) > 1 {
		within, err := c.tree.pages.within(c.top().page, key)
		if err != nil {
			return err
		}
		if within {
			break
		}
		c.stack = c.stack[:len(c.stack)-1]
	}
	return c.down(key)
}

// down moves from the page on top to the place of a key that must be below it.
func (c *boltCursor) down(key []byte) error {
	for {
		top := c.top()
		i, err := c.tree.pages.search(top.page, key, !top.page.leaf)
		if err != nil {
			return err
		}
		if top.page.leaf {
			top.index = i
			return nil
		}
		top.index = max(i-1, 0)
		if err := c.descend(); err != nil {
			return err
		}
	}
}

// first moves to the first entry.
func (c *boltCursor) first() error {
	if err := c.start(); err != nil {
		return err
	}
	if err := c.leftmost(); err != nil {
		return err
	}
	return c.settle()
}

// next moves to the next entry. The cursor must be on one.
func (c *boltCursor) next() error {
	c.top().index++
	return c.settle()
}

func (c *boltCursor) start() error {
	root := c.tree.page
	if root == nil || c.tree.pages.ended {
		var err error
		if root, err = c.tree.read(c.tree.root); err != nil {
			return err
		}
	}
	c.stack = append(c.stack[:0], boltFrame{page: root})
	return c.tree.note(root, 0)
}

// settle moves a cursor that stands behind the last entry of a leaf to the next leaf.
func (c *boltCursor) settle() error {
	if top := c.top(); top.index < top.page.n {
		return nil
	}
	for len(c.stack) > 0 {
		c.stack = c.stack[:len(c.stack)-1]
		if len(c.stack) == 0 {
			return nil
		}
		top := c.top()
		if top.index++; top.index < top.page.n {
			return c.leftmost()
		}
	}
	return nil
}

func (c *boltCursor) leftmost() error {
	for !c.top().page.leaf {
		if err := c.descend(); err != nil {
			return err
		}
	}
	return nil
}

// descend pushes the child that the cursor points at.
func (c *boltCursor) descend() error {
	p, err := c.child(c.top().index)
	if err != nil {
		return err
	}
	c.stack = append(c.stack, boltFrame{page: p})
	return nil
}

// child reads a child of the page on top and sees that its keys are those it was filed under: from the key of its element,
// which is its own first key, to below that of the next one. So a page that belongs elsewhere is noticed, and a search
// that a damaged key sent the wrong way.
func (c *boltCursor) child(index int) (*boltPage, error) {
	pages, parent := c.tree.pages, c.top().page
	if len(c.stack) >= boltMaxDepth {
		return nil, pages.corrupt(parent.id, "tree of bucket %q is deeper than %d pages", c.tree.name, boltMaxDepth)
	}
	p, err := c.tree.read(parent.child(index))
	if err != nil {
		return nil, err
	}
	if p.n == 0 {
		return nil, pages.corrupt(p.id, "page is empty")
	}
	want, err := pages.key(parent, index)
	if err != nil {
		return nil, err
	}
	first, err := pages.key(p, 0)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(first, want) {
		return nil, pages.corrupt(p.id, "page of bucket %q begins with key %x, its parent says %x", c.tree.name, clip(first), clip(want))
	}
	if err := c.checkLast(p, index); err != nil {
		return nil, err
	}
	return p, c.tree.note(p, len(c.stack))
}

// checkLast sees that the last key of a child is below the first key of what follows it in the tree.
func (c *boltCursor) checkLast(p *boltPage, index int) error {
	pages := c.tree.pages
	last, err := pages.key(p, p.n-1)
	if err != nil {
		return err
	}
	for level := len(c.stack) - 1; level >= 0; level-- {
		above := c.stack[level]
		if level < len(c.stack)-1 {
			index = above.index
		}
		if index+1 >= above.page.n {
			continue
		}
		bound, err := pages.key(above.page, index+1)
		if err != nil {
			return err
		}
		if bytes.Compare(last, bound) >= 0 {
			return pages.corrupt(p.id, "page of bucket %q ends with key %x, the next one begins with %x", c.tree.name, clip(last), clip(bound))
		}
		return nil
	}
	return nil
}

// note takes notice of a page that was found in order and in its place.
func (t *boltTree) note(p *boltPage, depth int) error {
	if t.seen != nil && p.leaf {
		t.seen[p.id] = struct{}{}
	}
	if t.visit != nil {
		return t.visit(p, depth)
	}
	return nil
}

func (t *boltTree) noted(id uint64) bool {
	_, ok := t.seen[id]
	return ok
}

// approach sees that the pages between the root and a key are in order. A leaf that was seen before is not read again, and
// the cursor is left on its parent.
func (c *boltCursor) approach(key []byte) error {
	if c.tree.noted(c.tree.root) {
		return nil
	}
	if err := c.start(); err != nil {
		return err
	}
	for {
		top := c.top()
		if top.page.leaf {
			c.stack = c.stack[:len(c.stack)-1]
			return nil
		}
		i, err := c.tree.pages.search(top.page, key, true)
		if err != nil {
			return err
		}
		top.index = max(i-1, 0)
		if c.tree.noted(top.page.child(top.index)) {
			return nil
		}
		if err := c.descend(); err != nil {
			return err
		}
	}
}

// approachBeside is approach, and looks also at the pages beside those.
func (c *boltCursor) approachBeside(key []byte) error {
	if err := c.approach(key); err != nil {
		return err
	}
	for ; len(c.stack) > 0; c.stack = c.stack[:len(c.stack)-1] {
		top := c.top()
		for _, i := range []int{top.index - 1, top.index + 1} {
			if i < 0 || i >= top.page.n || c.tree.noted(top.page.child(i)) {
				continue
			}
			if _, err := c.child(i); err != nil {
				return err
			}
		}
	}
	return nil
}

// key returns the key of the entry, nil if there is none. It is valid as long as the leaf is.
func (c *boltCursor) key() ([]byte, error) {
	if !c.valid() {
		return nil, nil
	}
	return c.tree.pages.key(c.top().page, c.top().index)
}

// value returns the value of the entry, as key does, and its offset in the file, -1 if the tree is inline.
func (c *boltCursor) value() ([]byte, int64, error) {
	p, pages := c.top().page, c.tree.pages
	offset, length, bucket := p.valueAt(c.top().index)
	at := int64(-1)
	if p.id != 0 {
		at = int64(p.id)*int64(pages.pageSize) + offset
	}
	if bucket {
		return nil, at, pages.corrupt(p.id, "bucket %q has a bucket in it", c.tree.name)
	}
	b, err := pages.bytes(p, offset, length)
	return b, at, err
}

// bucket returns the root of the bucket that the entry is: its page number, or 0 and the page itself.
func (c *boltCursor) bucket() (root uint64, page *boltPage, err error) {
	p, pages := c.top().page, c.tree.pages
	key, err := c.key()
	if err != nil {
		return 0, nil, err
	}
	offset, length, bucket := p.valueAt(c.top().index)
	if !bucket || length < boltBucketHeader {
		return 0, nil, pages.corrupt(p.id, "%q is not a bucket", clip(key))
	}
	value, err := pages.bytes(p, offset, length)
	if err != nil {
		return 0, nil, err
	}
	inline := bytes.Clone(value[boltBucketHeader:])
	if root = binary.NativeEndian.Uint64(value); root != 0 {
		if len(inline) > 0 {
			return 0, nil, pages.corrupt(p.id, "bucket %q has a page of its own and %d bytes here", clip(key), len(inline))
		}
		return root, nil, nil
	}
	page, err = parseBoltPage(inline, 0, pages.pageSize, int64(len(inline)))
	if err != nil {
		return 0, nil, pages.corrupt(p.id, "bucket %q: %w", clip(key), err)
	}
	if !page.leaf {
		return 0, nil, pages.corrupt(p.id, "bucket %q lies inside the page, but is not a leaf", clip(key))
	}
	return 0, page, nil
}

// clip shortens a key for an error.
func clip(key []byte) []byte { return key[:min(len(key), 32)] }
