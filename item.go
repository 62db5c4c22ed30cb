package store

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/vicinaldb/store/codec"
)

// Limits of what one item may hold. They keep a single row from stalling
// commits, blocks and readers that every other row shares.
const (
	MaxIDBytes       = codec.MaxIDBytes       // 1 KiB
	MaxMetadataBytes = codec.MaxMetadataBytes // 1 MiB, encoded
	MaxPayloadBytes  = codec.MaxPayloadBytes  // 16 MiB
	MaxDim           = 65536                  // components of a vector
)

// Metadata are an item's named values. A value is a string, a bool, an int64, a
// float64, a time.Time or a []string; other integer types and float32 are
// accepted and come back as int64 and float64, times come back in UTC. Nested
// maps and other types are refused with ErrMetadata.
type Metadata = map[string]any

// Item is what a collection stores under an id.
type Item struct {
	// ID is the user's key, at most MaxIDBytes of valid UTF-8. An item stored with an
	// empty ID gets a new version 7 UUID, which sorts by time of storing.
	ID string
	// Vector has as many finite components as the collection has dimensions.
	Vector []float32
	// Metadata may be nil.
	Metadata Metadata
	// Payload are bytes that come back as they were given; nil and empty are the same.
	Payload []byte
}

// encoded is an item that passed every check, in the form that is committed.
type encoded struct {
	id     string
	vector []float32
	fields []byte // metadata, encoded
	data   []byte // payload
	record []byte // codec.Record: what data.bolt keeps
}

// encode checks one item against the schema and copies what it keeps, so that
// the caller may reuse the item's slices as soon as Upsert returns.
func (c *Collection) encode(item Item) (encoded, error) {
	if err := c.checkVector(item.Vector); err != nil {
		return encoded{}, err
	}
	if len(item.Payload) > MaxPayloadBytes {
		return encoded{}, fmt.Errorf("payload has %d bytes, at most %d are allowed: %w", len(item.Payload), MaxPayloadBytes, ErrInvalid)
	}
	id, err := itemID(item.ID)
	if err != nil {
		return encoded{}, err
	}
	fields, err := encodeMetadata(item.Metadata)
	if err != nil {
		return encoded{}, err
	}
	e := encoded{id: id, vector: item.Vector, fields: fields, data: bytes.Clone(item.Payload)}
	e.record = codec.AppendRecord(nil, codec.Record{
		ID:       []byte(id),
		Vector:   codec.AppendVector(nil, item.Vector),
		Metadata: fields,
		Payload:  item.Payload,
	})
	return e, nil
}

// checkVector refuses what cannot be stored under, or asked of, the collection's metric.
func (c *Collection) checkVector(v []float32) error {
	if len(v) != c.schema.Dim {
		return fmt.Errorf("vector has %d components, the collection %d: %w", len(v), c.schema.Dim, ErrDimension)
	}
	return c.metric.Check(v)
}

func itemID(id string) (string, error) {
	switch {
	case id == "":
		fresh, err := uuid.NewV7()
		if err != nil {
			return "", fmt.Errorf("making an id: %w", err)
		}
		return fresh.String(), nil
	case len(id) > MaxIDBytes:
		return "", fmt.Errorf("id has %d bytes, at most %d are allowed: %w", len(id), MaxIDBytes, ErrInvalid)
	case !utf8.ValidString(id):
		return "", fmt.Errorf("id is not valid UTF-8: %w", ErrInvalid)
	}
	return id, nil
}

func encodeMetadata(m Metadata) ([]byte, error) {
	if len(m) == 0 {
		return nil, nil
	}
	checked, err := codec.CheckMetadata(m)
	if err != nil {
		return nil, err
	}
	return codec.AppendMetadata(nil, checked), nil
}
