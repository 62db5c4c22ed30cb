package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vicinaldb/store"
	"github.com/vicinaldb/store/codec"
)

// check finds what is wrong with the flags and the files before hours are spent.
func (b *bench) check() (err error) {
	if b.RecallAt == 0 {
		b.RecallAt = b.K
	}
	extension := strings.ToLower(filepath.Ext(b.Plot))
	switch {
	case b.Queries == "" && !b.Graph:
		return errors.New("--queries is missing; only --graph does without")
	case b.K < 1:
		return fmt.Errorf("-k is %d, must be at least 1", b.K)
	case b.RecallAt < 1 || b.RecallAt > b.K:
		return fmt.Errorf("--recall-at is %d, must be 1 to %d, the k of the queries", b.RecallAt, b.K)
	case len(b.Threads) == 0 || slices.Min(b.Threads) < 1:
		return fmt.Errorf("--threads is %v, each must be at least 1", b.Threads)
	case !(b.Until >= 0 && b.Until <= 1):
		return fmt.Errorf("--until is %v, must be a recall", b.Until)
	case b.BuildThreads < 0:
		return fmt.Errorf("--build-threads is %d", b.BuildThreads)
	case b.Plot != "" && extension != ".svg" && extension != ".png":
		return fmt.Errorf("--plot %s: the name must end in .svg or .png", b.Plot)
	case len(b.Epsilon) == 0:
		return errors.New("--epsilon names no value")
	case slices.ContainsFunc(b.Epsilon, func(e float64) bool { return !(float32(e) > -1) || math.IsInf(float64(float32(e)), 0) }):
		return fmt.Errorf("--epsilon %v: each must be finite and above -1", b.Epsilon)
	}
	if b.Patience != nil && *b.Patience < 0 {
		return fmt.Errorf("--patience is %d, must not be negative", *b.Patience)
	}
	if b.QueriesLimit < 0 {
		return fmt.Errorf("--queries-limit is %d", b.QueriesLimit)
	}
	return b.checkFiles()
}

// checkFiles looks at the beginning of both files, makes the codec for what they hold, and checks the other files by what they tell.
func (b *bench) checkFiles() error {
	base, err := b.shapeOf(b.Base)
	if err != nil {
		return err
	}
	queries := shape{rows: -1}
	if b.Queries != "" {
		if queries, err = b.shapeOf(b.Queries); err != nil {
			return err
		}
		if base.kind != queries.kind || base.dim != queries.dim {
			return fmt.Errorf("%s holds %s vectors of %d dimensions, %s %s ones of %d", b.Base, base.kind, base.dim, b.Queries, queries.kind, queries.dim)
		}
	}
	params, err := b.metricParams()
	if err != nil {
		return err
	}
	if b.codec, err = codec.Lookup(base.kind, base.dim, b.Metric, params); err != nil {
		return fmt.Errorf("--metric: %w", err)
	}
	if b.Graph {
		return nil
	}
	if b.QueriesLimit > 0 && queries.rows >= 0 {
		queries.rows = min(queries.rows, b.QueriesLimit)
	}
	if err := b.checkCounts(queries.rows, base.rows); err != nil {
		return err
	}
	return b.checkPlot()
}

// checkCounts checks --recall-at and --truth as far as the numbers of queries and base vectors are known. It keeps nothing of the truth:
// what prepare takes of memory is measured.
func (b *bench) checkCounts(queries, rows int) error {
	if err := b.checkRecallAt(rows); err != nil || b.Truth == "" {
		return err
	}
	_, err := b.givenTruth(queries, rows)
	return err
}

// checkPlot makes sure that there is a directory to draw into.
func (b *bench) checkPlot() error {
	if b.Plot == "" {
		return nil
	}
	directory := filepath.Dir(b.Plot)
	info, err := os.Stat(directory)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is not a directory", directory)
	}
	if err != nil {
		return fmt.Errorf("--plot %s: %w", b.Plot, err)
	}
	return nil
}

// shape is what the beginning of a file tells of its vectors.
type shape struct {
	kind store.Kind
	dim  int
	rows int // -1 when only reading to the end will tell
}

func (b *bench) shapeOf(path string) (shape, error) {
	r, err := b.vectorFlags.open(path)
	if err != nil {
		return shape{}, err
	}
	if r.Dim() == 0 || r.Len() == 0 {
		err = fmt.Errorf("%s holds no vectors", path)
	}
	return shape{kindOf(r), r.Dim(), int(min(r.Len(), math.MaxInt))}, errors.Join(err, r.Close())
}
