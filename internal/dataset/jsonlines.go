package dataset

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// What JSON may take, in bytes: a line with MaxDim numbers written out needs
// less, and so does the 1 MiB of metadata that a store takes, with every
// character written as \u0000.
const (
	maxLine     = 16 << 20
	maxMetadata = 6 << 20
)

// jsonLines reads one object a line:
//
//	{"id": "a", "vector": [0.5, 1], "metadata": {"title": "A", "year": 1999, "tags": ["x", "y"]}}
//
// Only the vector must be there. A key that is none of the three is an error,
// because leaving out what somebody wrote would lose it unseen. Lines may be blank.
type jsonLines struct {
	in    *input
	line  int
	dim   int
	first *Row // read ahead, to know the dimension
}

func openJSONLines(in *input) (layout, error) {
	l := &jsonLines{in: in}
	row, err := l.next()
	switch {
	case errors.Is(err, io.EOF):
		return layout{ids: true, next: l.next}, nil
	case err != nil:
		return layout{}, err
	}
	l.first, l.dim = &row, len(row.Vector)
	return layout{dim: l.dim, count: -1, ids: true, next: l.next}, nil
}

func (l *jsonLines) next() (Row, error) {
	if row := l.first; row != nil {
		l.first = nil
		return *row, nil
	}
	for {
		l.line++
		text, err := l.in.line(maxLine)
		if errors.Is(err, io.EOF) {
			return Row{}, io.EOF
		}
		if err == nil && len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		var row Row
		if err == nil {
			row, err = parseLine(text)
		}
		if err == nil && l.dim != 0 && len(row.Vector) != l.dim {
			err = fmt.Errorf("%w: the vector has %d components, those before have %d", ErrFormat, len(row.Vector), l.dim)
		}
		if err != nil {
			return Row{}, fmt.Errorf("line %d: %w", l.line, err)
		}
		return row, nil
	}
}

// parseLine reads one object. Everything it returns is a copy.
func parseLine(text []byte) (Row, error) {
	var row Row
	if !utf8.Valid(text) {
		return row, fmt.Errorf("%w: not valid UTF-8", ErrFormat)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return row, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if fields["vector"] == nil {
		return row, fmt.Errorf("%w: no \"vector\"", ErrFormat)
	}
	for key, raw := range fields {
		var err error
		switch key {
		case "id":
			row.ID, err = parseID(raw)
		case "vector":
			row.Vector, err = ParseVector(raw)
		case "metadata":
			row.Metadata, err = parseMetadata(raw)
		default:
			err = fmt.Errorf("%w: it is none of id, vector and metadata; what describes an item goes into metadata", ErrFormat)
		}
		if err != nil {
			return Row{}, fmt.Errorf("%q: %w", key, err)
		}
	}
	return row, nil
}

// parseID takes a string, or a whole number as the string of its digits.
func parseID(raw json.RawMessage) (string, error) {
	var id string
	if err := json.Unmarshal(raw, &id); err == nil && raw[0] == '"' {
		return id, nil
	}
	if n, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
		return strconv.FormatInt(n, 10), nil
	}
	return "", fmt.Errorf("%w: an id is a string or a whole number", ErrFormat)
}

// ParseVector reads a JSON array of 1 to MaxDim numbers. Its errors wrap ErrFormat.
func ParseVector(text []byte) ([]float32, error) {
	if !json.Valid(text) {
		return nil, fmt.Errorf("%w: not JSON", ErrFormat)
	}
	inside, opened := strings.CutPrefix(strings.TrimSpace(string(text)), "[")
	inside, closed := strings.CutSuffix(inside, "]")
	if !opened || !closed {
		return nil, fmt.Errorf("%w: a vector is an array of numbers", ErrFormat)
	}
	n := strings.Count(inside, ",") + 1
	if n > MaxDim {
		return nil, fmt.Errorf("%w: more than %d components", ErrFormat, MaxDim)
	}
	v := make([]float32, 0, n)
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

// parseMetadata converts what JSON has to what a store keeps. A null is the
// absence of a value, so its key is left out. A time stays the string it is
// written as: whether a string is meant as a time, only its author knows.
func parseMetadata(raw json.RawMessage) (map[string]any, error) {
	if len(raw) > maxMetadata {
		return nil, fmt.Errorf("%w: longer than %d bytes", ErrFormat, maxMetadata)
	}
	var values map[string]any
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(&values); err != nil {
		return nil, fmt.Errorf("%w: metadata is an object", ErrFormat)
	}
	for key, value := range values {
		converted, err := metadataValue(value)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", key, err)
		}
		if converted == nil {
			delete(values, key)
		} else {
			values[key] = converted
		}
	}
	return values, nil
}

func metadataValue(value any) (any, error) {
	switch v := value.(type) {
	case json.Number:
		return metadataNumber(v.String())
	case []any:
		list := make([]string, len(v))
		for i := range v {
			text, ok := v[i].(string)
			if !ok {
				return nil, fmt.Errorf("%w: a list holds strings only", ErrFormat)
			}
			list[i] = text
		}
		return list, nil
	case map[string]any:
		return nil, fmt.Errorf("%w: objects within metadata are not kept", ErrFormat)
	}
	return value, nil
}

// metadataNumber makes an int64 of a number written without fraction and exponent, else a float64.
func metadataNumber(text string) (any, error) {
	if !strings.ContainsAny(text, ".eE") {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%w: %s does not fit 64 bits", ErrFormat, text)
		}
		return n, nil
	}
	x, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil, fmt.Errorf("%w: %s does not fit a float64", ErrFormat, text)
	}
	return x, nil
}
