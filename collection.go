package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/uuid"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/compaction"
	"github.com/vicinaldb/store/storage"
)

// Collection is a named set of items with vectors of one kind, dimension and metric.
// It is safe for concurrent use. It is closed with its store.
type Collection struct {
	name   string
	dir    storage.CollectionDir
	schema Schema
	codec  codec.Codec
	log    *slog.Logger

	unknown error // why there are no distances: the metric is not registered; nil when it is

	data   *storage.DataFile // the source of truth; nil in a read-only store
	writer *writer           // nil in a read-only store
	epoch  uint64            // of the manifest; belongs to the writer's goroutine

	current atomic.Pointer[snapshot] // nil once closed
	drain   sync.WaitGroup           // counts snapshots that somebody holds
	scratch sync.Pool                // *queryScratch
	blocks  sync.Pool                // *block

	prepare chan struct{} // one place, taken by the Prepare that runs; taken before requests to the writer

	mu       sync.Mutex
	problems []string // damage found, for Info; guarded by mu
	earlier  []string // segments that were set aside before, as long as there is no other index; guarded by mu
}

// newCollection makes a handle that has no snapshot yet.
func newCollection(dir storage.CollectionDir, name string, encodedSchema []byte, log *slog.Logger) (*Collection, error) {
	schema, vectors, unknown, err := decodeSchema(encodedSchema)
	if err != nil {
		return nil, err
	}
	c := &Collection{
		name:    name,
		dir:     dir,
		schema:  schema,
		codec:   vectors,
		log:     log.With("collection", name),
		unknown: unknown,
		prepare: make(chan struct{}, 1),
	}
	if unknown != nil {
		c.log.Warn("there are no distances, and so no queries, in this program", "error", unknown)
	}
	c.scratch.New = func() any { return new(queryScratch) }
	c.blocks.New = func() any { return new(block) }
	return c, nil
}

// createCollection puts an empty collection on disk.
func createCollection(dir storage.Dir, name string, schema Schema, encodedSchema []byte) error {
	id, err := uuid.NewRandom()
	if err != nil {
		return fmt.Errorf("making an id: %w", err)
	}
	options := storage.DataFileOptions{Collection: id, Schema: encodedSchema, PageSize: storage.PageSizeFor(pageDim(schema))}
	err = dir.CreateCollection(name, func(made storage.CollectionDir) error {
		return storage.CreateDataFile(made.DataFile(), options)
	})
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: %w", ErrExists, err)
	}
	return ofName(err)
}

// ofName makes of a name that no collection has an argument that is invalid.
func ofName(err error) error {
	if errors.Is(err, storage.ErrName) {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return err
}

// pageDim is the dimension of dense vectors that take as many bytes as those of the collection; sparse ones are thought of
// as texts with a few hundred words.
func pageDim(s Schema) int {
	switch s.Kind {
	case Sparse:
		return min(s.Dim, 512)
	case Bits:
		return (s.Dim + 31) / 32
	default:
		return s.Dim
	}
}

// openCollection opens a collection that exists.
func openCollection(dir storage.Dir, name string, o openOptions) (*Collection, error) {
	if err := dir.CheckCollection(name); err != nil {
		return nil, ofName(err)
	}
	if o.readOnly {
		return openPublished(dir.Collection(name), name, o.log)
	}
	return openWritable(dir.Collection(name), name, o.log)
}

// openPublished opens what the writer published last: MANIFEST and the segments
// that it names. A writer that publishes meanwhile may remove a segment
// between the two, so a missing one is a reason to look again.
func openPublished(dir storage.CollectionDir, name string, log *slog.Logger) (*Collection, error) {
	const tries = 5
	for try := 1; ; try++ {
		c, err := openPublishedOnce(dir, name, log)
		if missing := (*missingSegment)(nil); try == tries || !errors.As(err, &missing) {
			return c, err
		}
	}
}

// missingSegment is damage, unless the writer has just removed the file: that MANIFEST is not there means that nothing was
// published yet, that a segment which it names is not is something else.
type missingSegment struct{ err error }

func (m *missingSegment) Error() string { return fmt.Sprintf("%v: %v", ErrCorrupt, m.err) }
func (m *missingSegment) Unwrap() error { return ErrCorrupt }

func openPublishedOnce(dir storage.CollectionDir, name string, log *slog.Logger) (*Collection, error) {
	manifest, err := storage.ReadManifest(dir.Manifest())
	if err != nil {
		return nil, err
	}
	c, err := newCollection(dir, name, manifest.Schema, log)
	if err != nil {
		return nil, err
	}
	var segments openedSegments
	for _, record := range manifest.Segments {
		path := dir.Segment(record.UUID)
		dead, err := publishedTombstones(record)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%s has tombstones of %s: %w", dir.Manifest(), path, err), segments.close())
		}
		seg, err := c.openSegment(path, record)
		if errors.Is(err, ErrNotFound) {
			err = &missingSegment{err}
		}
		if err != nil {
			return nil, errors.Join(err, segments.close())
		}
		segments.add(seg, dead)
	}
	earlier, err := dir.Quarantined()
	if err != nil {
		return nil, errors.Join(err, segments.close())
	}
	c.noteSetAside(earlier, segments)
	c.swap(newSnapshot(&c.drain, segments.list, segments.dead, new(pendingRows)))
	return c, nil
}

