package storage

import (
	"os"
	"slices"

	bolt "go.etcd.io/bbolt"
)

// File returns the handle that a data file works with.
func (d *DataFile) File() *os.File { return d.file }

// IsRoot reports whether a page is the root of a bucket of the last committed state.
func (d *DataFile) IsRoot(page uint64) (is bool, err error) {
	err = d.View(func(v *View) error {
		trees := v.trees()
		is = slices.ContainsFunc(trees[:], func(tree *boltTree) bool { return tree.root == page })
		return nil
	})
	return is, err
}

// LeavesOf returns the leaf pages of a bucket of the last committed state with their first keys, in order.
func (d *DataFile) LeavesOf(bucket string) (pages []uint64, keys []string, err error) {
	err = d.View(func(v *View) error {
		for _, tree := range v.trees() {
			if tree.name != bucket {
				continue
			}
			c := boltCursor{tree: tree}
			for err := c.first(); c.valid(); err = c.next() {
				key, err2 := c.key()
				if err != nil || err2 != nil {
					return err
				}
				if c.top().index == 0 {
					pages, keys = append(pages, c.top().page.id), append(keys, string(key))
				}
			}
		}
		return nil
	})
	return pages, keys, err
}

// OnRowPage has a function called for every page of the rows that the view comes to from another one.
func (v *View) OnRowPage(visit func(leaf bool)) {
	v.rows.visit = func(p *boltPage, _ int) error {
		visit(p.leaf)
		return nil
	}
}

// Commit makes a transaction's change of the file look like one of this package.
func Commit(tx *bolt.Tx, change func(tx *bolt.Tx) error) error {
	if err := change(tx); err != nil {
		return err
	}
	return tx.Bucket([]byte(bucketState)).Put([]byte(stateCommit), sealValue(bucketState, []byte(stateCommit), encodeCommit(tx)))
}

// SealValue makes the value that is stored under a key of a bucket.
var SealValue = sealValue

// ParsePage parses a page and touches all of it that was found in order.
func ParsePage(head []byte, id uint64, pageSize int, extent int64) error {
	p, err := parseBoltPage(head, id, pageSize, extent)
	if err != nil {
		return err
	}
	for i := range p.n {
		offset, length := p.keyAt(i)
		end := offset + length
		if p.leaf {
			offset, length, _ = p.valueAt(i)
			end = offset + length
		} else {
			p.child(i)
		}
		if end > p.size {
			panic("an element reaches beyond the page")
		}
		if p.size <= int64(len(head)) {
			_ = head[:end]
		}
	}
	return nil
}
