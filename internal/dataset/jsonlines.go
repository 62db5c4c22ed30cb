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
//	{"id": "b", "indices": [7, 40], "values": [0.5, 1], "metadata": {"title": "B"}}
//
// Only the vector, dense or sparse, must be there, and all must be of the first
// one's kind. A key that is none of these is an error, because leaving out what
// somebody wrote would lose it unseen. Lines may be blank.
type jsonLines struct {
	in    *input
	line  int
	asked Kind
	kind  Kind // Any before the first row
	dim   int  // 0 before the first row, unless it is given
	first *Row // read ahead, to know kind and dimension
}

func openJSONLines(in *input, o Options) (layout, error) {
	l := &jsonLines{in: in, asked: o.Kind, dim: o.Dim}
	row, err := l.next()
	switch {
	case errors.Is(err, io.EOF):
		kind := o.Kind
		if kind == Any {
			kind = Dense
		}
		return layout{kind: kind, ids: true, next: l.next}, nil
	case err != nil:
		return layout{}, err
	}
	l.first = &row
	return layout{kind: l.kind, dim: l.dim, count: -1, ids: true, next: l.next}, nil
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
			row, err = l.parse(text)
		}
		if err != nil {
			return Row{}, fmt.Errorf("line %d: %w", l.line, err)
		}
		return row, nil
	}
}

// parse reads one object. Everything it returns is a copy.
func (l *jsonLines) parse(text []byte) (row Row, err error) {
	fields, err := parseObject(text)
	if err != nil {
		return Row{}, err
	}
	first := l.kind == Any
	if err := l.parseKind(fields); err != nil {
		return Row{}, err
	}
	if l.kind == Sparse {
		if row.Sparse, err = parseSparse(fields, l.dim); err != nil {
			return Row{}, err
		}
	}
	for key, raw := range fields {
		switch key {
		case "id":
			row.ID, err = parseID(raw)
		case "vector":
			row.Vector, err = ParseVector(raw)
		case "metadata":
			row.Metadata, err = parseMetadata(raw)
		case "indices", "values":
		default:
			err = fmt.Errorf("%w: it is none of id, vector, indices, values and metadata; what describes an item goes into metadata", ErrFormat)
		}
		if err != nil {
			return Row{}, fmt.Errorf("%q: %w", key, err)
		}
	}
	if l.kind == Dense && first {
		l.dim = len(row.Vector)
	} else if l.kind == Dense && len(row.Vector) != l.dim {
		return Row{}, fmt.Errorf("%w: the vector has %d components, those before have %d", ErrFormat, len(row.Vector), l.dim)
	}
	return row, nil
}

// parseKind tells what kind of vector an object has. The first one decides on the kind of all.
func (l *jsonLines) parseKind(fields map[string]json.RawMessage) error {
	kind := Dense
	if fields["indices"] != nil || fields["values"] != nil {
		kind = Sparse
	}
	switch {
	case kind == Dense && fields["vector"] == nil:
		return fmt.Errorf("%w: no \"vector\", and no \"indices\" and \"values\" of a sparse one", ErrFormat)
	case kind == Sparse && fields["vector"] != nil:
		return fmt.Errorf("%w: both \"vector\" and \"indices\" or \"values\"", ErrFormat)
	case l.asked != Any && kind != l.asked:
		return fmt.Errorf("%w: the vector is %v, not %v", ErrOptions, kind, l.asked)
	case l.kind != Any && kind != l.kind:
		return fmt.Errorf("%w: the vector is %v, those before are %v", ErrFormat, kind, l.kind)
	case kind == Sparse && l.dim == 0:
		return ErrDim
	case kind == Sparse && l.dim > MaxFeatures:
		return fmt.Errorf("%w: %d features; up to %d are read", ErrOptions, l.dim, MaxFeatures)
	}
	l.kind = kind
	return nil
}

// parseObject reads a JSON object into its raw values. A key that comes twice has the last one.
func parseObject(text []byte) (map[string]json.RawMessage, error) {
	if !utf8.Valid(text) {
		return nil, flawf("not valid UTF-8")
	}
	var fields map[string]json.RawMessage
	var other *json.UnmarshalTypeError
	if err := json.Unmarshal(text, &fields); errors.As(err, &other) {
		return nil, flawf("not a JSON object, but %s", other.Value)
	} else if err != nil {
		return nil, flawf("not a JSON object: %v", err)
	}
	return fields, nil
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
