package storage

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"slices"
	"sync"

	"github.com/vicinaldb/store/internal/mapped"
)

const (
	// writeChunk is the buffer for the items of a segment, and how many bytes are copied between two looks at the context.
	writeChunk = 1 << 20
	// writeWhole is how many bytes that are in memory go to the file between two looks at the context, past the buffer.
	writeWhole = 16 << 20
)

// SegmentWriter writes a segment file from front to back: the header at once, the sections as they are given, the tables
// and the trailer in the end. It is for one goroutine. The same sections give the same bytes.
type SegmentWriter struct {
	file     *os.File
	filed    uint64 // bytes that are in the file
	there    int64  // up to where it has what belongs there, from aheadOffset on, since that was written before
	out      pieces
	digest   hash.Hash
	sums     blockSums // of what is written; nobody asks for them any more after the sections
	offset   uint64
	sections []section
	err      error
}

// CreateSegment starts a segment at path, where nothing may be yet. The caller ends it with Finish or Abort.
func CreateSegment(path string) (*SegmentWriter, error) {
	file, err := createSegmentFile(path)
	if err != nil {
		return nil, err
	}
	return newSegmentWriter(file), nil
}

func createSegmentFile(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("creating segment: %w", err)
	}
	return file, nil
}

func newSegmentWriter(file *os.File) *SegmentWriter {
	w := &SegmentWriter{file: file, digest: sha256.New()}
	w.out.out = segmentSink{w}
	w.write(header{major: segmentMajor, minor: segmentMinor}.encode())
	return w
}

// segmentSink is where the pieces of a SegmentWriter go: to the file and, meanwhile, to the checksums.
type segmentSink struct{ w *SegmentWriter }

