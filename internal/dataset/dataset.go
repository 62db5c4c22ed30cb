// Package dataset reads files of vectors, one row at a time.
//
// It knows NumPy arrays (.npy, format versions 1 to 3), the .fvecs, .bvecs and
// .ivecs files of the TEXMEX collections, the IDX files of MNIST, and JSON
// lines; each of them also compressed with gzip. A file is recognized by its
// first bytes, and by its name where the bytes do not tell.
//
// All of these come from strangers. Nothing is allocated on the word of a
// header beyond one row of at most MaxDim components, and whatever does not fit
// its format is an error that wraps ErrFormat and names file and place.
package dataset

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// MaxDim is the largest number of components that a row may have. It is also
// what keeps the formats apart: no .fvecs file can begin like a gzip file.
const MaxDim = 65536

// ErrFormat marks a file that is damaged, or in a form this package does not read.
var ErrFormat = errors.New("not a readable vector file")

// Row is one vector of a file. Its slices are the caller's to keep.
type Row struct {
	// ID is empty unless the file gives one, which only JSON lines do.
	ID string
	// Vector has Reader.Dim components. Numbers that float32 cannot hold exactly are rounded to the nearest.
	Vector []float32
	// Metadata holds string, bool, int64, float64 and []string; nil unless the file gives some.
	Metadata map[string]any
}

// Reader reads the rows of one file in order. It is not for concurrent use.
type Reader struct {
	name   string
	layout layout
	close  func() error
	err    error // what ended the reading, io.EOF included
}

// layout is an opened file of a known format.
type layout struct {
	dim   int   // components of every row; 0 when the file has no rows to tell
	count int64 // rows; -1 when only reading to the end will tell
	ids   bool
	next  func() (Row, error) // io.EOF after the last row
}

// Open opens a file. The caller closes the Reader.
func Open(path string) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	size := int64(-1)
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		size = info.Size()
	}
	r, err := NewReader(path, f, size)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	r.close = f.Close
	return r, nil
}

// NewReader reads the file called name from r. Its size in bytes, or -1 when
// unknown, serves only to tell the number of rows early. Close leaves r open.
func NewReader(name string, r io.Reader, size int64) (*Reader, error) {
	l, err := openLayout(name, r, size)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return &Reader{name: name, layout: l, close: func() error { return nil }}, nil
}

// Dim returns the number of components of every row. It is 0 only for a file
// without rows whose format declares no dimension.
func (r *Reader) Dim() int { return r.layout.dim }

// Len returns the number of rows, or -1 when the file must be read to its end to know.
func (r *Reader) Len() int64 { return r.layout.count }

// HasIDs reports whether the format gives rows ids and metadata of their own.
func (r *Reader) HasIDs() bool { return r.layout.ids }

// Next returns the next row, and io.EOF after the last one. After any error it
// returns that error again.
func (r *Reader) Next() (Row, error) {
	if r.err != nil {
		return Row{}, r.err
	}
	row, err := r.layout.next()
	switch {
	case errors.Is(err, io.EOF):
		r.err = io.EOF
	case err != nil:
		r.err = fmt.Errorf("reading %s: %w", r.name, err)
	default:
		return row, nil
	}
	return Row{}, r.err
}

// Close closes the file.
func (r *Reader) Close() error { return r.close() }
