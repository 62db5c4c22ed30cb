package storage

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
)

// CodesAhead is a segment file to which the codes are written, and made durable, while what follows them is still being computed. They
// are most of many segments, so that little is left to wait for.
type CodesAhead struct {
	codes   []byte
	file    *os.File // nil once it was taken or removed
	stop    atomic.Bool
	written chan struct{} // closed when all codes are, or there is an error
	err     error
}

const (
	// aheadOffset is where codes are expected to begin: behind the header and parameters that take a page. Where parameters take more,
	// which only [WriteSegment] knows, the codes are written a second time.
	aheadOffset = 2 * pageSize
	// aheadChunk is how many bytes are written between two looks whether to go on.
	aheadChunk = 4 << 20
)

// WriteCodesAhead starts a segment at path, where nothing may be yet, with its codes, which must not change any more. The caller gives
// it to [WriteSegment], and closes it in any case.
func WriteCodesAhead(path string, codes []byte) (*CodesAhead, error) {
	file, err := createSegmentFile(path)
	if err != nil {
		return nil, err
	}
	a := &CodesAhead{codes: codes, file: file, written: make(chan struct{})}
	go func() {
		defer close(a.written)
		a.err = a.write()
	}()
	return a, nil
}

// write is what its goroutine does.
func (a *CodesAhead) write() error {
	// The first piece goes as a whole, with room for what comes before the codes, and the others from multiples of their size on.
	first := make([]byte, min(aheadOffset+len(a.codes), pieceSize))
	at := copy(first[aheadOffset:], a.codes)
	if _, err := a.file.WriteAt(first, 0); err != nil {
		return err
	}
	for ; at < len(a.codes) && !a.stop.Load(); at += aheadChunk {
		chunk := a.codes[at:min(at+aheadChunk, len(a.codes))]
		if _, err := a.file.WriteAt(chunk, aheadOffset+int64(at)); err != nil {
			return err
		}
	}
	if a.stop.Load() {
		return nil
	}
	return a.file.Sync()
}

// take waits until the codes are written, and gives the file away.
func (a *CodesAhead) take() (*SegmentWriter, error) {
	<-a.written
	if a.err != nil {
		return nil, fmt.Errorf("writing codes ahead: %w", a.err)
	}
	file := a.file
	a.file = nil
	return newSegmentWriter(file), nil
}

// are says whether these are the codes that come at an offset.
func (a *CodesAhead) are(codes []byte, offset uint64) bool {
	return a != nil && offset == aheadOffset && len(codes) == len(a.codes) && len(codes) > 0 && &codes[0] == &a.codes[0]
}

// Close stops writing and removes the file, unless it was taken by [WriteSegment].
func (a *CodesAhead) Close() error {
	a.stop.Store(true)
	<-a.written
	if a.file == nil {
		return nil
	}
	file := a.file
	a.file = nil
	return errors.Join(file.Close(), os.Remove(file.Name()))
}
