package store

import (
	"context"
	"fmt"
)

// Upsert stores items, each in place of the item that had its id, and returns
// their ids in order: the given ones, and new ones for items that came without.
//
// The call is atomic: all items are stored or none is, even across a crash. They
// are durable, and found by queries, when it returns nil. Concurrent calls
// share a commit, so many goroutines that store single items are as fast as
// one that stores batches. When one id occurs twice the later item stays.
//
// An item that cannot be stored gives an *ItemError that says which and why. A
// context that ends before the commit has begun withdraws the call; then its
// error is returned and nothing was stored.
func (c *Collection) Upsert(ctx context.Context, items ...Item) ([]string, error) {
	if c.writer == nil {
		return nil, c.failed("upserting", ErrReadOnly)
	}
	ids := make([]string, len(items))
	rows := make([]encoded, len(items))
	for i, item := range items {
		// Encoding a large batch takes a while, so it is worth a look now and then.
		if i%256 == 0 && ctx.Err() != nil {
			return nil, c.failed("upserting", context.Cause(ctx))
		}
		e, err := c.encode(item)
		if err != nil {
			return nil, c.failed("upserting", &ItemError{Index: i, ID: item.ID, Err: err})
		}
		rows[i], ids[i] = e, e.id
	}
	if len(items) == 0 {
		return ids, nil
	}
	err := c.write(ctx, func(g *group) error {
		for i := range rows {
			if err := g.put(&rows[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, c.failed("upserting", err)
	}
	return ids, nil
}

// Delete removes items by id and returns how many there were; ids that nobody
// stored are passed over. The call is atomic and durable when it returns,
// and queries that begin afterwards do not return the items. Their space comes
// back with the next Prepare.
func (c *Collection) Delete(ctx context.Context, ids ...string) (int, error) {
	if c.writer == nil {
		return 0, c.failed("deleting", ErrReadOnly)
	}
	if len(ids) == 0 {
		return 0, nil
	}
	removed := 0
	err := c.write(ctx, func(g *group) error {
		removed = 0
		for _, id := range ids {
			existed, err := g.remove(id)
			if err != nil {
				return err
			}
			if existed {
				removed++
			}
		}
		return nil
	})
	if err != nil {
		return 0, c.failed("deleting", err)
	}
	return removed, nil
}

// write has the writer commit one change. Damage found in a segment on the way
// has rolled the change back; with the segment set aside it goes through.
func (c *Collection) write(ctx context.Context, change func(g *group) error) error {
	for {
		err := c.writer.submit(ctx, &request{write: change})
		if err == nil || !c.setAside(ctx, err) {
			return err
		}
	}
}

// failed says which collection an error is about.
func (c *Collection) failed(doing string, err error) error {
	return fmt.Errorf("%s in collection %q: %w", doing, c.name, err)
}
