package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
)

var shapeOf = regexp.MustCompile(`'descr': '<f4', 'fortran_order': False, 'shape': \((\d+), (\d+)\)`)

// readRows reads the .npy file of a data set: float32, row by row.
func readRows(path string) (rows [][]float32, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	r := bufio.NewReaderSize(file, 1<<20)
	start := make([]byte, 10)
	if _, err := io.ReadFull(r, start); err != nil {
		return nil, err
	}
	header := make([]byte, binary.LittleEndian.Uint16(start[8:]))
	if _, err := io.ReadFull(r, header); err != nil {
		return nil, err
	}
	shape := shapeOf.FindSubmatch(header)
	if shape == nil {
		return nil, fmt.Errorf("%s is no .npy file of float32 rows", path)
	}
	count, err1 := strconv.Atoi(string(shape[1]))
	dim, err2 := strconv.Atoi(string(shape[2]))
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	values := make([]float32, count*dim)
	if err := binary.Read(r, binary.LittleEndian, values); err != nil {
		return nil, err
	}
	rows = make([][]float32, count)
	for i := range rows {
		rows[i] = values[i*dim : (i+1)*dim : (i+1)*dim]
	}
	return rows, nil
}

// status is a value in bytes of the process that the kernel tells of.
func status(key string) int64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == key+":" {
			kib, err := strconv.ParseInt(fields[1], 10, 64)
			if err == nil {
				return kib << 10
			}
		}
	}
	return 0
}

// resetPeak has the kernel count the peak of memory from now on. Where it may not be asked, the peak is that of the process.
func resetPeak() {
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
}
