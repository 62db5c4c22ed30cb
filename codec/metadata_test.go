package codec_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/vicinaldb/store/codec"
)

func TestCheckMetadataNormalizes(t *testing.T) {
	zone := time.FixedZone("somewhere", 3600)
	for _, c := range []struct {
		in, want any
		reason   string
	}{
		{"text", "text", "strings stay"},
		{"", "", "an empty string is a string"},
		{true, true, "bools stay"},
		{int(-1), int64(-1), "int"},
		{int8(-1), int64(-1), "int8"},
		{int16(-1), int64(-1), "int16"},
		{int32(-1), int64(-1), "int32"},
		{int64(math.MinInt64), int64(math.MinInt64), "int64 in full"},
		{uint(1), int64(1), "uint"},
		{uint8(255), int64(255), "uint8"},
		{uint16(65535), int64(65535), "uint16"},
		{uint32(math.MaxUint32), int64(math.MaxUint32), "uint32"},
		{uint64(math.MaxInt64), int64(math.MaxInt64), "uint64 as far as it fits"},
		{float32(0.5), float64(0.5), "float32"},
		{math.Inf(-1), math.Inf(-1), "infinity has an order, so it can be stored"},
		{[]string{"a", ""}, []string{"a", ""}, "lists of strings stay"},
		{[]string(nil), []string{}, "a nil list is an empty one"},
		{[]any{"a", "b"}, []string{"a", "b"}, "what JSON decoders make of a list"},
		{[]any{}, []string{}, "what they make of an empty one"},
		{time.Date(2024, 5, 6, 7, 8, 9, 10, zone), time.Date(2024, 5, 6, 6, 8, 9, 10, time.UTC), "times are UTC"},
	} {
		got, err := codec.CheckMetadata(map[string]any{"k": c.in})
		if err != nil || !cmp.Equal(got["k"], c.want) {
			t.Errorf("%T %v gives %T %v, %v, want %T %v: %s", c.in, c.in, got["k"], got["k"], err, c.want, c.want, c.reason)
		}
	}
	now := time.Now() // has a monotonic clock
	got, err := codec.CheckMetadata(map[string]any{"k": now})
	if err != nil || got["k"] != now.Round(0).UTC() {
		t.Errorf("%v gives %#v, %v, should lose its monotonic clock", now, got["k"], err)
	}
	if got, err := codec.CheckMetadata(map[string]any{}); got != nil || err != nil {
		t.Errorf("no metadata give %v, %v, want nil", got, err)
	}
}

func TestCheckMetadataRefuses(t *testing.T) {
	type named string
	for _, c := range []struct {
		key   string
		value any
		want  string // in the error
	}{
		{"k", map[string]any{}, `metadata key "k": nested map is not supported`},
		{"k", map[string]string{}, `metadata key "k": nested map is not supported`},
		{"k", nil, `metadata key "k": nil is not supported`},
		{"k", math.NaN(), `metadata key "k": NaN is not supported`},
		{"k", float32(math.NaN()), `metadata key "k": NaN is not supported`},
		{"k", uint64(math.MaxInt64) + 1, `metadata key "k": 9223372036854775808 does not fit an int64`},
		{"k", named("x"), `metadata key "k": type codec_test.named is not supported`},
		{"k", []byte("x"), `metadata key "k": type []uint8 is not supported`},
		{"k", []int{1}, `metadata key "k": type []int is not supported`},
		{"k", []any{"a", 1.5}, `metadata key "k": list element 1 has type float64, lists hold strings only`},
		{"k", "\xff", `metadata key "k": string is not valid UTF-8`},
		{"k", []string{"a", "\xff"}, `metadata key "k": list element 1: string is not valid UTF-8`},
		{"k", []any{"\xff"}, `metadata key "k": list element 0: string is not valid UTF-8`},
		{"k", make([]string, codec.MaxMetadataStrings+1), `metadata key "k": list has 65537 strings`},
		{"", "x", `metadata key "" is empty`},
		{"a\xff", "x", `metadata key "a\xff" is not valid UTF-8`},
		{strings.Repeat("k", codec.MaxMetadataKey+1), "x", `kkk"... has 1025 bytes, at most 1024 are allowed`},
		{"k", strings.Repeat("x", codec.MaxMetadataBytes), `metadata takes 1048588 bytes, at most 1048576 are allowed`},
	} {
		got, err := codec.CheckMetadata(map[string]any{c.key: c.value})
		if got != nil || !errors.Is(err, codec.ErrMetadata) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %.20v gives %v, %v, want an ErrMetadata that says %q", c.key, c.value, got, err, c.want)
		}
	}
}

