package codec

import "errors"

// The sentinels of the package. Its errors wrap one of them and add what was wrong and where.
var (
	// ErrCorrupt marks bytes that no encoder of this package writes.
	ErrCorrupt = errors.New("corrupt encoding")

	// ErrMetadata marks metadata that cannot be stored.
	ErrMetadata = errors.New("invalid metadata")
)
