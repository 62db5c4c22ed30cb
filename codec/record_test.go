package codec_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/golang/snappy"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/vicinaldb/store/codec"
)

// TestRecordBytes holds the encoding to FORMAT.md. The bytes must never change.
func TestRecordBytes(t *testing.T) {
	for _, c := range []struct {
		record codec.Record
		want   string
		reason string
	}{
		{
			codec.Record{ID: []byte("a"), Vector: codec.AppendVector(nil, []float32{1, -2}), Metadata: []byte("mm"), Payload: []byte("pay")},
			"0000" + "0100" + "08000000" + "02000000" + "03000000" + "61" + "0000803f000000c0" + "6d6d" + "706179",
			"a plain one",
		},
		{
			codec.Record{ID: []byte("a")},
			"0000" + "0100" + "00000000" + "00000000" + "00000000" + "61",
			"only an id",
		},
		{
			codec.Record{ID: []byte("a"), Payload: bytes.Repeat([]byte("x"), 64)},
			"0100" + "0100" + "00000000" + "00000000" + "40000000" + "61" + "40" + "0078" + "fa0100",
			"64 bytes that compress: length 64, literal x, 63 copies",
		},
		{
			codec.Record{ID: []byte("a"), Payload: bytes.Repeat([]byte("x"), 63)},
			"0000" + "0100" + "00000000" + "00000000" + "3f000000" + "61" + strings.Repeat("78", 63),
			"below 64 bytes compression is not tried",
		},
	} {
		if got := hex.EncodeToString(codec.AppendRecord(nil, c.record)); got != c.want {
			t.Errorf("%s: the bytes are\n%s, want\n%s", c.reason, got, c.want)
		}
	}
}

func TestRecordIsNotCompressedInVain(t *testing.T) {
	payload := make([]byte, 1000)
	x := uint64(1)
	for i := range payload { // not compressible
		x = x*6364136223846793005 + 1442695040888963407
		payload[i] = byte(x >> 56)
	}
	b := codec.AppendRecord(nil, codec.Record{ID: []byte("a"), Payload: payload})
	if b[0] != 0 || !bytes.HasSuffix(b, payload) {
		t.Error("a payload that compression makes longer is not stored as it is")
	}
}

func TestDecodeRecordViews(t *testing.T) {
	b := codec.AppendRecord(nil, codec.Record{ID: []byte("id"), Vector: []byte("vect"), Metadata: []byte("m"), Payload: []byte("p")})
	r, err := codec.DecodeRecord(b)
	if err != nil {
		t.Fatal(err)
	}
	for i := range b {
		b[i] = '#'
	}
	if string(r.ID) != "##" || string(r.Vector) != "####" || string(r.Metadata) != "#" || string(r.Payload) != "#" {
		t.Errorf("the parts of %q are copies, should be views", r)
	}
	for _, part := range [][]byte{r.ID, r.Vector, r.Metadata, r.Payload} {
		if cap(part) > len(part) {
			t.Errorf("appending to part %q would write over what is behind it", part)
		}
	}
}

func TestDecodeRecordRefuses(t *testing.T) {
	plain := codec.AppendRecord(nil, codec.Record{ID: []byte("id"), Vector: []byte("vect"), Metadata: []byte("m"), Payload: []byte("p")})
	packed := codec.AppendRecord(nil, codec.Record{ID: []byte("id"), Payload: bytes.Repeat([]byte("x"), 1000)})
	change := func(b []byte, at int, bytes ...byte) []byte {
		b = slices.Clone(b)
		copy(b[at:], bytes)
		return b
	}
	claim := func(payload uint32, body []byte) []byte { // a compressed record that claims a length
		b := []byte{1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0}
		b = binary.LittleEndian.AppendUint32(b, payload)
		return append(append(b, 'a'), body...)
	}
	for _, c := range []struct {
		b      []byte
		reason string
	}{
		{nil, "no bytes"},
		{plain[:15], "half a header"},
		{plain[:17], "half an id"},
		{plain[:20], "half a vector"},
		{plain[:len(plain)-1], "the last byte is missing"},
		{append(slices.Clone(plain), 0), "a byte too many"},
		{change(plain, 0, 2), "an unknown flag"},
		{change(plain, 1, 1), "the second byte is 0"},
		{change(plain, 2, 0, 0), "no id"},
		{change(plain, 2, 1, 4), "an id over 1 KiB"},
		{change(plain, 4, 0xff, 0xff, 0xff, 0xff), "a vector of 4 GiB"},
		{change(plain, 8, 0xff, 0xff, 0xff, 0xff), "metadata of 4 GiB"},
		{change(plain, 12, 0xff, 0xff, 0xff, 0xff), "a payload of 4 GiB"},
		{change(plain, 0, 1), "a body that is no snappy block"},
		{packed[:len(packed)-1], "a snappy block that is cut"},
		{change(packed, 12, 0xe7, 3), "a snappy block of another length"},
		{change(packed, 0, 0), "a compressed body that is said to be plain"},
		{claim(16<<20, []byte{0x80, 0x80, 0x80, 0x08, 0}), "a bomb: 16 MiB from 5 bytes"},
		{claim(3, snappy.Encode(nil, []byte("abc"))), "compressed although that does not shorten"},
	} {
		if r, err := codec.DecodeRecord(c.b); !errors.Is(err, codec.ErrCorrupt) {
			t.Errorf("%x gives %q, %v, want ErrCorrupt: %s", c.b, r, err, c.reason)
		}
	}
}

