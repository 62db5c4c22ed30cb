// Package dataset reads files of vectors, one row at a time.
//
// Dense vectors come from NumPy arrays (.npy, format versions 1 to 3), the
// .fvecs, .bvecs and .ivecs files of the TEXMEX collections, the IDX files of
// MNIST, Matrix Market arrays, and JSON lines. Sparse ones come from the .npz
// files that scipy.sparse.save_npz writes, Matrix Market coordinates, and JSON
// lines. Bit vectors come from matrices of bytes, when the caller asks for
// bits. All but .npz may be compressed with gzip. A file is recognized by its
// first bytes, and by its name where the bytes do not tell.
//
// All of these come from strangers. Nothing is allocated on the word of a
// header beyond one row, and whatever does not fit its format is an error that
// wraps ErrFormat and names file and place. Only Matrix Market files, which may
// list their numbers in any order, are held in memory; what is held then is in
// proportion to what was read.
package dataset

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/vicinaldb/store/metric"
)

// The largest rows. MaxDim is also what keeps the formats apart: no .fvecs file
// can begin like a gzip file.
const (
	MaxDim      = 1 << 17    // components of a dense vector, and bytes that hold a bit vector
	MaxBits     = 8 * MaxDim // bits of a bit vector
	MaxFeatures = 1<<31 - 1  // dimension of a sparse vector
	MaxNonzeros = 1 << 17    // components that are listed of a sparse vector
)

var (
	// ErrFormat marks a file that is damaged, or in a form this package does not read.
	ErrFormat = errors.New("not a readable vector file")

	// ErrOptions marks a file that may be sound, but is not what Options ask for, or needs one that is not given.
	ErrOptions = errors.New("not readable as asked")

	// ErrDim is the ErrOptions of sparse JSON lines when Options give no Dim.
	ErrDim = fmt.Errorf("%w: sparse vectors do not tell their dimension in JSON lines: it must be given", ErrOptions)
)

// Kind is what the vectors of a file are.
type Kind uint8

// The kinds. Any stands for whatever a file holds; no Reader is of that kind.
const (
	Any    Kind = iota
	Dense       // all components, as float32
	Sparse      // the components that are not zero
	Bits        // packed bits
)

// String returns the name of the kind, such as "dense".
func (k Kind) String() string {
	switch k {
	case Any:
		return "any"
	case Dense:
		return "dense"
	case Sparse:
		return "sparse"
	case Bits:
		return "bits"
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// BitForm is how a matrix of bytes holds bits.
type BitForm uint8

// The forms. Bit 0 of a vector is in the first byte of its row in each of them.
const (
	// PackedBig has 8 bits a byte, the first of them the highest, as numpy.packbits does by default.
	PackedBig BitForm = iota
	// PackedLittle has 8 bits a byte, the first of them the lowest: numpy.packbits with bitorder='little'.
	PackedLittle
	// Unpacked has one bit a byte, which is 0 or 1, or False or True.
	Unpacked
)

// Options say how to read a file. The zero value takes what the file alone tells.
type Options struct {
	// Kind is what the vectors must be. The default is Any. A matrix of bytes is read as bits only when Kind is Bits.
	Kind Kind

	// Dim is the dimension that the vectors must have, when it is not 0. Sparse JSON lines do not tell theirs, so
	// there it has to be given. Bits may be fewer than the bytes have room for: the rest must be zero. Their default
	// is all the bits that there are.
	Dim int

	// BitForm is how bytes hold bits, when Kind is Bits.
	BitForm BitForm
}

// Row is one vector of a file. Its slices are the caller's to keep.
type Row struct {
	// ID is empty unless the file gives one, which only JSON lines do.
	ID string
	// Vector is the row of a Dense file, with Reader.Dim components. Numbers that float32 cannot hold exactly are
	// rounded to the nearest.
	Vector []float32
	// Sparse is the row of a Sparse file: its indices ascend and are below Reader.Dim, no value is zero. What a file
	// lists twice is added up, in float64.
	Sparse metric.SparseVector
	// Bits is the row of a Bits file. Bit i of its Reader.Dim bits is bit i%64 of word i/64; those behind the last one
	// are zero.
	Bits []uint64
	// Metadata holds string, bool, int64, float64 and []string; nil unless the file gives some.
	Metadata map[string]any
}

// Reader reads the rows of one file in order. It is not for concurrent use.
type Reader struct {
	name   string
	from   *source
	layout layout
	close  func() error
	err    error // what ended the reading, io.EOF included
}

// layout is an opened file of a known format.
type layout struct {
	kind  Kind
	dim   int   // components of every row; 0 when the file has no rows to tell
	count int64 // rows; -1 when only reading to the end will tell
	ids   bool
	next  func() (Row, error) // io.EOF after the last row
	close func() error        // nil when there is nothing to close besides the file
}

// Open opens a file of dense vectors. The caller closes the Reader.
func Open(path string) (*Reader, error) { return OpenAs(path, Options{Kind: Dense}) }

// OpenAs opens a file of any kind, or of the one that the options ask for. The caller closes the Reader.
func OpenAs(path string, o Options) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	size := int64(-1)
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		size = info.Size()
	}
	r, err := NewReader(path, f, size, o)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	r.close = f.Close
	return r, nil
}

// NewReader reads the file called name from r. Its size in bytes, or -1 when
// unknown, serves to tell the number of rows early, and to read .npz files:
// for these r must be an io.ReaderAt too. Close leaves r open.
func NewReader(name string, r io.Reader, size int64, o Options) (*Reader, error) {
	from := &source{r: r, size: size}
	l, err := openLayout(name, from, o)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, from.explain(err))
	}
	return &Reader{name: name, from: from, layout: l, close: func() error { return nil }}, nil
}

// Kind returns what the rows are: Dense, Sparse or Bits.
func (r *Reader) Kind() Kind { return r.layout.kind }

// Dim returns the number of components of every row, be they listed or not. It
// is 0 only for a file without rows whose format declares no dimension.
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
	case err == nil:
		return row, nil
	case ends(err) && r.from.err == nil:
		r.err = io.EOF
	default:
		r.err = fmt.Errorf("reading %s: %w", r.name, r.from.explain(err))
	}
	return Row{}, r.err
}

// Close closes the file.
func (r *Reader) Close() error {
	if r.layout.close == nil {
		return r.close()
	}
	return errors.Join(r.from.explain(r.layout.close()), r.close())
}
