package main

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"

	"github.com/vicinaldb/store"
	"github.com/vicinaldb/store/metric"
)

// benchInput is what a bench store is built from. Two runs with equal inputs may share a store.
type benchInput struct {
	Base    fileMark          `json:"base"`
	Kind    store.Kind        `json:"kind"`
	Dim     int               `json:"dim,omitempty"`      // 0 in a directory from before it was kept
	BitForm string            `json:"bit_form,omitempty"` // of bits, if not the usual one
	Metric  string            `json:"metric"`
	Params  metric.Params     `json:"params,omitzero"`
	Codec   string            `json:"codec,omitempty"`
	Index   store.IndexParams `json:"index"`
}

// benchDirectory holds a bench store and what is worth keeping beside it:
//
//	bench.vicinal/         the store
//	bench.json             what it was built from; written last, so it vouches for the rest
//	truth-<mark>-<q>-<n>.ivecs the n true neighbors of the first q queries in the file with that mark
type benchDirectory struct {
	path      string
	temporary bool
	built     bool
	input     benchInput
}

// openBenchDirectory uses the directory path, or a temporary one when path is
// empty. A store that is there must have been built from the same input.
func openBenchDirectory(path string, input benchInput, base string) (d *benchDirectory, err error) {
	if input.Base, err = markFile(base); err != nil {
		return nil, err
	}
	d = &benchDirectory{path: path, input: input}
	if path == "" {
		d.temporary = true
		d.path, err = os.MkdirTemp("", "vicinal-bench-")
		return d, err
	}
	if err := os.MkdirAll(path, 0o755); err != nil {
		return nil, err
	}
	if err := d.recognize(base); err != nil {
		return nil, fmt.Errorf("--store %s: %w; remove it or name another directory", path, err)
	}
	return d, nil
}

// recognize finds out whether the directory is new or holds a store that can be used.
func (d *benchDirectory) recognize(base string) error {
	text, err := os.ReadFile(d.inputFile())
	if errors.Is(err, fs.ErrNotExist) {
		entries, err := os.ReadDir(d.path)
		if err == nil && len(entries) > 0 {
			err = errors.New("it is not empty, and not a finished bench store")
		}
		return err
	}
	if err != nil {
		return err
	}
	var there benchInput
	if err := json.Unmarshal(text, &there); err != nil {
		return fmt.Errorf("reading bench.json: %w", err)
	}
	d.built = true
	index, err := json.Marshal(there.Index)
	if err != nil {
		return err
	}
	wanted, err := json.Marshal(d.input.Index)
	switch {
	case err != nil:
		return err
	case there.Base != d.input.Base:
		return fmt.Errorf("it was built from another file than %s", base)
	case there.Kind != d.input.Kind:
		return fmt.Errorf("it was built from %s vectors, not %s ones", there.Kind, d.input.Kind)
	case there.Dim != 0 && there.Dim != d.input.Dim:
		return fmt.Errorf("it was built from vectors of %d dimensions, not %d", there.Dim, d.input.Dim)
	case there.BitForm != d.input.BitForm:
		return errors.New("it was built with another --bit-form")
	case there.Metric != d.input.Metric || !reflect.DeepEqual(there.Params, d.input.Params):
		return fmt.Errorf("it was built with the metric %s, not %s, or with other parameters of it", there.Metric, d.input.Metric)
	case there.Codec != d.input.Codec:
		return fmt.Errorf("it was built with the codec %q, not %q", there.Codec, d.input.Codec)
	case string(index) != string(wanted):
		return fmt.Errorf("it was built with the index parameters %s, not %s", index, wanted)
	}
	return nil
}

func (d *benchDirectory) inputFile() string { return filepath.Join(d.path, "bench.json") }

// store returns the path of the store.
func (d *benchDirectory) store() string { return filepath.Join(d.path, "bench.vicinal") }

// truth returns the path for n true neighbors of the first count queries in a file.
func (d *benchDirectory) truth(queries fileMark, count, n int) string {
	return filepath.Join(d.path, fmt.Sprintf("truth-%.16s-%d-%d.ivecs", queries.SHA256, count, n))
}

// finish declares the store complete.
func (d *benchDirectory) finish() error {
	text, err := json.MarshalIndent(d.input, "", "  ")
	if err != nil {
		return err
	}
	return writeWhole(d.inputFile(), func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
}

// close removes a temporary directory.
func (d *benchDirectory) close() error {
	if d.temporary {
		return os.RemoveAll(d.path)
	}
	return nil
}

// writeWhole writes a file so that it is there whole or not at all, should the program be stopped.
func writeWhole(path string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".part-")
	if err != nil {
		return err
	}
	err = errors.Join(write(f), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// fileMark tells files apart without reading large ones whole: their length, and
// the SHA-256 of it, their first and their last MiB.
type fileMark struct {
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

func markFile(path string) (mark fileMark, err error) {
	const part = 1 << 20
	f, err := os.Open(path)
	if err != nil {
		return mark, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return mark, err
	}
	if !info.Mode().IsRegular() {
		return mark, fmt.Errorf("%s is not a regular file", path)
	}
	mark.Bytes = info.Size()
	hash := sha256.New()
	fmt.Fprintf(hash, "%d\n", mark.Bytes)
	for _, at := range []int64{0, max(0, mark.Bytes-part)} {
		if _, err := io.Copy(hash, io.NewSectionReader(f, at, part)); err != nil {
			return mark, err
		}
	}
	mark.SHA256 = fmt.Sprintf("%x", hash.Sum(nil))
	return mark, nil
}
