package mapped_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/vicinaldb/store/internal/mapped"
)

// ways to bring a file into memory: both must look the same.
var ways = map[string]func(string) (*mapped.File, error){
	"mapping": mapped.Open,
	"reading": mapped.OpenInMemory,
}

func write(t *testing.T, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOpenHoldsTheFile(t *testing.T) {
	for way, open := range ways {
		for _, size := range []int{0, 1, 63, 4095, 4096, 4097, 100_000} {
			content := bytes.Repeat([]byte{1, 2, 3, 5, 7, 11, 13}, size/7+1)[:size]
			path := write(t, content)
			f, err := open(path)
			if err != nil {
				t.Fatalf("%s %d bytes: %v", way, size, err)
			}
			if !bytes.Equal(f.Bytes(), content) || f.Size() != int64(size) || f.Path() != path {
				t.Errorf("%s: the file of %d bytes came out different", way, size)
			}
			if size > 0 && mapped.Address(f.Bytes()) != 0 {
				t.Errorf("%s %d bytes: not aligned", way, size)
			}
			if err := f.Close(); err != nil {
				t.Errorf("%s %d bytes: Close: %v", way, size, err)
			}
			if f.Bytes() != nil {
				t.Errorf("%s %d bytes: Bytes after Close", way, size)
			}
			if err := f.Close(); err != nil {
				t.Errorf("%s %d bytes: second Close: %v", way, size, err)
			}
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	target := write(t, []byte("x"))
	link := filepath.Join(dir, "link")
	if err := os.Symlink(target, link); err != nil {
		t.Skip("no symbolic links here")
	}
	for _, c := range []struct {
		path, reason string
		want         error
	}{
		{dir, "a directory has no bytes", mapped.ErrNotRegular},
		{link, "a link may point anywhere", mapped.ErrNotRegular},
		{filepath.Join(dir, "none"), "nothing is there", fs.ErrNotExist},
	} {
		if f, err := mapped.Open(c.path); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, %v; want %v", c.reason, f, err, c.want)
		}
	}
}

// A file that grows keeps the size it had: the mapping never reaches past what was looked at.
func TestOpenKeepsTheSize(t *testing.T) {
	path := write(t, []byte("abc"))
	f, err := mapped.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("this system keeps a mapped file from growing: %v", err)
	}
	defer file.Close()
	if _, err := file.WriteString("def"); err != nil {
		t.Fatal(err)
	}
	if string(f.Bytes()) != "abc" {
		t.Errorf("bytes are %q, want abc", f.Bytes())
	}
}

// Closing forgets the file once and for all.
func TestCloseFromManyGoroutines(t *testing.T) {
	before := mapped.OpenFiles()
	f, err := mapped.Open(write(t, make([]byte, 5000)))
	if err != nil {
		t.Fatal(err)
	}
	if got := mapped.OpenFiles(); got != before+1 {
		t.Errorf("%d files are known while one is open, want %d", got, before+1)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := f.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := mapped.OpenFiles(); got != before {
		t.Errorf("%d files are known after Close, want %d", got, before)
	}
}
