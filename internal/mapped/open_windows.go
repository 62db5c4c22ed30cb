package mapped

import (
	"errors"
	"syscall"
)

// openFlags: a path that ends in a reparse point (a symbolic link) was refused before opening.
const openFlags = 0

// The two ways in which Windows says that address space or memory is short.
const (
	errorNotEnoughMemory = syscall.Errno(8)
	errorCommitmentLimit = syscall.Errno(1455)
)

func outOfMemory(err error) bool {
	return errors.Is(err, errorNotEnoughMemory) || errors.Is(err, errorCommitmentLimit)
}
