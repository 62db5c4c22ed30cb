package store_test

import (
	"context"
	"fmt"
	"log"
	"maps"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/vicinaldb/store"
	"github.com/vicinaldb/store/internal/fashionmnist"
	"github.com/vicinaldb/store/metric"
)

// newCollection is what the examples below begin with.
func newCollection(schema store.Schema) (c *store.Collection, done func()) {
	dir, err := os.MkdirTemp("", "example-*.vicinal")
	if err != nil {
		log.Fatal(err)
	}
	s, err := store.Open(dir)
	if err != nil {
		log.Fatal(err)
	}
	if c, err = s.Create(context.Background(), "c", schema); err != nil {
		log.Fatal(err)
	}
	return c, func() {
		if err := s.Close(); err != nil {
			log.Fatal(err)
		}
		os.RemoveAll(dir)
	}
}

// A classifier asks what the nearest items are: 9,000 images of clothes with their labels tell what is on 1,000 others. The
// true label of most of the five nearest is right for four of five.
func Example_classifier() {
	ctx := context.Background()
	clothes, done := newCollection(store.Schema{Dim: fashionmnist.Dim})
	defer done()
	images, err := fashionmnist.Images()
	if err != nil {
		log.Fatal(err)
	}
	labels, err := fashionmnist.Labels()
	if err != nil {
		log.Fatal(err)
	}
	const known = 9000
	items := make([]store.Item, known)
	for i := range items {
		items[i] = store.Item{Vector: fashionmnist.Vector(images[i]), Metadata: store.Metadata{"label": int64(labels[i])}}
	}
	if _, err := clothes.Upsert(ctx, items...); err != nil {
		log.Fatal(err)
	}
	if _, err := clothes.Prepare(ctx); err != nil {
		log.Fatal(err)
	}

	var unknown [][]float32
	for _, image := range images[known:] {
		unknown = append(unknown, fashionmnist.Vector(image))
	}
	answers, err := clothes.QueryBatch(ctx, unknown, 5, store.WithMetadata())
	if err != nil {
		log.Fatal(err)
	}
	right := 0
	for i, nearest := range answers {
		var votes [10]int
		best := int64(0)
		for _, r := range nearest {
			label := r.Metadata["label"].(int64)
			if votes[label]++; votes[label] > votes[best] {
				best = label
			}
		}
		if best == int64(labels[known+i]) {
			right++
		}
	}
	fmt.Printf("accuracy %.2f\n", float64(right)/float64(len(unknown)))
	// Output:
	// accuracy 0.81
}

// Texts are sparse vectors: one feature a word, the number of the word's occurrences as its value.
func ExampleCollection_QuerySparse() {
	ctx := context.Background()
	texts, done := newCollection(store.Schema{Dim: 1 << 20, Kind: store.Sparse, Metric: "cosine"})
	defer done()
	for _, text := range []string{
		"a graph of near neighbors",
		"neighbors of neighbors are near",
		"songs for a rainy night",
	} {
		if _, err := texts.Upsert(ctx, store.Item{ID: text, Sparse: countWords(text)}); err != nil {
			log.Fatal(err)
		}
	}
	results, err := texts.QuerySparse(ctx, countWords("near neighbors"), 2)
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range results {
		fmt.Printf("%.2f %s\n", r.Distance, r.ID)
	}
	// Output:
	// 0.20 neighbors of neighbors are near
	// 0.37 a graph of near neighbors
}

// countWords hashes words to features.
func countWords(text string) (v store.SparseVector) {
	counts := map[uint32]float32{}
	for _, word := range strings.Fields(text) {
		hash := uint32(0)
		for _, letter := range word {
			hash = hash*31 + uint32(letter)
		}
		counts[hash%(1<<20)]++
	}
	for _, feature := range slices.Sorted(maps.Keys(counts)) {
		v.Indices, v.Values = append(v.Indices, feature), append(v.Values, counts[feature])
	}
	return v
}

// Fingerprints are packed bits.
func ExampleCollection_QueryBits() {
	ctx := context.Background()
	prints, done := newCollection(store.Schema{Dim: 16, Kind: store.Bits, Metric: "bit_jaccard"})
	defer done()
	_, err := prints.Upsert(ctx,
		store.Item{ID: "a", Bits: []uint64{0b0000_0000_1111_0000}},
		store.Item{ID: "b", Bits: []uint64{0b0000_0000_1111_1100}},
		store.Item{ID: "c", Bits: []uint64{0b1111_0000_0000_0000}},
	)
	if err != nil {
		log.Fatal(err)
	}
	results, err := prints.QueryBits(ctx, []uint64{0b0000_0000_1111_1000}, 3)
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range results {
		fmt.Printf("%s %.3f\n", r.ID, r.Distance)
	}
	// Output:
	// b 0.167
	// a 0.200
	// c 1.000
}

// A program's own metric is registered before a collection with it is created or opened: here the distance between times of
// day, in hours, for which 23:00 and 1:00 are near.
func Example_customMetric() {
	clock, err := metric.New(metric.Definition{
		Name: "clock",
		Fast: func(x, y []float32) float32 {
			apart := float32(math.Abs(float64(x[0] - y[0])))
			return min(apart, 24-apart)
		},
		Dim: 1,
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := metric.Register(clock); err != nil {
		log.Fatal(err)
	}

	ctx := context.Background()
	departures, done := newCollection(store.Schema{Dim: 1, Metric: "clock"})
	defer done()
	_, err = departures.Upsert(ctx,
		store.Item{ID: "night train", Vector: []float32{23.5}},
		store.Item{ID: "ferry", Vector: []float32{4}},
		store.Item{ID: "bus", Vector: []float32{20}},
	)
	if err != nil {
		log.Fatal(err)
	}
	results, err := departures.Query(ctx, []float32{1}, 2)
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range results {
		fmt.Printf("%s: %.1f hours\n", r.ID, r.Distance)
	}
	// Output:
	// night train: 1.5 hours
	// ferry: 3.0 hours
}

// An expensive distance is searched through a cheap one, its proxy, and the candidates are ranked by the distance itself.
func Example_proxy() {
	ctx := context.Background()
	spectra, done := newCollection(store.Schema{
		Dim:    3,
		Metric: "jensen-shannon",
		Params: metric.Params{Proxy: "hellinger"},
	})
	defer done()
	_, err := spectra.Upsert(ctx,
		store.Item{ID: "low", Vector: []float32{7, 2, 1}},
		store.Item{ID: "flat", Vector: []float32{1, 1, 1}},
		store.Item{ID: "high", Vector: []float32{1, 2, 7}},
	)
	if err != nil {
		log.Fatal(err)
	}
	results, err := spectra.Query(ctx, []float32{5, 3, 2}, 2, store.Oversample(8))
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range results {
		fmt.Printf("%s %.4f\n", r.ID, r.Distance)
	}
	// Output:
	// flat 0.0173
	// low 0.0219
}
