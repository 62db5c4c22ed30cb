package crashtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/vicinaldb/store"
)

// What a child says, one line each. A line is one write to a pipe, so it arrives whole or not at all, and what was
// written before a kill can still be read after it.
const (
	sayOpening  = "opening"  // about to open the store
	sayOpen     = "open"     // opened; the collection exists from here on
	sayBegin    = "begin"    // "begin 2 17": writer 2 calls its operation 17
	sayDone     = "done"     // "done 2 17 5": it returned; 5 items were stored or deleted
	sayStage    = "stage"    // "stage writing": Prepare has begun this stage
	sayStaged   = "staged"   // "staged writing": it has ended it; after the last stage comes the publishing
	sayPrepared = "prepared" // Prepare returned nil
	sayCreate   = "create"   // about to create the side collection
	sayCreated  = "created"
	sayDrop     = "drop" // about to drop it
	sayDropped  = "dropped"
	sayClosing  = "closing" // about to close the store
	sayClosed   = "closed"
)

// The child's orders come in its environment.
const (
	envDir  = "VICINAL_CRASHTEST_DIR"
	envSeed = "VICINAL_CRASHTEST_SEED"
	envLife = "VICINAL_CRASHTEST_LIFE"
	envIdle = "VICINAL_CRASHTEST_IDLE" // "true": open and close, write nothing
)

const (
	mainCollection = "main"
	sideCollection = "side" // is created and dropped over and over
)

func TestMain(m *testing.M) {
	dir := os.Getenv(envDir)
	if dir == "" {
		os.Exit(m.Run())
	}
	if err := runChild(dir); err != nil {
		fmt.Fprintln(os.Stderr, "child:", err)
		os.Exit(1)
	}
}

// runChild works on the store until its standard input ends, then closes the store. Most children are killed before.
func runChild(dir string) error {
	w := worker{}
	if _, err := fmt.Sscan(os.Getenv(envSeed)+" "+os.Getenv(envLife), &w.seed, &w.life); err != nil {
		return err
	}
	say(sayOpening)
	s, err := store.Open(dir)
	if err != nil {
		return err
	}
	w.store = s
	w.main, err = openOrCreate(s)
	if err != nil {
		return err
	}
	say(sayOpen)
	if os.Getenv(envIdle) != "true" {
		err = w.work()
	}
	say(sayClosing)
	if err := errors.Join(err, s.Close()); err != nil {
		return err
	}
	say(sayClosed)
	return nil
}

func openOrCreate(s *store.Store) (*store.Collection, error) {
	ctx := context.Background()
	c, err := s.Collection(ctx, mainCollection)
	if errors.Is(err, store.ErrNotFound) {
		return s.Create(ctx, mainCollection, schema)
	}
	return c, err
}

// worker is a child's state. Its goroutines share nothing else.
type worker struct {
	seed  uint64
	life  int
	store *store.Store
	main  *store.Collection
}

// work runs every goroutine until standard input ends or one of them fails.
func (w *worker) work() error {
	ctx, stop := context.WithCancelCause(context.Background())
	go func() {
		_, err := io.Copy(io.Discard, os.Stdin)
		stop(err)
	}()
	var all sync.WaitGroup
	run := func(f func(context.Context) error) {
		all.Go(func() {
			if err := f(ctx); err != nil {
				stop(err)
			}
		})
	}
	for writer := range writers {
		run(func(ctx context.Context) error { return w.write(ctx, writer) })
	}
	run(w.prepare)
	run(w.query)
	run(w.createAndDrop)
	all.Wait()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// write carries out one writer's operations. A begun one is finished before the goroutine ends.
func (w *worker) write(ctx context.Context, writer int) error {
	for number := 0; ctx.Err() == nil; number++ {
		op := plan(w.seed, step{w.life, writer, number})
		say(sayBegin, writer, number)
		count, err := w.apply(op)
		if err != nil {
			return err
		}
		say(sayDone, writer, number, count)
	}
	return nil
}

func (w *worker) apply(op operation) (int, error) {
	if len(op.items) == 0 {
		return w.main.Delete(context.Background(), op.deletes...)
	}
	ids, err := w.main.Upsert(context.Background(), op.items...)
	return len(ids), err
}

// prepare builds the index over and over. When the child is told to end, the build that runs is canceled.
func (w *worker) prepare(ctx context.Context) error {
	rng := rand.New(rand.NewPCG(w.seed, uint64(w.life)))
	stage := ""
	progress := store.WithProgress(func(p store.Progress) {
		if p.Stage != stage {
			stage = p.Stage
			say(sayStage, stage)
		}
		if p.Done == p.Total {
			say(sayStaged, stage)
		}
	})
	for ctx.Err() == nil {
		stage = ""
		_, err := w.main.Prepare(ctx, progress)
		if err != nil && ctx.Err() == nil {
			return err
		}
		say(sayPrepared)
		time.Sleep(time.Duration(rng.IntN(20)) * time.Millisecond)
	}
	return nil
}

// query keeps readers on the snapshots that the others replace.
func (w *worker) query(ctx context.Context) error {
	rng := rand.New(rand.NewPCG(w.seed, uint64(w.life)))
	for ctx.Err() == nil {
		results, err := w.main.Query(context.Background(), randomVector(rng), 10, store.WithMetadata(), store.WithPayload())
		if err != nil {
			return err
		}
		for i := range results {
			if i > 0 && results[i].Distance < results[i-1].Distance {
				return fmt.Errorf("result %d is nearer than the one before it", i)
			}
		}
		time.Sleep(time.Millisecond)
	}
	return nil
}

// createAndDrop has a second collection come and go.
func (w *worker) createAndDrop(ctx context.Context) error {
	background := context.Background()
	for ctx.Err() == nil {
		say(sayDrop)
		if err := w.store.Drop(background, sideCollection); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		say(sayDropped)
		say(sayCreate)
		c, err := w.store.Create(background, sideCollection, schema)
		if err != nil {
			return err
		}
		say(sayCreated)
		if _, err := c.Upsert(background, store.Item{Vector: make([]float32, dim)}); err != nil {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
	return nil
}

// say tells the parent. A child that cannot tell has lost its parent and ends.
func say(what string, details ...any) {
	line := what
	for _, d := range details {
		line += fmt.Sprint(" ", d)
	}
	if _, err := os.Stdout.WriteString(line + "\n"); err != nil {
		os.Exit(1)
	}
}
