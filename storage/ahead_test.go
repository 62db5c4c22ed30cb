package storage_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vicinaldb/store/storage"
)

// writeBehind writes a sample after its codes, or others, and its vectors, if there is what writes them, and after something that is done to
// the file meanwhile.
func (s *sample) writeBehind(
	t *testing.T, ctx context.Context, dir string, codes []byte,
	vectors func(context.Context, io.Writer) error, do func(path string, a *storage.Ahead),
) (storage.SegmentInfo, error) {
	t.Helper()
	path := filepath.Join(dir, "s.seg")
	ahead, err := storage.WriteAhead(ctx, path, codes, vectors)
	if err != nil {
		t.Fatal(err)
	}
	items := s.items(t, t.TempDir())
	s.Ahead = ahead
	if do != nil {
		do(path, ahead)
	}
	info, err := storage.WriteSegment(t.Context(), path, &s.SegmentContent)
	if err := errors.Join(items.Close(), ahead.Close()); err != nil {
		t.Error(err)
	}
	return info, err
}

// newLongSample is a sample whose parameters take about so many pages, if any.
func newLongSample(shape sampleShape, pages int) *sample {
	s := newSample(shape, 1)
	if pages > 0 {
		s.Params.Build = json.RawMessage(`"` + strings.Repeat("x", pages*storage.PageSize) + `"`)
	}
	return s
}

