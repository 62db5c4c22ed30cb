package main

import (
	"context"

	"github.com/vicinaldb/store"
)

type prepareCommand struct {
	existing
	Threads int  `help:"Cores to use (default: all). The result is the same." placeholder:"N"`
	Rebuild bool `help:"Build even when nothing has changed since the last time."`
}

// Run prepares.
func (cmd *prepareCommand) Run(ctx context.Context, out *console) error {
	options := []store.PrepareOption{store.Threads(cmd.Threads)}
	if cmd.Rebuild {
		options = append(options, store.Rebuild())
	}
	return cmd.use(ctx, false, out, func(c *store.Collection) error { return prepare(ctx, c, out, options...) })
}

// prepare builds the index of a collection and says how it went.
func prepare(ctx context.Context, c *store.Collection, out *console, options ...store.PrepareOption) error {
	bar := out.progress()
	stats, err := c.Prepare(ctx, append(options, store.WithProgress(bar.prepare))...)
	bar.end()
	if err != nil {
		return err
	}
	if stats.UpToDate {
		out.printf("the index of %s is up to date\n", c.Name())
		return nil
	}
	out.printf("prepared %d items of %s: %s, index %s\n", stats.Items, c.Name(), timeText(stats.Elapsed), bytesText(stats.SegmentBytes))
	return nil
}

// prepare shows how far a Prepare has come.
func (p *progress) prepare(at store.Progress) {
	p.show(at.Stage, int64(at.Done), int64(at.Total))
}
