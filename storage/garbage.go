package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// RemoveUnnamed removes the segments that a list does not name: what a crash left between the rename and the commit, and
// what could not be removed when it ceased to count. Only files named as segments are touched. It returns the paths
// that it removed; what it cannot remove is in the error, and can be tried again. The caller holds the lock, and has
// read the list from the data file without any error.
func (c CollectionDir) RemoveUnnamed(named []uuid.UUID) (removed []string, err error) {
	entries, err := os.ReadDir(c.Segments())
	if err != nil {
		return nil, fmt.Errorf("removing segments that nothing names: %w", err)
	}
	var errs []error
	for _, entry := range entries {
		text, isSegment := strings.CutSuffix(entry.Name(), segmentSuffix)
		id, err := uuid.Parse(text)
		if !isSegment || err != nil || id.String() != text || slices.Contains(named, id) {
			continue
		}
		path := filepath.Join(c.Segments(), entry.Name())
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, fmt.Errorf("removing a segment that nothing names: %w", err))
			continue
		}
		removed = append(removed, path)
	}
	return removed, errors.Join(errs...)
}
