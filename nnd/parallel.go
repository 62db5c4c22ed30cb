package nnd

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/vicinaldb/store/internal/shares"
)

// stage is work over the rows 0 to total-1, or over as many pieces of another kind, that goroutines share.
type stage struct {
	threads  int
	name     string
	round    int
	total    int
	grain    int // rows taken at a time, at least 1
	progress func(Progress)
}

// stage describes work over the rows 0 to total-1 under these options. Progress is not told of a stage without a name.
func (o Options) stage(name string, total, grain int) stage {
	s := stage{threads: o.Threads, name: name, total: total, grain: grain}
	if name != "" {
		s.progress = o.Progress
	}
	return s
}

// run lets goroutines take pieces [lo, hi) of the rows until none are left, and waits for all of them. Each goroutine
// calls start once, for a worker with scratch of its own. A context that ends stops the work between two pieces and is
// the error.
//
// Rows that follow one another are near, so each goroutine takes the pieces of a share of its own first.
//
// Points may be views of a mapped file, so a worker turns a fault into a panic, and a panic of a worker becomes one of the
// goroutine that called run: who mapped the file can recover it there.
func (s stage) run(ctx context.Context, start func() func(lo, hi int)) error {
	var (
		pieces = shares.Divide((s.total+s.grain-1)/s.grain, s.threads)
		wg     sync.WaitGroup
		report = reporter{stage: s}
		failed failure
	)
	for own := range pieces {
		wg.Go(func() {
			debug.SetPanicOnFault(true)
			defer failed.keep()
			worker := start()
			for ctx.Err() == nil && !failed.is.Load() {
				piece, ok := pieces.Take(own)
				if !ok {
					return
				}
				lo := piece * s.grain
				hi := min(lo+s.grain, s.total)
				worker(lo, hi)
				report.add(hi - lo)
			}
		})
	}
	wg.Wait()
	failed.raise()
	return ctx.Err()
}

// failure keeps the first panic of a group of goroutines.
type failure struct {
	once  sync.Once
	is    atomic.Bool
	value any
}

// keep recovers a panic; it is to be deferred. A fault is kept as it is, anything else with the stack it came from.
func (f *failure) keep() {
	value := recover()
	if value == nil {
		return
	}
	f.once.Do(func() {
		if _, fault := value.(interface{ Addr() uintptr }); !fault {
			value = fmt.Sprintf("%v\n\n%s", value, debug.Stack())
		}
		f.value = value
		f.is.Store(true)
	})
}

// raise panics with what was kept.
func (f *failure) raise() {
	if f.is.Load() {
		panic(f.value)
	}
}

// reporter calls the progress function about a hundred times a stage.
type reporter struct {
	stage stage

	mu   sync.Mutex
	done int
	told int
}

func (r *reporter) add(rows int) {
	if r.stage.progress == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done += rows
	if r.done-r.told < r.stage.total/100 && r.done < r.stage.total {
		return
	}
	r.told = r.done
	r.stage.progress(Progress{Stage: r.stage.name, Round: r.stage.round, Done: r.done, Total: r.stage.total})
}
