package codec

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"
	"unicode/utf8"
)

// Metadata are the named values of an item. A value is a string, a bool, an int64, a float64, a time.Time or a []string.
type Metadata = map[string]any

// Limits of metadata. They bound what a decoder allocates and are part of the format.
const (
	MaxMetadataBytes   = 1 << 20 // of the encoded form
	MaxMetadataKey     = 1 << 10 // bytes of a key
	MaxMetadataStrings = 1 << 16 // strings of a list
)

// The tags of values. They are part of the format and never change.
const (
	tagString  = 1
	tagBool    = 2
	tagInt64   = 3
	tagFloat64 = 4
	tagTime    = 5
	tagStrings = 6
)

// CheckMetadata returns a copy of m in which every value has the type it is stored and read back as: all integer types
// become int64, float32 becomes float64, times lose their location and monotonic clock (they are UTC), and a []any of
// strings becomes a []string. The copy shares nothing with m that can change. An empty m gives nil.
//
// Whatever cannot be stored gives an [ErrMetadata] that names the key: an empty key, one over MaxMetadataKey bytes or of
// invalid UTF-8, a string of invalid UTF-8, a NaN, an integer beyond int64, a list of more than MaxMetadataStrings, any
// other type (nested maps among them), and metadata over MaxMetadataBytes when encoded.
func CheckMetadata(m map[string]any) (map[string]any, error) {
	if len(m) == 0 {
		return nil, nil
	}
	checked := make(map[string]any, len(m))
	size := countBytes
	for key, value := range m {
		if err := checkKey(key); err != nil {
			return nil, fmt.Errorf("%w: metadata key %s %w", ErrMetadata, quote(key), err)
		}
		normal, err := normalize(value)
		if err != nil {
			return nil, fmt.Errorf("%w: metadata key %s: %w", ErrMetadata, quote(key), err)
		}
		checked[key] = normal
		size += keyLengthBytes + len(key) + 1 + encodedSize(normal)
	}
	if size > MaxMetadataBytes {
		return nil, fmt.Errorf("%w: metadata takes %d bytes, at most %d are allowed", ErrMetadata, size, MaxMetadataBytes)
	}
	return checked, nil
}

func checkKey(key string) error {
	switch {
	case key == "":
		return fmt.Errorf("is empty")
	case len(key) > MaxMetadataKey:
		return fmt.Errorf("has %d bytes, at most %d are allowed", len(key), MaxMetadataKey)
	case !utf8.ValidString(key):
		return fmt.Errorf("is not valid UTF-8")
	}
	return nil
}

// quote makes a key readable in an error, however long it is.
func quote(key string) string {
	const limit = 64
	if len(key) > limit {
		return fmt.Sprintf("%q...", key[:limit])
	}
	return fmt.Sprintf("%q", key)
}

// normalize gives the stored form of a value: a case for each type that is accepted.
func normalize(value any) (any, error) {
	switch v := value.(type) {
	case string:
		return v, checkString(v)
	case bool, int64:
		return v, nil
	case int:
		return int64(v), nil
	case int8:
		return int64(v), nil
	case int16:
		return int64(v), nil
	case int32:
		return int64(v), nil
	case uint:
		return checkUnsigned(uint64(v))
	case uint8:
		return int64(v), nil
	case uint16:
		return int64(v), nil
	case uint32:
		return int64(v), nil
	case uint64:
		return checkUnsigned(v)
	case float32:
		return checkFloat(float64(v))
	case float64:
		return checkFloat(v)
	case time.Time:
		return v.Round(0).UTC(), nil
	case []string:
		return checkStrings(v)
	case []any:
		return stringsOf(v)
	case nil:
		return nil, fmt.Errorf("nil is not supported")
	case map[string]any, map[string]string, map[any]any:
		return nil, fmt.Errorf("nested map is not supported")
	}
	return nil, fmt.Errorf("type %T is not supported", value)
}

func checkString(s string) error {
	if !utf8.ValidString(s) {
		return fmt.Errorf("string is not valid UTF-8 (bytes belong into the payload)")
	}
	return nil
}

