package main

import (
	"context"
	"fmt"
	"math"
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
// item counts when it is as far as the last true one. Both distances are
// computed here, from the stored vectors.
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
		if asFar(d, bound) && n < len(truth) {
			n++
		}
	}
	return n, nil
}

// asFar says whether two distances in the fast form are equal. A truth that another program has computed may order those
// apart that differ by rounding alone.
func asFar(d, bound float32) bool {
	const rounding = 1e-5
	return math.Abs(float64(d)-float64(bound)) <= rounding*math.Abs(float64(bound))
}

// judged are the distances of items to queries, as far as they were computed. Passes with the same dials find the same items: to read
// their vectors again before the next would leave the processor's caches to these.
type judged map[judgedKey]float32

type judgedKey struct {
	query int
	id    string
}

// distance is that of an item to a query.
func (b *bench) distance(ctx context.Context, l *load, query int, id string) (distance float32, err error) {
	key := judgedKey{query, id}
	distance, known := b.judged[key]
	if known {
		return distance, nil
	}
	if distance, err = b.compute(ctx, l, query, id); err == nil {
		b.judged[key] = distance
	}
	return distance, err
}

func (b *bench) compute(ctx context.Context, l *load, query int, id string) (float32, error) {
	item, err := l.collection.Get(ctx, id)
	if err != nil {
		return 0, err
	}
	table, err := b.codec.NewTable(1)
	if err != nil {
		return 0, err
	}
	table.Append(vectorOf(item))
	scorer := table.Rows().Scorer()
	scorer.Prepare(vectorOf(l.queries[query]))
	var distance [1]float32
	scorer.Exact(distance[:], []uint32{0})
	return distance[0], nil
}