// records draws records within the limits.
func records() *rapid.Generator[codec.Record] {
	return rapid.Custom(func(r *rapid.T) codec.Record {
		repeat := rapid.IntRange(1, 40).Draw(r, "repeat")
		return codec.Record{
			ID:       rapid.SliceOfN(rapid.Byte(), 1, 50).Draw(r, "id"),
			Vector:   rapid.SliceOfN(rapid.Byte(), 0, 50).Draw(r, "vector"),
			Metadata: rapid.SliceOfN(rapid.Byte(), 0, 50).Draw(r, "metadata"),
			Payload:  bytes.Repeat(rapid.SliceOfN(rapid.Byte(), 0, 10).Draw(r, "payload"), repeat),
		}
	})
}

func TestRecordComesBack(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		in := records().Draw(r, "record")
		b := codec.AppendRecord([]byte("before"), in)
		if !bytes.HasPrefix(b, []byte("before")) {
			r.Fatal("what was in dst is gone")
		}
		b = b[len("before"):]
		got, err := codec.DecodeRecord(b)
		if err != nil || !bytes.Equal(got.ID, in.ID) || !bytes.Equal(got.Vector, in.Vector) ||
			!bytes.Equal(got.Metadata, in.Metadata) || !bytes.Equal(got.Payload, in.Payload) {
			r.Fatalf("%q comes back as %q, %v", in, got, err)
		}
		head, err := codec.DecodeRecordVector(b)
		if err != nil || !bytes.Equal(head.ID, in.ID) || !bytes.Equal(head.Vector, in.Vector) || head.Metadata != nil || head.Payload != nil {
			r.Fatalf("the head of %q is %q, %v", in, head, err)
		}
	})
}

func TestVectorComesBack(t *testing.T) {
	in := []float32{0, float32(math.Copysign(0, -1)), 1.5, math.MaxFloat32, math.SmallestNonzeroFloat32, float32(math.Inf(1))}
	got, err := codec.DecodeVector(codec.AppendVector(nil, in))
	if err != nil || !cmp.Equal(got, in) || math.Float32bits(got[1]) != 1<<31 {
		t.Errorf("%v comes back as %v, %v", in, got, err)
	}
	if v, err := codec.DecodeVector(make([]byte, 7)); !errors.Is(err, codec.ErrCorrupt) {
		t.Errorf("7 bytes give %v, %v, want ErrCorrupt", v, err)
	}
}

func FuzzDecodeRecord(f *testing.F) {
	f.Add([]byte{})
	f.Add(codec.AppendRecord(nil, codec.Record{ID: []byte("a"), Vector: []byte("vect"), Metadata: []byte("m"), Payload: []byte("p")}))
	f.Add(codec.AppendRecord(nil, codec.Record{ID: []byte("a"), Payload: bytes.Repeat([]byte("xy"), 500)}))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := codec.DecodeRecord(b)
		if err != nil {
			if !errors.Is(err, codec.ErrCorrupt) {
				t.Errorf("error %v is no ErrCorrupt", err)
			}
			return
		}
		again, err := codec.DecodeRecord(codec.AppendRecord(nil, r))
		if err != nil || !bytes.Equal(again.ID, r.ID) || !bytes.Equal(again.Vector, r.Vector) ||
			!bytes.Equal(again.Metadata, r.Metadata) || !bytes.Equal(again.Payload, r.Payload) {
			t.Errorf("%q comes back as %q, %v", r, again, err)
		}
		if size := len(r.Metadata) + len(r.Payload); size > 22*len(b) {
			t.Errorf("%d bytes were made of %d", size, len(b))
		}
	})
}
