package storage_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/vicinaldb/store/storage"
	"pgregory.net/rapid"
)

// sampleManifest is a valid manifest.
func sampleManifest() *storage.Manifest {
	return &storage.Manifest{
		Collection: uuid.MustParse("0190a0b0-0000-7000-8000-000000000001"),
		Epoch:      7,
		Watermark:  1000,
		Schema:     json.RawMessage(`{"dim":4,"metric":"cosine"}`),
		Segments: []storage.SegmentRecord{
			{
				UUID: uuid.MustParse("0190a0b0-0000-7000-8000-0000000000aa"), Size: 65536, SHA256: storage.Digest{1, 2, 254},
				Rows: 900, FirstSeq: 1, LastSeq: 950, Tombstones: []byte{0x3a, 0x30, 0, 0},
			},
			{UUID: uuid.MustParse("0190a0b0-0000-7000-8000-0000000000bb"), Size: 1 << 40, Rows: storage.MaxRows, FirstSeq: 951, LastSeq: 1000},
		},
		Live: 990, Pending: 12,
	}
}

func TestManifestRoundTrip(t *testing.T) {
	for reason, m := range map[string]*storage.Manifest{
		"two segments": sampleManifest(),
		"none":         {Schema: json.RawMessage(`null`)},
		"large numbers": {
			Epoch: math.MaxUint64, Watermark: math.MaxUint64, Schema: json.RawMessage(`"<&>\u2028"`), Live: math.MaxUint64,
			Segments: []storage.SegmentRecord{{Size: math.MaxInt64, FirstSeq: math.MaxUint64, LastSeq: math.MaxUint64}},
		},
	} {
		b, err := m.Encode()
		if err != nil {
			t.Errorf("%s: %v", reason, err)
			continue
		}
		got, err := storage.DecodeManifest(b)
		if err != nil {
			t.Errorf("%s: %v", reason, err)
			continue
		}
		again, err := got.Encode()
		if err != nil || !bytes.Equal(again, b) {
			t.Errorf("%s: encoding what was decoded gives other bytes; %v", reason, err)
		}
		if got.Epoch != m.Epoch || got.Live != m.Live || len(got.Segments) != len(m.Segments) {
			t.Errorf("%s: came back as %+v", reason, got)
		}
		for i := range m.Segments {
			if !reflect.DeepEqual(got.Segments[i], m.Segments[i]) {
				t.Errorf("%s: segment %d came back as %+v", reason, i, got.Segments[i])
			}
		}
	}
}

func TestManifestRoundTripOfAny(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := sampleManifest()
		m.Epoch = rapid.Uint64().Draw(t, "epoch")
		m.Segments = nil
		for range rapid.IntRange(0, 5).Draw(t, "segments") {
			m.Segments = append(m.Segments, storage.SegmentRecord{
				UUID: uuid.New(), Size: rapid.Int64Min(0).Draw(t, "size"), Rows: rapid.IntRange(0, storage.MaxRows).Draw(t, "rows"),
				LastSeq:    rapid.Uint64Max(m.Watermark).Draw(t, "last"),
				Tombstones: rapid.SliceOf(rapid.Byte()).Draw(t, "tombstones"),
			})
		}
		b, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		got, err := storage.DecodeManifest(b)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := got.Encode(); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("encoding what was decoded gives other bytes; %v", err)
		}
	})
}

