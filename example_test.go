package store_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/vicinaldb/store"
)

// A store is a directory; a collection holds items; Prepare builds the index.
func Example() {
	dir, err := os.MkdirTemp("", "example-*.vicinal")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()

	s, err := store.Open(dir)
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	colors, err := s.Create(ctx, "colors", store.Schema{Dim: 3})
	if err != nil {
		log.Fatal(err)
	}
	_, err = colors.Upsert(ctx,
		store.Item{ID: "red", Vector: []float32{255, 0, 0}, Metadata: store.Metadata{"warm": true}},
		store.Item{ID: "orange", Vector: []float32{255, 165, 0}, Metadata: store.Metadata{"warm": true}},
		store.Item{ID: "blue", Vector: []float32{0, 0, 255}, Metadata: store.Metadata{"warm": false}},
	)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := colors.Prepare(ctx); err != nil {
		log.Fatal(err)
	}
	results, err := colors.Query(ctx, []float32{250, 60, 0}, 2, store.WithMetadata())
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range results {
		fmt.Printf("%s %.1f warm=%v\n", r.ID, r.Distance, r.Metadata["warm"])
	}
	// Output:
	// red 60.2 warm=true
	// orange 105.1 warm=true
}

// collection is what the examples below begin with.
func collection() (c *store.Collection, done func()) {
	dir, err := os.MkdirTemp("", "example-*.vicinal")
	if err != nil {
		log.Fatal(err)
	}
	s, err := store.Open(dir)
	if err != nil {
		log.Fatal(err)
	}
	c, err = s.Create(context.Background(), "points", store.Schema{Dim: 2})
	if err != nil {
		log.Fatal(err)
	}
	for x := range 5 {
		if _, err := c.Upsert(context.Background(), store.Item{ID: fmt.Sprint("p", x), Vector: []float32{float32(x * x), 0}}); err != nil {
			log.Fatal(err)
		}
	}
	return c, func() {
		s.Close()
		os.RemoveAll(dir)
	}
}

// What is like a stored item?
func ExampleCollection_QueryID() {
	c, done := collection()
	defer done()
	results, err := c.QueryID(context.Background(), "p1", 2)
	fmt.Println(results[0].ID, results[1].ID, err)
	// Output: p0 p2 <nil>
}

// A query looks far for the sake of recall, and gives up where that brings nothing.
func ExamplePatience() {
	c, done := collection()
	defer done()
	results, err := c.Query(context.Background(), []float32{8, 0}, 2, store.Epsilon(0.3), store.Patience(75))
	fmt.Println(results[0].ID, results[1].ID, err)
	// Output: p3 p2 <nil>
}

// Many queries at once use all cores.
func ExampleCollection_QueryBatch() {
	c, done := collection()
	defer done()
	results, err := c.QueryBatch(context.Background(), [][]float32{{0, 0}, {15, 0}}, 1)
	fmt.Println(results[0][0].ID, results[1][0].ID, err)
	// Output: p0 p4 <nil>
}

// Upserting an id again replaces the item; deleting it is seen at once.
func ExampleCollection_Delete() {
	c, done := collection()
	defer done()
	n, err := c.Delete(context.Background(), "p0", "nobody")
	fmt.Println(n, c.Len(), err)
	// Output: 1 4 <nil>
}

// All walks every item.
func ExampleCollection_All() {
	c, done := collection()
	defer done()
	for item, err := range c.All(context.Background()) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Print(item.ID, item.Vector, " ")
	}
	// Output: p0[0 0] p1[1 0] p2[4 0] p3[9 0] p4[16 0]
}

// Prepare tells how far it is, and what it did.
func ExampleCollection_Prepare() {
	c, done := collection()
	defer done()
	stages := 0
	stats, err := c.Prepare(context.Background(), store.WithProgress(func(store.Progress) { stages++ }))
	fmt.Println(stats.Items, stats.Exact, stages > 0, err)
	// Output: 5 true true <nil>
}

// A service reads its index into memory before it takes the first request.
func ExampleCollection_Warm() {
	c, done := collection()
	defer done()
	if _, err := c.Prepare(context.Background()); err != nil {
		log.Fatal(err)
	}
	var progress store.Progress
	err := c.Warm(context.Background(), func(p store.Progress) { progress = p })
	fmt.Println(progress.Stage, progress.Done == progress.Total, err)
	// Output: reading the index true <nil>
}

// The neighbor graph has the nearest items of every item.
func ExampleCollection_NeighborGraph() {
	c, done := collection()
	defer done()
	if _, err := c.Prepare(context.Background()); err != nil {
		log.Fatal(err)
	}
	for list, err := range c.NeighborGraph(context.Background()) {
		if err != nil {
			log.Fatal(err)
		}
		if list.ID == "p2" {
			fmt.Println(list.Neighbors)
		}
	}
	// Output: [{p1 3} {p0 4} {p3 5} {p4 12}]
}

// Readers beside a writer, in this process or any other, see what was published last.
func ExampleReadOnly() {
	dir, err := os.MkdirTemp("", "example-*.vicinal")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	writer, err := store.Open(dir)
	if err != nil {
		log.Fatal(err)
	}
	defer writer.Close()
	c, err := writer.Create(ctx, "points", store.Schema{Dim: 1})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := c.Upsert(ctx, store.Item{ID: "indexed", Vector: []float32{1}}); err != nil {
		log.Fatal(err)
	}
	if _, err := c.Prepare(ctx); err != nil {
		log.Fatal(err)
	}
	if _, err := c.Upsert(ctx, store.Item{ID: "pending", Vector: []float32{2}}); err != nil {
		log.Fatal(err)
	}

	reader, err := store.Open(dir, store.ReadOnly())
	if err != nil {
		log.Fatal(err)
	}
	defer reader.Close()
	r, err := reader.Collection(ctx, "points")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(c.Len(), r.Len())
	// Output: 2 1
}
