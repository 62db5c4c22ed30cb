package nnd

import "errors"

var (
	// ErrCorrupt says that a graph holds what no builder writes: a row number or a length out of range.
	ErrCorrupt = errors.New("graph is corrupt")
	// ErrOptions says that an option or a query parameter has a value without meaning.
	ErrOptions = errors.New("invalid option")
	// ErrTooMany says that there are more rows than row numbers have room for.
	ErrTooMany = errors.New("too many rows")
)
