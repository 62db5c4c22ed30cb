package mapped_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/vicinaldb/store/internal/mapped"
)

// resident is how many bytes of a mapped file this process has in memory.
func resident(t *testing.T, path string) int { return mappedAs(t, path, "Rss") }

// mappedAs is how many bytes of a mapped file the system says something of.
func mappedAs(t *testing.T, path, what string) int {
	t.Helper()
	text, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Skip(err)
	}
	mappings := strings.Split(string(text), path+"\n")[1:] // several where only parts were asked for in large pages
	if len(mappings) == 0 {
		t.Fatalf("%s is not mapped", path)
	}
	total := 0
	for _, mapping := range mappings {
		_, size, _ := strings.Cut(mapping, "\n"+what+":")
		var kib int
		if _, err := fmt.Sscanf(size, "%d kB", &kib); err != nil {
			t.Fatal(err)
		}
		total += kib << 10
	}
	return total
}

// largePage is how far beyond what was asked for a system may map at either end: where its page cache holds a file in large
// pieces, it maps a piece at a time.
const largePage = 2 << 20

// populate populates all of the bytes at once.
func populate(b []byte) { _ = mapped.Populate(b, len(b)+1, func() error { return nil }) }

func TestPopulate(t *testing.T) {
	for name, populate := range map[string]func([]byte){
		"by the system": populate,
		"by reading":    mapped.Touch,
	} {
		t.Run(name, func(t *testing.T) {
			page := os.Getpagesize()
			path := write(t, make([]byte, 4000*page+1))
			f, err := mapped.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if n := resident(t, path); n != 0 {
				t.Skipf("%d bytes are in memory before anybody reads them", n)
			}
			// Neither begins nor ends with a page.
			populate(f.Bytes()[1000*page+64 : 2000*page+64])
			if got, most := resident(t, path)/page, 1001+2*largePage/page; got < 1001 || got > most {
				t.Errorf("%d pages are in memory, want 1,001 and at most %d", got, most)
			}
		})
	}
}

func TestPopulate_FaultsAreMet(t *testing.T) {
	page := os.Getpagesize()
	path := write(t, make([]byte, 100*page))
	f, err := mapped.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := os.Truncate(path, int64(page)); err != nil {
		t.Fatal(err)
	}
	err = mapped.Guard(func() error { populate(f.Bytes()); return nil })
	if !errors.Is(err, mapped.ErrFault) {
		t.Errorf("populating what is gone: %v, want ErrFault", err)
	}
	populate(nil)
	populate(make([]byte, 10)) // ordinary memory
}

// Where the file system of the test has large pages, what Populate reads comes in such.
func TestPopulate_LargePages(t *testing.T) {
	const size = 8 * largePage
	path := write(t, make([]byte, size))
	forgotten := func() *mapped.File {
		file, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if err := errors.Join(file.Sync(), unix.Fadvise(int(file.Fd()), 0, 0, unix.FADV_DONTNEED)); err != nil {
			t.Skip(err)
		}
		f, err := mapped.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	f := forgotten()
	if err := unix.Madvise(f.Bytes(), unix.MADV_HUGEPAGE); err != nil {
		t.Skip(err)
	}
	mapped.Touch(f.Bytes())
	can := mappedAs(t, path, "FilePmdMapped")
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if can < size/2 {
		t.Skipf("%d of %d bytes are in large pages when these are asked for", can, size)
	}
	f = forgotten()
	defer f.Close()
	// Steps of half a page and more begin and end within some.
	part := f.Bytes()[largePage/4 : size-largePage/4]
	if err := mapped.Populate(part, largePage/2+1, func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	if got := mappedAs(t, path, "FilePmdMapped"); got < can/2 {
		t.Errorf("%d bytes are in large pages, and %d can be", got, can)
	}
}
