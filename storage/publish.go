package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/google/uuid"
)

const segmentExtension = ".seg"

// PublishFile moves a finished file from a temporary path to its own, where nothing may be yet, and makes the name
// durable.
func PublishFile(temporary, path string) error {
	if err := absent(path); err != nil {
		return fmt.Errorf("publishing file: %w", err)
	}
	if err := renameSynced(temporary, path); err != nil {
		return fmt.Errorf("publishing file: %w", err)
	}
	return nil
}

// MoveToQuarantine moves a damaged file into the quarantine directory, under its own name or, if that is taken, with a
// number behind it: what is in quarantine is never overwritten. It returns the path there. A file that is not there is
// an [ErrNotFound].
func MoveToQuarantine(path, quarantine string) (string, error) {
	to := filepath.Join(quarantine, filepath.Base(path))
	for i := 1; errors.Is(absent(to), fs.ErrExist); i++ {
		to = fmt.Sprintf("%s.%d", filepath.Join(quarantine, filepath.Base(path)), i)
	}
	err := renameSynced(path, to)
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	if err != nil {
		return "", fmt.Errorf("moving to quarantine: %w", err)
	}
	return to, nil
}

// RemoveGarbage removes what a crash may have left: segments that are not named, and temporary files. It touches regular
// files only, and of those only the ones whose names are ours: <uuid>.seg among the segments; <uuid>.anything and MANIFEST
// among the temporary files. It goes on after a file that it cannot remove, and returns the paths of those it did.
//
// It is for the one writer, when it builds nothing and has loaded the manifest: any file in use must be named.
func RemoveGarbage(segments, temporary string, named func(uuid.UUID) bool) (removed []string, err error) {
	fromSegments, err1 := removeMatching(segments, func(name string) bool {
		id, extension, ok := parseFileName(name)
		return ok && extension == segmentExtension && !named(id)
	})
	fromTemporary, err2 := removeMatching(temporary, func(name string) bool {
		_, _, ok := parseFileName(name)
		return ok || name == "MANIFEST"
	})
	return append(fromSegments, fromTemporary...), errors.Join(err1, err2)
}

// removeMatching removes the regular files of a directory whose names match.
func removeMatching(dir string, match func(name string) bool) (removed []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("removing garbage: %w", err)
	}
	var errs []error
	for _, entry := range entries {
		if !entry.Type().IsRegular() || !match(entry.Name()) {
			continue
		}
		path := filepath.Join(dir, entry.Name())
		if err := os.Remove(path); err != nil {
			errs = append(errs, fmt.Errorf("removing garbage: %w", err))
			continue
		}
		removed = append(removed, path)
	}
	return removed, errors.Join(errs...)
}

// parseFileName splits a name into a UUID in its usual form and an extension.
func parseFileName(name string) (id uuid.UUID, extension string, ok bool) {
	stem, _, found := strings.Cut(name, ".")
	id, err := uuid.Parse(stem)
	return id, name[len(stem):], found && err == nil && id.String() == stem
}

// absent returns an error if something is at path.
func absent(path string) error {
	_, err := os.Lstat(path)
	switch {
	case err == nil:
		return &fs.PathError{Op: "rename", Path: path, Err: fs.ErrExist}
	case errors.Is(err, fs.ErrNotExist):
		return nil
	}
	return err
}

// writeSynced writes a new file, or over an old one, and makes its content durable.
func writeSynced(path string, b []byte) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(b)
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// renameSynced renames a file and makes its new name durable.
func renameSynced(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return syncDir(filepath.Dir(to))
}

// syncDir makes the names in a directory durable: files created in it, renamed into it or removed from it. Windows has no
// such call and does not need one.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("syncing directory: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("syncing directory %s: %w", dir, err)
	}
	return nil
}
