package dataset

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
)

// openLayout reads what stands before the first row and compares it with what is asked for.
func openLayout(name string, from *source, o Options) (layout, error) {
	if o.Dim < 0 {
		return layout{}, fmt.Errorf("%w: a dimension of %d", ErrOptions, o.Dim)
	}
	l, err := openFormat(name, from, o)
	switch {
	case err != nil:
		return layout{}, err
	case o.Kind != Any && l.kind != o.Kind:
		err = fmt.Errorf("%w: its vectors are %v, not %v", ErrOptions, l.kind, o.Kind)
	case o.Dim != 0 && l.dim != 0 && l.dim != o.Dim:
		err = fmt.Errorf("%w: its vectors have %d dimensions, not %d", ErrOptions, l.dim, o.Dim)
	default:
		return l, nil
	}
	if l.close != nil {
		err = errors.Join(err, l.close())
	}
	return layout{}, err
}

// openFormat recognizes the format.
func openFormat(name string, from *source, o Options) (layout, error) {
	in, packed, err := openInput(from)
	if err != nil {
		return layout{}, err
	}
	extension := strings.ToLower(filepath.Ext(name))
	if in.begins(zipMagic) || in.begins(zipEmpty) {
		if packed {
			return layout{}, fmt.Errorf("%w: a zip archive within gzip", ErrFormat)
		}
		return openNPZ(from)
	}
	size := from.size
	if packed {
		size = -1
		if extension == ".gz" {
			extension = strings.ToLower(filepath.Ext(name[:len(name)-len(extension)]))
		}
	}
	_, vecs := vecsKinds[extension] // a dimension may begin as an object does
	if extension == ".jsonl" || extension == ".ndjson" || extension == ".json" || in.begins("{") && !vecs {
		return openJSONLines(in, o)
	}
	if in.beginsMTX() || extension == ".mtx" {
		return openMTX(in)
	}
	m, err := openMatrix(in, extension, size)
	switch {
	case err != nil:
		return layout{}, err
	case o.Kind == Bits:
		return m.bits(o)
	}
	return m.layout(), nil
}

// openMatrix recognizes the formats that are plain matrices of numbers.
func openMatrix(in *input, extension string, size int64) (*matrix, error) {
	if in.begins(npyMagic) {
		return openNPY(in)
	}
	if kind, ok := vecsKinds[extension]; ok {
		return openVecs(in, kind, size)
	}
	if in.beginsIDX() {
		return openIDX(in)
	}
	switch _, err := in.r.Peek(1); {
	case ends(err):
		return nil, fmt.Errorf("%w: the file is empty", ErrFormat)
	case extension == ".npy", extension == ".npz":
		return nil, fmt.Errorf("%w: it is named %s, but does not begin as such a file does", ErrFormat, extension)
	}
	return nil, fmt.Errorf("%w: neither .npy, .npz, .fvecs, .bvecs, .ivecs, IDX, Matrix Market nor JSON lines by its first bytes and its name", ErrFormat)
}

// input is a stream that knows how far it has been read, counted after decompression.
type input struct {
	r      *bufio.Reader
	offset int64
}

// bufferBytes are read from a file at a time.
const bufferBytes = 256 << 10

func newInput(r io.Reader, buffer int) *input { return &input{r: bufio.NewReaderSize(r, buffer)} }

// openInput undoes gzip, recognized by its magic number and method, and says whether there was any.
func openInput(from *source) (*input, bool, error) {
	in := newInput(from, bufferBytes)
	if !in.begins("\x1f\x8b\x08") {
		return in, false, nil
	}
	unpacked, err := gzip.NewReader(in.r)
	if err != nil {
		return nil, false, fmt.Errorf("decompressing: %w", err)
	}
	return newInput(decompressor{unpacked}, bufferBytes), true, nil
}

// decompressor says of errors where they come from.
type decompressor struct{ r io.Reader }

func (d decompressor) Read(p []byte) (int, error) {
	n, err := d.r.Read(p)
	if err != nil && !ends(err) {
		err = fmt.Errorf("decompressing: %w", err)
	}
	return n, err
}

// begins reports whether the unread bytes start with prefix. An error of
// reading is left for the next read to meet.
func (in *input) begins(prefix string) bool {
	head, _ := in.r.Peek(len(prefix))
	return string(head) == prefix
}

// full fills buf. When there is not one byte more it returns io.EOF; no other error of an input is io.EOF.
func (in *input) full(buf []byte) error {
	n, err := io.ReadFull(in.r, buf)
	in.offset += int64(n)
	switch {
	case errors.Is(err, io.EOF):
		return io.EOF
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: the file ends too early, at byte %d", ErrFormat, in.offset)
	}
	return err
}

// must is full for bytes that have to be there.
func (in *input) must(buf []byte) error {
	err := in.full(buf)
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: the file ends too early, at byte %d", ErrFormat, in.offset)
	}
	return err
}

// line returns the next line without its end, valid until the next call, and io.EOF after the last one.
func (in *input) line(most int) ([]byte, error) {
	var long []byte
	for {
		part, err := in.r.ReadSlice('\n')
		in.offset += int64(len(part))
		if len(long)+len(part) > most {
			return nil, fmt.Errorf("%w: longer than %d bytes", ErrFormat, most)
		}
		whole := part
		if long != nil {
			whole = append(long, part...)
		}
		switch {
		case err == nil, errors.Is(err, io.EOF) && len(whole) > 0:
			return bytes.TrimRight(whole, "\r\n"), nil
		case errors.Is(err, io.EOF):
			return nil, io.EOF
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
		long = append(long, part...)
	}
}
