package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/google/uuid"

	"github.com/vicinaldb/store/compaction"
	"github.com/vicinaldb/store/nnd"
	"github.com/vicinaldb/store/storage"
)

// PrepareStats says what a Prepare did.
type PrepareStats struct {
	// UpToDate is set when the index held everything already, so that nothing was built.
	UpToDate bool
	// Items is the number of items in the index, and Reused of them those whose neighbors were begun with, since the index
	// before had them.
	Items, Reused int
	// SegmentBytes is the size of the file that was written, and SHA256 identifies its content.
	SegmentBytes int64
	SHA256       string
	// Exact is set when there were so few items that all pairs were compared.
	Exact bool
	// Rounds is the number of rounds of NN-descent, and Distances the distances that finding the neighbors took.
	Rounds    int
	Distances int64
	// Codes say which codes the index has, and why.
	Codes compaction.CodeStats
	// Dials are the neighbors, the degree and the alpha that the graphs of the index have, and why.
	Dials compaction.DialStats
	// Search describes the search graph, and Phases are the parts of the work with their times.
	Search  nnd.GraphStats
	Phases  []nnd.Phase
	Elapsed time.Duration
}

// Prepare builds the index from everything that is stored, makes it durable and
// has queries use it from then on. Queries and writes go on meanwhile; what is
// written during a Prepare stays pending for the next one. A second Prepare of
// the collection waits for the first, or until its context ends. When nothing changed
// since the last one, Prepare returns at once; see Rebuild.
//
// The neighbor lists of the index before are where the new one begins, so that few changes cost little; the result is as good as
// one built from nothing. Only the latter is the same for the same items whatever happened before: see Rebuild.
//
// Where the schema names no neighbors, and there are 4,096 items or more, or 20,000 where they are not searched by codes of bytes, their
// number, and the degree and alpha of the search graph, are chosen by how hard the neighbors of a sample are to find among it, and kept
// until there are twice as many items; PrepareStats.Dials and Info tell.
//
// A context that ends, or any other error, leaves everything as it was. One
// exception is reported by an error that says so: the index is committed and in
// use, but MANIFEST could not be written for readers beside this process.
//
// While it builds, Prepare needs memory for the codes of all vectors (a byte for each component, or 4: see Schema.Codec), at most 2.5
// times what both graphs take in the file (8 bytes a neighbor, 4 an edge), and 64 MiB. README has the total on a known set.
func (c *Collection) Prepare(ctx context.Context, opts ...PrepareOption) (PrepareStats, error) {
	started := time.Now()
	o, err := collectPrepare(opts)
	if err != nil {
		return PrepareStats{}, c.failed("preparing", err)
	}
	if c.writer == nil {
		return PrepareStats{}, c.failed("preparing", ErrReadOnly)
	}
	if c.unknown != nil {
		return PrepareStats{}, c.failed("preparing", c.unknown)
	}
	if err := c.beginPrepare(ctx); err != nil {
		return PrepareStats{}, c.failed("preparing", err)
	}
	defer func() { <-c.prepare }()
	for {
		stats, err := c.rebuild(ctx, o)
		if err == nil {
			stats.Elapsed = time.Since(started)
			return stats, nil
		}
		if !c.setAside(ctx, err) { // else a damaged index was to be begun with, and there is none any more
			return PrepareStats{}, c.failed("preparing", err)
		}
	}
}

