package dataset

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
)

// source is the file that a Reader reads, and the one place where what the file system says can be told from what is said about
// the content: everything else that is met on the way up, from package zip or flate as from here, is a fault of the content, by
// whatever error it is reported. So no error of theirs has to be known by name.
type source struct {
	r    io.Reader
	size int64 // -1 when unknown
	err  error // what ended the reading, when it was not the end of the file
}

// Read stays with the first error, so that nothing behind a failed read is taken for what follows.
func (s *source) Read(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.r.Read(p)
	return n, s.note(err)
}

// seekable reports whether ReadAt can be called.
func (s *source) seekable() bool {
	_, ok := s.r.(io.ReaderAt)
	return ok && s.size >= 0
}

// ReadAt asks the file only for what it has: a damaged archive can lead to places before its beginning, and far behind its end.
func (s *source) ReadAt(p []byte, offset int64) (int, error) {
	switch {
	case s.err != nil:
		return 0, s.err
	case offset < 0:
		return 0, zip.ErrFormat
	case offset >= s.size:
		return 0, io.EOF
	}
	n, err := s.r.(io.ReaderAt).ReadAt(p, offset)
	return n, s.note(err)
}

// note keeps an error of the file. Only io.EOF itself is its end: an error that wraps it is one.
func (s *source) note(err error) error {
	if err != nil && !ends(err) {
		s.err = err
	}
	return err
}

// ends reports whether an error of reading is the end of the file, or of the rows.
func ends(err error) bool {
	return err == io.EOF //nolint:errorlint // what wraps io.EOF is a failure, and says so
}

// explain makes of an error that leaves the package what it promises of errors: the file system's own, or one that wraps
// ErrFormat or ErrOptions. None of them wraps io.EOF, which means the end of the rows and is not for explain.
func (s *source) explain(err error) error {
	switch {
	case err == nil:
		return nil
	case s.err != nil && errors.Is(s.err, io.EOF):
		return fmt.Errorf("%w: %s", io.ErrUnexpectedEOF, s.err.Error())
	case s.err != nil && errors.Is(err, s.err) && !errors.Is(err, ErrFormat):
		return err // with the place where it was met
	case s.err != nil:
		return s.err
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%w: %s", ErrFormat, err.Error())
	case errors.Is(err, ErrFormat), errors.Is(err, ErrOptions):
		return err
	}
	return fmt.Errorf("%w: %w", ErrFormat, err)
}
