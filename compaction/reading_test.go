package compaction_test

import (
	"runtime"
	"testing"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/compaction"
	"github.com/vicinaldb/store/storage"
)

// What waits for a worker is bounded, whatever rows have beside their vectors and however long these are.
func TestReading_Memory(t *testing.T) {
	for reason, tc := range map[string]struct{ vector, payload int }{
		"payloads":     {64, 1 << 20},
		"long vectors": {256 << 10, 0},
	} {
		before, grown := live(), 0
		compaction.WaitingRows(512, func(i int) storage.Row {
			read := make([]byte, tc.vector+tc.payload)
			return storage.Row{Seq: uint64(i + 1), Size: len(read), Record: codec.Record{Vector: read[:tc.vector], Payload: read[tc.vector:]}}
		}, func() { grown = live() - before })
		if most := 4 << 20; grown > most {
			t.Errorf("%s: %d bytes wait, want at most %d", reason, grown, most)
		}
	}
}

// live is how much of the heap is in use.
func live() int {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
