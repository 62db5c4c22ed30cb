package main

import (
	"context"

	"github.com/vicinaldb/store"
)

type dropCommand struct {
	existing
}

// Run drops. The collection is not opened before, so that one that cannot be is got rid of as well.
func (cmd *dropCommand) Run(ctx context.Context, out *console) error {
	return withStore(cmd.Store, false, func(s *store.Store) error {
		if err := s.Drop(ctx, cmd.Collection); err != nil {
			return err
		}
		out.printf("dropped %s\n", cmd.Collection)
		return nil
	})
}
