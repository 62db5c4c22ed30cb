package store

import (
	"bytes"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/metric"
)

// Limits of what one item may hold. They keep a single row from stalling
// commits, blocks and readers that every other row shares.
const (
	MaxIDBytes       = codec.MaxIDBytes       // 1 KiB
	MaxMetadataBytes = codec.MaxMetadataBytes // 1 MiB, encoded
	MaxPayloadBytes  = codec.MaxPayloadBytes  // 16 MiB
)

// Metadata are an item's named values. A value is a string, a bool, an int64, a
// float64, a time.Time or a []string; other integer types and float32 are
// accepted and come back as int64 and float64, times come back in UTC. Nested
// maps and other types are refused with ErrMetadata.
type Metadata = map[string]any

// SparseVector are the components of a vector that are not zero: their ascending indices, and as many values.
type SparseVector = metric.SparseVector

// Item is what a collection stores under an id.
type Item struct {
	// ID is the user's key, at most MaxIDBytes of valid UTF-8. An item stored with an
	// empty ID gets a new version 7 UUID, which sorts by time of storing.
	ID string
	// Vector is the vector of a collection of the kind Dense: as many finite components as the collection has dimensions.
	Vector []float32
	// Sparse is the vector in a collection of the kind Sparse.
	Sparse SparseVector
	// Bits is the vector in a collection of the kind Bits: bit i is bit i%64 of word i/64, and those behind the last are zero.
	Bits []uint64
	// Metadata may be nil.
	Metadata Metadata
	// Payload are bytes that come back as they were given; nil and empty are the same.
	Payload []byte
}

// encoded is an item that passed every check, in the form that is committed.
type encoded struct {
	id     string
	vector codec.Vector
	fields []byte // metadata, encoded
	data   []byte // payload
	record []byte // codec.Record: what data.bolt keeps
}

// encode checks one item against the schema and copies what it keeps, so that
// the caller may reuse the item's slices as soon as Upsert returns.
func (c *Collection) encode(item Item) (encoded, error) {
	vector := item.vector()
	if err := c.codec.Check(vector); err != nil {
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
	e := encoded{id: id, vector: vector, fields: fields, data: bytes.Clone(item.Payload)}
	e.record = codec.AppendRecord(nil, codec.Record{
		ID:       []byte(id),
		Vector:   c.codec.AppendPlain(nil, vector),
		Metadata: fields,
		Payload:  item.Payload,
	})
	return e, nil
}

// vector is the item's vector, of whatever kind.
func (i *Item) vector() codec.Vector {
	return codec.Vector{Dense: i.Vector, Sparse: i.Sparse, Bits: i.Bits}
}

// setVector makes a copy of v the item's vector.
func (i *Item) setVector(v codec.Vector) {
	i.Vector, i.Bits = slices.Clone(v.Dense), slices.Clone(v.Bits)
	i.Sparse = SparseVector{Indices: slices.Clone(v.Sparse.Indices), Values: slices.Clone(v.Sparse.Values)}
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
