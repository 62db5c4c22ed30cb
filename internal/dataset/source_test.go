package dataset_test

import (
	stdzip "archive/zip"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vicinaldb/store/internal/dataset"
)

// brokenFile is a file whose bytes from a place on cannot be read.
type brokenFile struct {
	*strings.Reader
	bytes int64
	err   error
}

func (f brokenFile) Read(p []byte) (int, error) {
	at := f.Size() - int64(f.Len())
	if at >= f.bytes {
		return 0, f.err
	}
	return f.Reader.Read(p[:min(int64(len(p)), f.bytes-at)])
}

func (f brokenFile) ReadAt(p []byte, offset int64) (int, error) {
	if offset+int64(len(p)) > f.bytes {
		return 0, f.err
	}
	return f.Reader.ReadAt(p, offset)
}

// formats are a file of every format, each with a row at least.
func formats() map[string]string {
	all := map[string]string{
		"x.npy":       npyFile(1, "<f4", false, "(2, 2)") + little([]float32{1, 2, 3, 4}),
		"x.fvecs":     vecsFile("f", []float32{1, 2}, []float32{3, 4}),
		"x.bvecs":     vecsFile("b", []float32{1, 2}, []float32{3, 4}),
		"x.ivecs":     vecsFile("i", []float32{1, 2}, []float32{3, 4}),
		"idx3-ubyte":  "\x00\x00\x08\x02" + big(uint32(2), uint32(2)) + "\x01\x02\x03\x04",
		"x.jsonl":     `{"vector": [1, 2]}` + "\n" + `{"vector": [3, 4]}` + "\n",
		"entries.mtx": mtxFile("coordinate real general", "2 3 3", "1 2 1.5", "2 1 2", "2 3 -3"),
		"array.mtx":   mtxFile("array real general", "1 2", "1", "2"),
	}
	for name, content := range all {
		all[name+".gz"] = zip(content)
	}
	all["deflated.npz"] = smallNPZ.archive(stdzip.Deflate)
	all["stored.npz"] = smallNPZ.archive(stdzip.Store)
	return all
}

// An error of the file system is not a fault of the content, and stays what it is, even when it looks like one or like the end.
func TestReadFailure(t *testing.T) {
	failures := []error{
		errors.New("disk on fire"), io.ErrUnexpectedEOF, stdzip.ErrFormat, gzip.ErrChecksum,
		&os.PathError{Op: "read", Path: "x", Err: os.ErrClosed}, fmt.Errorf("the network is gone: %w", io.EOF),
	}
	for name, content := range formats() {
		t.Run(name, func(t *testing.T) {
			for size := range len(content) {
				for _, failure := range []error{failures[0], failures[size%len(failures)]} {
					want := failure
					if errors.Is(failure, io.EOF) {
						want = io.ErrUnexpectedEOF
					}
					err := readBroken(name, content, size, failure)
					if !errors.Is(err, want) || errors.Is(err, io.EOF) || errors.Is(err, dataset.ErrFormat) || !strings.Contains(err.Error(), failure.Error()) {
						t.Fatalf("failing after %d bytes with %v gives %v", size, failure, err)
					}
				}
			}
		})
	}
}

// readBroken reads a file up to its end or the first error, and makes sure that the error stays.
func readBroken(name, content string, size int, failure error) error {
	from := brokenFile{strings.NewReader(content), int64(size), failure}
	r, err := dataset.NewReader(name, from, int64(len(content)), dataset.Options{})
	if err != nil {
		return err
	}
	for err == nil {
		_, err = r.Next()
	}
	if _, again := r.Next(); again != err {
		return fmt.Errorf("%v becomes %v", err, again)
	}
	return err
}

// A directory can be opened, but not read.
func TestReadDirectory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.ivecs")
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	_, asVectors := dataset.Open(path)
	_, asNumbers := dataset.ReadRowNumbers(path)
	for _, err := range []error{asVectors, asNumbers} {
		var failure *os.PathError
		if !errors.As(err, &failure) || errors.Is(err, dataset.ErrFormat) {
			t.Errorf("a directory gives %v, want a PathError", err)
		}
	}
}

// An archive that says that a member is where it cannot be.
func TestNPZMemberElsewhere(t *testing.T) {
	for _, method := range []uint16{stdzip.Store, stdzip.Deflate} {
		content := smallNPZ.archive(method)
		for _, name := range []string{"format.npy", "shape.npy", "indptr.npy", "indices.npy", "data.npy"} {
			offset := strings.LastIndex(content, name) - 4 // the last field before the name, in the directory at the end
			for _, elsewhere := range []uint32{1, uint32(len(content)) - 8, uint32(len(content)), uint32(len(content)) + 1, 1<<32 - 2} {
				damaged := []byte(content)
				binary.LittleEndian.PutUint32(damaged[offset:], elsewhere)
				file{name: "x.npz", content: string(damaged), fails: name, reason: fmt.Sprintf("%d: %s at %d", method, name, elsewhere)}.test(t)
			}
		}
	}
}

// Files with a byte changed, one cut off, or one more are read, or are an ErrFormat.
func TestDamagedFiles(t *testing.T) {
	for name, content := range formats() {
		t.Run(name, func(t *testing.T) {
			for i := range content {
				checkReader(t, name, []byte(content[:i]))
				for _, change := range []byte{0x01, 0xff} {
					damaged := []byte(content)
					damaged[i] ^= change
					checkReader(t, name, damaged)
				}
			}
			checkReader(t, name, []byte(content+"\x00"))
		})
	}
}
