package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/vicinaldb/store"
)

// recall returns the share of the true nearest --recall-at among the results,
// averaged over the queries.
func (b *bench) recall(ctx context.Context, l *load, truth [][]uint32, results [][]store.Result) (float64, error) {
	found := 0
	for i, answer := range results {
		n, err := b.found(ctx, l, i, truth[i][:b.RecallAt], answer)
		if err != nil {
			return 0, fmt.Errorf("judging query %d: %w", i, err)
		}
		found += n
	}
	return float64(found) / float64(len(results)*b.RecallAt), nil
}

// found counts the true neighbors in an answer. Which of several items at the
// very same distance are the true ones is an accident of numbering, so another
// item counts when it is exactly as far as the last true one. Both distances
// are computed here, from the stored vectors and by the metric's definition.
func (b *bench) found(ctx context.Context, l *load, query int, truth []uint32, answer []store.Result) (int, error) {
	n := 0
	var others []string
	for _, r := range answer {
		row, err := strconv.ParseUint(r.ID, 10, 32)
		if err != nil {
			return 0, fmt.Errorf("the id %s is no row number", printable(r.ID))
		}
		if slices.Contains(truth, uint32(row)) {
			n++
		} else {
			others = append(others, r.ID)
		}
	}
	if n == len(truth) {
		return n, nil
	}
	bound, err := b.distance(ctx, l, query, strconv.FormatUint(uint64(truth[len(truth)-1]), 10))
	if err != nil {
		return 0, err
	}
	for _, id := range others {
		d, err := b.distance(ctx, l, query, id)
		if err != nil {
			return 0, err
		}
		if d == bound && n < len(truth) {
			n++
		}
	}
	return n, nil
}

func (b *bench) distance(ctx context.Context, l *load, query int, id string) (float32, error) {
	item, err := l.collection.Get(ctx, id)
	if err != nil {
		return 0, err
	}
	return b.metric.Distance(l.queries[query], item.Vector), nil
}