// publishedTombstones reads the dead rows that MANIFEST has of a segment; nil when it has none.
func publishedTombstones(record storage.SegmentRecord) (*roaring.Bitmap, error) {
	if len(record.Tombstones) == 0 {
		return nil, nil
	}
	return storage.DecodeTombstones(record.Tombstones, record.Rows)
}

// close ends the writer, publishes what it left unpublished, and waits for the
// calls that still run before the files are closed.
func (c *Collection) close() error {
	var errs []error
	if c.writer != nil {
		c.writer.close()
		if c.writer.dirty {
			errs = append(errs, c.publish(c.current.Load()))
		}
	}
	c.swap(nil)
	c.drain.Wait()
	if c.data != nil {
		errs = append(errs, c.data.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return c.failed("closing", err)
	}
	return nil
}

// Name returns the collection's name.
func (c *Collection) Name() string { return c.name }

// Schema returns the schema, with the metric's canonical name. It shares no memory with the collection's own.
func (c *Collection) Schema() Schema { return c.schema.clone() }

// CollectionInfo describes a collection at one moment.
type CollectionInfo struct {
	Name     string        `json:"name"`
	Schema   Schema        `json:"schema"`
	Items    int           `json:"items"`   // items stored
	Pending  int           `json:"pending"` // of them, those stored since the last Prepare, which every query compares
	Deleted  int           `json:"deleted"` // rows of the index whose items were deleted or replaced
	Segments []SegmentInfo `json:"segments"`
	// DataBytes is the size of the file that holds what was stored; 0 in a read-only store.
	DataBytes int64 `json:"data_bytes"`
	// MetricUnknown is set when the metric is not registered in this program, see package metric: then everything that
	// takes a distance fails with ErrUnknownMetric, and the rest works.
	MetricUnknown bool `json:"metric_unknown,omitempty"`
	// Problems are damages found since the collection was opened, and what was done about them; and until the next Prepare,
	// that an index which was damaged or missing was set aside before.
	Problems []string `json:"problems,omitempty"`
}

// SegmentInfo describes one file of the index.
type SegmentInfo struct {
	File   string `json:"file"`
	Rows   int    `json:"rows"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // of the whole file: equal for equal content, whatever the file's name
	// Build tells how the graphs in it were made: rows that began with the lists of the index before, distances that finding
	// the neighbors took, rounds, degrees of the search graph, parts that were joined.
	Build compaction.Stats `json:"build"`
}

// Info describes the collection. It reads nothing from the items.
func (c *Collection) Info(ctx context.Context) (CollectionInfo, error) {
	if err := context.Cause(ctx); err != nil {
		return CollectionInfo{}, c.failed("describing", err)
	}
	s, err := c.acquire()
	if err != nil {
		return CollectionInfo{}, c.failed("describing", err)
	}
	defer s.release()
	info := CollectionInfo{Name: c.name, Schema: c.schema.clone(), Items: s.live, Pending: s.pending.live(), MetricUnknown: c.unknown != nil}
	for i, seg := range s.segments {
		if s.dead[i] != nil {
			info.Deleted += int(s.dead[i].GetCardinality())
		}
		info.Segments = append(info.Segments, seg.info())
	}
	if c.data != nil {
		file, err := os.Stat(c.dir.DataFile())
		if err != nil {
			return info, c.failed("describing", err)
		}
		info.DataBytes = file.Size()
	}
	info.Problems = c.allProblems()
	return info, nil
}

// info describes the segment. Statistics that cannot be read are left out: nothing depends on them.
func (seg *segment) info() SegmentInfo {
	info := SegmentInfo{File: seg.path, Rows: seg.Rows(), Bytes: seg.record.Size, SHA256: seg.record.SHA256.String()}
	if err := json.Unmarshal(seg.Params().Build, &info.Build); err != nil {
		info.Build = compaction.Stats{}
	}
	return info
}

// report keeps a problem for Info, and logs it.
func (c *Collection) report(problem string, err error) {
	c.log.Error(problem, "error", err)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.problems = append(c.problems, fmt.Sprintf("%s: %v", problem, err))
}
