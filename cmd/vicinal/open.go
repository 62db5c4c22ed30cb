package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/vicinaldb/store"
	"github.com/vicinaldb/store/storage"
)

// existing are the arguments of the commands that work on a collection that is there.
type existing struct {
	Store      string `arg:"" help:"Directory of the store."`
	Collection string `arg:"" help:"Name of the collection."`
}

// use opens the collection for the time of a call, and tells what is damaged, also what the call comes upon.
func (e existing) use(ctx context.Context, readOnly bool, out *console, work func(*store.Collection) error) error {
	return withStore(e.Store, readOnly, func(s *store.Store) error {
		c, err := s.Collection(ctx, e.Collection)
		if err != nil {
			return err
		}
		return errors.Join(work(c), tellProblems(ctx, c, out))
	})
}

// tellProblems warns of damage that does not keep a collection from being used.
func tellProblems(ctx context.Context, c *store.Collection, out *console) error {
	info, err := c.Info(context.WithoutCancel(ctx))
	for _, problem := range info.Problems {
		fmt.Fprintf(out.err, "vicinal: collection %q: %s\n", info.Name, problem)
	}
	return err
}

// withStore opens a store that exists for the time of a call. (store.Open would make an empty one.)
func withStore(path string, readOnly bool, work func(*store.Store) error) (err error) {
	if err := checkStore(path); err != nil {
		return err
	}
	var opts []store.Option
	if readOnly {
		opts = append(opts, store.ReadOnly())
	}
	s, err := store.Open(path, opts...)
	if errors.Is(err, store.ErrLocked) {
		return fmt.Errorf("%w; query, info and verify can read beside it with --read-only", err)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return work(s)
}

// checkStore makes sure that there is a store: a directory with a lock file or, if it was copied for reading only, collections.
func checkStore(path string) error {
	if err := checkDirectory(path); err != nil {
		return err
	}
	dir := storage.Dir(path)
	if _, err := os.Lstat(dir.LockPath()); err == nil {
		return nil
	}
	switch names, err := dir.Collections(); {
	case errors.Is(err, fs.ErrNotExist), err == nil && len(names) == 0:
		return fmt.Errorf("there is no store at %s; \"vicinal import\" makes one", path)
	default:
		return err
	}
}

// checkDirectory refuses what is there and can neither be a store nor become one.
func checkDirectory(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err == nil && !info.IsDir():
		return fmt.Errorf("%s is not a directory, as a store is", path)
	}
	return err
}
