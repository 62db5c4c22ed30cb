package storage_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// field is a line of a layout table in FORMAT.md.
type field struct {
	offset, size  int
	name, content string
}

// tableUnder returns the cells of the last table under a heading of FORMAT.md, without its head.
func tableUnder(t testing.TB, heading string) [][]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "FORMAT.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, under, found := strings.Cut(string(text), "\n### "+heading+"\n")
	if !found {
		t.Fatalf("FORMAT.md has no heading %q", heading)
	}
	under, _, _ = strings.Cut(under, "\n#")
	var rows [][]string
	for line := range strings.Lines(under) {
		inner, ok := strings.CutPrefix(strings.TrimSpace(line), "|")
		switch {
		case !ok:
			continue
		case strings.HasPrefix(inner, "--"):
			rows = rows[:0] // what was above is the head
			continue
		}
		var cells []string
		for cell := range strings.SplitSeq(strings.TrimSuffix(inner, "|"), "|") {
			cells = append(cells, strings.TrimSpace(cell))
		}
		rows = append(rows, cells)
	}
	if len(rows) == 0 {
		t.Fatalf("FORMAT.md has no table under %q", heading)
	}
	return rows
}

// layoutUnder reads a layout table and sees to it that the fields cover size bytes without a gap.
func layoutUnder(t testing.TB, heading string, size int) []field {
	t.Helper()
	var fields []field
	next := 0
	for _, row := range tableUnder(t, heading) {
		offset, err1 := strconv.Atoi(row[0])
		length, err2 := strconv.Atoi(row[1])
		if err1 != nil || err2 != nil || offset != next {
			t.Fatalf("FORMAT.md, %s: field %q at %s of %s bytes does not follow at %d", heading, row[2], row[0], row[1], next)
		}
		fields = append(fields, field{offset, length, row[2], row[3]})
		next += length
	}
	if next != size {
		t.Fatalf("FORMAT.md, %s: the fields cover %d bytes, want %d", heading, next, size)
	}
	return fields
}

// constant returns the bytes that a field's content says it always has, or nil.
func (f field) constant() []byte {
	if b, err := hex.DecodeString(strings.ReplaceAll(strings.Trim(f.content, "`"), " ", "")); err == nil && len(b) == f.size && f.content[0] == '`' {
		return b
	}
	if v, err := strconv.ParseUint(f.content, 0, 64); err == nil {
		return append(binary.LittleEndian.AppendUint64(nil, v), make([]byte, max(0, f.size-8))...)[:f.size]
	}
	return nil
}

// dump writes bytes as an annotated hex dump: offset, bytes, what they are. Bytes that are all zero and many are counted.
type dump struct {
	text  strings.Builder
	bytes []byte
	at    int
}

// title begins a part.
func (d *dump) title(format string, args ...any) {
	fmt.Fprintf(&d.text, "\n# "+format+"\n", args...)
}

// line adds the next size bytes as one line, or as several of at most 16.
func (d *dump) line(size int, format string, args ...any) {
	note := fmt.Sprintf(format, args...)
	part := d.bytes[d.at : d.at+size]
	if size > 16 && len(bytes.Trim(part, "\x00")) == 0 {
		d.print(fmt.Sprintf("00 * %d", size), note)
		d.at += size
		return
	}
	for len(part) > 0 {
		n := min(16, len(part))
		d.print(fmt.Sprintf("% x", part[:n]), note)
		part, note = part[n:], ""
		d.at += n
	}
}

func (d *dump) print(digits, note string) {
	d.text.WriteString(strings.TrimRight(fmt.Sprintf("%08x  %-47s  %s", d.at, digits, note), " ") + "\n")
}

// layout adds the fields of a table.
func (d *dump) layout(fields []field, prefix string) {
	for _, f := range fields {
		d.line(f.size, "%s%s", prefix, f.name)
	}
}

// padding adds the zeros up to an offset.
func (d *dump) padding(end int) {
	if d.at < end {
		d.line(end-d.at, "padding")
	}
}

// undump gives the bytes of a dump back.
func undump(t testing.TB, text string) []byte {
	t.Helper()
	var b []byte
	for line := range strings.Lines(text) {
		if len(line) < 10 || line[0] == '#' {
			continue
		}
		digits := strings.TrimSpace(line[10:min(57, len(line))])
		if count, ok := strings.CutPrefix(digits, "00 * "); ok {
			n, err := strconv.Atoi(count)
			if err != nil {
				t.Fatal(err)
			}
			b = append(b, make([]byte, n)...)
			continue
		}
		part, err := hex.DecodeString(strings.ReplaceAll(digits, " ", ""))
		if err != nil {
			t.Fatalf("golden line %q: %v", line, err)
		}
		b = append(b, part...)
	}
	return b
}

// golden compares a text with a file in testdata, or writes it there.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	gotLines, wantLines := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range min(len(gotLines), len(wantLines)) {
		if gotLines[i] != wantLines[i] {
			t.Fatalf("%s differs at line %d:\n got %s\nwant %s\n(-update writes it anew; a change of old bytes breaks the files of users)",
				name, i+1, gotLines[i], wantLines[i])
		}
	}
	t.Fatalf("%s has %d lines, want %d", name, len(gotLines), len(wantLines))
}
