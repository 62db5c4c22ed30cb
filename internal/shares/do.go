package shares

import (
	"context"
	"sync"
	"sync/atomic"
)

// Do has goroutines do so many pieces of work, each those of a share of its own and then of others, and waits for all of
// them. An error ends the work, and so does a context that ends: no piece is begun after that, and the first error is returned.
// A panic of one of them becomes one of the goroutine that called Do.
func Do(ctx context.Context, threads, pieces int, do func(piece int) error) error {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	var (
		left     = Divide(pieces, max(threads, 1))
		running  sync.WaitGroup
		panicked atomic.Pointer[any]
	)
	for own := range left {
		running.Go(func() {
			defer func() {
				if value := recover(); value != nil {
					panicked.CompareAndSwap(nil, &value)
				}
			}()
			for ctx.Err() == nil && panicked.Load() == nil {
				piece, ok := left.Take(own)
				if !ok {
					return
				}
				if err := do(piece); err != nil {
					fail(err)
				}
			}
		})
	}
	running.Wait()
	if value := panicked.Load(); value != nil {
		panic(*value)
	}
	return context.Cause(ctx)
}
