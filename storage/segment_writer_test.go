package storage_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/vicinaldb/store/storage"
)

// create starts a segment in a directory of its own.
func create(t *testing.T) (w *storage.SegmentWriter, dir string) {
	t.Helper()
	dir = t.TempDir()
	w, err := storage.CreateSegment(filepath.Join(dir, "s.seg"))
	if err != nil {
		t.Fatal(err)
	}
	return w, dir
}

// sectionText writes a text as a section.
func sectionText(text string) func(io.Writer) error {
	return func(out io.Writer) error {
		_, err := io.WriteString(out, text)
		return err
	}
}

var errMine = errors.New("mine")

// A section that is refused spoils the segment: whatever is tried after it, no file comes of it.
func TestSegmentWriterRefuses(t *testing.T) {
	for reason, section := range map[string]func(w *storage.SegmentWriter) error{
		"a tag twice": func(w *storage.SegmentWriter) error { return w.Section(storage.TagParams, 1, sectionText("x")) },
		"elements of no size": func(w *storage.SegmentWriter) error {
			return w.Section(storage.TagCodes, 0, sectionText(""))
		},
		"half an element": func(w *storage.SegmentWriter) error { return w.Section(storage.TagCodes, 4, sectionText("123456")) },
		"content that fails": func(w *storage.SegmentWriter) error {
			return w.Section(storage.TagCodes, 1, func(out io.Writer) error {
				return errors.Join(sectionText("a part")(out), errMine)
			})
		},
	} {
		w, dir := create(t)
		if err := w.Section(storage.TagParams, 1, sectionText("{}")); err != nil {
			t.Fatal(err)
		}
		first := section(w)
		if first == nil {
			t.Errorf("%s: was written", reason)
		}
		if err := w.Section(storage.TagAdjacency, 4, sectionText("")); err == nil {
			t.Errorf("%s: a section was written after it", reason)
		}
		if info, err := w.Finish(); err == nil || info != (storage.SegmentInfo{}) {
			t.Errorf("%s: finished as %v, %v", reason, info, err)
		}
		expectEmpty(t, dir)
	}
}

func TestSegmentWriterTooManySections(t *testing.T) {
	w, dir := create(t)
	for i := range 257 {
		if err := w.OddSection(storage.Tag(i), 1, 1, nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Finish(); !errors.Is(err, storage.ErrTooLarge) {
		t.Errorf("got %v, want ErrTooLarge", err)
	}
	expectEmpty(t, dir)
}

// A disk that fails under the writer is an error at the latest in the end, and leaves nothing.
func TestSegmentWriterLosesItsFile(t *testing.T) {
	for reason, size := range map[string]int{"a little is buffered": 10, "the buffer overflows": 3 << 20} {
		w, dir := create(t)
		w.LoseFile()
		_ = w.Section(storage.TagParams, 1, func(out io.Writer) error {
			_, err := out.Write(make([]byte, size))
			return err
		})
		if _, err := w.Finish(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s: %v, want the error of the file", reason, err)
		}
		expectEmpty(t, dir)
	}
}

func TestSegmentWriterAborts(t *testing.T) {
	w, dir := create(t)
	if err := w.Section(storage.TagParams, 1, sectionText("{}")); err != nil {
		t.Fatal(err)
	}
	if err := w.Abort(); err != nil {
		t.Error(err)
	}
	expectEmpty(t, dir)
}

func TestTagString(t *testing.T) {
	for tag, want := range map[storage.Tag]string{storage.TagParams: "PRMS", storage.TagRecordIndex: "RECI", 7: "tag 0x00000007"} {
		if got := tag.String(); got != want {
			t.Errorf("tag %#x is %q, want %q", uint32(tag), got, want)
		}
	}
}
