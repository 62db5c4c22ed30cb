package compaction_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/compaction"
	"github.com/vicinaldb/store/storage"
)

// vectorBytes is the length of a vector in these tests.
const vectorBytes = 4 * dim

// shuffled is the numbers of n rows in some order, with their sequence numbers.
func shuffled(n int) (order []uint32, sequences []uint64) {
	for _, number := range rand.New(rand.NewPCG(11, uint64(n))).Perm(n) {
		order = append(order, uint32(number))
		sequences = append(sequences, uint64(len(sequences)+1))
	}
	return order, sequences
}

// vectorsIn is what is to be written of rows, of which some died.
func vectorsIn(order []uint32, dead map[uint64]bool) (written []byte) {
	for _, number := range order {
		if seq := uint64(number) + 1; dead[seq] {
			written = append(written, make([]byte, vectorBytes)...)
		} else {
			written = codec.AppendVector(written, vectorOf(int(seq)))
		}
	}
	return written
}

// deleteRows makes rows die.
func deleteRows(t *testing.T, d *storage.DataFile, dead map[uint64]bool) {
	t.Helper()
	err := d.Update(func(tx *storage.Tx) error {
		for seq := range dead {
			if _, existed, err := tx.Delete(fmt.Sprint(seq)); err != nil || !existed {
				return fmt.Errorf("row %d: %v, %w", seq, existed, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// However many rows a window has, the bytes are the same, also when rows died: theirs are zeros, whatever was in their place in the window
// before.
func TestWriteVectors_Windows(t *testing.T) {
	const n = 3000
	order, sequences := shuffled(n)
	d := dataFile(t, n)
	check := func(dead map[uint64]bool) {
		want := vectorsIn(order, dead)
		for _, window := range []int{0, 1, 7, 500, 513, n - 1, n, 10 * n} {
			for _, threads := range []int{1, 3} {
				j := job(t, d, n)
				j.Index.Threads = threads
				var out bytes.Buffer
				err := j.WriteVectors(t.Context(), &out, sequences, vectorBytes, order, window*(vectorBytes+8))
				if same := bytes.Equal(out.Bytes(), want); !same || err != nil {
					t.Errorf("%d dead rows, windows of %d, %d threads: %d bytes, as they should be: %v, %v",
						len(dead), window, threads, out.Len(), same, err)
				}
			}
		}
	}
	check(nil)
	dead := map[uint64]bool{1: true, n: true}
	for seq := uint64(5); seq < n; seq += seq / 3 { // farther and farther from one another
		dead[seq] = true
	}
	for seq := uint64(1000); seq < 1400; seq++ { // whole pages
		dead[seq] = true
	}
	deleteRows(t, d, dead)
	check(dead)
}

// beforeVectors is a stage after the codes were made and before vectors are read again to be written.
func beforeVectors(threads int) string {
	if threads == 1 {
		return "writing"
	}
	return "trees, round 1" // of the tree that orders the rows
}

// Rows that die between reading and writing have vectors of zeros in the segment; those of the others are where their codes are.
func TestRewrite_DeadWhileWriting(t *testing.T) {
	const n = 2000
	for _, threads := range []int{1, 3} {
		d := dataFile(t, n)
		j := job(t, d, n)
		j.Index.Threads, j.Codes = threads, "uint8"
		dead := map[uint64]bool{1: true, 700: true, 701: true, n: true}
		died := false
		j.Progress = func(stage string, _, _ int) {
			if stage == beforeVectors(threads) && !died {
				died = true
				deleteRows(t, d, dead)
			}
		}
		out, err := compaction.Rewrite(t.Context(), j)
		if err != nil {
			t.Fatal(err)
		}
		seg, err := storage.OpenSegment(j.Path, out.SegmentInfo)
		if err != nil {
			t.Fatal(err)
		}
		order := make([]uint32, n)
		for seq := uint64(1); seq <= n; seq++ {
			row, _ := out.Row(seq)
			order[row] = uint32(seq - 1)
		}
		if !died || !bytes.Equal(seg.Vectors(), vectorsIn(order, dead)) {
			t.Errorf("%d threads, rows died: %v: other vectors than should be", threads, died)
		}
		if err := errors.Join(seg.Verify(t.Context()), seg.Close()); err != nil {
			t.Error(err)
		}
	}
}

// A vector of another length than the segment's is damage, and nothing of its window is written.
func TestWriteVectors_OtherLength(t *testing.T) {
	const n, odd = 1000, 777
	order, sequences := shuffled(n)
	for _, length := range []int{0, dim - 1, dim + 1} {
		d := records(t, n, func(i int) codec.Record {
			v := make([]float32, dim)
			if i == odd {
				v = make([]float32, length)
			}
			return codec.Record{Vector: codec.AppendVector(nil, v)}
		})
		var out bytes.Buffer
		err := job(t, d, n).WriteVectors(t.Context(), &out, sequences, vectorBytes, order, 1<<20)
		if !errors.Is(err, storage.ErrCorrupt) || out.Len() > 0 {
			t.Errorf("a vector of %d components in place of %d: %d bytes written, %v", length, dim, out.Len(), err)
		}
	}
}

// Where records are long, a window takes several transactions and is written in several pieces, between which the end of a context is
// noticed.
func TestWriteVectors_Long(t *testing.T) {
	const n, stride = 20, codec.MaxVectorBytes
	order, sequences := shuffled(n)
	vector := func(i int) []byte { return bytes.Repeat([]byte{byte(i)}, stride) }
	j := job(t, records(t, n, func(i int) codec.Record { return codec.Record{Vector: vector(i)} }), n)
	var want, out bytes.Buffer
	for _, number := range order {
		want.Write(vector(int(number) + 1))
	}
	for _, threads := range []int{1, 3} {
		j.Index.Threads = threads
		out.Reset()
		err := j.WriteVectors(t.Context(), &out, sequences, stride, order, 2*n*stride)
		if err != nil || !bytes.Equal(out.Bytes(), want.Bytes()) {
			t.Errorf("%d threads: other vectors than should be, %v", threads, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	writes := 0
	err := j.WriteVectors(ctx, lookingWriter(func([]byte) error { writes++; cancel(); return nil }), sequences, stride, order, 2*n*stride)
	if !errors.Is(err, context.Canceled) || writes != 1 {
		t.Errorf("cancelled at the first write: %d writes, %v", writes, err)
	}
}

// lookingWriter calls a function before it drops what is written.
type lookingWriter func(p []byte) error

func (w lookingWriter) Write(p []byte) (int, error) { return len(p), w(p) }

// A window has no more memory than it may, and what it has written is not kept.
func TestWriteVectors_Memory(t *testing.T) {
	const n, most, slack = 20_000, 128 << 10, 32 << 10
	order, sequences := shuffled(n)
	j := job(t, dataFile(t, n), n)
	j.Index.Threads = 1
	live := func() uint64 {
		runtime.GC()
		runtime.GC() // what pools hold goes with the second collection
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before, writes := live(), 0
	err := j.WriteVectors(t.Context(), lookingWriter(func(p []byte) error {
		writes++
		if now := live(); now > before+most+slack {
			t.Errorf("write %d: %d bytes of heap, should be %d at most", writes, now-before, most)
		}
		return nil
	}), sequences, vectorBytes, order, most)
	if err != nil || writes != 4 {
		t.Errorf("%d writes, want 4: windows are of %d rows; %v", writes, most/(vectorBytes+8), err)
	}
	runtime.KeepAlive(order)
	runtime.KeepAlive(sequences)
}

// The end of a context is noticed between two windows, and an error of the file ends the work.
func TestWriteVectors_Ends(t *testing.T) {
	const n = 100
	because := errors.New("because")
	order, sequences := shuffled(n)
	j := job(t, dataFile(t, n), n)
	for _, threads := range []int{1, 3} {
		j.Index.Threads = threads
		ctx, cancel := context.WithCancelCause(t.Context())
		for reason, write := range map[string]lookingWriter{
			"context": func([]byte) error { cancel(because); return nil },
			"file":    func([]byte) error { return because },
		} {
			writes := 0
			out := lookingWriter(func(p []byte) error { writes++; return write(p) })
			if err := j.WriteVectors(ctx, out, sequences, vectorBytes, order, 0); !errors.Is(err, because) || writes > 1 {
				t.Errorf("%s, %d threads: %d writes, error %v", reason, threads, writes, err)
			}
		}
		cancel(nil)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(because)
	if err := j.WriteVectors(ctx, io.Discard, sequences, vectorBytes, order, 1<<20); !errors.Is(err, because) {
		t.Errorf("a context that has ended: %v", err)
	}
}
