package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// fullWriter takes so many bytes and then fails.
type fullWriter struct {
	room int
	err  error
}

func (w *fullWriter) Write(p []byte) (int, error) {
	n := min(len(p), w.room)
	w.room -= n
	if n < len(p) {
		return n, w.err
	}
	return n, nil
}

// Whoever reads a file of results must be able to trust it when the exit code was 0.
func TestFullOutput(t *testing.T) {
	dir, file := filepath.Join(t.TempDir(), "music"), write(t, "songs.jsonl", songs)
	base, queries := randomVectors(t, 1, 50, 4), randomVectors(t, 2, 5, 4)
	commands := [][]string{
		{"--help"},
		{"--version"},
		{"import", dir, "songs", file},
		{"prepare", dir, "songs"},
		{"query", dir, "songs", "--id", "kashmir"},
		{"query", dir, "songs", "--file", file, "--json"},
		{"info", dir},
		{"info", dir, "songs"},
		{"info", dir, "--json"},
		{"verify", dir},
		{"drop", dir, "songs"},
		{"bench", "--base", base, "--queries", queries},
		{"bench", "--base", base, "--queries", queries, "--json"},
		{"bench", "--base", base, "--graph", "--queries", queries},
	}
	for _, room := range []int{0, 3} {
		for _, args := range commands {
			var errs bytes.Buffer
			code := run(t.Context(), args, &fullWriter{room, errors.New("no space left")}, &errs)
			if code != 1 || !strings.Contains(errs.String(), "no space left") {
				t.Errorf("%s with room for %d bytes: exit code %d, stderr %q; want 1 and the error of writing", args, room, code, errs.String())
			}
		}
	}
}

// A bench whose reader has seen enough stops, without a word, and leaves no files behind.
func TestClosedPipe(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a closed pipe has other errors here")
	}
	const name = "VICINAL_TEST_CLOSED_PIPE"
	if args := os.Getenv(name); args != "" {
		os.Args = strings.Split(args, "\n")
		main()
	}
	dir := t.TempDir()
	args := []string{"vicinal", "bench", "--base", randomVectors(t, 1, 50, 4), "--queries", randomVectors(t, 2, 5, 4)}
	read, written, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := read.Close(); err != nil {
		t.Fatal(err)
	}
	defer written.Close()
	var errs bytes.Buffer
	command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestClosedPipe$")
	command.Env = append(os.Environ(), fmt.Sprintf("%s=%s", name, strings.Join(args, "\n")), "TMPDIR="+dir)
	command.Stdout, command.Stderr = written, &errs
	if err := command.Run(); command.ProcessState.ExitCode() != 1 || errs.Len() > 0 {
		t.Errorf("%v, stderr %q; want exit code 1 and nothing", err, errs.String())
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, error %v", left, err)
	}
}

// Help that is not read to its end fails as quietly.
func TestBrokenPipe(t *testing.T) {
	var errs bytes.Buffer
	if code := run(t.Context(), nil, &fullWriter{0, &os.PathError{Op: "write", Path: "pipe", Err: syscall.EPIPE}}, &errs); code != 1 || errs.Len() > 0 {
		t.Errorf("exit code %d, stderr %q; want 1 and nothing", code, errs.String())
	}
}
