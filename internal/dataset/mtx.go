package dataset

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// The Matrix Market exchange format, https://math.nist.gov/MatrixMarket/formats.html, is text:
//
//	%%MatrixMarket matrix coordinate real general
//	% any number of comments
//	rows columns entries
//	row column value     as often as there are entries, in any order; rows and columns count from 1
//
// An integer matrix has whole values, a pattern none: there they are 1. Of a symmetric matrix the upper triangle is left
// out. Where the first line says array instead of coordinate, the size is rows and columns only, and then comes every
// value, column by column.
//
// Since the entries of a row may be anywhere, the whole file is read before the first row is given out. An entry takes 16
// bytes then, a value of an array 4; while they are read, twice that.
const mtxBanner = "%%matrixmarket"

// The most that is held of a file: 2 GiB, and of a symmetric matrix, whose other triangle is made, 4. A larger matrix is
// better kept in a format that has its rows in order.
const (
	maxEntries = 1 << 27
	maxValues  = 1 << 29
)

// maxMTXLine is far above what three numbers need, and enough for a comment.
const maxMTXLine = 64 << 10

// mtx is a Matrix Market file.
type mtx struct {
	in        *input
	line      int
	array     bool
	symmetric bool
	field     string // real, integer or pattern
	rows      int64
	features  int64
	count     int64 // entries or values that the file declares

	read    int64 // rows given out
	loaded  bool
	entries []entry   // sorted; those of rows that were given out are cut off
	values  []float32 // column by column
}

// beginsMTX reports whether the first bytes are the banner.
func (in *input) beginsMTX() bool {
	head, _ := in.r.Peek(len(mtxBanner))
	return strings.EqualFold(string(head), mtxBanner)
}

func openMTX(in *input) (layout, error) {
	m := &mtx{in: in}
	err := m.open()
	if errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w: the file ends before it says its sizes", ErrFormat)
	}
	if err != nil {
		return layout{}, fmt.Errorf("line %d: %w", m.line, err)
	}
	l := layout{kind: Sparse, dim: int(m.features), count: m.rows, next: m.next}
	if m.array {
		l.kind = Dense
	}
	return l, nil
}

func (m *mtx) open() error {
	first, err := m.nextLine()
	if err != nil {
		return err
	}
	if err := m.parseBanner(strings.Fields(strings.ToLower(string(first)))); err != nil {
		return err
	}
	size, err := m.content()
	if err != nil {
		return err
	}
	return m.parseSize(bytes.Fields(size))
}

// parseBanner reads the first line.
func (m *mtx) parseBanner(words []string) error {
	if len(words) != 5 || words[0] != mtxBanner || words[1] != "matrix" {
		return fmt.Errorf("%w: a Matrix Market file begins with %%%%MatrixMarket matrix and three words", ErrFormat)
	}
	m.array = words[2] == "array"
	m.field = words[3]
	m.symmetric = words[4] == "symmetric"
	sound := slices.Contains([]string{"coordinate", "array"}, words[2]) &&
		slices.Contains([]string{"real", "integer", "pattern"}, words[3]) &&
		slices.Contains([]string{"general", "symmetric"}, words[4])
	if !sound || m.array && (m.field == "pattern" || m.symmetric) {
		return fmt.Errorf("%w: a matrix %s; read are coordinate real, integer or pattern, general or symmetric, and array real or integer general",
			ErrFormat, strings.Join(words[2:], " "))
	}
	return nil
}

// parseSize reads the line of the sizes.
func (m *mtx) parseSize(words [][]byte) error {
	want := 3
	if m.array {
		want = 2
	}
	if len(words) != want {
		return fmt.Errorf("%w: %d numbers; the sizes are %d", ErrFormat, len(words), want)
	}
	sizes := make([]int64, 3)
	for i, word := range words {
		n, err := strconv.ParseUint(string(word), 10, 63)
		if err != nil {
			return fmt.Errorf("%w: %q is not a size", ErrFormat, word)
		}
		sizes[i] = int64(n)
	}
	m.rows, m.features, m.count = sizes[0], sizes[1], sizes[2]
	return m.checkSize()
}

func (m *mtx) checkSize() error {
	if err := checkShape(m.rows, m.features); err != nil {
		return err
	}
	if m.array {
		m.count = m.rows * m.features
	}
	switch {
	case m.array && m.features > MaxDim:
		return fmt.Errorf("%w: rows of %d components; 1 to %d are read", ErrFormat, m.features, MaxDim)
	case m.array && m.count > maxValues:
		return fmt.Errorf("%w: %d values; up to %d are read, and more from .npy files", ErrFormat, m.count, maxValues)
	case m.count > maxEntries && !m.array:
		return fmt.Errorf("%w: %d entries; up to %d are read, and more from .npz files", ErrFormat, m.count, maxEntries)
	case m.symmetric && m.rows != m.features:
		return fmt.Errorf("%w: a symmetric matrix of %d rows and %d columns", ErrFormat, m.rows, m.features)
	}
	return nil
}