func TestMetadataLimitsAreInclusive(t *testing.T) {
	for _, m := range []map[string]any{
		{strings.Repeat("k", codec.MaxMetadataKey): true},
		{"k": make([]string, codec.MaxMetadataStrings)},
		{"k": strings.Repeat("x", codec.MaxMetadataBytes-4-2-1-1-4)},
	} {
		checked, err := codec.CheckMetadata(m)
		if err != nil {
			t.Errorf("%.60v is refused: %v", m, err)
			continue
		}
		b := codec.AppendMetadata(nil, checked)
		got, err := codec.DecodeMetadata(b)
		if err != nil || !cmp.Equal(got, checked) || len(b) > codec.MaxMetadataBytes {
			t.Errorf("%.60v does not come back from %d bytes: %v", m, len(b), err)
		}
	}
}

func TestCheckMetadataCopies(t *testing.T) {
	list := []string{"a", "b"}
	in := map[string]any{"k": list}
	got, err := codec.CheckMetadata(in)
	if err != nil {
		t.Fatal(err)
	}
	list[0], in["other"] = "changed", 1
	if !cmp.Equal(got, map[string]any{"k": []string{"a", "b"}}) {
		t.Errorf("a change of the caller's map shows: %v", got)
	}
}

// TestMetadataBytes holds the encoding to FORMAT.md. The bytes must never change.
func TestMetadataBytes(t *testing.T) {
	m := map[string]any{
		"when":  time.Unix(-1, 5).UTC(),
		"title": "Aé",
		"score": 1.5,
		"tags":  []string{"x", ""},
		"ok":    true,
		"n":     int64(-2),
	}
	want := strings.Join([]string{
		"06000000",          // six keys
		"0100" + "6e", "03", // n, int64
		"feffffffffffffff",    // -2
		"0200" + "6f6b", "02", // ok, bool
		"01",                     // true
		"0500" + "73636f7265",    // score
		"04", "000000000000f83f", // float64 1.5
		"0400" + "74616773", "06", // tags, strings
		"02000000",                    // two
		"01000000" + "78", "00000000", // "x", ""
		"0500" + "7469746c65", "01", // title, string
		"03000000" + "41c3a9",     // "Aé"
		"0400" + "7768656e", "05", // when, time
		"ffffffffffffffff", "05000000", // -1 s, 5 ns
	}, "")
	if got := hex.EncodeToString(codec.AppendMetadata(nil, m)); got != want {
		t.Errorf("the bytes are\n%s, want\n%s", got, want)
	}
	if got := codec.AppendMetadata([]byte("x"), nil); string(got) != "x" {
		t.Errorf("no metadata append %q, want nothing", got[1:])
	}
}

