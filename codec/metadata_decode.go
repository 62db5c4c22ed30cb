package codec

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"
	"unicode/utf8"
)

// DecodeMetadata returns the metadata that [AppendMetadata] encoded as b, with nothing borrowed from b; nil for no bytes.
// It accepts exactly the canonical form: encoding the result gives b again. Any other bytes are an [ErrCorrupt].
func DecodeMetadata(b []byte) (map[string]any, error) {
	if len(b) == 0 {
		return nil, nil
	}
	if len(b) > MaxMetadataBytes {
		return nil, fmt.Errorf("%w: metadata of %d bytes", ErrCorrupt, len(b))
	}
	r := reader{rest: b}
	n := r.count(keyLengthBytes + 1 + 1 + 1) // the shortest entry: a one-byte key with a bool
	m := make(map[string]any, n)
	last := ""
	for range n {
		key := string(r.take(int(r.uint16())))
		if r.err == nil && (key <= last || checkKey(key) != nil) {
			r.fail("metadata key %s out of order or invalid", quote(key))
		}
		value := r.value()
		if r.err != nil {
			break
		}
		m[key], last = value, key
	}
	switch {
	case r.err != nil:
		return nil, r.err
	case n == 0:
		return nil, fmt.Errorf("%w: metadata without keys that has bytes", ErrCorrupt)
	case len(r.rest) > 0:
		return nil, fmt.Errorf("%w: %d bytes after the metadata", ErrCorrupt, len(r.rest))
	}
	return m, nil
}

// reader takes values off the front of untrusted bytes. After the first error it yields zeros.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: "+format, append([]any{ErrCorrupt}, args...)...)
	}
	r.rest = nil
}

func (r *reader) take(n int) []byte {
	if r.err != nil {
		return nil
	}
	if n < 0 || n > len(r.rest) {
		r.fail("metadata ends in the middle of a value")
		return nil
	}
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	return taken
}

func (r *reader) uint8() uint8 {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uint16() uint16 {
	if b := r.take(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (r *reader) uint32() uint32 {
	if b := r.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (r *reader) uint64() uint64 {
	if b := r.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// count reads the number of things that take at least size bytes each, so that what is allocated for them is bounded by
// what is there.
func (r *reader) count(size int) int {
	n := r.uint32()
	if uint64(n)*uint64(size) > uint64(len(r.rest)) {
		r.fail("%d elements in %d bytes of metadata", n, len(r.rest))
		return 0
	}
	return int(n)
}

func (r *reader) string() string {
	n := r.uint32()
	if uint64(n) > uint64(len(r.rest)) {
		r.fail("string of %d bytes in %d bytes of metadata", n, len(r.rest))
		return ""
	}
	b := r.take(int(n))
	if !utf8.Valid(b) {
		r.fail("string is not valid UTF-8")
	}
	return string(b)
}

func (r *reader) value() any {
	switch tag := r.uint8(); tag {
	case tagString:
		return r.string()
	case tagBool:
		b := r.uint8()
		if b > 1 {
			r.fail("bool is %d", b)
		}
		return b == 1
	case tagInt64:
		return int64(r.uint64())
	case tagFloat64:
		f := math.Float64frombits(r.uint64())
		if math.IsNaN(f) {
			r.fail("float64 is NaN")
		}
		return f
	case tagTime:
		seconds, nanoseconds := int64(r.uint64()), r.uint32()
		if nanoseconds >= 1e9 {
			r.fail("time has %d nanoseconds", nanoseconds)
		}
		return time.Unix(seconds, int64(nanoseconds)).UTC()
	case tagStrings:
		return r.strings()
	default:
		r.fail("metadata value has tag %d", tag)
		return nil
	}
}

func (r *reader) strings() []string {
	n := r.count(lengthBytes)
	if n > MaxMetadataStrings {
		r.fail("list has %d strings", n)
		return nil
	}
	list := make([]string, 0, n)
	for range n {
		list = append(list, r.string())
	}
	return list
}
