package main

import (
	"context"
	"errors"
	"io"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/vicinaldb/store"
)

// build stores the base and prepares.
func (b *bench) build(ctx context.Context) (err error) {
	s, err := store.Open(b.dir.store())
	if err != nil {
		return err
	}
	if err := b.fill(ctx, s); err != nil {
		return errors.Join(err, s.Close())
	}
	if err := s.Close(); err != nil {
		return err
	}
	return b.dir.finish()
}

func (b *bench) fill(ctx context.Context, s *store.Store) error {
	c, err := s.Create(ctx, benchCollection, store.Schema{
		Dim: b.codec.Dim(), Kind: b.codec.Kind(), Metric: b.codec.Metric(), Params: b.codec.Params(), Codec: b.Codec, Index: b.dir.input.Index,
	})
	if err != nil {
		return err
	}
	stored, err := b.upsert(ctx, c)
	if err != nil {
		return err
	}
	if err := b.report.step(stored); err != nil {
		return err
	}
	prepared, err := b.prepare(ctx, c)
	if err != nil {
		return err
	}
	return b.report.step(prepared)
}

// upsert stores the base in batches, and counts the time within Upsert alone.
func (b *bench) upsert(ctx context.Context, c *store.Collection) (step upsertStep, err error) {
	const batch = 1000
	step.Step = "upsert"
	file, err := b.vectorFlags.open(b.Base)
	if err != nil {
		return step, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	bar := b.out.progress()
	defer bar.end()
	items := make([]store.Item, 0, batch)
	for {
		row, reading := file.Next()
		if reading != nil && !errors.Is(reading, io.EOF) {
			return step, reading
		}
		if reading == nil {
			item := itemOf(row)
			item.ID = strconv.Itoa(step.Rows + len(items))
			items = append(items, item)
		}
		if len(items) == batch || reading != nil && len(items) > 0 {
			if err := step.upsert(ctx, c, items); err != nil {
				return step, err
			}
			items = items[:0]
			bar.show("storing", int64(step.Rows), file.Len())
		}
		if reading != nil {
			return step, nil
		}
	}
}

// upsert stores one batch and adds it to the step.
func (step *upsertStep) upsert(ctx context.Context, c *store.Collection, items []store.Item) error {
	start, cpu := time.Now(), cpuTime()
	if _, err := c.Upsert(ctx, items...); err != nil {
		return err
	}
	step.Seconds += time.Since(start).Seconds()
	step.CPUSeconds += (cpuTime() - cpu).Seconds()
	step.Rows += len(items)
	return nil
}

// prepare builds the index. The memory that storing has left behind is returned
// first, so that the peak is that of building.
func (b *bench) prepare(ctx context.Context, c *store.Collection) (prepareStep, error) {
	bar := b.out.progress()
	debug.FreeOSMemory()
	resetPeak()
	start, cpu := time.Now(), cpuTime()
	stats, err := c.Prepare(ctx, store.WithProgress(bar.prepare), store.Threads(b.BuildThreads))
	bar.end()
	if err != nil {
		return prepareStep{}, err
	}
	return prepareStep{
		Step:         "prepare",
		Seconds:      time.Since(start).Seconds(),
		CPUSeconds:   (cpuTime() - cpu).Seconds(),
		PeakRSSBytes: peakMemory(),
		SegmentBytes: stats.SegmentBytes,
	}, nil
}