func TestDecodeMetadataRefuses(t *testing.T) {
	key := "0100" + "6b" // the key "k"
	for _, c := range []struct{ hex, reason string }{
		{"00000000", "without keys there are no bytes"},
		{"010000", "the count is cut"},
		{"ffffffff", "more keys than bytes"},
		{"01000000" + key, "the value is missing"},
		{"01000000" + key + "02", "the bool is missing"},
		{"01000000" + key + "0202", "a bool is 0 or 1"},
		{"01000000" + key + "0201" + "00", "a byte follows"},
		{"01000000" + key + "00" + "00", "there is no tag 0"},
		{"01000000" + key + "07" + "00", "there is no tag 7"},
		{"01000000" + "0000" + "0201" + "00", "an empty key"},
		{"01000000" + "0100" + "ff" + "0201", "a key of invalid UTF-8"},
		{"02000000" + key + "0201" + key + "0201", "a key twice"},
		{"02000000" + "0100" + "6c" + "0201" + key + "0201", "keys out of order"},
		{"01000000" + key + "04" + "010000000000f87f", "NaN"},
		{"01000000" + key + "05" + "0000000000000000" + "00ca9a3b", "a second of nanoseconds"},
		{"01000000" + key + "01" + "05000000" + "61", "a string longer than the rest"},
		{"01000000" + key + "01" + "01000000" + "ff", "a string of invalid UTF-8"},
		{"01000000" + key + "06" + "ffffff7f", "a list longer than the rest"},
		{"01000000" + key + "06" + "01000000" + "01000000" + "ff", "invalid UTF-8 in a list"},
	} {
		b, err := hex.DecodeString(c.hex)
		if err != nil {
			t.Fatal(err)
		}
		if m, err := codec.DecodeMetadata(b); m != nil || !errors.Is(err, codec.ErrCorrupt) {
			t.Errorf("%s gives %v, %v, want ErrCorrupt: %s", c.hex, m, err, c.reason)
		}
	}
	if _, err := codec.DecodeMetadata(make([]byte, codec.MaxMetadataBytes+1)); !errors.Is(err, codec.ErrCorrupt) {
		t.Errorf("too many bytes give %v, want ErrCorrupt", err)
	}
}

func TestAppendMetadataPanicsOnUnchecked(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("an int is encoded, but only CheckMetadata may decide what becomes of it")
		}
	}()
	codec.AppendMetadata(nil, map[string]any{"k": 1})
}

// metadataMaps draws metadata that can be stored.
func metadataMaps() *rapid.Generator[map[string]any] {
	value := rapid.OneOf(
		rapid.String().AsAny(),
		rapid.Bool().AsAny(),
		rapid.Int64().AsAny(),
		rapid.Float64().AsAny(),
		rapid.SliceOf(rapid.String()).AsAny(),
		rapid.Custom(func(r *rapid.T) time.Time {
			return time.Unix(rapid.Int64().Draw(r, "s"), rapid.Int64Range(0, 999_999_999).Draw(r, "ns"))
		}).AsAny(),
		rapid.Int32().AsAny(),
		rapid.Float32().AsAny(),
	)
	return rapid.MapOf(rapid.StringN(1, 20, -1), value)
}

func TestMetadataComesBack(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		m, err := codec.CheckMetadata(metadataMaps().Draw(r, "metadata"))
		if err != nil {
			r.Fatal(err)
		}
		b := codec.AppendMetadata(nil, m)
		got, err := codec.DecodeMetadata(b)
		if err != nil || !cmp.Equal(got, m) {
			r.Fatalf("%v comes back as %v, %v", m, got, err)
		}
		again, err := codec.CheckMetadata(got)
		if err != nil || !cmp.Equal(again, got) {
			r.Fatalf("what was read is not accepted as it is: %v, %v", again, err)
		}
		if !bytes.Equal(codec.AppendMetadata(nil, got), b) {
			r.Fatalf("%v has other bytes the second time", m)
		}
	})
}

func FuzzDecodeMetadata(f *testing.F) {
	f.Add([]byte{})
	f.Add(codec.AppendMetadata(nil, map[string]any{"a": "b", "c": int64(1), "d": 2.5, "e": true, "f": []string{"g"}, "h": time.Unix(1, 2).UTC()}))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := codec.DecodeMetadata(b)
		if err != nil {
			if !errors.Is(err, codec.ErrCorrupt) {
				t.Errorf("error %v is no ErrCorrupt", err)
			}
			return
		}
		if got := codec.AppendMetadata(nil, m); !bytes.Equal(got, b) {
			t.Errorf("%x is accepted, but %v is encoded as %x", b, m, got)
		}
		if _, err := codec.CheckMetadata(m); err != nil {
			t.Errorf("%x is accepted, but what it says cannot be stored: %v", b, err)
		}
	})
}