func (m *mtx) next() (Row, error) {
	if !m.loaded {
		if err := m.load(); err != nil {
			return Row{}, fmt.Errorf("line %d: %w", m.line, err)
		}
		m.loaded = true
	}
	if m.read == m.rows {
		return Row{}, io.EOF
	}
	m.read++
	if m.array {
		return Row{Vector: m.denseRow(m.read - 1)}, nil
	}
	return m.sparseRow(uint32(m.read - 1))
}

// denseRow picks the values of a row out of the columns.
func (m *mtx) denseRow(row int64) []float32 {
	v := make([]float32, m.features)
	for i := range v {
		v[i] = m.values[int64(i)*m.rows+row]
	}
	return v
}

// sparseRow takes the entries of the next row off the front.
func (m *mtx) sparseRow(row uint32) (Row, error) {
	n := 0
	for n < len(m.entries) && m.entries[n].row == row {
		n++
	}
	err := checkNonzeros(int64(n))
	if err != nil {
		return Row{}, fmt.Errorf("row %d: %w", row, err)
	}
	v, err := sparseVector(m.entries[:n])
	if err != nil {
		return Row{}, fmt.Errorf("row %d: %w", row, err)
	}
	m.entries = m.entries[n:]
	return Row{Sparse: v}, nil
}

// load reads all that follows the sizes.
func (m *mtx) load() error {
	for n := range m.count {
		text, err := m.content()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("%w: the file ends after %d of %d entries", ErrFormat, n, m.count)
		}
		if err != nil {
			return err
		}
		if err := m.parseContent(text); err != nil {
			return err
		}
	}
	switch _, err := m.content(); {
	case err == nil:
		return fmt.Errorf("%w: the file goes on after the %d entries that it declares", ErrFormat, m.count)
	case !errors.Is(err, io.EOF):
		return err
	}
	if !slices.IsSortedFunc(m.entries, byRow) {
		slices.SortStableFunc(m.entries, byRow) // entries that come twice are added up in their order
	}
	return nil
}

// content returns the next line that is neither blank nor a comment, valid until the next call. After the last one it
// returns io.EOF.
func (m *mtx) content() ([]byte, error) {
	for {
		text, err := m.nextLine()
		if err != nil {
			return nil, err
		}
		if text = bytes.TrimSpace(text); len(text) > 0 && text[0] != '%' {
			return text, nil
		}
	}
}

func (m *mtx) nextLine() ([]byte, error) {
	m.line++
	return m.in.line(maxMTXLine)
}

// parseContent reads a line with an entry or a value.
func (m *mtx) parseContent(text []byte) error {
	if m.array {
		wide, err := m.value(text)
		if err != nil {
			return err
		}
		x, ok := single(wide)
		if !ok {
			return fmt.Errorf("%w: %s is too large for a float32", ErrFormat, text)
		}
		m.values = append(m.values, x)
		return nil
	}
	row, text, err := m.position(text, "row", m.rows)
	if err != nil {
		return err
	}
	feature, text, err := m.position(text, "column", m.features)
	if err != nil {
		return err
	}
	value, err := m.value(text)
	if err != nil {
		return err
	}
	m.entries = append(m.entries, entry{row, feature, value})
	if m.symmetric && row < feature {
		return fmt.Errorf("%w: row %d, column %d is in the upper triangle of a symmetric matrix", ErrFormat, row+1, feature+1)
	}
	if m.symmetric && row != feature {
		m.entries = append(m.entries, entry{feature, row, value})
	}
	return nil
}

// position reads a number from 1 to most, returned as one from 0, and the text behind it.
func (m *mtx) position(text []byte, what string, most int64) (uint32, []byte, error) {
	end := bytes.IndexAny(text, " \t")
	if end < 0 {
		end = len(text)
	}
	n, err := strconv.ParseUint(string(text[:end]), 10, 63)
	if err != nil || n < 1 || int64(n) > most {
		return 0, nil, fmt.Errorf("%w: %s %q of %d; they count from 1", ErrFormat, what, text[:end], most)
	}
	return uint32(n - 1), bytes.TrimLeft(text[end:], " \t"), nil
}

// value reads a value of the matrix's field, with nothing behind it.
func (m *mtx) value(text []byte) (float64, error) {
	switch m.field {
	case "pattern":
		if len(text) != 0 {
			return 0, fmt.Errorf("%w: %q behind the position of a pattern's entry", ErrFormat, text)
		}
		return 1, nil
	case "integer":
		n, err := strconv.ParseInt(string(text), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%w: %q is not a whole number", ErrFormat, text)
		}
		return float64(n), nil
	}
	x, err := strconv.ParseFloat(string(text), 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, fmt.Errorf("%w: %s is too large for a float32", ErrFormat, text)
	case err != nil, bytes.ContainsAny(text, "xXpP_"): // which Go's numbers may have
		return 0, fmt.Errorf("%w: %q is not a number", ErrFormat, text)
	}
	return x, nil
}
