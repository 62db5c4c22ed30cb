package store

import (
	"errors"
	"fmt"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/metric"
	"github.com/vicinaldb/store/storage"
)

// Errors that callers tell apart with errors.Is. Every error this package
// returns wraps one of them, a context's error, or an error of the file system,
// and says what failed and where.
var (
	// ErrClosed is returned by every call on a store or collection after Close or Drop.
	ErrClosed = storage.ErrClosed
	// ErrLocked is returned by Open when another writer holds the store; the error names it.
	ErrLocked = storage.ErrLocked
	// ErrNotFound is returned when a collection or an item does not exist.
	ErrNotFound = storage.ErrNotFound
	// ErrExists is returned by Create when the collection is already there.
	ErrExists = errors.New("already exists")
	// ErrReadOnly is returned by calls that write on a store opened with ReadOnly.
	ErrReadOnly = errors.New("store is read-only")
	// ErrInvalid is returned for an argument that no store could accept: a bad name, schema, k or epsilon,
	// an id or payload that is too large.
	ErrInvalid = errors.New("invalid argument")
	// ErrDimension is returned when a vector's length differs from the collection's dimension, or a sparse one has
	// components beyond it.
	ErrDimension = codec.ErrDimension
	// ErrKind is returned for a vector of another kind than the collection's.
	ErrKind = codec.ErrKind
	// ErrUnknownMetric is returned by what takes a distance when the collection's metric is not registered in this program.
	ErrUnknownMetric = metric.ErrUnknown
	// ErrNotFinite is returned for a vector with a NaN or infinite component.
	ErrNotFinite = metric.ErrNotFinite
	// ErrDomain is returned for a vector the metric is not defined on, as a zero vector under cosine.
	ErrDomain = metric.ErrDomain
	// ErrMetadata is returned for metadata that cannot be stored: a value of another kind, too many bytes.
	ErrMetadata = codec.ErrMetadata
	// ErrNotPrepared is returned by NeighborGraph when no index has been built.
	ErrNotPrepared = errors.New("collection is not prepared")
	// ErrSearchOnly is returned by NeighborGraph when the index was built without keeping the neighbor lists.
	ErrSearchOnly = errors.New("index keeps no neighbor lists")
	// ErrCorrupt is returned when bytes on disk are not what was written; the error names the file and the place.
	ErrCorrupt = storage.ErrCorrupt
	// ErrPoisoned is returned by writes after a commit whose outcome is unknown, until the store is reopened.
	ErrPoisoned = storage.ErrPoisoned
	// ErrVersion is returned for files of a format version this build does not read.
	ErrVersion = storage.ErrVersion
	// ErrUnsupported is returned where this platform cannot do what was asked.
	ErrUnsupported = storage.ErrUnsupported
)

// ItemError says which item of an Upsert, or which vector of a QueryBatch, was
// refused and why. Nothing of that call was stored, or answered.
type ItemError struct {
	Index int    // position among the items of the call
	ID    string // the item's id; empty when it came without one, as vectors do
	Err   error  // the reason; wraps one of the sentinels above
}

// Error names the item by position and id.
func (e *ItemError) Error() string {
	if e.ID == "" {
		return fmt.Sprintf("item %d: %v", e.Index, e.Err)
	}
	return fmt.Sprintf("item %d (id %q): %v", e.Index, clip(e.ID), e.Err)
}

// Unwrap returns the reason.
func (e *ItemError) Unwrap() error { return e.Err }

// clip keeps a hostile id from flooding logs.
func clip(id string) string {
	const most = 64
	if len(id) <= most {
		return id
	}
	return id[:most] + "..."
}
