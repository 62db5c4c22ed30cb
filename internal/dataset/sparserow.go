package dataset

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/vicinaldb/store/metric"
)

// entry is one listed component of a row of a sparse matrix.
type entry struct {
	row     uint32
	feature uint32
	value   float64
}

// byRow orders the entries of a matrix by row and feature.
func byRow(a, b entry) int { return cmp.Or(cmp.Compare(a.row, b.row), byFeature(a, b)) }

// byFeature orders the entries of one row.
func byFeature(a, b entry) int { return cmp.Compare(a.feature, b.feature) }

// sparseVector makes the vector of a row. Entries may come in any order, and are sorted in place; those of the same
// feature are added up in the order they come in. What is zero, or becomes zero as a float32, is left out.
func sparseVector(row []entry) (metric.SparseVector, error) {
	if !slices.IsSortedFunc(row, byFeature) {
		slices.SortStableFunc(row, byFeature)
	}
	if len(row) == 0 {
		return metric.SparseVector{}, nil
	}
	v := metric.SparseVector{Indices: make([]uint32, 0, len(row)), Values: make([]float32, 0, len(row))}
	for len(row) > 0 {
		feature, sum, n := row[0].feature, row[0].value, 1
		for ; n < len(row) && row[n].feature == feature; n++ {
			sum += row[n].value
		}
		row = row[n:]
		value, ok := single(sum)
		if !ok {
			return metric.SparseVector{}, fmt.Errorf("%w: feature %d: %g is too large for a float32", ErrFormat, feature, sum)
		}
		if value != 0 {
			v.Indices = append(v.Indices, feature)
			v.Values = append(v.Values, value)
		}
	}
	return v, nil
}

// checkShape refuses matrices that are too wide to be sparse vectors, or have too many rows to number.
func checkShape(rows, features int64) error {
	switch {
	case rows < 0 || rows > maxRows:
		return fmt.Errorf("%w: %d rows; up to %d are read", ErrFormat, rows, int64(maxRows))
	case features < 1 || features > MaxFeatures:
		return fmt.Errorf("%w: rows of %d features; 1 to %d are read", ErrFormat, features, MaxFeatures)
	}
	return nil
}

// maxRows is how many rows of a sparse matrix can be numbered.
const maxRows = 1<<31 - 1

// checkNonzeros refuses a row with too many entries, before they are read.
func checkNonzeros(n int64) error {
	if n > MaxNonzeros {
		return fmt.Errorf("%w: %d components are listed; up to %d are read", ErrFormat, n, MaxNonzeros)
	}
	return nil
}