func checkUnsigned(v uint64) (any, error) {
	if v > math.MaxInt64 {
		return nil, fmt.Errorf("%d does not fit an int64", v)
	}
	return int64(v), nil
}

func checkFloat(v float64) (any, error) {
	if math.IsNaN(v) {
		return nil, fmt.Errorf("NaN is not supported")
	}
	return v, nil
}

func checkStrings(list []string) (any, error) {
	if len(list) > MaxMetadataStrings {
		return nil, fmt.Errorf("list has %d strings, at most %d are allowed", len(list), MaxMetadataStrings)
	}
	for i, s := range list {
		if err := checkString(s); err != nil {
			return nil, fmt.Errorf("list element %d: %w", i, err)
		}
	}
	return append([]string{}, list...), nil
}

// stringsOf accepts what decoders of JSON make of a list of strings.
func stringsOf(list []any) (any, error) {
	converted := make([]string, 0, min(len(list), MaxMetadataStrings+1))
	for i, element := range list {
		s, ok := element.(string)
		if !ok {
			return nil, fmt.Errorf("list element %d has type %T, lists hold strings only", i, element)
		}
		if converted = append(converted, s); len(converted) > MaxMetadataStrings {
			return nil, fmt.Errorf("list has %d strings, at most %d are allowed", len(list), MaxMetadataStrings)
		}
	}
	return checkStrings(converted)
}

// Sizes of the fixed parts of encoded metadata.
const (
	countBytes     = 4
	keyLengthBytes = 2
	lengthBytes    = 4
	timeBytes      = 12
)

// encodedSize is the number of bytes that a checked value takes after its tag.
func encodedSize(value any) int {
	switch v := value.(type) {
	case string:
		return lengthBytes + len(v)
	case bool:
		return 1
	case time.Time:
		return timeBytes
	case []string:
		size := countBytes
		for _, s := range v {
			size += lengthBytes + len(s)
		}
		return size
	}
	return 8
}

// AppendMetadata appends the encoded form of m to dst and returns the result. The form is canonical: keys in ascending
// order of their bytes, so equal metadata have equal bytes. Empty metadata have no bytes at all.
//
//	u32 number of keys, then for each key
//	u16 length, bytes of the key; u8 tag of the value; the value:
//	    1 string    u32 length, bytes           4 float64   its 8 bytes
//	    2 bool      u8 0 or 1                   5 time      i64 seconds since 1970-01-01 UTC, u32 nanoseconds
//	    3 int64     its 8 bytes                 6 strings   u32 number, then each as a string
//
// All numbers are little-endian. m must have passed [CheckMetadata]: a value of another type panics.
func AppendMetadata(dst []byte, m map[string]any) []byte {
	if len(m) == 0 {
		return dst
	}
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(m)))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		dst = binary.LittleEndian.AppendUint16(dst, uint16(len(key)))
		dst = append(dst, key...)
		dst = appendValue(dst, m[key])
	}
	return dst
}

func appendValue(dst []byte, value any) []byte {
	switch v := value.(type) {
	case string:
		return appendString(append(dst, tagString), v)
	case bool:
		if v {
			return append(dst, tagBool, 1)
		}
		return append(dst, tagBool, 0)
	case int64:
		return binary.LittleEndian.AppendUint64(append(dst, tagInt64), uint64(v))
	case float64:
		return binary.LittleEndian.AppendUint64(append(dst, tagFloat64), math.Float64bits(v))
	case time.Time:
		dst = binary.LittleEndian.AppendUint64(append(dst, tagTime), uint64(v.Unix()))
		return binary.LittleEndian.AppendUint32(dst, uint32(v.Nanosecond()))
	case []string:
		dst = binary.LittleEndian.AppendUint32(append(dst, tagStrings), uint32(len(v)))
		for _, s := range v {
			dst = appendString(dst, s)
		}
		return dst
	}
	panic(fmt.Sprintf("codec: metadata value of type %T was not checked", value))
}

func appendString(dst []byte, s string) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(s)))
	return append(dst, s...)
}
