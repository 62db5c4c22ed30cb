package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/vicinaldb/store"
	"github.com/vicinaldb/store/storage"
)

type verifyCommand struct {
	Store    string `arg:"" help:"Directory of the store."`
	ReadOnly bool   `help:"Check only what the writer published last, beside a program that has the store open."`
}

// errDamaged ends a verify that found something. What it found is printed by then.
var errDamaged = errors.New("the store is damaged")

// Run checks every collection, also after one that is damaged.
func (cmd *verifyCommand) Run(ctx context.Context, out *console) error {
	return withStore(cmd.Store, cmd.ReadOnly, func(s *store.Store) error {
		names, err := storage.Dir(cmd.Store).Collections()
		if err != nil {
			return err
		}
		damaged := false
		for _, name := range names {
			err := verify(ctx, s, name)
			if ctx.Err() != nil {
				return err
			}
			if err != nil {
				damaged = true
				out.printf("%s: %v\n", name, err)
				continue
			}
			out.printf("%s: ok\n", name)
		}
		if damaged {
			return fmt.Errorf("%s: %w", cmd.Store, errDamaged)
		}
		return nil
	})
}

func verify(ctx context.Context, s *store.Store, name string) error {
	c, err := s.Collection(ctx, name)
	if err != nil {
		return err
	}
	return c.Verify(ctx)
}
