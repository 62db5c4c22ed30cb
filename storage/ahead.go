package storage

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"os"
	"slices"
)

// Ahead is a segment file to which the codes, and the vectors beside them, are written and made durable while what follows them is still
// being computed. They are most of many segments, so that little is left to wait for.
type Ahead struct {
	codes   []byte
	vectors func(context.Context, io.Writer) error // nil if there are none to be written
	sum     hash.Hash32                            // of the vectors
	file    *os.File                               // nil once it was taken or removed
	end     int64                                  // behind what was written
	stop    context.CancelFunc
	read    chan struct{} // closed when vectors has returned, with readErr
	readErr error
	written chan struct{} // closed when everything is, or there is an error
	err     error
}

const (
	// aheadOffset is where codes are expected to begin: behind the header and parameters that take a page. Where parameters take more,
	// which only [WriteSegment] knows, everything is written a second time.
	aheadOffset = 2 * pageSize
	// aheadChunk is how many bytes are written between two looks whether to go on.
	aheadChunk = 4 << 20
)

// WriteAhead starts a segment at path, where nothing may be yet, with its codes, which must not change any more, and with what vectors
// writes, if it is given: that is called once, in another goroutine, with a context that ends with ctx, or when the file is closed. The
// caller gives the file to [WriteSegment], and closes it in any case.
func WriteAhead(ctx context.Context, path string, codes []byte, vectors func(context.Context, io.Writer) error) (*Ahead, error) {
	file, err := createSegmentFile(path)
	if err != nil {
		return nil, err
	}
	a := &Ahead{codes: codes, vectors: vectors, sum: crc32.New(castagnoli), file: file, read: make(chan struct{}), written: make(chan struct{})}
	ctx, a.stop = context.WithCancel(ctx)
	go func() {
		defer close(a.written)
		a.err = a.write(ctx)
	}()
	return a, nil
}

// write is what its goroutine does.
func (a *Ahead) write(ctx context.Context) error {
	out := &pieces{out: writerUntil{ctx, a.file}}
	a.readErr = a.writeContent(ctx, out)
	close(a.read)
	if a.readErr != nil {
		return a.readErr
	}
	if err := out.Flush(); err != nil {
		return err
	}
	a.end = int64(out.offset)
	return a.file.Sync()
}

// writeContent leaves room for what comes before the codes.
func (a *Ahead) writeContent(ctx context.Context, out io.Writer) error {
	if _, err := out.Write(make([]byte, aheadOffset)); err != nil {
		return err
	}
	for chunk := range slices.Chunk(a.codes, aheadChunk) {
		if _, err := out.Write(chunk); err != nil {
			return err
		}
	}
	if a.vectors == nil {
		return nil
	}
	if _, err := out.Write(zeroPage[:a.vectorsOffset()-aheadOffset-int64(len(a.codes))]); err != nil {
		return err
	}
	return a.vectors(ctx, io.MultiWriter(out, a.sum))
}

// vectorsOffset is where the vectors begin.
func (a *Ahead) vectorsOffset() int64 { return int64(pageEnd(aheadOffset + uint64(len(a.codes)))) }

// writerUntil writes until a context ends.
type writerUntil struct {
	ctx context.Context
	out io.Writer
}

func (w writerUntil) Write(p []byte) (int, error) {
	if w.ctx.Err() != nil {
		return 0, context.Cause(w.ctx)
	}
	return w.out.Write(p)
}

// WaitRead waits until vectors has returned, so that what memory it took is free again, and returns its error, or that of writing so far.
func (a *Ahead) WaitRead() error {
	<-a.read
	return aheadError(a.readErr)
}

func aheadError(err error) error {
	if err != nil {
		return fmt.Errorf("writing codes and vectors ahead: %w", err)
	}
	return nil
}

// take waits until everything is written, and gives the file away.
func (a *Ahead) take() (*SegmentWriter, error) {
	<-a.written
	if a.err != nil {
		return nil, aheadError(a.err)
	}
	file := a.file
	a.file = nil
	return newSegmentWriter(file), nil
}

// are says whether these are the codes that come at an offset.
func (a *Ahead) are(codes []byte, offset uint64) bool {
	return a != nil && offset == aheadOffset && len(codes) == len(a.codes) && len(codes) > 0 && &codes[0] == &a.codes[0]
}

// copyVectors gives the vectors that are in the file, which memory no longer has. It is ErrCorrupt when other bytes come back than were
// written.
func (a *Ahead) copyVectors(ctx context.Context, file io.ReaderAt, out io.Writer) error {
	buffer, sum := make([]byte, pieceSize), crc32.New(castagnoli)
	for at := a.vectorsOffset(); at < a.end; {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		piece := buffer[:min(a.end-at, pieceSize-at%pieceSize)]
		if _, err := file.ReadAt(piece, at); err != nil {
			return err
		}
		sum.Write(piece)
		if _, err := out.Write(piece); err != nil {
			return err
		}
		at += int64(len(piece))
	}
	if sum.Sum32() != a.sum.Sum32() {
		return fmt.Errorf("%w: vectors come back from the file other than they were written", ErrCorrupt)
	}
	return nil
}

// Close stops writing and removes the file, unless it was taken by [WriteSegment].
func (a *Ahead) Close() error {
	a.stop()
	<-a.written
	if a.file == nil {
		return nil
	}
	file := a.file
	a.file = nil
	return errors.Join(file.Close(), os.Remove(file.Name()))
}
