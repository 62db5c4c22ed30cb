package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

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
	to := freeName(filepath.Join(quarantine, filepath.Base(path)), "")
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

// NoteMissing leaves an empty file in the quarantine directory, for one that is not where it should be and so cannot be moved there.
func NoteMissing(path, quarantine string) error {
	if err := writeSynced(filepath.Join(quarantine, filepath.Base(path)+missingSuffix), nil); err != nil {
		return fmt.Errorf("noting a missing file in quarantine: %w", err)
	}
	return syncDir(quarantine)
}

// freeName is a name that nothing has, of a path and what is to be at its end: with a number between them if it must be.
func freeName(path, end string) string {
	free := path + end
	for i := 1; errors.Is(absent(free), fs.ErrExist); i++ {
		free = fmt.Sprintf("%s.%d%s", path, i, end)
	}
	return free
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
