// Command quickstart takes 10,000 images of clothes the whole way: it stores them with their labels, builds the
// index, closes the store, opens it again, finds each image's nearest others, compares them with the exact answer and
// draws some of them.
//
//	go run ./examples/quickstart
//
// The images are the Fashion-MNIST test set, which ships with Vicinal. An image's vector is simply its 784 pixels.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/vicinaldb/store"
	"github.com/vicinaldb/store/internal/fashionmnist"
)

// neighbors is how many other images are asked for.
const neighbors = 10

func main() {
	dir := flag.String("dir", "", "keep the store in this directory (default: a temporary one, removed at the end)")
	sheet := flag.String("sheet", "quickstart.png", "draw the contact sheet into this file")
	flag.Parse()
	if err := run(context.Background(), *dir, *sheet); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dir, sheet string) (err error) {
	if dir == "" {
		temp, err := os.MkdirTemp("", "quickstart")
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
		dir = filepath.Join(temp, "clothes.vicinal")
	}
	items, err := readItems()
	if err != nil {
		return err
	}
	if err := build(ctx, dir, items); err != nil {
		return fmt.Errorf("building: %w", err)
	}
	if err := ask(ctx, dir, items, sheet); err != nil {
		return fmt.Errorf("querying: %w", err)
	}
	return nil
}

// readItems makes an item of every image: pixels as the vector to search by, the label as metadata, and the image's
// own bytes as the payload that the store gives back.
func readItems() ([]store.Item, error) {
	images, err := fashionmnist.Images()
	if err != nil {
		return nil, err
	}
	labels, err := fashionmnist.Labels()
	if err != nil {
		return nil, err
	}
	items := make([]store.Item, len(images))
	for i, image := range images {
		items[i] = store.Item{
			ID:       strconv.Itoa(i),
			Vector:   fashionmnist.Vector(image),
			Metadata: store.Metadata{"label": fashionmnist.ClassName(labels[i])},
			Payload:  image,
		}
	}
	return items, nil
}

// build stores the items and indexes them. Once Upsert has returned, they survive any crash; Prepare only makes
// finding them fast.
func build(ctx context.Context, dir string, items []store.Item) (err error) {
	s, err := store.Open(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()

	clothes, err := s.Create(ctx, "clothes", store.Schema{Dim: fashionmnist.Dim, Metric: "euclidean"})
	if errors.Is(err, store.ErrExists) { // an earlier run with -dir; the same ids are stored over it
		clothes, err = s.Collection(ctx, "clothes")
	}
	if err != nil {
		return err
	}

	start := time.Now()
	if _, err := clothes.Upsert(ctx, items...); err != nil {
		return err
	}
	report("stored", start, "%d images with label and payload", clothes.Len())

	start = time.Now()
	if _, err := clothes.Prepare(ctx); err != nil {
		return err
	}
	report("prepared", start, "the index")
	return nil
}

// ask opens the store again and finds the nearest images of every tenth one.
func ask(ctx context.Context, dir string, items []store.Item, sheet string) (err error) {
	start := time.Now()
	s, err := store.Open(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	clothes, err := s.Collection(ctx, "clothes")
	if err != nil {
		return err
	}
	report("reopened", start, "ready to be queried")

	var asked []store.Item
	var vectors [][]float32
	for i := 0; i < len(items); i += 10 {
		asked = append(asked, items[i])
		vectors = append(vectors, items[i].Vector)
	}

	// An image's nearest is itself, so one more is asked for and itself left out.
	start = time.Now()
	found, err := clothes.QueryBatch(ctx, vectors, neighbors+1, store.WithMetadata(), store.WithPayload())
	if err != nil {
		return err
	}
	report("queried", start, "%d images, %.0f a second", len(asked), float64(len(asked))/time.Since(start).Seconds())

	start = time.Now()
	truth, err := clothes.QueryBatch(ctx, vectors, neighbors+1, store.Exact())
	if err != nil {
		return err
	}
	report("compared", start, "with the exact answer, by a scan of all")

	answers := make([]answer, len(asked))
	same, alike := 0, 0
	for i, query := range asked {
		answers[i] = answer{query, others(found[i], query.ID)}
		same += common(answers[i].nearest, others(truth[i], query.ID))
		for _, r := range answers[i].nearest {
			if r.Metadata["label"] == query.Metadata["label"] {
				alike++
			}
		}
	}
	total := float64(len(asked) * neighbors)
	fmt.Printf("recall      %.4f     of the true %d nearest were found\n", float64(same)/total, neighbors)
	fmt.Printf("labels      %.4f     of those found have the label of the image asked for\n", float64(alike)/total)

	if err := drawSheet(sheet, onePerLabel(answers)); err != nil {
		return err
	}
	fmt.Printf("drawn       %s\n", sheet)
	return nil
}

// answer is an image with its nearest others.
type answer struct {
	query   store.Item
	nearest []store.Result
}

// others drops the image itself, and the last one where twins of it have pushed it out.
func others(results []store.Result, id string) []store.Result {
	kept := make([]store.Result, 0, neighbors)
	for _, r := range results {
		if r.ID != id && len(kept) < neighbors {
			kept = append(kept, r)
		}
	}
	return kept
}

// common counts the ids that are in both.
func common(found, truth []store.Result) int {
	ids := make(map[string]bool, len(truth))
	for _, r := range truth {
		ids[r.ID] = true
	}
	n := 0
	for _, r := range found {
		if ids[r.ID] {
			n++
		}
	}
	return n
}

// onePerLabel picks the first answer of each label.
func onePerLabel(answers []answer) []answer {
	var picked []answer
	seen := make(map[any]bool)
	for _, a := range answers {
		if label := a.query.Metadata["label"]; !seen[label] {
			seen[label] = true
			picked = append(picked, a)
		}
	}
	return picked
}

// report prints what was done since start.
func report(what string, start time.Time, format string, args ...any) {
	fmt.Printf("%-10s %7.1f ms  %s\n", what, time.Since(start).Seconds()*1000, fmt.Sprintf(format, args...))
}