// beginPrepare waits until no other Prepare runs, as long as the context lets it.
func (c *Collection) beginPrepare(ctx context.Context) error {
	select {
	case c.prepare <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// rebuild is Prepare once no other one runs.
func (c *Collection) rebuild(ctx context.Context, o prepareOptions) (PrepareStats, error) {
	// Close waits for whoever holds a snapshot, so the data file stays open while this one is held.
	s, err := c.acquire()
	if err != nil {
		return PrepareStats{}, err
	}
	defer s.release()
	if err := context.Cause(ctx); err != nil {
		return PrepareStats{}, err // where all is up to date, nothing else looks at it
	}
	if stats, ok := s.upToDate(); ok && !o.rebuild {
		return stats, c.publishAgain(ctx)
	}
	ctx, cancel := c.untilClosed(ctx)
	defer cancel()

	upto, err := c.beginBuild(ctx)
	if err != nil {
		return PrepareStats{}, err
	}
	defer c.endBuild()
	id := uuid.New()
	job, err := c.job(id, upto, o)
	job.Warm, job.Before = s.warm(o), s.before(o)
	if err != nil {
		return PrepareStats{}, err
	}
	out, err := compaction.Rewrite(ctx, job)
	if err != nil {
		return PrepareStats{}, cmp.Or(context.Cause(ctx), err) // that the store was closed says more than "canceled"
	}
	if err := c.install(ctx, id, upto, out); err != nil {
		return PrepareStats{}, err
	}
	return PrepareStats{
		Items:        out.Rows,
		Reused:       out.Reused,
		SegmentBytes: out.Size,
		SHA256:       out.SHA256.String(),
		Exact:        out.Build.Exact,
		Rounds:       len(out.Build.Updates),
		Distances:    out.Build.Distances,
		Codes:        out.Codes,
		Dials:        out.Dials,
		Search:       out.Search,
		Phases:       append(out.Build.Phases, out.Search.Phases...),
	}, nil
}

// warm gives the lists of the index that there is to the one that is to be. They are not worth it where the caller wants an
// index that depends on nothing but the items.
func (s *snapshot) warm(o prepareOptions) *compaction.Warm {
	if o.rebuild || o.initial != nil || len(s.segments) != 1 {
		return nil
	}
	seg := s.segments[0]
	k := seg.Params().Neighbors
	if k == 0 || !seg.Rewritable() {
		return nil
	}
	return &compaction.Warm{
		Graph:   &nnd.NeighborGraph{K: k, Rows: seg.NeighborRows(), Distances: seg.NeighborDistances()},
		LastSeq: seg.record.LastSeq,
		Find:    seg.find,
		Guard:   seg.guard,
	}
}

// before is what the index that there is says of its making, nothing where the caller wants one that does not depend on it.
func (s *snapshot) before(o prepareOptions) compaction.Stats {
	if o.rebuild || len(s.segments) != 1 {
		return compaction.Stats{}
	}
	return s.segments[0].info().Build
}

// upToDate reports whether the index holds exactly what is stored, in one segment.
func (s *snapshot) upToDate() (PrepareStats, bool) {
	if s.pending.live() > 0 || len(s.segments) > 1 {
		return PrepareStats{}, false
	}
	if len(s.segments) == 0 {
		return PrepareStats{UpToDate: true}, true
	}
	seg := s.segments[0]
	return PrepareStats{
		UpToDate:     true,
		Items:        seg.Rows(),
		SegmentBytes: seg.record.Size,
		SHA256:       seg.record.SHA256.String(),
	}, s.dead[0] == nil
}

// untilClosed ends a context when the writer stops.
func (c *Collection) untilClosed(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-c.writer.stop:
			cancel(ErrClosed)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}

// beginBuild has the writer remember the rows that die from now on, and gives
// the last row that the build may take.
func (c *Collection) beginBuild(ctx context.Context) (upto uint64, err error) {
	err = c.writer.submit(ctx, &request{solo: func(w *writer) error {
		err := c.data.View(func(v *storage.View) error {
			upto = v.LastSeq()
			return nil
		})
		w.build = &build{upto: upto}
		return err
	}})
	return upto, err
}

// endBuild has the writer forget. Only a writer that stopped does not, and it has nothing to forget for.
func (c *Collection) endBuild() {
	_ = c.writer.submit(context.Background(), &request{solo: func(w *writer) error {
		w.build = nil
		return nil
	}})
}

func (c *Collection) job(id uuid.UUID, upto uint64, o prepareOptions) (compaction.Job, error) {
	index, err := json.Marshal(c.schema.Index)
	if err != nil {
		return compaction.Job{}, fmt.Errorf("encoding index parameters: %w", err)
	}
	params, err := c.schema.paramsDigest()
	if err != nil {
		return compaction.Job{}, fmt.Errorf("encoding the metric's parameters: %w", err)
	}
	options := c.schema.Index.options(c.codec)
	options.Threads = o.threads
	return compaction.Job{
		Data:         c.data,
		Upto:         upto,
		Codec:        c.codec,
		Codes:        c.schema.Codec,
		Metric:       c.schema.Metric,
		MetricParams: params,
		Index:        options,
		IndexJSON:    index,
		SearchOnly:   c.schema.Index.SearchOnly,
		Init:         o.initial.lists(),
		Path:         c.dir.Building(id),
		Spool:        c.dir.Spool(id),
		Progress:     func(stage string, done, total int) { o.progress(Progress{Stage: stage, Done: done, Total: total}) },
	}, nil
}

// install has the writer commit a segment that lies finished in tmp/.
func (c *Collection) install(ctx context.Context, id uuid.UUID, upto uint64, out *compaction.Output) error {
	record := storage.SegmentRecord{UUID: id, Size: out.Size, SHA256: out.SHA256, Rows: out.Rows, LastSeq: upto}
	err := c.writer.submit(ctx, &request{solo: func(w *writer) error { return w.install(record, out) }})
	if err == nil || errors.Is(err, errUnpublished) || errors.Is(err, ErrPoisoned) {
		return err // committed, or nobody knows: nothing is deleted
	}
	return errors.Join(err, removeIfThere(c.dir.Building(id)))
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("removing %s: %w", path, err)
	}
	return nil
}
