package storage

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/gofrs/flock"

	"github.com/vicinaldb/store/internal/mapped"
)

// How long a lock that is taken is waited for: a process that is just ending gives its lock back within that.
const (
	lockWait  = 500 * time.Millisecond
	lockPause = 25 * time.Millisecond
)

// Holder is who holds a store, as its LOCK says. It is for people to read: nothing is decided by it.
type Holder struct {
	PID   int       `json:"pid"`
	Host  string    `json:"host"`
	Since time.Time `json:"since"`
}

// String names the holder.
func (h Holder) String() string {
	return fmt.Sprintf("pid %d on host %s since %s", h.PID, h.Host, h.Since.Format(time.RFC3339))
}

// Lock is the right to write to a store. The operating system takes it back when the process ends, however it ends.
type Lock struct {
	path  string
	flock *flock.Flock
}

// AcquireLock locks the file at path, which is created if it is missing and stays when the lock is released. If another
// process or another Lock of this one has it for longer than half a second, the error wraps [ErrLocked] and names the
// holder.
func AcquireLock(path string) (*Lock, error) {
	if err := prepareLockFile(path); err != nil {
		return nil, fmt.Errorf("locking: %w", err)
	}
	l := &Lock{path: path, flock: flock.New(path)}
	for deadline := time.Now().Add(lockWait); ; time.Sleep(lockPause) {
		ok, err := l.flock.TryLock()
		if err != nil {
			return nil, fmt.Errorf("locking %s: %w", path, err)
		}
		if ok {
			break
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("locking %s: %w: held by %s", path, ErrLocked, describeHolder(path))
		}
	}
	if err := l.write(holder()); err != nil {
		return nil, errors.Join(fmt.Errorf("locking: %w", err), l.flock.Close())
	}
	return l, nil
}

// prepareLockFile sees that there is a regular file that begins with a space. That byte is what Windows locks, and nobody
// can read it while it is locked; the rest is then free to read.
func prepareLockFile(path string) error {
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return &fs.PathError{Op: "open", Path: path, Err: mapped.ErrNotRegular}
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if info, err := f.Stat(); err == nil && info.Size() == 0 {
		_, _ = f.WriteAt([]byte{' '}, 0) // when this fails, somebody has the lock and has written it
	}
	return f.Close()
}

func holder() Holder {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return Holder{PID: os.Getpid(), Host: host, Since: time.Now().UTC().Truncate(time.Second)}
}

// write says in the file who holds it. A reader may see it half written, and says then that it does not know.
func (l *Lock) write(h Holder) error {
	b, err := json.Marshal(h)
	if err != nil {
		return err
	}
	return l.replace(append(b, '\n'))
}

// replace puts text behind the first byte of the file.
func (l *Lock) replace(text []byte) error {
	f, err := os.OpenFile(l.path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(text, 1)
	if err == nil {
		err = f.Truncate(1 + int64(len(text)))
	}
	return errors.Join(err, f.Close())
}

// ReadHolder returns who holds the lock file at path, or held it when the process was killed; false if it does not say.
func ReadHolder(path string) (Holder, bool) {
	f, err := os.Open(path)
	if err != nil {
		return Holder{}, false
	}
	defer f.Close()
	b := make([]byte, 4<<10)
	n, _ := f.ReadAt(b, 1) // an error means that there is less than b
	var h Holder
	if err := json.Unmarshal(bytes.TrimSpace(b[:n]), &h); err != nil {
		return Holder{}, false
	}
	return h, true
}

func describeHolder(path string) string {
	if h, ok := ReadHolder(path); ok {
		return h.String()
	}
	return "a process that the file does not name"
}

// Release gives the lock back. Releasing again does nothing.
func (l *Lock) Release() error {
	if !l.flock.Locked() {
		return nil
	}
	// Nobody holds it from now on, and the file should not say otherwise.
	err := l.replace(nil)
	if err = errors.Join(err, l.flock.Close()); err != nil {
		return fmt.Errorf("unlocking: %w", err)
	}
	return nil
}
