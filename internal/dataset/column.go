package dataset

import (
	"archive/zip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// column is a member of an archive: an array of one axis, read in order.
type column struct {
	name   string
	in     *input
	closer io.Closer
	kind   number
	order  binary.ByteOrder
	count  int64
	buf    []byte
}

// openMember opens a member up to its first number, whatever its numbers are.
func openMember(file *zip.File, name string) (*column, npyFields, error) {
	if file == nil {
		return nil, npyFields{}, fmt.Errorf("%w: the archive holds no %s, which scipy.sparse.save_npz writes", ErrFormat, name)
	}
	r, err := file.Open()
	if err != nil {
		return nil, npyFields{}, fmt.Errorf("%s: opening it in the archive: %w", name, err)
	}
	c := &column{name: name, in: newInput(decompressor{r}, bufferBytes/4), closer: r}
	h, err := readNPYFields(c.in)
	if err != nil {
		return nil, npyFields{}, errors.Join(fmt.Errorf("%s: %w", name, err), r.Close())
	}
	return c, h, nil
}

func openColumn(file *zip.File, name string) (*column, error) {
	c, h, err := openMember(file, name)
	if err != nil {
		return nil, err
	}
	c.kind, c.order, err = npyKind(h.descr)
	switch {
	case err != nil:
	case len(h.shape) != 1:
		err = fmt.Errorf("%w: an array of %d axes; it has 1 in a sparse matrix", ErrFormat, len(h.shape))
	case name != "data.npy" && !c.kind.whole():
		err = fmt.Errorf("%w: numbers of type %q; they are whole in a sparse matrix", ErrFormat, h.descr)
	default:
		c.count = int64(h.shape[0])
		return c, nil
	}
	return nil, errors.Join(fmt.Errorf("%s: %w", name, err), c.closer.Close())
}

// next returns the bytes of the next n numbers, valid until the next call.
func (c *column) next(n int) ([]byte, error) {
	if size := n * c.kind.size(); size > cap(c.buf) {
		c.buf = make([]byte, size)
	}
	c.buf = c.buf[:n*c.kind.size()]
	if err := c.in.must(c.buf); err != nil {
		return nil, fmt.Errorf("%s: %w", c.name, err)
	}
	return c.buf, nil
}

func (c *column) integer() (int64, error) {
	raw, err := c.next(1)
	if err != nil {
		return 0, err
	}
	return c.kind.integer(raw, c.order), nil
}

// end makes sure that nothing follows, which is also when the archive's checksum is compared.
func (c *column) end() error {
	raw := make([]byte, 1)
	switch err := c.in.full(raw); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return fmt.Errorf("%s: %w", c.name, err)
	}
	return fmt.Errorf("%s: %w: it goes on after its %d numbers", c.name, ErrFormat, c.count)
}
