package codec

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/golang/snappy"
)

// Limits of the parts of a record. They bound what a decoder allocates and are part of the format.
const (
	MaxIDBytes      = 1 << 10
	MaxVectorBytes  = 1 << 20
	MaxPayloadBytes = 16 << 20
)

// Record is what the data file keeps of an item.
type Record struct {
	ID       []byte // 1 to MaxIDBytes bytes
	Vector   []byte // as AppendVector makes it
	Metadata []byte // as AppendMetadata makes it
	Payload  []byte // the user's bytes
}

// The layout of an encoded record. All of it is part of the format.
const (
	recordHeader     = 16
	recordCompressed = 1 // flag: metadata and payload are one snappy block

	// compressFrom is how many bytes of metadata and payload are worth a try. It is a choice of the encoder only.
	compressFrom = 64

	// expansion bounds what one byte of a snappy block can become: a copy of 64 bytes takes 3.
	expansion = 22
)

// AppendRecord appends the encoded form of r to dst and returns the result. The parts must be within their limits. The
// metadata and payload are compressed together when that makes them shorter; the same record always gives the same bytes.
//
//	0   u8   flags: 1 = the body is a snappy block
//	1   u8   0
//	2   u16  length of the id
//	4   u32  length of the vector
//	8   u32  length of the metadata, as it is
//	12  u32  length of the payload, as it is
//	16       id, vector, body: metadata then payload
func AppendRecord(dst []byte, r Record) []byte {
	start := len(dst)
	dst = slices.Grow(dst, recordHeader+len(r.ID)+len(r.Vector)+len(r.Metadata)+len(r.Payload))
	dst = append(dst, 0, 0)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(r.ID)))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(r.Vector)))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(r.Metadata)))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(r.Payload)))
	dst = append(dst, r.ID...)
	dst = append(dst, r.Vector...)
	body := len(dst)
	dst = append(dst, r.Metadata...)
	dst = append(dst, r.Payload...)
	if plain := dst[body:]; len(plain) >= compressFrom {
		if packed := snappy.Encode(nil, plain); len(packed) < len(plain) {
			dst[start] = recordCompressed
			dst = append(dst[:body], packed...)
		}
	}
	return dst
}

// DecodeRecord returns the record that b encodes. Its parts are views of b, except that a compressed body is decoded into
// new memory: at most expansion times the bytes of b. Anything that AppendRecord would not have written is an [ErrCorrupt];
// whether the metadata in it are well formed is left to [DecodeMetadata].
func DecodeRecord(b []byte) (Record, error) {
	r, body, err := splitRecord(b)
	if err != nil {
		return Record{}, err
	}
	metadata, payload := recordLengths(b)
	if b[0]&recordCompressed != 0 {
		if body, err = inflate(body, metadata+payload); err != nil {
			return Record{}, err
		}
	}
	if len(body) != metadata+payload {
		return Record{}, fmt.Errorf("%w: record has %d bytes of metadata and payload, its header says %d and %d", ErrCorrupt, len(body), metadata, payload)
	}
	r.Metadata = body[:metadata:metadata]
	r.Payload = body[metadata:len(body):len(body)]
	return r, nil
}

// DecodeRecordVector is DecodeRecord for a caller that needs only the id and the vector: it leaves Metadata and Payload nil
// and does not look at them.
func DecodeRecordVector(b []byte) (Record, error) {
	r, _, err := splitRecord(b)
	return r, err
}

// splitRecord checks the header of a record and cuts it into its parts; the body is as it lies there.
func splitRecord(b []byte) (r Record, body []byte, err error) {
	if len(b) < recordHeader {
		return r, nil, fmt.Errorf("%w: record of %d bytes", ErrCorrupt, len(b))
	}
	if b[0]&^recordCompressed != 0 || b[1] != 0 {
		return r, nil, fmt.Errorf("%w: record has flags %#x, %#x", ErrCorrupt, b[0], b[1])
	}
	id := int(binary.LittleEndian.Uint16(b[2:]))
	vector := binary.LittleEndian.Uint32(b[4:])
	metadata, payload := binary.LittleEndian.Uint32(b[8:]), binary.LittleEndian.Uint32(b[12:])
	if id == 0 || id > MaxIDBytes || vector > MaxVectorBytes || metadata > MaxMetadataBytes || payload > MaxPayloadBytes {
		return r, nil, fmt.Errorf("%w: record with an id of %d, a vector of %d, metadata of %d and a payload of %d bytes", ErrCorrupt, id, vector, metadata, payload)
	}
	rest := b[recordHeader:]
	if len(rest) < id+int(vector) {
		return r, nil, fmt.Errorf("%w: record of %d bytes with an id of %d and a vector of %d", ErrCorrupt, len(b), id, vector)
	}
	r.ID, rest = rest[:id:id], rest[id:]
	r.Vector, rest = rest[:vector:vector], rest[vector:]
	return r, rest, nil
}

// recordLengths reads the lengths of the metadata and the payload from a header that splitRecord has checked.
func recordLengths(b []byte) (metadata, payload int) {
	return int(binary.LittleEndian.Uint32(b[8:])), int(binary.LittleEndian.Uint32(b[12:]))
}

// inflate decodes a snappy block that must give size bytes. It refuses what no block of this length can give before
// allocating anything.
func inflate(block []byte, size int) ([]byte, error) {
	n, err := snappy.DecodedLen(block)
	if err != nil {
		return nil, fmt.Errorf("%w: record body: %w", ErrCorrupt, err)
	}
	if n != size || size > expansion*len(block) || len(block) >= size {
		return nil, fmt.Errorf("%w: record body of %d bytes gives %d, its header says %d", ErrCorrupt, len(block), n, size)
	}
	body, err := snappy.Decode(nil, block)
	if err != nil {
		return nil, fmt.Errorf("%w: record body: %w", ErrCorrupt, err)
	}
	return body, nil
}

// AppendVector appends the components of v to dst as little-endian float32 and returns the result.
func AppendVector(dst []byte, v []float32) []byte {
	start := len(dst)
	dst = slices.Grow(dst, 4*len(v))[:start+4*len(v)]
	for i, x := range v {
		binary.LittleEndian.PutUint32(dst[start+4*i:], math.Float32bits(x))
	}
	return dst
}

// DecodeVector returns the vector that [AppendVector] encoded as b. Bytes that are no whole number of components are an
// [ErrCorrupt]; any others are some vector, whose components may be NaN.
func DecodeVector(b []byte) ([]float32, error) {
	if len(b)%4 != 0 {
		return nil, fmt.Errorf("%w: vector of %d bytes", ErrCorrupt, len(b))
	}
	v := make([]float32, len(b)/4)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return v, nil
}
