package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/uuid"
)

// The names in the directory of a store and of a collection. They are part of the format.
const (
	lockName       = "LOCK"
	dataName       = "data.bolt"
	manifestName   = "MANIFEST"
	segmentsName   = "segments"
	temporaryName  = "tmp"
	quarantineName = "quarantine"
	missingSuffix  = ".missing"
	replacedSuffix = ".replaced"
	segmentSuffix  = ".seg"

	// No collection can have a name that begins with a dot.
	creatingPrefix = ".creating-"
	droppedPrefix  = ".dropped-"
)

// maxName is the length of a collection's name in bytes.
const maxName = 63

// ErrName means that no collection can have such a name.
var ErrName = errors.New("storage: invalid collection name")

// CheckName returns an [ErrName] unless name can be a collection's: 1 to 63 of the characters a-z, 0-9, '_' and '-', the
// first a letter or digit. Such names are file names everywhere, and differ in more than their case.
func CheckName(name string) error {
	if name == "" || len(name) > maxName {
		return fmt.Errorf("%w: %q has %d characters, must have 1 to %d", ErrName, clip([]byte(name)), len(name), maxName)
	}
	for i := range len(name) {
		c := name[i]
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		case i > 0 && (c == '_' || c == '-'):
		default:
			return fmt.Errorf("%w: %q has %q at position %d; a name has a-z, 0-9, '_' and '-', the first a letter or digit", ErrName, name, c, i)
		}
	}
	return nil
}

// Dir is the directory of a store.
type Dir string

// LockPath is where the lock file is.
func (d Dir) LockPath() string { return filepath.Join(string(d), lockName) }

// Collection is the directory of a collection, whose name must have passed [CheckName].
func (d Dir) Collection(name string) CollectionDir {
	return CollectionDir(filepath.Join(string(d), name))
}

// Check returns an [ErrNotFound] unless there is a directory.
func (d Dir) Check() error { return checkDir(string(d)) }

func checkDir(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: %s", ErrNotFound, path)
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%w: %s is not a directory", ErrNotFound, path)
	}
	return nil
}

// Create makes the directory, and those above it that are missing, unless it is there. It refuses a directory that has no
// lock file but has something else that is no part of a store, for that is not where a store was meant to be.
func (d Dir) Create() error {
	if d == "" { // which would be the working directory
		return &fs.PathError{Op: "mkdir", Err: fs.ErrNotExist}
	}
	if err := d.Check(); errors.Is(err, ErrNotFound) {
		return makeAll(filepath.Clean(string(d)))
	} else if err != nil {
		return err
	}
	if _, err := os.Lstat(d.LockPath()); err == nil {
		return nil
	}
	entries, err := os.ReadDir(string(d))
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if !d.isCollection(entry) && !isLeftover(entry) {
			return fmt.Errorf("%s is not a store: it has no %s, but has %s", d, lockName, entry.Name())
		}
	}
	return nil
}

// makeAll makes a directory and those above it that are missing, each name durable.
func makeAll(path string) error {
	above := filepath.Dir(path)
	if err := checkDir(above); errors.Is(err, ErrNotFound) && above != path {
		if err := makeAll(above); err != nil {
			return err
		}
	}
	err := os.Mkdir(path, 0o700)
	if errors.Is(err, fs.ErrExist) {
		err = checkDir(path) // somebody else has made it, or it is a file
	}
	if err != nil {
		return err
	}
	return syncDir(above)
}

// Lock takes the right to write to the store; see [AcquireLock].
func (d Dir) Lock() (*Lock, error) { return AcquireLock(d.LockPath()) }

// Clean removes what collections that were being created or dropped left behind when the process ended. The caller holds the
// lock. Only what is named as such is touched.
func (d Dir) Clean() error {
	entries, err := os.ReadDir(string(d))
	if err != nil {
		return fmt.Errorf("cleaning store: %w", err)
	}
	for _, entry := range entries {
		if !isLeftover(entry) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(string(d), entry.Name())); err != nil {
			return fmt.Errorf("cleaning store: %w", err)
		}
	}
	return nil
}

func isLeftover(entry fs.DirEntry) bool {
	for _, prefix := range []string{creatingPrefix, droppedPrefix} {
		if rest, ok := strings.CutPrefix(entry.Name(), prefix); ok && entry.IsDir() {
			_, err := uuid.Parse(rest)
			return err == nil
		}
	}
	return false
}

