package storage_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vicinaldb/store/storage"
)

// publishIn tells a child process of syncsOf where to work.
const publishIn = "VICINAL_TEST_PUBLISH_IN"

// publishAll takes a segment and a manifest all the way, and the segment to quarantine.
func publishAll(t *testing.T, dir string) {
	t.Helper()
	in := func(names ...string) string { return filepath.Join(append([]string{dir}, names...)...) }
	for _, sub := range []string{"tmp", "segments", "quarantine"} {
		if err := os.Mkdir(in(sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := newSample(smallShape, 1).write(in("tmp")); err != nil {
		t.Fatal(err)
	}
	if err := storage.PublishFile(in("tmp", "s.seg"), in("segments", "s.seg")); err != nil {
		t.Fatal(err)
	}
	if err := storage.PublishManifest(in("MANIFEST"), in("tmp", "MANIFEST"), sampleManifest()); err != nil {
		t.Fatal(err)
	}
	if _, err := storage.MoveToQuarantine(in("segments", "s.seg"), in("quarantine")); err != nil {
		t.Fatal(err)
	}
}

// What a power cut may lose is what was not synced, which no test in this process can see. So a child publishes, and
// strace tells what it asked of the system: content is synced before it gets its name, the name before anything
// depends on it.
func TestPublishSyncs(t *testing.T) {
	want := []string{
		"sync tmp/s.seg", "rename tmp/s.seg segments/s.seg", "sync segments",
		"sync tmp/MANIFEST", "rename tmp/MANIFEST MANIFEST", "sync ",
		"rename segments/s.seg quarantine/s.seg", "sync quarantine", "sync segments",
	}
	if got, ok := syncsOf(t, publishAll); ok && !slices.Equal(got, want) {
		t.Errorf("the calls are %q, want %q", got, want)
	}
}

// A new store is as durable as what it will hold: so are the names of all directories that are made for it.
func TestCreateSyncs(t *testing.T) {
	got, ok := syncsOf(t, func(t *testing.T, dir string) {
		if err := storage.Dir(filepath.Join(dir, "a", "b", "store")).Create(); err != nil {
			t.Fatal(err)
		}
	})
	if want := []string{"sync ", "sync a", "sync a/b"}; ok && !slices.Equal(got, want) {
		t.Errorf("the calls are %q, want %q", got, want)
	}
}

// syncsOf has a child run the test and do something in a directory, and gives the calls that this made of the system; not in the child.
func syncsOf(t *testing.T, do func(t *testing.T, dir string)) (calls []string, ok bool) {
	t.Helper()
	if dir := os.Getenv(publishIn); dir != "" {
		do(t, dir)
		return nil, false
	}
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("there is no strace here")
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	trace := filepath.Join(t.TempDir(), "trace")
	command := exec.Command(strace, "-f", "-y", "-o", trace, "-e", "trace=fsync,fdatasync,rename,renameat,renameat2",
		os.Args[0], "-test.run", "^"+t.Name()+"$")
	command.Env = append(os.Environ(), publishIn+"="+dir)
	if output, err := command.CombinedOutput(); err != nil {
		if !strings.Contains(string(output), "FAIL") {
			t.Skipf("strace cannot run here: %v: %s", err, output)
		}
		t.Fatalf("%v: %s", err, output)
	}
	text, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	return syncsIn(string(text), dir), true
}

// A line of strace: a sync of a descriptor with its path, or a rename of two paths.
var (
	syncLine   = regexp.MustCompile(`f(?:data)?sync\(\d+<([^>]*)>`)
	renameLine = regexp.MustCompile(`rename(?:at2?)?\([^"]*"([^"]*)", [^"]*"([^"]*)"`)
)

// syncsIn lists the calls of a trace that concern a directory, with paths relative to it.
func syncsIn(trace, dir string) []string {
	var calls []string
	for line := range strings.Lines(trace) {
		relative := func(path string) string { return strings.TrimPrefix(strings.TrimPrefix(path, dir), "/") }
		if m := syncLine.FindStringSubmatch(line); m != nil && strings.HasPrefix(m[1], dir) {
			calls = append(calls, "sync "+relative(m[1]))
		}
		if m := renameLine.FindStringSubmatch(line); m != nil && strings.HasPrefix(m[1], dir) {
			calls = append(calls, "rename "+relative(m[1])+" "+relative(m[2]))
		}
	}
	return calls
}
