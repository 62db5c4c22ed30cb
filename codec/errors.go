package codec

import "errors"

// The sentinels of the package. Its errors wrap one of them and add what was wrong and where.
var (
	// ErrCorrupt marks bytes that no encoder of this package writes.
	ErrCorrupt = errors.New("corrupt encoding")

	// ErrKind marks a vector of another kind than is kept: dense, sparse or bits.
	ErrKind = errors.New("vector of another kind")

	// ErrDimension marks a vector of another number of components than is kept.
	ErrDimension = errors.New("wrong dimension")

	// ErrNoCode marks a metric or a vector that a codec has no codes for.
	ErrNoCode = errors.New("no code for this")

	// ErrMetadata marks metadata that cannot be stored.
	ErrMetadata = errors.New("invalid metadata")
)
