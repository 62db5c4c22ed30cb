package dataset

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"

	"github.com/vicinaldb/store/metric"
)

// The .npz files of scipy.sparse.save_npz are zip archives, compressed or not, of .npy files that each hold one array:
//
//	format.npy   csr, as bytes or as text, of no axis: other formats are not read
//	shape.npy    rows, features
//	indptr.npy   rows + 1 numbers: row i has the entries indptr[i] to indptr[i+1]
//	indices.npy  the feature of each entry
//	data.npy     the value of each entry
//
// The last three are read at once, each in order, so that no more than a row is held.
// What else an archive holds, such as the _is_array.npy of newer versions, is of no concern.
const (
	zipMagic = "PK\x03\x04"
	zipEmpty = "PK\x05\x06" // of an archive without members
)

// csrRows reads the rows of a matrix in compressed sparse row format.
type csrRows struct {
	rows     int64
	dim      int
	read     int64 // rows
	position int64 // entries read
	indptr   *column
	indices  *column
	data     *column
	row      []entry
}

func openNPZ(from *source) (layout, error) {
	if !from.seekable() {
		return layout{}, fmt.Errorf("%w: a zip archive is read from a file only", ErrOptions)
	}
	archive, err := zip.NewReader(from, from.size)
	if err != nil {
		return layout{}, fmt.Errorf("a damaged zip archive: %w", err)
	}
	members := map[string]*zip.File{}
	for _, file := range archive.File {
		if members[file.Name] != nil {
			return layout{}, fmt.Errorf("%w: the archive holds %q twice", ErrFormat, file.Name)
		}
		members[file.Name] = file
	}
	m, err := openCSR(members)
	if err != nil {
		return layout{}, errors.Join(err, m.close())
	}
	return layout{kind: Sparse, dim: m.dim, count: m.rows, next: m.next, close: m.close}, nil
}

// openCSR opens the members. What it returns is to be closed even after an error.
func openCSR(members map[string]*zip.File) (*csrRows, error) {
	m := &csrRows{}
	if err := checkCSRFormat(members["format.npy"]); err != nil {
		return m, err
	}
	var err error
	if m.rows, m.dim, err = readCSRShape(members["shape.npy"]); err != nil {
		return m, err
	}
	for _, open := range []struct {
		name string
		into **column
	}{{"indptr.npy", &m.indptr}, {"indices.npy", &m.indices}, {"data.npy", &m.data}} {
		if *open.into, err = openColumn(members[open.name], open.name); err != nil {
			return m, err
		}
	}
	switch {
	case m.indptr.count != m.rows+1:
		return m, fmt.Errorf("%w: indptr.npy has %d numbers; the %d rows need one more than they are", ErrFormat, m.indptr.count, m.rows)
	case m.indices.count != m.data.count:
		return m, fmt.Errorf("%w: indices.npy has %d numbers, data.npy %d", ErrFormat, m.indices.count, m.data.count)
	}
	start, err := m.indptr.integer()
	if err == nil && start != 0 {
		err = fmt.Errorf("%w: indptr.npy begins with %d, not 0", ErrFormat, start)
	}
	return m, err
}

// checkCSRFormat makes sure that the matrix is in the format that has its rows one after the other.
func checkCSRFormat(file *zip.File) error {
	c, h, err := openMember(file, "format.npy")
	if err != nil {
		return err
	}
	defer c.closer.Close()
	width := map[byte]int{'S': 1, 'U': 4}
	if len(h.descr) < 2 || len(h.shape) != 0 || width[h.descr[1]] == 0 {
		return fmt.Errorf("format.npy: %w: an array of type %q with %d axes; scipy.sparse.save_npz writes a word", ErrFormat, h.descr, len(h.shape))
	}
	word := make([]byte, 0, 16)
	for character := make([]byte, width[h.descr[1]]); len(word) < cap(word); {
		if err := c.in.full(character); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return fmt.Errorf("format.npy: %w", err)
		}
		for _, b := range character {
			if b != 0 { // of the four bytes of a character of text in either byte order, or padding
				word = append(word, b)
			}
		}
	}
	if string(word) != "csr" {
		return fmt.Errorf("%w: a sparse matrix in the format %q; save matrix.tocsr() instead", ErrFormat, word)
	}
	return nil
}

// readCSRShape returns the numbers of rows and features.
func readCSRShape(file *zip.File) (int64, int, error) {
	c, err := openColumn(file, "shape.npy")
	if err != nil {
		return 0, 0, err
	}
	defer c.closer.Close()
	if c.count != 2 {
		return 0, 0, fmt.Errorf("%w: shape.npy has %d numbers; a matrix has 2 axes", ErrFormat, c.count)
	}
	rows, err := c.integer()
	if err != nil {
		return 0, 0, err
	}
	features, err := c.integer()
	if err != nil {
		return 0, 0, err
	}
	return rows, int(features), errors.Join(checkShape(rows, features), c.end())
}

func (m *csrRows) next() (Row, error) {
	if m.read == m.rows {
		return Row{}, m.end()
	}
	v, err := m.nextVector()
	if err != nil {
		return Row{}, fmt.Errorf("row %d: %w", m.read, err)
	}
	m.read++
	return Row{Sparse: v}, nil
}

func (m *csrRows) nextVector() (v metric.SparseVector, err error) {
	end, err := m.indptr.integer()
	if err != nil {
		return v, err
	}
	if end < m.position || end > m.data.count {
		return v, fmt.Errorf("%w: indptr.npy goes from %d to %d, of %d entries", ErrFormat, m.position, end, m.data.count)
	}
	n := end - m.position
	if err := checkNonzeros(n); err != nil {
		return v, err
	}
	if err := m.readEntries(int(n)); err != nil {
		return v, err
	}
	m.position = end
	return sparseVector(m.row)
}

// readEntries reads the next n entries into m.row.
func (m *csrRows) readEntries(n int) error {
	features, err := m.indices.next(n)
	if err != nil {
		return err
	}
	values, err := m.data.next(n)
	if err != nil {
		return err
	}
	if err := m.data.kind.check(values); err != nil {
		return fmt.Errorf("data.npy: %w", err)
	}
	m.row = m.row[:0]
	for i := range n {
		feature := m.indices.kind.integer(features[i*m.indices.kind.size():], m.indices.order)
		if feature < 0 || feature >= int64(m.dim) {
			return fmt.Errorf("%w: feature %d of %d", ErrFormat, feature, m.dim)
		}
		value := m.data.kind.float(values[i*m.data.kind.size():], m.data.order)
		m.row = append(m.row, entry{feature: uint32(feature), value: value})
	}
	return nil
}

// end makes sure that the rows have used up all of the three arrays, and so that their checksums are right.
func (m *csrRows) end() error {
	if m.position != m.data.count {
		return fmt.Errorf("%w: the rows have %d entries, data.npy %d", ErrFormat, m.position, m.data.count)
	}
	for _, c := range []*column{m.indptr, m.indices, m.data} {
		if err := c.end(); err != nil {
			return err
		}
	}
	return io.EOF
}

func (m *csrRows) close() error {
	var errs []error
	for _, c := range []*column{m.indptr, m.indices, m.data} {
		if c != nil {
			errs = append(errs, c.closer.Close())
		}
	}
	return errors.Join(errs...)
}
