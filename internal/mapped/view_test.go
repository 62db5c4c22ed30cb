package mapped_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"testing"

	"github.com/vicinaldb/store/internal/mapped"
	"pgregory.net/rapid"
)

// needLittleEndian skips a test of views, which a big-endian machine refuses.
func needLittleEndian(t *testing.T) {
	t.Helper()
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("this machine is big-endian")
	}
}

func TestViewsReadLittleEndian(t *testing.T) {
	needLittleEndian(t)
	b := mapped.Aligned(16)
	copy(b, []byte{1, 0, 0, 0, 0, 0, 0x80, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0x80})
	u, err := mapped.Uint32s(b[:8])
	if err != nil || len(u) != 2 || u[0] != 1 || u[1] != 0x3f800000 {
		t.Errorf("Uint32s = %v, %v", u, err)
	}
	f, err := mapped.Float32s(b[4:8])
	if err != nil || len(f) != 1 || f[0] != 1 {
		t.Errorf("Float32s = %v, %v", f, err)
	}
	q, err := mapped.Uint64s(b)
	if err != nil || len(q) != 2 || q[1] != 1<<63 {
		t.Errorf("Uint64s = %v, %v", q, err)
	}
}

func TestViewsShareMemory(t *testing.T) {
	needLittleEndian(t)
	b := mapped.Aligned(8)
	u, err := mapped.Uint32s(b)
	if err != nil {
		t.Fatal(err)
	}
	b[4] = 7
	if u[1] != 7 {
		t.Errorf("after a write to the bytes the view holds %d, want 7: it is a copy", u[1])
	}
	if cap(u) != 2 {
		t.Errorf("capacity %d lets append reach past the bytes", cap(u))
	}
}

func TestViewsRefuse(t *testing.T) {
	needLittleEndian(t)
	b := mapped.Aligned(64)
	view := map[string]func([]byte) error{
		"Float32s": func(b []byte) error { _, err := mapped.Float32s(b); return err },
		"Uint32s":  func(b []byte) error { _, err := mapped.Uint32s(b); return err },
		"Uint64s":  func(b []byte) error { _, err := mapped.Uint64s(b); return err },
	}
	size := map[string]int{"Float32s": 4, "Uint32s": 4, "Uint64s": 8}
	for name, as := range view {
		for start := 0; start <= 8; start++ {
			for length := 0; length <= 24; length++ {
				err := as(b[start : start+length])
				fits := length == 0 || start%size[name] == 0 && length%size[name] == 0
				if fits && err != nil || !fits && !errors.Is(err, mapped.ErrLayout) {
					t.Errorf("%s of %d bytes at %d: %v", name, length, start, err)
				}
			}
		}
	}
}

func TestViewsOnBigEndian(t *testing.T) {
	defer mapped.SetBigEndian()()
	if _, err := mapped.Float32s(mapped.Aligned(4)); !errors.Is(err, mapped.ErrByteOrder) || !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Float32s: %v, want ErrByteOrder", err)
	}
	for _, c := range []struct {
		name      string
		got, want []byte
	}{
		{"float32", mapped.BytesOfFloat32s([]float32{1}), []byte{0, 0, 0x80, 0x3f}},
		{"uint32", mapped.BytesOfUint32s([]uint32{0x01020304}), []byte{4, 3, 2, 1}},
		{"uint64", mapped.BytesOfUint64s([]uint64{0x0102030405060708}), []byte{8, 7, 6, 5, 4, 3, 2, 1}},
	} {
		if !bytes.Equal(c.got, c.want) {
			t.Errorf("%s: % x, want % x", c.name, c.got, c.want)
		}
	}
}

// What BytesOf gives, the view takes back; NaN payloads and signed zeros included.
func TestBytesRoundTrip(t *testing.T) {
	needLittleEndian(t)
	rapid.Check(t, func(t *rapid.T) {
		bits := rapid.SliceOf(rapid.Uint32()).Draw(t, "bits")
		floats := make([]float32, len(bits))
		for i, b := range bits {
			floats[i] = math.Float32frombits(b)
		}
		back, err := mapped.Float32s(mapped.BytesOfFloat32s(floats))
		if err != nil || len(back) != len(floats) {
			t.Fatalf("%d values came back, want %d; %v", len(back), len(floats), err)
		}
		for i := range back {
			if math.Float32bits(back[i]) != bits[i] {
				t.Fatalf("value %d: %#x, want %#x", i, math.Float32bits(back[i]), bits[i])
			}
		}
		words := rapid.SliceOf(rapid.Uint64()).Draw(t, "words")
		again, err := mapped.Uint64s(mapped.BytesOfUint64s(words))
		if err != nil || len(again) != len(words) {
			t.Fatalf("%d words came back, want %d; %v", len(again), len(words), err)
		}
	})
}

func TestAligned(t *testing.T) {
	for n := range 200 {
		b := mapped.Aligned(n)
		if len(b) != n || cap(b) != n {
			t.Errorf("Aligned(%d) has length %d and capacity %d", n, len(b), cap(b))
		}
		if n > 0 && mapped.Address(b) != 0 {
			t.Errorf("Aligned(%d) lies %d bytes past a cache line", n, mapped.Address(b))
		}
	}
}
