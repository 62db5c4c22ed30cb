package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/vicinaldb/store/storage"
)

// Verify reads everything the collection has on disk and compares it with its
// checksums and with one another: every row of the data file, every byte of
// every segment, ids, graphs and records. It takes as long as reading the files.
// It changes nothing, and queries and writes go on meanwhile.
//
// Nil means that all is as it was written. Otherwise the error wraps ErrCorrupt
// for each damage it found and names file and place. What [CollectionInfo.Problems] has is a damage too: that a segment was set
// aside, since the collection was opened or, until the next Prepare, before.
func (c *Collection) Verify(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil {
		return c.failed("verifying", err)
	}
	s, err := c.acquire()
	if err != nil {
		return c.failed("verifying", err)
	}
	defer s.release()
	var errs []error
	if c.data != nil {
		errs = append(errs, c.data.Verify(ctx, nil))
	}
	for _, seg := range s.segments {
		errs = append(errs, seg.guard(func() error { return seg.Verify(ctx) }))
	}
	_, err = storage.ReadManifest(c.dir.Manifest())
	if errors.Is(err, ErrNotFound) {
		err = fmt.Errorf("%w: %s is missing", ErrCorrupt, c.dir.Manifest())
	}
	errs = append(errs, err)
	for _, problem := range c.allProblems() {
		errs = append(errs, fmt.Errorf("%w: %s", ErrCorrupt, problem))
	}
	if err := errors.Join(errs...); err != nil {
		return c.failed("verifying", err)
	}
	return nil
}