// A segment whose codes were written ahead is the one that is written at once, wherever its codes begin, and if other codes were.
func TestAhead_Codes(t *testing.T) {
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
			s := newLongSample(tc.shape, tc.pages)
			path, want, err := s.write(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			codes, dir := s.Codes, t.TempDir()
			if tc.other {
				codes = slices.Repeat([]byte{7}, len(s.Codes))
			}
			info, err := s.writeBehind(t, t.Context(), dir, codes, nil, nil)
			if err != nil || info != want {
				t.Fatalf("got %+v, %v, want %+v", info, err, want)
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

// aheadVectors has the vectors of a sample written ahead, in pieces of an odd size, and no more in memory. It returns how often whoever writes
// the segment asks for them again.
func (s *sample) aheadVectors() (write func(context.Context, io.Writer) error, again *int) {
	vectors := s.Vectors
	pieces := func(out io.Writer) error {
		for piece := range slices.Chunk(vectors, 70_001) {
			if _, err := out.Write(piece); err != nil {
				return err
			}
		}
		return nil
	}
	again, s.Vectors = new(int), nil
	s.WriteVectors = func(out io.Writer) error {
		*again++
		return pieces(out)
	}
	return func(_ context.Context, out io.Writer) error { return pieces(out) }, again
}

// A segment whose vectors were written ahead is the one that is written at once, and they are not asked for again, unless parameters leave
// them no room.
func TestAhead_Vectors(t *testing.T) {
	for reason, tc := range map[string]struct {
		shape sampleShape
		pages int // of parameters, about
		again int
	}{
		"a few":             {shape: vectorsShape},
		"several pieces":    {shape: sampleShape{rows: 3000, stride: 64, vectors: 2000, degree: 3, pivots: 2, payload: 5}},
		"a piece of both":   {shape: sampleShape{rows: 16384, stride: 64, vectors: 192, degree: 3, pivots: 2, payload: 5}},
		"longer parameters": {shape: sampleShape{rows: 3000, stride: 64, vectors: 2000, degree: 3, pivots: 2, payload: 5}, pages: 3, again: 1},
	} {
		t.Run(reason, func(t *testing.T) {
			needLittleEndian(t)
			s, dir := newLongSample(tc.shape, tc.pages), t.TempDir()
			_, want, err := s.write(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			vectors, again := s.aheadVectors()
			info, err := s.writeBehind(t, t.Context(), dir, s.Codes, vectors, nil)
			if err != nil || info != want || *again != tc.again {
				t.Fatalf("got %+v, %v, and vectors %d times again, want %+v and %d times", info, err, *again, want, tc.again)
			}
			if err := storage.VerifyFile(t.Context(), filepath.Join(dir, "s.seg"), want); err != nil {
				t.Error(err)
			}
		})
	}
}

// What is wrong with vectors that are written ahead is told, and nothing is left.
func TestAhead_WrongVectors(t *testing.T) {
	needLittleEndian(t)
	broken := errors.New("broken")
	ended, end := context.WithCancel(t.Context())
	end()
	shape := sampleShape{rows: 3000, stride: 64, vectors: 2000, degree: 3, pivots: 2, payload: 5}
	for reason, tc := range map[string]struct {
		ctx   context.Context
		write func(all func(context.Context, io.Writer) error) func(context.Context, io.Writer) error
		do    func(path string, a *storage.Ahead)
		want  error
		text  string
	}{
		"an error": {
			write: func(func(context.Context, io.Writer) error) func(context.Context, io.Writer) error {
				return func(context.Context, io.Writer) error { return broken }
			},
			do: func(_ string, a *storage.Ahead) {
				if err := a.WaitRead(); !errors.Is(err, broken) {
					t.Errorf("who waits for vectors to be read got %v", err)
				}
			},
			want: broken,
		},
		"too many": {
			write: func(all func(context.Context, io.Writer) error) func(context.Context, io.Writer) error {
				return func(ctx context.Context, out io.Writer) error { return errors.Join(all(ctx, out), all(ctx, out)) }
			},
			text: "6000 elements were written, the parameters say 3000",
		},
		"others in the file": {
			do: func(path string, a *storage.Ahead) {
				a.WaitWritten()
				file, err := os.OpenFile(path, os.O_WRONLY, 0)
				if err == nil {
					_, err = file.WriteAt([]byte("other"), 4_000_000)
				}
				if err := errors.Join(err, file.Close()); err != nil {
					t.Fatal(err)
				}
			},
			want: storage.ErrCorrupt,
		},
		"a context that has ended": {ctx: ended, want: context.Canceled},
	} {
		t.Run(reason, func(t *testing.T) {
			s, dir := newSample(shape, 1), t.TempDir()
			vectors, _ := s.aheadVectors()
			if tc.write != nil {
				vectors = tc.write(vectors)
			}
			ctx := tc.ctx
			if ctx == nil {
				ctx = t.Context()
			}
			_, err := s.writeBehind(t, ctx, dir, s.Codes, vectors, tc.do)
			if err == nil || tc.want != nil && !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.text) {
				t.Errorf("got %v, want %v %s", err, tc.want, tc.text)
			}
			expectEmpty(t, dir)
		})
	}
}

// Close does not wait for vectors that come slowly.
func TestAhead_CloseEndsVectors(t *testing.T) {
	dir := t.TempDir()
	ahead, err := storage.WriteAhead(t.Context(), filepath.Join(dir, "s.seg"), []byte("codes"), func(ctx context.Context, _ io.Writer) error {
		<-ctx.Done()
		return context.Cause(ctx)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := ahead.Close(); err != nil {
		t.Error(err)
	}
	if err := ahead.WaitRead(); !errors.Is(err, context.Canceled) {
		t.Errorf("reading ended with %v", err)
	}
	expectEmpty(t, dir)
}

// Whatever becomes of the segment, nothing is left where it should be, and nothing that was there is lost.
func TestAhead_LeavesNothing(t *testing.T) {
	t.Run("closed", func(t *testing.T) {
		dir := t.TempDir()
		ahead, err := storage.WriteAhead(t.Context(), filepath.Join(dir, "s.seg"), make([]byte, 20<<20), nil)
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
		if _, err := s.writeBehind(t, t.Context(), dir, s.Codes, nil, nil); err == nil {
			t.Error("a content that is none was written")
		}
		expectEmpty(t, dir)
	})
	t.Run("failed", func(t *testing.T) {
		s, dir := newSample(smallShape, 1), t.TempDir()
		ahead, err := storage.WriteAhead(t.Context(), filepath.Join(dir, "s.seg"), s.Codes, nil)
		if err != nil {
			t.Fatal(err)
		}
		ahead.LoseFile()
		defer s.items(t, t.TempDir()).Close()
		s.Ahead = ahead
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
		if _, err := storage.WriteAhead(t.Context(), path, []byte("codes"), nil); !errors.Is(err, fs.ErrExist) {
			t.Errorf("got %v, want that there is a file", err)
		}
		if b, err := os.ReadFile(path); err != nil || string(b) != "mine" {
			t.Errorf("the file is %q, %v", b, err)
		}
	})
}
