package store

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/vicinaldb/store/storage"
)

// Store is a directory of collections. It is safe for concurrent use. One
// process at a time may have it open for writing; any number may have it open
// with ReadOnly.
type Store struct {
	dir  storage.Dir
	opts openOptions
	lock *storage.Lock // nil when read-only

	mu     sync.Mutex
	open   map[string]*opening // by name; an entry stays while its collection is open
	closed bool
}

// opening is a collection that is open or about to be: done is closed when
// the other fields are set.
type opening struct {
	done       chan struct{}
	collection *Collection
	err        error
}

// Open opens the store in the directory path, and creates it when there is
// nothing there. It fails within a second with ErrLocked, naming the holder,
// when another process (or this one) has the store open for writing.
//
// Opening reads no collection: each is opened when it is first asked for.
// The caller must Close the store.
func Open(path string, opts ...Option) (*Store, error) {
	s := &Store{dir: storage.Dir(path), opts: collectOpen(opts), open: make(map[string]*opening)}
	if s.opts.readOnly {
		if err := s.dir.Check(); err != nil {
			return nil, fmt.Errorf("opening store %s: %w", path, err)
		}
		return s, nil
	}
	if err := s.dir.Create(); err != nil {
		return nil, fmt.Errorf("opening store %s: %w", path, err)
	}
	lock, err := s.dir.Lock()
	if err != nil {
		return nil, fmt.Errorf("opening store %s: %w", path, err)
	}
	s.lock = lock
	if err := s.dir.Clean(); err != nil {
		return nil, errors.Join(fmt.Errorf("opening store %s: %w", path, err), lock.Release())
	}
	return s, nil
}

// Close closes every collection, waits for the calls that are still running on
// them and releases the store. Calls after Close fail with ErrClosed; a second
// Close does nothing. Handles of collections are of no use afterwards.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	openings := s.open
	s.open = nil
	s.mu.Unlock()

	var errs []error
	for _, o := range openings {
		<-o.done
		if o.err == nil {
			errs = append(errs, o.collection.close())
		}
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Release())
	}
	return errors.Join(errs...)
}

// Create makes an empty collection. Its name is 1 to 63 of the characters a-z,
// 0-9, '_' and '-', the first a letter or digit. It fails with ErrExists when
// the name is taken, with ErrInvalid when name or schema could not be meant, and
// with ErrReadOnly in a read-only store. The collection is on disk when Create
// returns.
func (s *Store) Create(ctx context.Context, name string, schema Schema) (*Collection, error) {
	if s.opts.readOnly {
		return nil, fmt.Errorf("creating collection %q: %w", clip(name), ErrReadOnly)
	}
	c, err := s.create(ctx, name, schema)
	if err != nil {
		return nil, fmt.Errorf("creating collection %q: %w", clip(name), err)
	}
	return c, nil
}

func (s *Store) create(ctx context.Context, name string, schema Schema) (*Collection, error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	schema, _, err := schema.resolve()
	if err != nil {
		return nil, err
	}
	encoded, err := encodeSchema(schema)
	if err != nil {
		return nil, err
	}
	for {
		o, mine, err := s.enter(name)
		if err != nil {
			return nil, err
		}
		if mine { // so that Close waits: nothing is written after it
			s.fill(name, o, func() (*Collection, error) {
				if err := createCollection(s.dir, name, schema, encoded); err != nil {
					return nil, err
				}
				return openCollection(s.dir, name, s.opts)
			})
			return o.collection, o.err
		}
		if err := o.wait(ctx); err != nil {
			return nil, err
		}
		if o.err == nil {
			return nil, ErrExists
		}
	}
}

// Collection opens a collection, or gives the handle of one that is open
// already. It fails with ErrNotFound when there is none of that name. Opening
// takes milliseconds, whatever the size of the index; it grows with the
// number of items stored since the last Prepare.
func (s *Store) Collection(ctx context.Context, name string) (*Collection, error) {
	if err := s.usable(ctx); err != nil {
		return nil, fmt.Errorf("opening collection %q: %w", clip(name), err)
	}
	c, err := s.collection(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("opening collection %q: %w", clip(name), err)
	}
	return c, nil
}

