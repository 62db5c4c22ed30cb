package nnd_test

import (
	"fmt"
	"testing"

	"github.com/vicinaldb/store/nnd"
)

func BenchmarkBuild(b *testing.B) {
	for _, n := range []int{1000, 5000, 20000} {
		b.Run(fmt.Sprintf("rows=%d", n), func(b *testing.B) {
			points := mixture(n, 16, n/50, 0.1, 1)
			b.ReportAllocs()
			var distances int64
			for b.Loop() {
				g, err := nnd.Build(b.Context(), points, nnd.Options{Neighbors: 15})
				if err != nil {
					b.Fatal(err)
				}
				distances = g.Stats.Distances
			}
			b.ReportMetric(float64(distances)/float64(n), "distances/row")
		})
	}
}

func BenchmarkSearch(b *testing.B) {
	base := build(b, mixture(20000, 16, 400, 0.1, 1), nnd.Options{Neighbors: 15})
	queries := mixture(500, 16, 400, 0.1, 1)
	for _, epsilon := range []float32{0, 0.1, 0.2} {
		b.Run(fmt.Sprintf("epsilon=%v", epsilon), func(b *testing.B) {
			found, all, distances, searches := 0, 0, 0, 0
			for _, vector := range queries {
				truth := nearest(base.points, vector, 10, anyRow)
				found += hits(base.search(b, vector, 10, epsilon, nil), truth)
				all += len(truth)
			}
			var dst []nnd.Candidate
			scorer := &query{points: base.points}
			b.ReportAllocs()
			for b.Loop() {
				scorer.vector = queries[searches%len(queries)]
				q := nnd.Query{Scorer: scorer, K: 10, Epsilon: epsilon, Stretch: stretch}
				var stats nnd.SearchStats
				var err error
				if dst, stats, err = base.graph.Search(background, q, dst[:0]); err != nil {
					b.Fatal(err)
				}
				distances += stats.Distances
				searches++
			}
			b.ReportMetric(float64(distances)/float64(searches), "distances/op")
			b.ReportMetric(float64(found)/float64(all), "recall")
		})
	}
}
