package compaction

import (
	"runtime"

	"github.com/vicinaldb/store/storage"
)

// ReadingOthers is readingOthers, for tests.
var ReadingOthers = readingOthers

// WaitingRows deals so many rows to a goroutine that does not come to take them, and holds what waits for it while look runs.
func WaitingRows(n int, row func(i int) storage.Row, look func()) {
	r := newReading(1, func() worker { return func(int, []byte) error { return nil } })
	for i := range n {
		r.add(row(i))
	}
	look()
	runtime.KeepAlive(r)
}
