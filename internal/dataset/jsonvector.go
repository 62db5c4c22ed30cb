package dataset

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/vicinaldb/store/metric"
)

// ParseVector reads a JSON array of 1 to MaxDim numbers. Its errors wrap ErrFormat.
func ParseVector(text []byte) ([]float32, error) {
	if !json.Valid(text) {
		return nil, fmt.Errorf("%w: not JSON", ErrFormat)
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
			return metric.SparseVector{}, fmt.Errorf("%q: %w: it is neither indices nor values", key, ErrFormat)
		}
	}
	return parseSparse(fields, dim)
}

// parseSparse makes a sparse vector of the two arrays of an object.
func parseSparse(fields map[string]json.RawMessage, dim int) (v metric.SparseVector, err error) {
	var inside [2]string
	for i, key := range []string{"indices", "values"} {
		if fields[key] == nil {
			return v, fmt.Errorf("%w: no %q", ErrFormat, key)
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
		return v, fmt.Errorf("%w: %d indices, but %d values", ErrFormat, len(indices), len(values))
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
			return metric.SparseVector{}, fmt.Errorf("\"indices\": %w: %d twice", ErrFormat, row[i].feature)
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
		return "", fmt.Errorf("%w: a vector is an array of numbers", ErrFormat)
	}
	if strings.Count(inside, ",") >= most {
		return "", fmt.Errorf("%w: more than %d components", ErrFormat, most)
	}
	return strings.TrimSpace(inside), nil
}

func parseFloats(inside string) ([]float32, error) {
	v := make([]float32, 0, strings.Count(inside, ",")+1)
	for part := range strings.SplitSeq(inside, ",") {
		part = strings.TrimSpace(part)
		x, err := strconv.ParseFloat(part, 32)
		if errors.Is(err, strconv.ErrRange) {
			return nil, fmt.Errorf("%w: component %d: %s is too large for a float32", ErrFormat, len(v), part)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: component %d is not a number", ErrFormat, len(v))
		}
		v = append(v, float32(x))
	}
	return v, nil
}

// parseIndices reads whole numbers below dim.
func parseIndices(inside string, dim int) ([]uint32, error) {
	indices := make([]uint32, 0, strings.Count(inside, ",")+1)
	for part := range strings.SplitSeq(inside, ",") {
		part = strings.TrimSpace(part)
		feature, err := strconv.ParseUint(part, 10, 64)
		switch {
		case errors.Is(err, strconv.ErrRange), err == nil && feature >= uint64(min(max(dim, 0), MaxFeatures)):
			return nil, fmt.Errorf("%w: feature %s of %d; they count from 0", ErrFormat, part, dim)
		case err != nil:
			return nil, fmt.Errorf("%w: component %d is not the number of a feature", ErrFormat, len(indices))
		}
		indices = append(indices, uint32(feature))
	}
	return indices, nil
}