func TestManifestEncodeRefuses(t *testing.T) {
	for reason, spoil := range map[string]func(m *storage.Manifest){
		"the same segment twice":         func(m *storage.Manifest) { m.Segments[1].UUID = m.Segments[0].UUID },
		"a size below zero":              func(m *storage.Manifest) { m.Segments[0].Size = -1 },
		"rows below zero":                func(m *storage.Manifest) { m.Segments[0].Rows = -1 },
		"sequence numbers that descend":  func(m *storage.Manifest) { m.Segments[0].FirstSeq = 951 },
		"a segment beyond the watermark": func(m *storage.Manifest) { m.Watermark = 999 },
		"more pending than there are":    func(m *storage.Manifest) { m.Pending = m.Live + 1 },
		"a schema that is not JSON":      func(m *storage.Manifest) { m.Schema = json.RawMessage("{") },
		"too many segments": func(m *storage.Manifest) {
			for range storage.MaxSegments {
				m.Segments = append(m.Segments, storage.SegmentRecord{UUID: uuid.New()})
			}
		},
		"too many bytes": func(m *storage.Manifest) { m.Segments[0].Tombstones = make([]byte, storage.MaxManifest) },
	} {
		m := sampleManifest()
		spoil(m)
		if b, err := m.Encode(); err == nil {
			t.Errorf("%s: encoded to %d bytes", reason, len(b))
		}
	}
}

// signed puts the line before a body.
func signed(body string) []byte {
	return fmt.Appendf(nil, "vicinal manifest 1 %08x %d\n%s", storage.Checksum([]byte(body)), len(body), body)
}

func TestDecodeManifestRefuses(t *testing.T) {
	whole, err := sampleManifest().Encode()
	if err != nil {
		t.Fatal(err)
	}
	line, body, _ := strings.Cut(string(whole), "\n")
	swap := func(old, new string) []byte {
		if !strings.Contains(body, old) {
			t.Fatalf("%q is not in %s", old, body)
		}
		return signed(strings.Replace(body, old, new, 1))
	}
	for _, c := range []struct {
		reason string
		bytes  []byte
		want   error
	}{
		{"nothing", nil, storage.ErrCorrupt},
		{"the line alone", []byte(line), storage.ErrCorrupt},
		{"an empty body", signed(""), storage.ErrCorrupt},
		{"a text that has nothing to do with it", []byte("hello\nworld\n"), storage.ErrCorrupt},
		{"a body cut", whole[:len(whole)-1], storage.ErrCorrupt},
		{"a body extended", append(bytes.Clone(whole), '\n'), storage.ErrCorrupt},
		{"two manifests", append(bytes.Clone(whole), whole...), storage.ErrCorrupt},
		{"line ends of Windows", bytes.ReplaceAll(whole, []byte("\n"), []byte("\r\n")), storage.ErrCorrupt},
		{"a line with a space more", []byte(strings.Replace(string(whole), "manifest 1", "manifest  1", 1)), storage.ErrCorrupt},
		{"a later version", []byte(strings.Replace(string(whole), "manifest 1", "manifest 2", 1)), storage.ErrVersion},
		{"a version before the first", []byte(strings.Replace(string(whole), "manifest 1", "manifest 0", 1)), storage.ErrVersion},
		{"a version that is no number", []byte(strings.Replace(string(whole), "manifest 1", "manifest x", 1)), storage.ErrCorrupt},
		{"a later version in another form", []byte(strings.Replace(string(whole), "manifest 1", "manifest 02", 1)), storage.ErrCorrupt},
		{"a later version of a damaged body", bytes.Replace(whole[:len(whole)-1], []byte("manifest 1"), []byte("manifest 2"), 1), storage.ErrCorrupt},
		{"another version in the body", swap(`"version":1`, `"version":2`), storage.ErrCorrupt},
		{"a space in the JSON", swap(`{"version":1`, `{ "version":1`), storage.ErrCorrupt},
		{"a member in capitals", swap(`"epoch"`, `"Epoch"`), storage.ErrCorrupt},
		{"a member that is unknown", swap(`{"version":1`, `{"more":0,"version":1`), storage.ErrCorrupt},
		{"a member twice", swap(`"epoch":7`, `"epoch":6,"epoch":7`), storage.ErrCorrupt},
		{"a member that is missing", swap(`"epoch":7,`, ``), storage.ErrCorrupt},
		{"a member of another type", swap(`"epoch":7`, `"epoch":"7"`), storage.ErrCorrupt},
		{"a number below zero", swap(`"epoch":7`, `"epoch":-7`), storage.ErrCorrupt},
		{"a number in another form", swap(`"epoch":7`, `"epoch":7.0`), storage.ErrCorrupt},
		{"a number that overflows", swap(`"epoch":7`, `"epoch":99999999999999999999`), storage.ErrCorrupt},
		{"a UUID that is a path", swap(`0000000000aa`, `/../../../aa`), storage.ErrCorrupt},
		{"a UUID in capitals", swap(`0000000000aa`, `0000000000AA`), storage.ErrCorrupt},
		{"a UUID in braces", swap(`"0190a0b0-0000-7000-8000-0000000000aa"`, `"{0190a0b0-0000-7000-8000-0000000000aa}"`), storage.ErrCorrupt},
		{"a digest that is too short", swap(`0102fe00`, `0102fe`), storage.ErrCorrupt},
		{"a digest in capitals", swap(`0102fe00`, `0102FE00`), storage.ErrCorrupt},
		{"a digest that is no hex", swap(`0102fe00`, `0102fg00`), storage.ErrCorrupt},
		{"tombstones that are not base64", swap(`OjAAAA==`, `OjAAA===`), storage.ErrCorrupt},
		{"no list of segments", signed(`{"version":1,"segments":null}`), storage.ErrCorrupt},
		{"a list of something else", signed(`{"version":1,"segments":[0,1]}`), storage.ErrCorrupt},
		{"a rule of manifests that is broken", swap(`"watermark":1000`, `"watermark":999`), storage.ErrCorrupt},
		{"deep nesting", signed(strings.Repeat("[", 100_000)), storage.ErrCorrupt},
		{"too many bytes", make([]byte, storage.MaxManifest+1), storage.ErrCorrupt},
	} {
		if m, err := storage.DecodeManifest(c.bytes); !errors.Is(err, c.want) {
			t.Errorf("%s: %+v, %v; want %v", c.reason, m, err, c.want)
		}
	}
}

