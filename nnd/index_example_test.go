package nnd_test

import (
	"context"
	"fmt"
	"math"

	"github.com/vicinaldb/store/metric"
	"github.com/vicinaldb/store/nnd"
)

// cities are places of some cities, latitude and longitude in radians.
var cities = [][]float32{
	{0.9164, 0.2340},  // Berlin
	{0.8990, -0.0022}, // London
	{0.8527, 0.0411},  // Paris
	{0.8412, 0.2857},  // Vienna
	{0.7053, -0.0646}, // Madrid
	{0.7312, 0.2181},  // Rome
}

var cityNames = []string{"Berlin", "London", "Paris", "Vienna", "Madrid", "Rome"}

const earthRadius = 6371 // km

// A neighbor graph is what layouts such as UMAP, clusterings and the search for duplicates begin with.
func ExampleNewDense() {
	haversine, err := metric.Lookup("haversine")
	if err != nil {
		fmt.Println(err)
		return
	}
	index, err := nnd.NewDense(context.Background(), cities, haversine, nnd.Options{Neighbors: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	graph := index.NeighborGraph()
	for row, name := range cityNames {
		neighbors, distances := graph.Neighbors(uint32(row))
		fmt.Printf("%s:", name)
		for i, neighbor := range neighbors {
			fmt.Printf(" %s, %.0f km;", cityNames[neighbor], earthRadius*distances[i])
		}
		fmt.Println()
	}
	// Output:
	// Berlin: Vienna, 523 km; Paris, 877 km;
	// London: Paris, 344 km; Berlin, 932 km;
	// Paris: London, 344 km; Berlin, 877 km;
	// Vienna: Berlin, 523 km; Rome, 764 km;
	// Madrid: Paris, 1053 km; London, 1264 km;
	// Rome: Vienna, 764 km; Paris, 1106 km;
}

// Libraries for layouts and clusterings take sparse matrices: the neighbor graph as compressed sparse rows.
func ExampleIndex_CSR() {
	manhattan, err := metric.Lookup("manhattan")
	if err != nil {
		fmt.Println(err)
		return
	}
	index, err := nnd.NewDense(context.Background(), [][]float32{{0, 0}, {1, 1}, {5, 5}}, manhattan, nnd.Options{Neighbors: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	matrix := index.CSR(true)
	fmt.Println(matrix.Offsets)
	fmt.Println(matrix.Rows)
	fmt.Println(matrix.Distances)
	// Output:
	// [0 2 4 6]
	// [0 1 1 0 2 1]
	// [0 2 0 2 0 8]
}

// Prepare makes the search graph, once. Then queries find the nearest vectors, which are given by their place among those of the
// constructor.
func ExampleIndex_Query() {
	ctx := context.Background()
	euclidean, err := metric.Lookup("euclidean")
	if err != nil {
		fmt.Println(err)
		return
	}
	var grid [][]float32 // of 50 by 50 points
	for i := range 2500 {
		grid = append(grid, []float32{float32(i % 50), float32(i / 50)})
	}
	index, err := nnd.NewDense(ctx, grid, euclidean, nnd.Options{Neighbors: 10})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := index.Prepare(ctx); err != nil {
		fmt.Println(err)
		return
	}
	found, err := index.Query(ctx, []float32{30.1, 20.25}, 3, nnd.QueryOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, candidate := range found {
		fmt.Printf("row %d, %v, at %.4f\n", candidate.Row, index.Vector(candidate.Row), candidate.Distance)
	}
	// Output:
	// row 1030, [30 20], at 0.2693
	// row 1080, [30 21], at 0.7566
	// row 1031, [31 20], at 0.9341
}

// With a radius, the rows within it are found, up to k of them.
func ExampleIndex_Query_within() {
	ctx := context.Background()
	haversine, err := metric.Lookup("haversine")
	if err != nil {
		fmt.Println(err)
		return
	}
	index, err := nnd.NewDense(ctx, cities, haversine, nnd.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := index.Prepare(ctx); err != nil {
		fmt.Println(err)
		return
	}
	brussels := []float32{0.8875, 0.0759}
	found, err := index.Query(ctx, brussels, index.Len(), nnd.QueryOptions{Within: new(float32(700.0 / earthRadius))})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, candidate := range found {
		fmt.Printf("%s, %.0f km\n", cityNames[candidate.Row], earthRadius*candidate.Distance)
	}
	// Output:
	// Paris, 264 km
	// London, 320 km
	// Berlin, 651 km
}

// An update appends, replaces and removes vectors. Rows behind removed ones close up.
func ExampleIndex_Update() {
	ctx := context.Background()
	euclidean, err := metric.Lookup("euclidean")
	if err != nil {
		fmt.Println(err)
		return
	}
	index, err := nnd.NewDense(ctx, [][]float32{{0}, {10}, {20}, {30}}, euclidean, nnd.Options{Neighbors: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = index.Update(ctx, nnd.Changes[[]float32]{
		Append:  [][]float32{{31}},
		Replace: map[uint32][]float32{2: {22}},
		Remove:  []uint32{0},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	graph := index.NeighborGraph()
	for row := range uint32(index.Len()) {
		neighbors, distances := graph.Neighbors(row)
		fmt.Println(row, index.Vector(row), "is nearest to", neighbors[0], "at", distances[0])
	}
	// Output:
	// 0 [10] is nearest to 1 at 12
	// 1 [22] is nearest to 2 at 8
	// 2 [30] is nearest to 3 at 1
	// 3 [31] is nearest to 2 at 1
}

// Sparse vectors list the components that are not zero, as counts of words are kept.
func ExampleNewSparse() {
	ctx := context.Background()
	cosine, err := metric.LookupSparse("cosine", 1_000_000)
	if err != nil {
		fmt.Println(err)
		return
	}
	texts := []metric.SparseVector{
		{Indices: []uint32{17, 4711, 90210}, Values: []float32{1, 2, 1}},
		{Indices: []uint32{17, 808}, Values: []float32{1, 5}},
		{Indices: []uint32{4711, 90210, 999_999}, Values: []float32{2, 2, 1}},
	}
	index, err := nnd.NewSparse(ctx, texts, cosine, nnd.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	query := metric.SparseVector{Indices: []uint32{4711}, Values: []float32{1}}
	found, err := index.Query(ctx, query, 2, nnd.QueryOptions{Exact: true}) // which takes no Prepare
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, candidate := range found {
		fmt.Printf("text %d at %.3f\n", candidate.Row, candidate.Distance)
	}
	// Output:
	// text 0 at 0.184
	// text 2 at 0.333
}

// Packed bits are words of 64.
func ExampleNewBits() {
	ctx := context.Background()
	hamming, err := metric.LookupBits("bit_hamming", 8)
	if err != nil {
		fmt.Println(err)
		return
	}
	index, err := nnd.NewBits(ctx, [][]uint64{{0b11110000}, {0b11000011}, {0b10001111}}, hamming, nnd.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := index.Prepare(ctx); err != nil {
		fmt.Println(err)
		return
	}
	found, err := index.QueryBatch(ctx, [][]uint64{{0b11110001}, {0b00001111}}, 1, nnd.QueryOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(found)
	// Output:
	// [[{0 1}] [{2 1}]]
}

// A metric of the program's own is a function. Here it also says how to turn its fast form into the distance.
func ExampleIndex_customMetric() {
	ctx := context.Background()
	ratio, err := metric.New(metric.Definition{
		Name: "ratio", // of two lengths, as in music: octaves between two pitches
		Fast: func(x, y []float32) float32 {
			return float32(math.Abs(math.Log(float64(x[0])) - math.Log(float64(y[0]))))
		},
		Correct: func(fast float32) float32 { return fast / math.Ln2 },
		Stretch: func(fast, epsilon float32) float32 { return (1 + epsilon) * fast },
		Check: func(v []float32) error {
			if v[0] <= 0 {
				return fmt.Errorf("%w: a pitch of %v Hz", metric.ErrDomain, v[0])
			}
			return nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	pitches := [][]float32{{55}, {262}, {440}, {1760}}
	index, err := nnd.NewDense(ctx, pitches, ratio, nnd.Options{Neighbors: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	graph := index.NeighborGraph()
	for row := range uint32(index.Len()) {
		neighbors, distances := graph.Neighbors(row)
		fmt.Printf("%v Hz: %v Hz is %.2f octaves away\n", pitches[row][0], pitches[neighbors[0]][0], distances[0])
	}
	err = index.Update(ctx, nnd.Changes[[]float32]{Append: [][]float32{{-1}}})
	fmt.Println(err)
	// Output:
	// 55 Hz: 262 Hz is 2.25 octaves away
	// 262 Hz: 440 Hz is 0.75 octaves away
	// 440 Hz: 262 Hz is 0.75 octaves away
	// 1760 Hz: 440 Hz is 2.00 octaves away
	// appended vector 0: checking vector for ratio: vector is outside of the metric's domain: a pitch of -1 Hz
}
