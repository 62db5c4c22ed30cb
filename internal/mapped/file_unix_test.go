//go:build unix

package mapped_test

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/vicinaldb/store/internal/mapped"
)

// Opening a pipe for reading waits for a writer, so a store with a pipe in it would hang.
func TestOpenDoesNotWaitForAPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	if f, err := mapped.Open(path); !errors.Is(err, mapped.ErrNotRegular) {
		t.Errorf("opening a pipe: %v, %v; want ErrNotRegular", f, err)
	}
}