func TestManifestEveryByteIsCovered(t *testing.T) {
	b, err := sampleManifest().Encode()
	if err != nil {
		t.Fatal(err)
	}
	for at := range b {
		for bit := range 8 {
			b[at] ^= 1 << bit
			if _, err := storage.DecodeManifest(b); !expected(err) || err == nil {
				t.Errorf("bit %d of byte %d was flipped: %v", bit, at, err)
			}
			b[at] ^= 1 << bit
		}
		if _, err := storage.DecodeManifest(b[:at]); !errors.Is(err, storage.ErrCorrupt) {
			t.Errorf("cut to %d bytes: %v", at, err)
		}
	}
}

// A short list can stand for many records: the decoder stops before it has made them.
func TestDecodeManifestBoundsMemory(t *testing.T) {
	for reason, element := range map[string]string{"empty records": "{}", "no records": "null"} {
		b := signed(`{"version":1,"segments":[` + strings.Repeat(element+",", 1<<20) + element + `]}`)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := storage.DecodeManifest(b)
		runtime.ReadMemStats(&after)
		if !errors.Is(err, storage.ErrCorrupt) {
			t.Errorf("%s: %v, want ErrCorrupt", reason, err)
		}
		if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 4*uint64(len(b))+16<<20 {
			t.Errorf("%s: %d bytes lead to %d", reason, len(b), allocated)
		}
	}
}

func FuzzDecodeManifest(f *testing.F) {
	whole, err := sampleManifest().Encode()
	if err != nil {
		f.Fatal(err)
	}
	_, body, _ := strings.Cut(string(whole), "\n")
	f.Add(body, true)
	f.Add(string(whole), false)
	f.Add(`{"version":1,"segments":[]}`, true)
	f.Fuzz(func(t *testing.T, text string, sign bool) {
		b := []byte(text)
		if sign {
			b = signed(text)
		}
		m, err := storage.DecodeManifest(b)
		if err != nil {
			if !expected(err) {
				t.Errorf("unexpected error: %v", err)
			}
			return
		}
		if again, err := m.Encode(); err != nil || !bytes.Equal(again, b) {
			t.Errorf("%q was accepted and encodes to %q, %v", b, again, err)
		}
	})
}

