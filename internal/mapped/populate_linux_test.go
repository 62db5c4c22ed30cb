package mapped_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/vicinaldb/store/internal/mapped"
)

// resident is how many bytes of a mapped file this process has in memory.
func resident(t *testing.T, path string) int {
	t.Helper()
	text, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Skip(err)
	}
	_, mapping, found := strings.Cut(string(text), path+"\n")
	if !found {
		t.Fatalf("%s is not mapped", path)
	}
	_, rss, _ := strings.Cut(mapping, "\nRss:")
	var kib int
	if _, err := fmt.Sscanf(rss, "%d kB", &kib); err != nil {
		t.Fatal(err)
	}
	return kib << 10
}

// largePage is how far beyond what was asked for a system may map at either end: where its page cache holds a file in large
// pieces, it maps a piece at a time.
const largePage = 2 << 20

func TestPopulate(t *testing.T) {
	for name, populate := range map[string]func([]byte){
		"by the system": mapped.Populate,
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
	err = mapped.Guard(func() error { mapped.Populate(f.Bytes()); return nil })
	if !errors.Is(err, mapped.ErrFault) {
		t.Errorf("populating what is gone: %v, want ErrFault", err)
	}
	mapped.Populate(nil)
	mapped.Populate(make([]byte, 10)) // ordinary memory
}
