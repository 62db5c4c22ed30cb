package mapped

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"sync"

	"github.com/edsrzf/mmap-go"
)

// ErrNotRegular means that a path is a directory, a symbolic link, a pipe or another thing that is not a regular file.
var ErrNotRegular = errors.New("mapped: not a regular file")

// opened holds the mapped files of this process, so that a fault can be traced to one. It is touched when a file is opened
// or closed and after a fault, never while reading.
var opened struct {
	sync.Mutex
	files map[*File]struct{}
}

// File is a read-only file in memory. Its bytes may be read by many goroutines at once.
type File struct {
	path  string
	size  int64
	data  []byte
	unmap func() error

	close    sync.Once
	closeErr error
}

// Open maps the regular file at path. The mapping has the size that the file has now: bytes appended later are not
// seen, and if the file is truncated later, reading what is gone faults (see [Guard]).
//
// Where files cannot be mapped (some platforms and file systems), the file is read into memory, which then holds a copy. When
// mapping fails for lack of address space or memory, that is an error: a copy would need the same. A path that is not a
// regular file is an [ErrNotRegular].
func Open(path string) (*File, error) {
	file, size, err := OpenRegular(path)
	if err != nil {
		return nil, err
	}
	// A mapping outlives its file handle.
	defer file.Close()
	if size > math.MaxInt-alignment {
		return nil, fmt.Errorf("mapping %s: %d bytes are more than this machine can address: %w", path, size, errors.ErrUnsupported)
	}
	f := &File{path: path, size: size, unmap: func() error { return nil }}
	if err := f.load(file); err != nil {
		return nil, fmt.Errorf("mapping %s: %w", path, err)
	}
	opened.Lock()
	defer opened.Unlock()
	if opened.files == nil {
		opened.files = make(map[*File]struct{})
	}
	opened.files[f] = struct{}{}
	return f, nil
}

// OpenRegular opens the regular file at path for reading and returns its size. It follows no symbolic link at the end of
// the path and does not wait for the writer of a pipe. A path that is not a regular file is an [ErrNotRegular].
func OpenRegular(path string) (*os.File, int64, error) {
	before, err := os.Lstat(path)
	if err != nil {
		return nil, 0, err
	}
	if !before.Mode().IsRegular() {
		return nil, 0, notRegular(path, before.Mode())
	}
	// The flags close the gap between the two looks: what replaced the file meanwhile is neither followed nor waited for.
	file, err := os.OpenFile(path, os.O_RDONLY|openFlags, 0)
	if err != nil {
		return nil, 0, err
	}
	after, err := file.Stat()
	if err == nil && !after.Mode().IsRegular() {
		err = notRegular(path, after.Mode())
	}
	if err != nil {
		return nil, 0, errors.Join(err, file.Close())
	}
	return file, after.Size(), nil
}

func notRegular(path string, mode fs.FileMode) error {
	return &fs.PathError{Op: "open", Path: path, Err: fmt.Errorf("%w but %v", ErrNotRegular, mode.Type())}
}

// load fills f.data from the file, by a mapping if possible. An empty file cannot be mapped and need not be.
func (f *File) load(file *os.File) error {
	if f.size == 0 {
		return nil
	}
	mapping, err := mmap.MapRegion(file, int(f.size), mmap.RDONLY, 0, 0)
	switch {
	case err == nil:
		f.data, f.unmap = mapping, mapping.Unmap
		return nil
	case outOfMemory(err):
		return err
	}
	return f.read(file)
}

// read fills f.data by reading.
func (f *File) read(file io.ReaderAt) error {
	data := Aligned(int(f.size))
	if _, err := file.ReadAt(data, 0); err != nil {
		return err
	}
	f.data = data
	return nil
}

// Path returns the path that the file was opened with.
func (f *File) Path() string { return f.path }

// Size returns the number of bytes.
func (f *File) Size() int64 { return f.size }

// Bytes returns the content of the file, at an address that is a multiple of 64. It must not be written to: that faults.
// It is valid until [File.Close]; afterwards Bytes returns nil.
func (f *File) Bytes() []byte { return f.data }

// Close gives the memory back. The caller sees to it that nobody reads the bytes any more, for their address may soon
// hold something else. Closing again returns what the first call returned.
func (f *File) Close() error {
	f.close.Do(func() {
		opened.Lock()
		delete(opened.files, f)
		opened.Unlock()
		f.data = nil
		f.closeErr = f.unmap()
	})
	return f.closeErr
}

// offset returns where in the file an address is.
func (f *File) offset(address uintptr) (int64, bool) {
	base := addressOf(f.data)
	if address < base || address-base >= uintptr(len(f.data)) {
		return 0, false
	}
	return int64(address - base), true
}