func TestPublishManifest(t *testing.T) {
	dir := t.TempDir()
	path, temporary := filepath.Join(dir, "MANIFEST"), filepath.Join(dir, "tmp")
	if _, err := storage.ReadManifest(path); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("before the first: %v, want ErrNotFound", err)
	}
	// What a crash left is longer than the manifest: nothing of it may stay.
	if err := os.WriteFile(temporary, make([]byte, 1<<16), 0o600); err != nil {
		t.Fatal(err)
	}
	for epoch := range uint64(3) {
		m := sampleManifest()
		m.Epoch = epoch
		if err := storage.PublishManifest(path, temporary, m); err != nil {
			t.Fatal(err)
		}
		if got, err := storage.ReadManifest(path); err != nil || got.Epoch != epoch {
			t.Errorf("read %+v, %v; want epoch %d", got, err, epoch)
		}
		if _, err := os.Stat(temporary); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the temporary file is still there: %v", err)
		}
	}
}

// A reader beside the writer sees one manifest or the next, never a part.
func TestReadManifestWhilePublishing(t *testing.T) {
	dir := t.TempDir()
	path, temporary := filepath.Join(dir, "MANIFEST"), filepath.Join(dir, "tmp")
	publish := func(epoch uint64) {
		m := sampleManifest()
		m.Epoch = epoch
		if err := storage.PublishManifest(path, temporary, m); err != nil && runtime.GOOS != "windows" {
			t.Error(err)
		}
	}
	publish(0)
	var wg sync.WaitGroup
	done := make(chan struct{})
	wg.Go(func() {
		last := uint64(0)
		for {
			select {
			case <-done:
				return
			default:
			}
			m, err := storage.ReadManifest(path)
			if err != nil || m.Epoch < last {
				t.Errorf("epoch after %d: %+v, %v", last, m, err)
				return
			}
			last = m.Epoch
		}
	})
	for epoch := uint64(1); epoch < 100; epoch++ {
		publish(epoch)
	}
	close(done)
	wg.Wait()
}

func TestReadManifestRefuses(t *testing.T) {
	dir := t.TempDir()
	if _, err := storage.ReadManifest(dir); !errors.Is(err, storage.ErrCorrupt) {
		t.Errorf("a directory: %v, want ErrCorrupt", err)
	}
	for _, length := range []int{storage.MaxManifest, storage.MaxManifest / 2} {
		b := signed(`{"version":1,"schema":"` + strings.Repeat("x", length) + `"}`)
		if _, err := storage.DecodeManifest(b); !errors.Is(err, storage.ErrCorrupt) || strings.Contains(err.Error(), "at most") != (len(b) > storage.MaxManifest) {
			t.Errorf("%d bytes: %v, want ErrCorrupt", len(b), err)
		}
	}
	large := filepath.Join(dir, "large")
	if err := os.WriteFile(large, make([]byte, storage.MaxManifest+1), 0o600); err != nil {
		t.Fatal(err)
	}
	damaged := filepath.Join(dir, "damaged")
	if err := os.WriteFile(damaged, []byte("vicinal manifest 1 00000000 0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{large, damaged} {
		_, err := storage.ReadManifest(path)
		damage, ok := errors.AsType[*storage.CorruptError](err)
		if !ok || damage.File != path || strings.Contains(damage.Reason, "at most") != (path == large) {
			t.Errorf("%s: %v, want a CorruptError that names the file and says why", filepath.Base(path), err)
		}
	}
}

func TestPublishManifestRefuses(t *testing.T) {
	dir := t.TempDir()
	m := sampleManifest()
	m.Pending = m.Live + 1
	if err := storage.PublishManifest(filepath.Join(dir, "MANIFEST"), filepath.Join(dir, "tmp"), m); err == nil {
		t.Error("a manifest that breaks a rule was published")
	}
	expectEmpty(t, dir)
}
