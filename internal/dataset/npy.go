package dataset

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
)

// The NumPy array format, https://numpy.org/neps/nep-0001-npy-format.html:
//
//	+-----------+-------+-------+------------------+---------+---------
//	| \x93NUMPY | major | minor | header bytes:    | header  | numbers
//	|           |       |       | u16, from 2: u32 |         |
//	+-----------+-------+-------+------------------+---------+---------
//
// The header is a Python dictionary, as in
// {'descr': '<f4', 'fortran_order': False, 'shape': (60000, 784), }.
// Version 3 differs from 2 in that it is UTF-8, which only structured arrays need.
const npyMagic = "\x93NUMPY"

// npyMaxHeader is far above the length that a plain array's header can have.
const npyMaxHeader = 16 << 10

var npyKinds = map[string]number{
	"b1": numBool, "u1": numUint8, "i1": numInt8, "u2": numUint16, "i2": numInt16, "u4": numUint32, "i4": numInt32,
	"u8": numUint64, "i8": numInt64, "f4": numFloat32, "f8": numFloat64,
}

func openNPY(in *input) (*matrix, error) {
	h, err := readNPYFields(in)
	if err != nil {
		return nil, err
	}
	m := matrix{in: in}
	if m.kind, m.order, err = npyKind(h.descr); err != nil {
		return nil, err
	}
	switch {
	case len(h.shape) != 2:
		return nil, fmt.Errorf("%w: an array of %d axes; vectors are the rows of an array of 2", ErrFormat, len(h.shape))
	case h.fortran && h.shape[0] > 1 && h.shape[1] > 1:
		return nil, fmt.Errorf("%w: the array is in Fortran order, column by column; save numpy.ascontiguousarray(x) instead", ErrFormat)
	}
	m.count = int64(h.shape[0])
	return newMatrix(m, h.shape[1])
}

// readNPYFields reads up to the first number.
func readNPYFields(in *input) (npyFields, error) {
	text, err := npyHeader(in)
	if err != nil {
		return npyFields{}, err
	}
	p := literal{text: text}
	h, err := p.header()
	if err != nil {
		return npyFields{}, fmt.Errorf("%w: in the header, at character %d: %w", ErrFormat, p.at, err)
	}
	return h, nil
}

// npyHeader reads up to the end of the header and returns its text.
func npyHeader(in *input) (string, error) {
	var start [8]byte
	if err := in.must(start[:]); err != nil {
		return "", err
	}
	if string(start[:len(npyMagic)]) != npyMagic {
		return "", fmt.Errorf("%w: not an .npy array by its first bytes", ErrFormat)
	}
	major := start[6]
	length := make([]byte, 4)
	switch major {
	case 1:
		length = length[:2]
	case 2, 3:
	default:
		return "", fmt.Errorf("%w: .npy format version %d.%d; 1 to 3 are read", ErrFormat, major, start[7])
	}
	if err := in.must(length); err != nil {
		return "", err
	}
	var n uint32
	for i, b := range length {
		n |= uint32(b) << (8 * i)
	}
	if n > npyMaxHeader {
		return "", fmt.Errorf("%w: a header of %d bytes; a plain array's has at most %d", ErrFormat, n, npyMaxHeader)
	}
	text := make([]byte, n)
	if err := in.must(text); err != nil {
		return "", err
	}
	return string(text), nil
}

// npyKind reads an array's type, a byte order (| where there is none) before a kind and its bytes, as in <f4.
func npyKind(descr string) (number, binary.ByteOrder, error) {
	if len(descr) == 3 {
		kind := npyKinds[descr[1:]]
		switch order := descr[0]; {
		case kind == 0:
		case order == '<', order == '|' && kind.size() == 1:
			return kind, binary.LittleEndian, nil
		case order == '>':
			return kind, binary.BigEndian, nil
		}
	}
	return 0, nil, fmt.Errorf("%w: numbers of type %q; read are integers, bool, float32 and float64", ErrFormat, descr)
}

// npyFields is what the header of a plain array says.
type npyFields struct {
	descr   string
	fortran bool
	shape   []uint64
}

// literal parses the little of Python's syntax that headers are written in.
type literal struct {
	text string
	at   int
}

func (p *literal) header() (npyFields, error) {
	var h npyFields
	seen := map[string]bool{}
	if err := p.expect('{'); err != nil {
		return h, err
	}
	for !p.accept('}') {
		key, err := p.quoted()
		if err != nil {
			return h, err
		}
		if seen[key] {
			return h, fmt.Errorf("%q twice", key)
		}
		seen[key] = true
		if err := p.expect(':'); err != nil {
			return h, err
		}
		if err := p.value(&h, key); err != nil {
			return h, err
		}
		if !p.accept(',') && p.peek() != '}' {
			return h, fmt.Errorf("expected ',' or '}'")
		}
	}
	if p.peek() != 0 {
		return h, fmt.Errorf("text after the dictionary")
	}
	if len(seen) != 3 {
		return h, fmt.Errorf("one of descr, fortran_order and shape is missing")
	}
	return h, nil
}

func (p *literal) value(h *npyFields, key string) (err error) {
	switch key {
	case "descr":
		if p.peek() == '[' {
			return fmt.Errorf("structured arrays are not read")
		}
		h.descr, err = p.quoted()
	case "fortran_order":
		h.fortran, err = p.boolean()
	case "shape":
		h.shape, err = p.tuple()
	default:
		err = fmt.Errorf("unknown key %q", key)
	}
	return err
}

// peek skips white space and returns the next byte, 0 at the end.
func (p *literal) peek() byte {
	for ; p.at < len(p.text); p.at++ {
		switch c := p.text[p.at]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

func (p *literal) accept(c byte) bool {
	if p.peek() != c {
		return false
	}
	p.at++
	return true
}

func (p *literal) expect(c byte) error {
	if !p.accept(c) {
		return fmt.Errorf("expected %q", c)
	}
	return nil
}

// quoted reads a string. No valid key or type needs an escape, so there are none.
func (p *literal) quoted() (string, error) {
	quote := p.peek()
	if quote != '\'' && quote != '"' {
		return "", fmt.Errorf("expected a string")
	}
	p.at++
	for start := p.at; p.at < len(p.text); p.at++ {
		if p.text[p.at] == quote {
			p.at++
			return p.text[start : p.at-1], nil
		}
	}
	return "", fmt.Errorf("a string without an end")
}

func (p *literal) boolean() (bool, error) {
	p.peek()
	for _, word := range []string{"True", "False"} {
		if rest := p.text[p.at:]; len(rest) >= len(word) && rest[:len(word)] == word {
			p.at += len(word)
			return word == "True", nil
		}
	}
	return false, fmt.Errorf("expected True or False")
}

// tuple reads whole numbers in parentheses. Python 2 wrote an L after them.
func (p *literal) tuple() ([]uint64, error) {
	var numbers []uint64
	if err := p.expect('('); err != nil {
		return nil, err
	}
	for !p.accept(')') {
		p.peek()
		start := p.at
		for p.at < len(p.text) && p.text[p.at] >= '0' && p.text[p.at] <= '9' {
			p.at++
		}
		n, err := strconv.ParseUint(p.text[start:p.at], 10, 64)
		if err != nil || n > math.MaxInt64 {
			return nil, fmt.Errorf("%q is not the length of an axis", p.text[start:p.at])
		}
		numbers = append(numbers, n)
		p.accept('L')
		if !p.accept(',') && p.peek() != ')' {
			return nil, fmt.Errorf("expected ',' or ')'")
		}
	}
	return numbers, nil
}
