//go:build unix

package mapped

import (
	"errors"
	"syscall"
)

// openFlags: a symbolic link is not followed and a pipe does not block.
const openFlags = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

func outOfMemory(err error) bool { return errors.Is(err, syscall.ENOMEM) }
