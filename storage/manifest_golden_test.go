package storage_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vicinaldb/store/storage"
)

func TestManifestGolden(t *testing.T) {
	b, err := sampleManifest().Encode()
	if err != nil {
		t.Fatal(err)
	}
	d := &dump{bytes: b}
	d.text.WriteString("# A manifest of two segments. Each line: offset, bytes, what they are.\n")
	d.title("line")
	line, _, _ := bytes.Cut(b, []byte("\n"))
	words := strings.Split(string(line), " ")
	for i, name := range []string{"magic", "magic", "version", "checksum", "length"} {
		d.line(len(words[i])+1, "%s: %s", name, words[i])
	}
	d.title("body")
	for d.at < len(b) {
		n := min(16, len(b)-d.at)
		d.line(n, "%s", bytes.TrimSpace(b[d.at:d.at+n]))
	}
	golden(t, "manifest.golden", d.text.String())
}

// The golden file is a manifest of version 1 as it was written once: it is read for ever.
func TestManifestGoldenDecodes(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "manifest.golden"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := storage.DecodeManifest(undump(t, string(text)))
	if err != nil {
		t.Fatal(err)
	}
	want := sampleManifest()
	want.Version = 1
	if got, want := fmt.Sprintf("%+v", m), fmt.Sprintf("%+v", want); got != want {
		t.Errorf("the golden manifest is\n%s, want\n%s", got, want)
	}
}

func TestManifestMembersOfFormat(t *testing.T) {
	b, err := sampleManifest().Encode()
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := bytes.Cut(b, []byte("\n"))
	compareMembers(t, "Manifest members", body)
	var m struct{ Segments []json.RawMessage }
	if err := json.Unmarshal(body, &m); err != nil {
		t.Fatal(err)
	}
	compareMembers(t, "Segment members", m.Segments[0])
}
