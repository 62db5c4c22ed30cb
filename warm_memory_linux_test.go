package store_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// residentBytes is how much of a mapped file this process has in memory.
func residentBytes(t *testing.T, path string) int64 {
	t.Helper()
	text, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Skip(err)
	}
	mappings := strings.Split(string(text), path+"\n")[1:] // several where only parts were asked for in large pages
	if len(mappings) == 0 {
		t.Fatalf("%s is not mapped", path)
	}
	total := int64(0)
	for _, mapping := range mappings {
		_, rss, _ := strings.Cut(mapping, "\nRss:")
		var kib int64
		if _, err := fmt.Sscanf(rss, "%d kB", &kib); err != nil {
			t.Fatal(err)
		}
		total += kib << 10
	}
	return total
}

func TestCollection_Warm_BringsTheIndexIntoMemory(t *testing.T) {
	path, segment := prepared(t, clusters(74, 3000, 500))
	c, err := open(t, path).Collection(t.Context(), "songs")
	if err != nil {
		t.Fatal(err)
	}
	info, err := c.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	size := info.Segments[0].Bytes
	if in := residentBytes(t, segment); in > size/2 {
		t.Skipf("%d of %d bytes are in memory as soon as the file is open", in, size)
	}
	if err := c.Warm(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	// Neighbor lists and records are not what queries read; they are a twentieth of this file.
	if in := residentBytes(t, segment); in < size*9/10 {
		t.Errorf("%d of %d bytes are in memory after Warm, want nine tenths", in, size)
	}
}
