package compaction_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/compaction"
	"github.com/vicinaldb/store/metric"
	"github.com/vicinaldb/store/nnd"
	"github.com/vicinaldb/store/storage"
)

const dim = 4

// vectorOf is the vector of the item that is stored n-th.
func vectorOf(n int) []float32 {
	random := rand.New(rand.NewPCG(uint64(n), 3))
	v := make([]float32, dim)
	for i := range v {
		v[i] = random.Float32()
	}
	return v
}

// dataFile makes a data file with n items; sequence numbers are 1 to n, ids their text.
func dataFile(t *testing.T, n int) *storage.DataFile {
	t.Helper()
	path := filepath.Join(t.TempDir(), "data.bolt")
	if err := storage.CreateDataFile(path, storage.DataFileOptions{Collection: uuid.New()}); err != nil {
		t.Fatal(err)
	}
	d, err := storage.OpenDataFile(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	err = d.Update(func(tx *storage.Tx) error {
		for i := 1; i <= n; i++ {
			seq, err := tx.NextSeq()
			if err != nil {
				return err
			}
			id := fmt.Sprint(seq)
			record := codec.AppendRecord(nil, codec.Record{ID: []byte(id), Vector: codec.AppendVector(nil, vectorOf(i)), Payload: []byte("payload " + id)})
			if err := tx.Put(id, seq, record); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func job(t *testing.T, d *storage.DataFile, upto uint64) compaction.Job {
	t.Helper()
	m, err := metric.Lookup("euclidean")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	return compaction.Job{
		Data:   d,
		Upto:   upto,
		Metric: "euclidean",
		Codec:  codec.NewFloat32(m, dim),
		Index:  nnd.Options{Neighbors: 5, Stretch: m.Stretch},
		Path:   filepath.Join(dir, "out.seg"),
		Spool:  filepath.Join(dir, "out.spool"),
	}
}

// Every row up to the bound is in the segment, where the output says, with its id, code and payload.
func TestRewrite(t *testing.T) {
	d := dataFile(t, 2500)
	j := job(t, d, 2400)
	out, err := compaction.Rewrite(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	seg, err := storage.OpenSegment(j.Path, out.SegmentInfo)
	if err != nil {
		t.Fatal(err)
	}
	defer seg.Close()
	if err := seg.Verify(t.Context()); err != nil {
		t.Fatal(err)
	}
	if seg.Rows() != 2400 || out.Rows != 2400 {
		t.Fatalf("the segment has %d rows, the output says %d, want 2,400", seg.Rows(), out.Rows)
	}
	if codecName := seg.Params().Codec; codecName != "float32" {
		t.Fatalf("vectors of %d components have the codec %s, which is no shorter than they", dim, codecName)
	}
	codes, err := j.Codec.View(codec.Codes{Stride: j.Codec.Stride(), Codes: seg.Codes()})
	if err != nil {
		t.Fatal(err)
	}
	for seq := uint64(1); seq <= 2400; seq++ {
		row, ok := out.Row(seq)
		id, err := seg.ID(row)
		if !ok || err != nil || string(id) != fmt.Sprint(seq) {
			t.Fatalf("sequence number %d is row %d, %v, with id %q, %v", seq, row, ok, id, err)
		}
		if v, err := codes.Vector(row); err != nil || !slices.Equal(v.Dense, vectorOf(int(seq))) {
			t.Fatalf("row %d has another vector than item %d", row, seq)
		}
		if _, payload, err := seg.Record(row); err != nil || string(payload) != fmt.Sprint("payload ", seq) {
			t.Fatalf("row %d has payload %q, %v", row, payload, err)
		}
	}
	if _, ok := out.Row(2401); ok {
		t.Error("a row beyond the bound is in the segment")
	}
	if _, err := os.Lstat(j.Spool); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the spool is left behind: %v", err)
	}
}

// The bytes depend on the rows and the seed alone. CI runs this with and without assembly, and on other processors: a
// change of the digest is a change of what every build gives, not of one machine's.
func TestRewrite_SameBytesEverywhere(t *testing.T) {
	for codes, want := range map[string]string{
		"":      "79fb1c19d8a1860bc902f961309e879425c8bc91297180f3ec0447e50005480a",
		"uint8": "4dcc489f96b889adc78a4568413cd73c79929a080ab352477a95a317fcac5ffc",
	} {
		for _, threads := range []int{1, 3} {
			j := job(t, dataFile(t, 1500), 1500)
			j.Index.Threads, j.Codes = threads, codes
			out, err := compaction.Rewrite(t.Context(), j)
			if err != nil {
				t.Fatal(err)
			}
			if got := out.SHA256.String(); got != want {
				t.Errorf("on %d threads the segment has SHA-256 %s, want %s; codec %+v", threads, got, want, out.Codes)
			}
		}
	}
}

func TestRewrite_NoRows(t *testing.T) {
	j := job(t, dataFile(t, 3), 0)
	out, err := compaction.Rewrite(t.Context(), j)
	if err != nil || out.Rows != 0 {
		t.Fatalf("no rows gave %+v, %v", out, err)
	}
	if _, err := os.Lstat(j.Path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no rows gave a file: %v", err)
	}
}

func TestRewrite_CancelLeavesNothing(t *testing.T) {
	d := dataFile(t, 3000)
	for _, stage := range []string{"reading", "descent", "records", "writing"} {
		ctx, cancel := context.WithCancel(t.Context())
		j := job(t, d, 3000)
		seen := false
		j.Progress = func(s string, _, _ int) {
			if len(s) >= len(stage) && s[:len(stage)] == stage && !seen {
				seen = true
				cancel()
			}
		}
		_, err := compaction.Rewrite(ctx, j)
		cancel()
		if !seen || !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled at %s (seen: %v): %v", stage, seen, err)
		}
		if left, err := os.ReadDir(filepath.Dir(j.Path)); err != nil || len(left) != 0 {
			t.Errorf("cancelled at %s: %v is left, %v", stage, left, err)
		}
	}
}

// A row of another dimension than the codec's is damage, and said to be.
func TestRewrite_ForeignRow(t *testing.T) {
	j := job(t, dataFile(t, 10), 10)
	m, err := metric.Lookup("euclidean")
	if err != nil {
		t.Fatal(err)
	}
	j.Codec = codec.NewFloat32(m, dim+1)
	if _, err := compaction.Rewrite(t.Context(), j); !errors.Is(err, storage.ErrCorrupt) {
		t.Errorf("rows of %d components in a collection of %d: %v", dim, dim+1, err)
	}
}
