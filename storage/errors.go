package storage

import (
	"errors"
	"fmt"
	"strings"
)

// The sentinels of this package. Every error it returns for a reason a caller may want to tell apart wraps one of them.
var (
	// ErrCorrupt: bytes on disk are not what this package wrote. A [CorruptError] says where.
	ErrCorrupt = errors.New("storage: corrupt")

	// ErrVersion: a file was written by a version of the format that this program is too old or too new to read.
	ErrVersion = errors.New("storage: unsupported format version")

	// ErrUnsupported: this platform cannot do what was asked, for example use a mapped file on a big-endian machine.
	ErrUnsupported = errors.New("storage: not supported on this platform")

	// ErrLocked: another process holds the store.
	ErrLocked = errors.New("storage: locked")

	// ErrNotFound: what was asked for is not there.
	ErrNotFound = errors.New("storage: not found")

	// ErrPoisoned: a commit failed in a way that leaves its outcome unknown, so nothing more is written until the store
	// is opened again.
	ErrPoisoned = errors.New("storage: refusing writes after a failed commit")

	// ErrClosed: the file was closed.
	ErrClosed = errors.New("storage: closed")

	// ErrTooLarge: a value is over a limit of the format.
	ErrTooLarge = errors.New("storage: over a limit of the format")
)

// CorruptError reports damage: which file, which part of it, where, and what is wrong there. It is an [ErrCorrupt] under
// [errors.Is].
type CorruptError struct {
	File    string // path of the file
	Section string // part of the file, in the words of FORMAT.md; empty for the file as a whole
	Offset  int64  // byte offset in the file where the damage was noticed, or -1
	Reason  string // what was found and what should be there
	Cause   error  // the error behind it, or nil
}

// Error names the file, the section, the offset, the reason and the cause, leaving out what is not known.
func (e *CorruptError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v: %s", ErrCorrupt, e.File)
	if e.Section != "" {
		fmt.Fprintf(&b, ": %s", e.Section)
	}
	if e.Offset >= 0 {
		fmt.Fprintf(&b, " at offset %d", e.Offset)
	}
	if e.Reason != "" {
		fmt.Fprintf(&b, ": %s", e.Reason)
	}
	if e.Cause != nil {
		fmt.Fprintf(&b, ": %v", e.Cause)
	}
	return b.String()
}

// Is reports whether target is [ErrCorrupt].
func (e *CorruptError) Is(target error) bool { return target == ErrCorrupt }

// Unwrap returns the cause.
func (e *CorruptError) Unwrap() error { return e.Cause }
