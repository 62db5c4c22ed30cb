package dataset

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/vicinaldb/store/metric"
)

// flaw is an ErrFormat of a vector in JSON. It speaks of no file, since a vector may come without one; where there is a file, what
// names it and the line stands before.
type flaw string

func flawf(format string, args ...any) error { return flaw(fmt.Sprintf(format, args...)) }

// Error says what is wrong with the vector.
func (f flaw) Error() string { return string(f) }

// Unwrap returns ErrFormat.
func (flaw) Unwrap() error { return ErrFormat }

// ParseVector reads a JSON array of 1 to MaxDim numbers. Its errors wrap ErrFormat.
func ParseVector(text []byte) ([]float32, error) {
	if !json.Valid(text) {
		return nil, flawf("not a JSON array of numbers")
	}
	inside, err := insideArray(text, MaxDim)
	if err != nil {
		return nil, err
	}
	return parseFloats(inside)
}

// ParseSparse reads a sparse vector of so many features, at most MaxFeatures, from a JSON object:
//
//	{"indices": [7, 40], "values": [0.5, 1]}
//
// Indices count from 0 and may come in any order, but none twice; values that are zero are left out. Its errors wrap
// ErrFormat.
func ParseSparse(text []byte, dim int) (metric.SparseVector, error) {
	fields, err := parseObject(text)
	if err != nil {
		return metric.SparseVector{}, err
	}
	for key := range fields {
		if key != "indices" && key != "values" {
			return metric.SparseVector{}, flawf("%q: it is neither indices nor values", key)
		}
	}
	return parseSparse(fields, dim)
}

// parseSparse makes a sparse vector of the two arrays of an object.
func parseSparse(fields map[string]json.RawMessage, dim int) (v metric.SparseVector, err error) {
	var inside [2]string
	for i, key := range []string{"indices", "values"} {
		if fields[key] == nil {
			return v, flawf("no %q", key)
		}
		if inside[i], err = insideArray(fields[key], MaxNonzeros); err != nil {
			return v, fmt.Errorf("%q: %w", key, err)
		}
	}
	if inside[0] == "" && inside[1] == "" {
		return v, nil
	}
	indices, err := parseIndices(inside[0], dim)
	if err != nil {
		return v, fmt.Errorf("\"indices\": %w", err)
	}
	values, err := parseFloats(inside[1])
	if err != nil {
		return v, fmt.Errorf("\"values\": %w", err)
	}
	if len(indices) != len(values) {
		return v, flawf("%d indices, but %d values", len(indices), len(values))
	}
	row := make([]entry, len(indices))
	for i := range row {
		row[i] = entry{feature: indices[i], value: float64(values[i])}
	}
	if v, err = sparseVector(row); err != nil {
		return v, err
	}
	for i := 1; i < len(row); i++ { // sorted by now
		if row[i].feature == row[i-1].feature {
			return metric.SparseVector{}, flawf("\"indices\": %d twice", row[i].feature)
		}
	}
	return v, nil
}

// insideArray returns what is between the brackets of a JSON array, without white space at its ends, if it is no more than
// most elements.
func insideArray(text []byte, most int) (string, error) {
	inside, opened := strings.CutPrefix(strings.TrimSpace(string(text)), "[")
	inside, closed := strings.CutSuffix(inside, "]")
	if !opened || !closed {
		return "", flawf("a vector is an array of numbers")
	}
	if strings.Count(inside, ",") >= most {
		return "", flawf("more than %d components", most)
	}
	return strings.TrimSpace(inside), nil
}

func parseFloats(inside string) ([]float32, error) {
	if inside == "" {
		return nil, flawf("it is empty")
	}
	v := make([]float32, 0, strings.Count(inside, ",")+1)
	for part := range strings.SplitSeq(inside, ",") {
		part = strings.TrimSpace(part)
		x, err := strconv.ParseFloat(part, 32)
		if errors.Is(err, strconv.ErrRange) {
			return nil, flawf("component %d: %s is too large for a float32", len(v), part)
		}
		if err != nil {
			return nil, flawf("component %d is not a number", len(v))
		}
		v = append(v, float32(x))
	}
	return v, nil
}

// parseIndices reads whole numbers below dim.
func parseIndices(inside string, dim int) ([]uint32, error) {
	if inside == "" {
		return nil, flawf("it is empty")
	}
	indices := make([]uint32, 0, strings.Count(inside, ",")+1)
	for part := range strings.SplitSeq(inside, ",") {
		part = strings.TrimSpace(part)
		feature, err := strconv.ParseUint(part, 10, 64)
		switch {
		case errors.Is(err, strconv.ErrRange), err == nil && feature >= uint64(min(max(dim, 0), MaxFeatures)):
			return nil, flawf("feature %s of %d; they count from 0", part, dim)
		case err != nil:
			return nil, flawf("component %d is not the number of a feature", len(indices))
		}
		indices = append(indices, uint32(feature))
	}
	return indices, nil
}
