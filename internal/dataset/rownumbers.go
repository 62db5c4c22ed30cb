package dataset

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
)

// ReadRowNumbers reads a whole matrix of row numbers, such as the true nearest
// neighbors of queries: an .npy file of whole numbers or an .ivecs file, each
// also gzipped. Its errors wrap ErrFormat or the file system's.
func ReadRowNumbers(path string) (rows [][]uint32, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	from := &source{r: f, size: -1}
	if rows, err = readRowNumbers(path, from); err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, from.explain(err))
	}
	return rows, nil
}

func readRowNumbers(name string, from *source) ([][]uint32, error) {
	in, _, err := openInput(from)
	if err != nil {
		return nil, err
	}
	extension := strings.ToLower(filepath.Ext(strings.TrimSuffix(strings.ToLower(name), ".gz")))
	m, err := openMatrix(in, extension, -1)
	if err != nil {
		return nil, err
	}
	if !m.kind.whole() {
		return nil, fmt.Errorf("%w: row numbers are whole numbers, these are floating point or truth values", ErrFormat)
	}
	var rows [][]uint32
	for {
		raw, err := m.next()
		if ends(err) && from.err == nil {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		row := make([]uint32, m.dim)
		if err := m.kind.rows(row, raw, m.order); err != nil {
			return nil, fmt.Errorf("row %d: %w", m.read-1, err)
		}
		rows = append(rows, row)
	}
}

// WriteRowNumbers writes rows of equal length in the .ivecs format. Row numbers
// above what its int32 holds are refused.
func WriteRowNumbers(w io.Writer, rows [][]uint32) error {
	buffered := bufio.NewWriter(w)
	var text []byte
	for i, row := range rows {
		text = binary.LittleEndian.AppendUint32(text[:0], uint32(len(row)))
		for _, number := range row {
			if number > math.MaxInt32 {
				return fmt.Errorf("writing row %d: %d does not fit an int32", i, number)
			}
			text = binary.LittleEndian.AppendUint32(text, number)
		}
		if _, err := buffered.Write(text); err != nil {
			return err
		}
	}
	return buffered.Flush()
}
