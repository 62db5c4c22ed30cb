package main

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/vicinaldb/store"
)

// coldQueries is how many queries after opening are measured.
const coldQueries = 1000

// cold measures the first queries after opening, with nothing of the store in memory: as they come, and after Warm.
func (b *bench) cold(ctx context.Context, queries []store.Item) error {
	queries = queries[:min(coldQueries, len(queries))]
	for _, warmed := range []bool{false, true} {
		if err := b.forget(); err != nil {
			return err
		}
		step, err := b.first(ctx, queries, warmed)
		if err != nil {
			return err
		}
		if err := b.report.step(step); err != nil {
			return err
		}
	}
	return nil
}

// forget has the system drop what it holds of the store's files in memory.
func (b *bench) forget() error {
	return filepath.WalkDir(b.dir.store(), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		return dropFromMemory(path)
	})
}

// first opens the store and queries.
func (b *bench) first(ctx context.Context, queries []store.Item, warmed bool) (step coldStep, err error) {
	s, c, _, err := b.open(ctx)
	if err != nil {
		return step, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	step = coldStep{Step: "cold", Warmed: warmed, Queries: len(queries)}
	if warmed {
		start := time.Now()
		if err := c.Warm(ctx, nil); err != nil {
			return step, err
		}
		step.WarmSeconds = time.Since(start).Seconds()
	}
	l := load{collection: c, queries: queries, k: b.K, epsilon: b.Epsilon[0], patience: b.Patience, threads: b.Threads[0], fastest: fastest{}}
	m, err := l.runEach(ctx)
	if err != nil {
		return step, err
	}
	step.Seconds, step.FirstMicros = m.elapsed.Seconds(), micros(m.latencies[0])
	pass := m.step(&l, 0)
	step.P50Micros, step.P99Micros = pass.P50Micros, pass.P99Micros
	return step, nil
}
