package dataset_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// npyFile gives the bytes before an array's numbers, as NumPy writes them.
func npyFile(version int, descr string, fortran bool, shape string) string {
	order := "False"
	if fortran {
		order = "True"
	}
	return npyHeader(version, fmt.Sprintf("{'descr': '%s', 'fortran_order': %s, 'shape': %s, }", descr, order, shape))
}

func npyHeader(version int, header string) string {
	start := "\x93NUMPY" + string([]byte{byte(version), 0})
	fixed := len(start) + 2
	if version > 1 {
		fixed += 2
	}
	header += strings.Repeat(" ", 63-(fixed+len(header))%64) + "\n"
	if version == 1 {
		return start + little(uint16(len(header))) + header
	}
	return start + little(uint32(len(header))) + header
}

// golden is numpy.save of numpy.array([[1.5, -2]], '<f4'), byte by byte.
const golden = "\x93NUMPY\x01\x00v\x00" +
	"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }                                                          \n" +
	"\x00\x00\xc0\x3f\x00\x00\x00\xc0"

func TestNPY(t *testing.T) {
	two := [][]float32{{1, 2}, {3, 4}}
	floats := little([]float32{1, 2, 3, 4})
	plain := npyFile(1, "<f4", false, "(2, 2)")
	for _, f := range []file{
		{content: golden, want: [][]float32{{1.5, -2}}, reason: "the bytes NumPy writes"},
		{content: plain + floats, want: two, reason: "version 1"},
		{content: npyFile(2, "<f4", false, "(2, 2)") + floats, want: two, reason: "version 2 has a longer length"},
		{content: npyFile(3, "<f4", false, "(2, 2)") + floats, want: two, reason: "version 3 is UTF-8"},
		{content: npyFile(1, ">f4", false, "(2, 2)") + big([]float32{1, 2, 3, 4}), want: two, reason: "big-endian float32"},
		{content: npyFile(1, "<f8", false, "(2, 2)") + little([]float64{1, 2, 3, 4}), want: two, reason: "float64"},
		{content: npyFile(1, ">f8", false, "(2, 2)") + big([]float64{1, 2, 3, 4}), want: two, reason: "big-endian float64"},
		{content: npyFile(1, "|u1", false, "(2, 2)") + "\x01\x02\x03\x04", want: two, reason: "uint8 has no byte order"},
		{content: npyFile(1, "<i8", false, "(2, 2)") + little([]int64{1, 2, 3, 4}), want: two, reason: "what NumPy makes of whole numbers by default"},
		{content: npyFile(1, ">i2", false, "(2, 2)") + big([]int16{-1, 2, 3, 4}), want: [][]float32{{-1, 2}, {3, 4}}, reason: "big-endian int16"},
		{content: npyFile(1, "<u8", false, "(1, 1)") + little(uint64(math.MaxUint64)), want: [][]float32{{1 << 64}}, reason: "uint64 above int64"},
		{content: npyFile(1, "<f4", false, "(2L, 2L)") + floats, want: two, reason: "Python 2 wrote long integers with an L"},
		{content: npyHeader(1, `{"shape":(2,2),"fortran_order":False,"descr":"<f4"}`) + floats, want: two, reason: "any order, quotes and spacing of a Python dictionary"},
		{content: npyFile(1, "<f4", false, "(0, 5)"), want: nil, reason: "no rows"},
		{content: npyFile(1, "<f4", true, "(1, 4)") + floats, want: [][]float32{{1, 2, 3, 4}}, reason: "a single row is the same in both orders"},
		{content: npyFile(1, "<f8", false, "(1, 2)") + little([]float64{1e-60, math.Inf(1)}), want: [][]float32{{0, float32(math.Inf(1))}}, reason: "underflow rounds, infinity stays for the store to refuse"},

		{content: npyFile(1, "<f8", false, "(1, 2)") + little([]float64{1, 1e60}), fails: "row 0: not a readable vector file: component 1: 1e+60 is too large", reason: "a finite number must not become infinite"},
		{content: npyFile(1, "<f4", true, "(2, 2)") + floats, fails: "Fortran order", reason: "columns one after the other"},
		{content: npyFile(1, "<f4", false, "(4,)") + floats, fails: "1 axes", reason: "a single vector is not a matrix"},
		{content: npyFile(1, "<f4", false, "()") + floats, fails: "0 axes", reason: "a scalar"},
		{content: npyFile(1, "<f4", false, "(1, 2, 2)") + floats, fails: "3 axes", reason: "three axes"},
		{content: npyFile(1, "<c8", false, "(2, 2)") + floats, fails: `"<c8"`, reason: "complex numbers"},
		{content: npyFile(1, "|f4", false, "(2, 2)") + floats, fails: `"|f4"`, reason: "a float32 without byte order"},
		{content: npyFile(1, "=f4", false, "(2, 2)") + floats, fails: `"=f4"`, reason: "whose native order?"},
		{content: npyFile(1, "", false, "(2, 2)") + floats, fails: `""`, reason: "no type"},
		{content: npyHeader(1, "{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (2,), }"), fails: "structured", reason: "a structured array"},
		{content: npyFile(4, "<f4", false, "(2, 2)") + floats, fails: "version 4", reason: "a version of the future"},
		{content: npyFile(1, "<f4", false, "(2, 140000)"), fails: "140000 components", reason: "rows too long"},
		{content: npyFile(1, "<f4", false, "(2, 0)"), fails: "0 components", reason: "rows of nothing"},
		{content: npyFile(1, "<f4", false, "(9223372036854775807, 2)") + floats, fails: "row 2 at byte 144", reason: "rows declared that are not there"},
		{content: npyFile(1, "<f4", false, "(9223372036854775808, 2)") + floats, fails: "not the length of an axis", reason: "more rows than int64 counts"},
		{content: npyFile(1, "<f4", false, "(-1, 2)") + floats, fails: "not the length of an axis", reason: "a negative length"},
		{content: npyFile(1, "<f4", false, "(2 2)") + floats, fails: "expected ',' or ')'", reason: "a tuple without commas"},
		{content: plain + floats[:15], fails: "row 1 at byte 136: not a readable vector file: the file ends too early, at byte 143", reason: "cut within a row"},
		{content: plain + floats + "\x00", fails: "goes on after the 2 rows", reason: "more than declared"},
		{content: plain[:40], fails: "ends too early", reason: "cut in the header"},
		{content: "\x93NUMPY\x01", fails: "ends too early", reason: "cut before the header"},
		{content: "\x93NUMPY\x02\x00\xff\xff\xff\xff{", fails: "header of 4294967295 bytes", reason: "a header of 4 GiB"},
		{content: npyHeader(1, "{'descr': '<f4', 'fortran_order': False}"), fails: "missing", reason: "no shape"},
		{content: npyHeader(1, "{'descr': '<f4', 'descr': '<f4', 'shape': (2, 2)}"), fails: "twice", reason: "a key twice"},
		{content: npyHeader(1, "{'descr': '<f4', 'fortran_order': No, 'shape': (2, 2)}"), fails: "True or False", reason: "not a Python truth value"},
		{content: npyHeader(1, "{'descr': '<f4"), fails: "without an end", reason: "a string without an end"},
		{content: npyHeader(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), 'x': 1}"), fails: `unknown key "x"`, reason: "an unknown key"},
		{content: npyHeader(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)} x"), fails: "after the dictionary", reason: "text after the dictionary"},
		{content: npyHeader(1, "print('hello')"), fails: "expected '{'", reason: "something else"},
		{content: npyHeader(1, "{'descr' '<f4'}"), fails: "expected ':'", reason: "a colon forgotten"},
		{content: npyHeader(1, "{'descr': '<f4' 'fortran_order': False}"), fails: "expected ',' or '}'", reason: "a comma forgotten"},
	} {
		f.name = "x.npy"
		f.test(t)
	}
}

// A file is known by its magic number, whatever it is called.
func TestNPYByContent(t *testing.T) {
	file{name: "array", content: golden, want: [][]float32{{1.5, -2}}, reason: "no extension"}.test(t)
	file{name: "array.fvecs", content: golden, want: [][]float32{{1.5, -2}}, reason: "a wrong extension"}.test(t)
}

func FuzzNPY(f *testing.F) {
	f.Add([]byte(golden))
	f.Add([]byte(npyFile(2, ">f8", false, "(1, 2)") + big([]float64{1, 2})))
	f.Add([]byte(npyFile(3, "|u1", true, "(2L, 2)") + "abcd"))
	f.Fuzz(func(t *testing.T, content []byte) { checkReader(t, "x.npy", content) })
}