func (s *Store) collection(ctx context.Context, name string) (*Collection, error) {
	for {
		o, mine, err := s.enter(name)
		if err != nil {
			return nil, err
		}
		if mine {
			s.fill(name, o, func() (*Collection, error) { return openCollection(s.dir, name, s.opts) })
		}
		if err := o.wait(ctx); err != nil {
			return nil, err
		}
		if !errors.Is(o.err, ErrExists) { // else a Create failed that came first, and there is one to be opened
			return o.collection, o.err
		}
	}
}

// fill ends an opening, and forgets it when it fails.
func (s *Store) fill(name string, o *opening, open func() (*Collection, error)) {
	if o.collection, o.err = open(); o.err != nil {
		s.leave(name, o)
	}
	close(o.done)
}

// wait returns when the opening has ended, or with the error of a context that ends before.
func (o *opening) wait(ctx context.Context) error {
	select {
	case <-o.done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// enter finds the entry of a name, or makes one that the caller must fill.
func (s *Store) enter(name string) (o *opening, mine bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, false, ErrClosed
	}
	if o, ok := s.open[name]; ok {
		return o, false, nil
	}
	o = &opening{done: make(chan struct{})}
	s.open[name] = o
	return o, true, nil
}

// leave forgets an entry, unless another has taken its place.
func (s *Store) leave(name string, o *opening) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[name] == o {
		delete(s.open, name)
	}
}

// Collections lists the collections by name, with their schemas and counts. It opens all of them, and they stay open.
// Those that cannot be opened are left out, and the error, which then comes beside the others, says which and why.
func (s *Store) Collections(ctx context.Context) ([]CollectionInfo, error) {
	if err := s.usable(ctx); err != nil {
		return nil, fmt.Errorf("listing collections: %w", err)
	}
	names, err := s.dir.Collections()
	if err != nil {
		return nil, fmt.Errorf("listing collections: %w", err)
	}
	infos, errs := make([]CollectionInfo, 0, len(names)), []error(nil)
	for _, name := range names {
		info, err := s.info(ctx, name)
		switch {
		case err == nil:
			infos = append(infos, info)
		case ctx.Err() != nil:
			return nil, err
		case errors.Is(err, ErrNotFound), errors.Is(err, ErrClosed) && s.usable(ctx) == nil:
			// It was dropped meanwhile, or there is nothing for readers yet.
		default:
			errs = append(errs, err)
		}
	}
	return infos, errors.Join(errs...)
}

func (s *Store) info(ctx context.Context, name string) (CollectionInfo, error) {
	c, err := s.Collection(ctx, name)
	if err != nil {
		return CollectionInfo{}, err
	}
	return c.Info(ctx)
}

// Drop removes a collection with all it holds, after the calls that still run
// on it have ended. It fails with ErrNotFound when there is none of that name,
// and with ErrReadOnly in a read-only store.
func (s *Store) Drop(ctx context.Context, name string) error {
	if s.opts.readOnly {
		return fmt.Errorf("dropping collection %q: %w", clip(name), ErrReadOnly)
	}
	if err := s.usable(ctx); err != nil {
		return fmt.Errorf("dropping collection %q: %w", clip(name), err)
	}
	if err := s.drop(name); err != nil {
		return fmt.Errorf("dropping collection %q: %w", clip(name), err)
	}
	return nil
}

// drop holds the name while the collection goes, so that nobody opens what is half removed.
func (s *Store) drop(name string) error {
	going := &opening{done: make(chan struct{}), err: ErrNotFound}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return ErrClosed
	}
	o := s.open[name]
	s.open[name] = going
	s.mu.Unlock()
	defer close(going.done)
	defer s.leave(name, going)

	// Even a collection that could not be closed cleanly is to be removed.
	var closing error
	if o != nil {
		<-o.done
		if o.err == nil {
			closing = o.collection.close()
		}
	}
	if err := s.dir.Drop(name); err != nil {
		return errors.Join(ofName(err), closing)
	}
	return nil
}

// usable is the check that every call begins with.
func (s *Store) usable(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	return nil
}
