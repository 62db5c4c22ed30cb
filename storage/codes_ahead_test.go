package storage_test

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vicinaldb/store/storage"
)

// writeAhead writes a sample after some codes were written ahead.
func (s *sample) writeAhead(t *testing.T, dir string, codes []byte) (*storage.CodesAhead, storage.SegmentInfo, error) {
	t.Helper()
	path := filepath.Join(dir, "s.seg")
	ahead, err := storage.WriteCodesAhead(path, codes)
	if err != nil {
		t.Fatal(err)
	}
	items := s.items(t, t.TempDir())
	s.CodesAhead = ahead
	info, err := storage.WriteSegment(t.Context(), path, &s.SegmentContent)
	if err := items.Close(); err != nil {
		t.Error(err)
	}
	return ahead, info, err
}

// A segment whose codes were written ahead is the one that is written at once, wherever its codes begin, and if other codes were.
func TestCodesAhead(t *testing.T) {
	for reason, tc := range map[string]struct {
		shape sampleShape
		pages int // of parameters, about
		other bool
	}{
		"a few rows":                {shape: smallShape},
		"codes of different length": {shape: sparseShape},
		"no codes":                  {shape: sampleShape{rows: 0, stride: 64}},
		"more than is written once": {shape: sampleShape{rows: 150, stride: 64 << 10, degree: 3, pivots: 2, payload: 5}},
		"parameters of three pages": {shape: vectorsShape, pages: 3},
		"parameters beyond a buffer": {
			shape: sampleShape{rows: 300, stride: 8 << 10, degree: 3, pivots: 2, payload: 5}, pages: 300,
		},
		"other codes": {shape: smallShape, other: true},
	} {
		t.Run(reason, func(t *testing.T) {
			needLittleEndian(t)
			s := newSample(tc.shape, 1)
			if tc.pages > 0 {
				s.Params.Build = json.RawMessage(`"` + strings.Repeat("x", tc.pages*storage.PageSize) + `"`)
			}
			path, want, err := s.write(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			codes, dir := s.Codes, t.TempDir()
			if tc.other {
				codes = slices.Repeat([]byte{7}, len(s.Codes))
			}
			ahead, info, err := s.writeAhead(t, dir, codes)
			if err != nil || info != want {
				t.Fatalf("got %+v, %v, want %+v", info, err, want)
			}
			if err := ahead.Close(); err != nil {
				t.Error(err)
			}
			if err := storage.VerifyFile(t.Context(), filepath.Join(dir, "s.seg"), want); err != nil {
				t.Error(err)
			}
			if err := storage.VerifyFile(t.Context(), path, want); err != nil {
				t.Error(err)
			}
		})
	}
}

// Whatever becomes of the segment, nothing is left where it should be, and nothing that was there is lost.
func TestCodesAheadLeavesNothing(t *testing.T) {
	t.Run("closed", func(t *testing.T) {
		dir := t.TempDir()
		ahead, err := storage.WriteCodesAhead(filepath.Join(dir, "s.seg"), make([]byte, 20<<20))
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(ahead.Close(), ahead.Close()); err != nil {
			t.Error(err)
		}
		expectEmpty(t, dir)
	})
	t.Run("refused", func(t *testing.T) {
		s, dir := newSample(smallShape, 1), t.TempDir()
		s.Params.Rows++
		ahead, _, err := s.writeAhead(t, dir, s.Codes)
		if err == nil {
			t.Error("a content that is none was written")
		}
		if err := ahead.Close(); err != nil {
			t.Error(err)
		}
		expectEmpty(t, dir)
	})
	t.Run("failed", func(t *testing.T) {
		s, dir := newSample(smallShape, 1), t.TempDir()
		ahead, err := storage.WriteCodesAhead(filepath.Join(dir, "s.seg"), s.Codes)
		if err != nil {
			t.Fatal(err)
		}
		ahead.LoseFile()
		defer s.items(t, t.TempDir()).Close()
		s.CodesAhead = ahead
		if _, err := storage.WriteSegment(context.Background(), filepath.Join(dir, "s.seg"), &s.SegmentContent); !errors.Is(err, os.ErrClosed) {
			t.Errorf("got %v, want the error of the file", err)
		}
		_ = ahead.Close()
		expectEmpty(t, dir)
	})
	t.Run("there already", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "s.seg")
		if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := storage.WriteCodesAhead(path, []byte("codes")); !errors.Is(err, fs.ErrExist) {
			t.Errorf("got %v, want that there is a file", err)
		}
		if b, err := os.ReadFile(path); err != nil || string(b) != "mine" {
			t.Errorf("the file is %q, %v", b, err)
		}
	})
}