func (s segmentSink) Write(p []byte) (int, error) {
	var digesting sync.WaitGroup
	digesting.Go(func() { s.w.digest.Write(p) })
	err := s.w.put(p)
	s.w.sums.add(p)
	digesting.Wait()
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

// put appends bytes to the file, but for those that are there.
func (w *SegmentWriter) put(p []byte) error {
	offset, end := int64(w.filed), int64(w.filed)+int64(len(p))
	w.filed = uint64(end)
	from := min(max(offset, aheadOffset), end)
	to := max(from, min(end, w.there))
	for _, part := range []struct{ from, to int64 }{{offset, from}, {to, end}} {
		if part.from == part.to {
			continue
		}
		if _, err := w.file.WriteAt(p[part.from-offset:part.to-offset], part.from); err != nil {
			return err
		}
	}
	return nil
}

// Section appends a section whose content write produces. Its length must be a multiple of elementSize, which must be
// positive. Each tag is given once. After an error the only thing left is Abort.
func (w *SegmentWriter) Section(tag Tag, elementSize int, write func(io.Writer) error) error {
	return w.section(section{tag: tag, version: sectionVersion, elementSize: uint32(elementSize)}, write)
}

func (w *SegmentWriter) section(s section, write func(io.Writer) error) error {
	if slices.ContainsFunc(w.sections, func(other section) bool { return other.tag == s.tag }) {
		w.fail(fmt.Errorf("section %v is given twice", s.tag))
	}
	s.offset = w.offset
	if w.err == nil {
		w.fail(write(sectionWriter{w}))
	}
	s.length = w.offset - s.offset
	if s.elementSize == 0 || s.length%uint64(s.elementSize) != 0 {
		w.fail(fmt.Errorf("%d bytes are not elements of %d", s.length, s.elementSize))
	}
	if w.err != nil {
		return fmt.Errorf("writing section %v: %w", s.tag, w.err)
	}
	s.count = s.length / uint64(s.elementSize)
	w.sections = append(w.sections, s)
	w.pad()
	return w.err
}

// sectionWriter keeps a section from doing anything else with the file than append.
type sectionWriter struct{ w *SegmentWriter }

func (s sectionWriter) Write(p []byte) (int, error) {
	s.w.write(p)
	if s.w.err != nil {
		return 0, s.w.err
	}
	return len(p), nil
}

// write appends bytes unless there was an error.
func (w *SegmentWriter) write(p []byte) {
	if w.err != nil {
		return
	}
	n, err := w.out.Write(p)
	w.offset += uint64(n)
	w.fail(err)
}

// fail keeps the first error, which Section and Finish return.
func (w *SegmentWriter) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

var zeroPage [pageSize]byte

// pad writes zeros up to the next page.
func (w *SegmentWriter) pad() { w.write(zeroPage[:pageEnd(w.offset)-w.offset]) }

// Finish writes the tables and the trailer, makes the file read-only and durable, and closes it. The name is durable only
// when the directory has been synced, as [PublishFile] does. After an error the file is gone.
func (w *SegmentWriter) Finish() (SegmentInfo, error) {
	if len(w.sections) > maxSections {
		w.fail(fmt.Errorf("%w: %d sections", ErrTooLarge, len(w.sections)))
	}
	w.writeTables()
	for _, step := range []func() error{
		w.out.Flush,
		func() error { return w.file.Chmod(0o444) },
		w.file.Sync,
		w.file.Close,
	} {
		if w.err == nil {
			w.fail(step())
		}
	}
	if w.err != nil {
		return SegmentInfo{}, errors.Join(fmt.Errorf("finishing segment: %w", w.err), w.Abort())
	}
	return SegmentInfo{Size: int64(w.offset), SHA256: Digest(w.digest.Sum(nil))}, nil
}

// writeTables writes what follows the sections. The block checksums cover what is above them, so that must be out first.
func (w *SegmentWriter) writeTables() {
	if w.err == nil {
		w.fail(w.out.Flush())
	}
	sectionsEnd, sums := w.offset, mapped.BytesOfUint32s(w.sums.finish())
	var table []byte
	for _, s := range w.sections {
		table = s.appendTo(table)
	}
	w.write(sums)
	w.pad()
	w.write(table)
	w.pad()
	w.write(newTrailer(sectionsEnd, sums, table).encode())
}

// Abort closes and removes the file. It must not be called after Finish.
func (w *SegmentWriter) Abort() error {
	closeErr := w.file.Close()
	if errors.Is(closeErr, os.ErrClosed) {
		closeErr = nil
	}
	return errors.Join(closeErr, os.Remove(w.file.Name()))
}

// SegmentContent is what [WriteSegment] writes. The slices are as Params says, laid out as [Segment] hands them out; those
// that Params says are not there are empty. The codes of the pivots are taken from Codes.
type SegmentContent struct {
	Params      Params
	Codes       []byte
	Ahead       *Ahead // if codes, and vectors, were written to the segment's path before
	CodeOffsets []byte // if the codes have different lengths
	Vectors     []byte // if there are any beside the codes; or:
	// WriteVectors writes the vectors, for whoever does not have them in memory. It is called once at most: not when Ahead has them where
	// they belong.
	WriteVectors      func(io.Writer) error
	Adjacency         []uint32
	PivotRows         []uint32
	NeighborRows      []uint32
	NeighborDistances []float32
	Items             *ItemWriter // ids and records of all rows, in row order
}

// given returns what the caller has put into the content, without the items.
func (c *SegmentContent) given() map[Tag][]byte {
	return map[Tag][]byte{
		TagCodes:             c.Codes,
		TagCodeOffsets:       c.CodeOffsets,
		TagVectors:           c.Vectors,
		TagAdjacency:         mapped.BytesOfUint32s(c.Adjacency),
		TagPivotRows:         mapped.BytesOfUint32s(c.PivotRows),
		TagNeighborRows:      mapped.BytesOfUint32s(c.NeighborRows),
		TagNeighborDistances: mapped.BytesOfFloat32s(c.NeighborDistances),
	}
}

// check compares the content with its parameters.
func (c *SegmentContent) check() error {
	if items := c.Items.Len(); items != c.Params.Rows {
		return fmt.Errorf("%d items, the parameters say %d rows", items, c.Params.Rows)
	}
	shapes := map[Tag]shape{}
	for _, s := range c.Params.shapes() {
		shapes[s.tag] = s
	}
	for tag, b := range c.given() {
		want := shapes[tag] // of no elements if it must not be there
		if tag == TagVectors && c.WriteVectors != nil {
			continue // write counts them
		}
		if size := uint64(len(b)); want.count != anyCount && size != uint64(want.elementSize)*want.count {
			return fmt.Errorf("%s: %d bytes, the parameters say %d elements of %d", sectionNames[tag], size, want.count, want.elementSize)
		}
	}
	for _, row := range c.PivotRows {
		if uint64(row) >= uint64(c.Params.Rows) {
			return fmt.Errorf("pivot row %d of %d", row, c.Params.Rows)
		}
	}
	return c.checkCodeOffsets()
}

// checkCodeOffsets looks at the offsets as opening and verifying do: nobody else here knows where a code ends.
func (c *SegmentContent) checkCodeOffsets() error {
	offsets := codeOffsets(c.CodeOffsets)
	if offsets.count() == 0 {
		return nil
	}
	err := offsets.checkEnds(len(c.Codes))
	for i := 0; i < offsets.count() && err == nil; i++ {
		err = offsets.check(i, len(c.Codes))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", sectionNames[TagCodeOffsets], err)
	}
	return nil
}

// WriteSegment writes a whole segment to path, where nothing may be yet but c.Ahead, and makes it durable but for its name. When ctx
// ends, or on any other error, nothing is left at path. It does not close c.Items.
func WriteSegment(ctx context.Context, path string, c *SegmentContent) (SegmentInfo, error) {
	params, err := c.Params.encode()
	if err == nil {
		err = c.check()
	}
	if err != nil {
		return SegmentInfo{}, fmt.Errorf("writing segment: %w", err)
	}
	w, err := c.create(path)
	if err != nil {
		return SegmentInfo{}, err
	}
	if err := c.write(ctx, w, params); err != nil {
		return SegmentInfo{}, errors.Join(fmt.Errorf("writing segment: %w", err), w.Abort())
	}
	return w.Finish()
}

// create starts the file, or takes over what was written ahead.
func (c *SegmentContent) create(path string) (*SegmentWriter, error) {
	if c.Ahead != nil {
		return c.Ahead.take()
	}
	return CreateSegment(path)
}

// write gives the sections to w that the parameters say there are, in the order of FORMAT.md.
func (c *SegmentContent) write(ctx context.Context, w *SegmentWriter, params []byte) error {
	content := c.given()
	content[TagParams] = params
	content[TagPivotCodes] = c.pivotCodes()
	for _, section := range c.Params.shapes() {
		b, ok := content[section.tag]
		if !ok {
			continue // one of the items', which come last
		}
		if section.tag == TagCodes && c.Ahead.are(b, w.offset) {
			w.there = c.Ahead.end
		}
		if err := w.Section(section.tag, int(section.elementSize), c.filling(ctx, w, section.tag, b)); err != nil {
			return err
		}
		if written := w.sections[len(w.sections)-1].count; section.count != anyCount && written != section.count {
			return fmt.Errorf("%s: %d elements were written, the parameters say %d", sectionNames[section.tag], written, section.count)
		}
	}
	return c.Items.write(ctx, w)
}

// filling is what writes a section of w whose bytes are b, if they are in memory.
func (c *SegmentContent) filling(ctx context.Context, w *SegmentWriter, tag Tag, b []byte) func(io.Writer) error {
	switch {
	case tag != TagVectors || c.WriteVectors == nil:
		return func(out io.Writer) error { return writeBytes(ctx, out, b) }
	case w.there > int64(w.offset):
		return func(out io.Writer) error { return c.Ahead.copyVectors(ctx, w.file, out) }
	default:
		return c.WriteVectors
	}
}

// pivotCodes returns the codes of the pivots, one behind the other: nothing if they have different lengths.
func (c *SegmentContent) pivotCodes() []byte {
	stride := uint64(c.Params.CodecStride)
	packed := make([]byte, 0, uint64(len(c.PivotRows))*stride)
	for _, row := range c.PivotRows {
		start := uint64(row) * stride
		packed = append(packed, c.Codes[start:start+stride]...)
	}
	return packed
}

// writeBytes writes all of b and stops when ctx ends.
func writeBytes(ctx context.Context, out io.Writer, b []byte) error {
	for chunk := range slices.Chunk(b, writeWhole) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if _, err := out.Write(chunk); err != nil {
			return err
		}
	}
	return context.Cause(ctx)
}

// copyChunks copies all of in and stops when ctx ends.
func copyChunks(ctx context.Context, out io.Writer, in io.Reader) error {
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		_, err := io.CopyN(out, in, writeChunk)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
