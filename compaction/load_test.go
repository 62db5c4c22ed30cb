package compaction_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/compaction"
	"github.com/vicinaldb/store/storage"
)

// records makes a data file of the records that a function gives for the numbers from 1 to n, which are their sequence numbers too.
func records(t *testing.T, n int, record func(i int) codec.Record) *storage.DataFile {
	t.Helper()
	path := t.TempDir() + "/data.bolt"
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
			r := record(i)
			r.ID = fmt.Append(nil, seq)
			if err := tx.Put(string(r.ID), seq, codec.AppendRecord(nil, r)); err != nil {
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

// Of several damaged rows the first is named, whoever comes upon which of them first.
func TestRewrite_NamesFirstDamage(t *testing.T) {
	damaged := map[int]bool{700: true, 701: true, 830: true, 1900: true}
	d := records(t, 2000, func(i int) codec.Record {
		v := vectorOf(i)
		if damaged[i] {
			v = v[1:]
		}
		return codec.Record{Vector: codec.AppendVector(nil, v)}
	})
	for _, codes := range []string{"", "uint8"} {
		for _, threads := range []int{1, 2, 8} {
			for range 5 {
				j := job(t, d, 2000)
				j.Index.Threads, j.Codes = threads, codes
				_, err := compaction.Rewrite(t.Context(), j)
				if !errors.Is(err, storage.ErrCorrupt) || !strings.Contains(err.Error(), "row 700:") {
					t.Fatalf("codes %q, %d threads: error %v, want one of row 700", codes, threads, err)
				}
			}
		}
	}
}

// Threads that have nothing to do take no memory.
func TestRewrite_MoreThreadsThanRows(t *testing.T) {
	const n, threads, most = 100, 1_000_000, 64 << 20
	j := job(t, dataFile(t, n), n)
	j.Index.Threads = threads
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := compaction.Rewrite(t.Context(), j); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > most {
		t.Errorf("%d bytes were allocated for %d rows on %d threads, want at most %d", took, n, threads, most)
	}
}

func TestReadingOthers(t *testing.T) {
	for _, test := range []struct{ threads, rows, want int }{
		{1, 1_000_000, 0},
		{2, 0, 0},
		{2, 63, 0},
		{2, 64, 1},
		{2, 1000, 1},
		{8, 1000, 7},
		{1000, 1000, 15},
		{math.MaxInt32, 1_000_000, 64},
	} {
		if got := compaction.ReadingOthers(test.threads, test.rows); got != test.want {
			t.Errorf("%d threads and %d rows: %d workers of other goroutines, want %d", test.threads, test.rows, got, test.want)
		}
	}
}

// Rows without metadata and payload are not read again, but those that have some are, be it a single one.
func TestRewrite_BareRows(t *testing.T) {
	const n, odd = 600, 577
	for _, tc := range []struct {
		reason            string
		metadata, payload []byte
	}{
		{"nothing", nil, nil},
		{"a payload", nil, []byte("payload")},
		{"metadata", []byte("metadata"), nil},
	} {
		d := records(t, n, func(i int) codec.Record {
			r := codec.Record{Vector: codec.AppendVector(nil, vectorOf(i))}
			if i == odd {
				r.Metadata, r.Payload = tc.metadata, tc.payload
			}
			return r
		})
		j := job(t, d, n)
		out, err := compaction.Rewrite(t.Context(), j)
		if err != nil {
			t.Fatal(err)
		}
		seg, err := storage.OpenSegment(j.Path, out.SegmentInfo)
		if err != nil {
			t.Fatal(err)
		}
		if err := seg.Verify(t.Context()); err != nil {
			t.Errorf("%s: %v", tc.reason, err)
		}
		for seq := uint64(1); seq <= n; seq++ {
			row, _ := out.Row(seq)
			id, err := seg.ID(row)
			if err != nil || string(id) != fmt.Sprint(seq) {
				t.Fatalf("%s: row of %d has id %q, %v", tc.reason, seq, id, err)
			}
			var metadata, payload []byte
			if seq == odd {
				metadata, payload = tc.metadata, tc.payload
			}
			gotMetadata, gotPayload, err := seg.Record(row)
			if err != nil || !bytes.Equal(gotMetadata, metadata) || !bytes.Equal(gotPayload, payload) {
				t.Errorf("%s: row of %d has metadata %q and payload %q, %v", tc.reason, seq, gotMetadata, gotPayload, err)
			}
		}
		if err := seg.Close(); err != nil {
			t.Error(err)
		}
	}
}
