package main

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// dropFromMemory has the system forget what it holds of a file that no process maps.
func dropFromMemory(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), unix.Fadvise(int(file.Fd()), 0, 0, unix.FADV_DONTNEED), file.Close())
}
