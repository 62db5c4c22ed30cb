//go:build !linux

package main

import (
	"errors"
	"fmt"
)

// dropFromMemory cannot be had here.
func dropFromMemory(path string) error {
	return fmt.Errorf("dropping %s from memory: %w", path, errors.ErrUnsupported)
}