// Collections lists the names of the collections, in ascending order.
func (d Dir) Collections() ([]string, error) {
	entries, err := os.ReadDir(string(d))
	if err != nil {
		return nil, fmt.Errorf("listing collections: %w", err)
	}
	var names []string
	for _, entry := range entries {
		if d.isCollection(entry) {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}

// isCollection reports whether an entry of the store is a collection: a directory with such a name, with a data file or,
// in a set that was made for reading only, a manifest.
func (d Dir) isCollection(entry fs.DirEntry) bool {
	return entry.IsDir() && CheckName(entry.Name()) == nil && d.Collection(entry.Name()).exists()
}

// CheckCollection returns an [ErrNotFound] unless there is a collection of that name, and an [ErrName] if none can have it.
func (d Dir) CheckCollection(name string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	if !d.Collection(name).exists() {
		return fmt.Errorf("%w: collection %q", ErrNotFound, name)
	}
	return nil
}

// CreateCollection makes the directory of a collection, all of it or nothing: build fills a directory under another name,
// which then takes its own. build must sync the files it makes. A name that is taken is an error that wraps
// fs.ErrExist. The caller holds the lock.
func (d Dir) CreateCollection(name string, build func(dir CollectionDir) error) error {
	if err := CheckName(name); err != nil {
		return err
	}
	path := string(d.Collection(name))
	if err := absent(path); err != nil {
		return fmt.Errorf("creating collection: %w", err)
	}
	id, err := uuid.NewRandom()
	if err != nil {
		return fmt.Errorf("creating collection: %w", err)
	}
	temporary := filepath.Join(string(d), creatingPrefix+id.String())
	err = fillCollection(temporary, build)
	if err == nil {
		err = renameSynced(temporary, path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("creating collection: %w", err), os.RemoveAll(temporary))
	}
	return nil
}

func fillCollection(path string, build func(dir CollectionDir) error) error {
	dir := CollectionDir(path)
	for _, sub := range []string{path, dir.Segments(), dir.Temporary(), dir.Quarantine()} {
		if err := os.Mkdir(sub, 0o700); err != nil {
			return err
		}
	}
	if err := build(dir); err != nil {
		return err
	}
	return syncDir(path)
}

// Drop removes a collection: at once and durably from the names of the store, then its files. Files that cannot be removed
// now, because somebody has them open, are removed by the next Clean. The caller holds the lock.
func (d Dir) Drop(name string) error {
	if err := d.CheckCollection(name); err != nil {
		return err
	}
	id, err := uuid.NewRandom()
	if err != nil {
		return fmt.Errorf("dropping collection: %w", err)
	}
	dropped := filepath.Join(string(d), droppedPrefix+id.String())
	if err := renameSynced(string(d.Collection(name)), dropped); err != nil {
		return fmt.Errorf("dropping collection: %w", err)
	}
	_ = os.RemoveAll(dropped) // it is gone already; its space comes back now or at the next Clean
	return nil
}

// CollectionDir is the directory of a collection.
type CollectionDir string

// exists reports whether there is such a directory, no link to one, and it holds a collection.
func (c CollectionDir) exists() bool {
	if info, err := os.Lstat(string(c)); err != nil || !info.IsDir() {
		return false
	}
	for _, path := range []string{c.DataFile(), c.Manifest()} {
		if info, err := os.Lstat(path); err == nil && info.Mode().IsRegular() {
			return true
		}
	}
	return false
}

// DataFile is where the data file is.
func (c CollectionDir) DataFile() string { return filepath.Join(string(c), dataName) }

// Manifest is where the published manifest is.
func (c CollectionDir) Manifest() string { return filepath.Join(string(c), manifestName) }

// Segments is the directory of the segments that count.
func (c CollectionDir) Segments() string { return filepath.Join(string(c), segmentsName) }

// Segment is where a segment is.
func (c CollectionDir) Segment(id uuid.UUID) string {
	return filepath.Join(c.Segments(), id.String()+segmentSuffix)
}

// Temporary is the directory of files that are being made.
func (c CollectionDir) Temporary() string { return filepath.Join(string(c), temporaryName) }

// Building is where a segment is written before it counts.
func (c CollectionDir) Building(id uuid.UUID) string {
	return filepath.Join(c.Temporary(), id.String()+segmentSuffix)
}

// Spool is where the build of a segment keeps what it needs until it is finished.
func (c CollectionDir) Spool(id uuid.UUID) string {
	return filepath.Join(c.Temporary(), id.String()+".spool")
}

// TemporaryManifest is where the manifest is written before it is published.
func (c CollectionDir) TemporaryManifest() string { return filepath.Join(c.Temporary(), manifestName) }

// Quarantine is the directory that damaged segments are moved to.
func (c CollectionDir) Quarantine() string { return filepath.Join(string(c), quarantineName) }

// Quarantined are the paths of the files in quarantine for which no other segment was made yet. The directory may be missing.
func (c CollectionDir) Quarantined() ([]string, error) {
	entries, err := os.ReadDir(c.Quarantine())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("listing quarantine: %w", err)
	}
	var paths []string
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), replacedSuffix) {
			paths = append(paths, filepath.Join(c.Quarantine(), entry.Name()))
		}
	}
	return paths, nil
}

// ReplaceQuarantined notes, by their names, that there is another segment for all files in quarantine.
func (c CollectionDir) ReplaceQuarantined() error {
	paths, err := c.Quarantined()
	for _, path := range paths {
		err = errors.Join(err, os.Rename(path, freeName(path, replacedSuffix)))
	}
	return err
}

// Clean removes the files that were being made when the process ended, and makes those directories of a collection that
// are missing: tools that copy files leave out empty ones. The caller holds the lock and makes no file at the time.
func (c CollectionDir) Clean() error {
	if err := os.RemoveAll(c.Temporary()); err != nil {
		return fmt.Errorf("cleaning collection: %w", err)
	}
	for _, sub := range []string{c.Segments(), c.Temporary(), c.Quarantine()} {
		if err := os.Mkdir(sub, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("cleaning collection: %w", err)
		}
	}
	return nil
}
