package nnd_test

import (
	"context"
	"fmt"

	"github.com/vicinaldb/store/nnd"
)

// numbers are points on a line. Their distance is the difference.
type numbers []float32

func (p numbers) Len() int { return len(p) }

func (p numbers) Distances(dst []float32, row uint32, rows []uint32) {
	for i, other := range rows {
		dst[i] = max(p[row]-p[other], p[other]-p[row])
	}
}

// numberQuery asks for the points near a number.
type numberQuery struct {
	points numbers
	number float32
}

func (q numberQuery) Score(dst []float32, rows []uint32) {
	for i, row := range rows {
		dst[i] = max(q.number-q.points[row], q.points[row]-q.number)
	}
}

// The neighbor graph is of use by itself: for layouts, clusterings, the search for duplicates.
func ExampleBuild() {
	points := numbers{3, 14, 15, 92, 65, 35, 89, 79}
	graph, err := nnd.Build(context.Background(), points, nnd.Options{Neighbors: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	for row := range uint32(3) {
		neighbors, distances := graph.Neighbors(row)
		for i, neighbor := range neighbors {
			fmt.Printf("%v: %v at %v\n", points[row], points[neighbor], distances[i])
		}
	}
	// Output:
	// 3: 14 at 11
	// 3: 15 at 12
	// 14: 15 at 1
	// 14: 3 at 11
	// 15: 14 at 1
	// 15: 3 at 12
}

// To search, points are numbered so that near ones are together, and the neighbor graph becomes a search graph.
func ExampleSearchGraph_Search() {
	ctx := context.Background()
	unordered := make(numbers, 10000)
	for i := range unordered {
		unordered[i] = float32(i * 7919 % 10000)
	}
	options := nnd.Options{Neighbors: 10}
	order, err := nnd.Order(ctx, unordered, options)
	if err != nil {
		fmt.Println(err)
		return
	}
	points := make(numbers, len(order))
	for row, old := range order {
		points[row] = unordered[old]
	}
	options.Ordered = true
	neighbors, err := nnd.Build(ctx, points, options)
	if err != nil {
		fmt.Println(err)
		return
	}
	graph, err := nnd.NewSearchGraph(ctx, points, neighbors, options)
	if err != nil {
		fmt.Println(err)
		return
	}

	query := nnd.Query{Scorer: numberQuery{points, 4711.25}, K: 3, Epsilon: 0.1}
	found, _, err := graph.Search(ctx, query, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, candidate := range found {
		fmt.Println(points[candidate.Row], candidate.Distance)
	}
	// Output:
	// 4711 0.25
	// 4712 0.75
	// 4710 1.25
}

// When points come and go, the graph is renumbered and updated instead of built again.
func ExampleUpdate() {
	ctx := context.Background()
	options := nnd.Options{Neighbors: 2}
	points := numbers{3, 14, 15, 92, 65, 35, 89, 79}
	graph, err := nnd.Build(ctx, points, options)
	if err != nil {
		fmt.Println(err)
		return
	}

	// 14 goes, the others move up, and 32 comes.
	points = numbers{3, 15, 92, 65, 35, 89, 79, 32}
	old, err := graph.Renumber([]uint32{0, nnd.NoRow, 1, 2, 3, 4, 5, 6}, len(points))
	if err != nil {
		fmt.Println(err)
		return
	}
	graph, err = nnd.Update(ctx, points, old, []uint32{7}, options)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, row := range []uint32{1, 7} {
		neighbors, distances := graph.Neighbors(row)
		for i, neighbor := range neighbors {
			fmt.Printf("%v: %v at %v\n", points[row], points[neighbor], distances[i])
		}
	}
	// Output:
	// 15: 3 at 12
	// 15: 32 at 17
	// 32: 35 at 3
	// 32: 15 at 17
}

// Layouts and clusterings take a graph as a sparse matrix, often as one that is symmetric and connected.
func ExampleNeighborGraph_CSR() {
	ctx := context.Background()
	points := numbers{1, 2, 4, 40, 41, 43}
	graph, err := nnd.Build(ctx, points, nnd.Options{Neighbors: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	csr := graph.CSR(false, nil)
	of, count := csr.Components()
	fmt.Println(count, "components:", of)

	joined, err := nnd.Join(ctx, points, csr, nil, nnd.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(joined.Offsets)
	fmt.Println(joined.Rows)
	fmt.Println(joined.Distances)
	// Output:
	// 2 components: [0 0 0 1 1 1]
	// [0 1 3 5 7 9 10]
	// [1 0 2 1 3 2 4 3 5 4]
	// [1 1 2 2 36 36 1 1 2 2]
}

// With a radius a search gives what is near enough, however much that is.
func ExampleScan() {
	points := numbers{3, 14, 15, 92, 65, 35, 89, 79}
	scan := nnd.Scan{Scorer: numberQuery{points, 85}, N: len(points), K: len(points), Bounded: true, Radius: 7}
	found, _, err := scan.Run(context.Background(), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, candidate := range found {
		fmt.Println(points[candidate.Row], candidate.Distance)
	}
	// Output:
	// 89 4
	// 79 6
	// 92 7
}
