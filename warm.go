package store

import (
	"context"

	"github.com/vicinaldb/store/internal/mapped"
)

// warmStep is how many bytes of the index are brought into memory between two looks at the context.
const warmStep = 4 << 20

// Warm brings the parts of the index that queries read into memory, so that the first queries after opening need not wait for the
// disk, each for the pages that nobody has read before it. It returns when they are there, after about as long as reading them
// in one go takes. Metadata and payloads stay where they are.
//
// On Linux it asks for large pages, by which rows anywhere in the index are found faster, so that all later queries gain, too. The kernel
// and the file system must know of such, and what is in memory in small pages already stays in them.
//
// The memory is the operating system's page cache: what is there already is not read again, the heap does not grow, and when memory
// is short, pages that are not in use go first, as always. Queries and writes go on meanwhile.
//
// When progress is not nil, it is called from one goroutine as Warm advances. It should return quickly, and must not call Close of the
// store or Drop of the collection, which wait for Warm.
func (c *Collection) Warm(ctx context.Context, progress func(Progress)) error {
	if progress == nil {
		progress = func(Progress) {}
	}
	for {
		err := c.warmOnce(ctx, progress)
		if err == nil {
			return nil
		}
		if !c.setAside(ctx, err) {
			return c.failed("warming", err)
		}
	}
}

func (c *Collection) warmOnce(ctx context.Context, progress func(Progress)) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	s, err := c.acquire()
	if err != nil {
		return err
	}
	defer s.release()
	at := Progress{Stage: "reading the index"}
	for _, seg := range s.segments {
		for _, part := range seg.QueryBytes() {
			at.Total += (len(part) + warmStep - 1) / warmStep
		}
	}
	for _, seg := range s.segments {
		if err := seg.guard(func() error { return seg.warm(ctx, &at, progress) }); err != nil {
			return err
		}
	}
	return nil
}

func (seg *segment) warm(ctx context.Context, at *Progress, progress func(Progress)) error {
	for _, part := range seg.QueryBytes() {
		err := mapped.Populate(part, warmStep, func() error {
			at.Done++
			progress(*at)
			if at.Done == at.Total {
				return nil // all of it is there, whatever ctx says
			}
			return context.Cause(ctx)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
