package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/internal/dataset"
	"github.com/vicinaldb/store/nnd"
)

// graphStep is the step of a bench of the neighbor graph alone.
type graphStep struct {
	Step         string  `json:"step"`
	Rows         int     `json:"rows"`
	Neighbors    int     `json:"neighbors"`
	Seconds      float64 `json:"seconds"`
	CPUSeconds   float64 `json:"cpu_seconds"`
	PeakRSSBytes int64   `json:"peak_rss_bytes"`
	Distances    int64   `json:"distances"`
	Sample       int     `json:"sample"`
	Recall       float64 `json:"recall"`
}

func (s graphStep) text() string {
	return fmt.Sprintf("%-8s %d rows, %d neighbors, %s, %s of CPU, %s of memory at the peak, recall %.5f of %d rows", s.Step, s.Rows, s.Neighbors,
		secondsText(s.Seconds), secondsText(s.CPUSeconds), bytesText(s.PeakRSSBytes), s.Recall, s.Sample)
}

// graph builds the neighbor graph of the base in memory, without a store and without what searches need, and compares the lists of
// a sample of rows with the true ones.
func (b *bench) graph(ctx context.Context) error {
	items, err := readItems(func() (*dataset.Reader, error) { return b.vectorFlags.open(b.Base) }, 0)
	if err != nil {
		return err
	}
	vectors := make([]codec.Vector, len(items))
	for i, item := range items {
		vectors[i] = vectorOf(item)
	}
	debug.FreeOSMemory()
	resetPeak()
	bar := b.out.progress()
	options := b.graphOptions()
	options.Progress = func(p nnd.Progress) { bar.show(p.Stage, int64(p.Done), int64(p.Total)) }
	start, cpu := time.Now(), cpuTime()
	index, err := nnd.NewIndex(ctx, vectors, b.codec, options)
	bar.end()
	if err != nil {
		return err
	}
	step := graphStep{
		Step: "graph", Rows: index.Len(),
		Seconds: time.Since(start).Seconds(), CPUSeconds: (cpuTime() - cpu).Seconds(), PeakRSSBytes: peakMemory(),
		Distances: index.Stats().Build.Distances,
	}
	if step.Recall, step.Sample, step.Neighbors, err = b.judgeGraph(ctx, index); err != nil {
		return err
	}
	return b.report.step(step)
}

// graphOptions are the dials of the neighbor graph.
func (b *bench) graphOptions() nnd.Options {
	return nnd.Options{
		Neighbors: b.Neighbors, Trees: b.Trees, LeafSize: b.LeafSize, MaxTreeDepth: b.MaxTreeDepth, RandomInit: b.RandomInit,
		MaxCandidates: b.MaxCandidates, Iterations: b.Iterations, Delta: b.Delta, Seed: b.Seed,
	}
}

// judgeGraph returns the recall of the lists of evenly spread rows: the share of the nearest others but one, since peers that count a
// row among its own neighbors have room for no more. Others at the distance of the last true one count.
func (b *bench) judgeGraph(ctx context.Context, index *nnd.Index[codec.Vector]) (recall float64, sample, neighbors int, err error) {
	graph := index.NeighborGraph()
	n, wanted := graph.Len(), min(graph.K, graph.Len())-1
	sample = min(b.GraphSample, n)
	if wanted < 1 || sample < 1 {
		return 0, sample, graph.K, fmt.Errorf("a graph of %d rows of %d neighbors cannot be judged", n, graph.K)
	}
	hits, errs := make([]int, sample), make([]error, sample)
	work := make(chan int)
	var running sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		running.Go(func() {
			for i := range work {
				hits[i], errs[i] = graphHits(ctx, index, graph, uint32(i*n/sample), wanted)
			}
		})
	}
	for i := range sample {
		work <- i
	}
	close(work)
	running.Wait()
	total := 0
	for i := range hits {
		if errs[i] != nil {
			return 0, sample, graph.K, errs[i]
		}
		total += hits[i]
	}
	return float64(total) / float64(sample*wanted), sample, graph.K, nil
}

// graphHits counts those in the list of a row that are as near as the last of its true neighbors.
func graphHits(ctx context.Context, index *nnd.Index[codec.Vector], graph *nnd.NeighborGraph, row uint32, wanted int) (int, error) {
	truth, err := index.Query(ctx, index.Vector(row), wanted+1, nnd.QueryOptions{Exact: true})
	if err != nil {
		return 0, err
	}
	truth = slices.DeleteFunc(truth, func(c nnd.Candidate) bool { return c.Row == row })
	bound := truth[min(wanted, len(truth))-1].Distance
	_, distances := graph.Neighbors(row)
	hits := 0
	for _, d := range distances[:min(wanted, len(distances))] {
		if d <= bound || asFar(d, bound) {
			hits++
		}
	}
	return hits, nil
}
