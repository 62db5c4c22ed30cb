package nnd_test

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/internal/fashionmnist"
	"github.com/vicinaldb/store/metric"
	"github.com/vicinaldb/store/nnd"
)

// imagesVariable names a gzipped idx file of more images than are embedded, the 60,000 to train with.
const imagesVariable = "FASHION_MNIST"

// BenchmarkCodes makes a numbering, a neighbor graph and a search graph of codes of one byte a component, as a compaction does,
// with the time of each phase; and it measures what they are good for, lest speed is paid for in recall: the recall of the
// neighbor graph, and the distances that a query takes to reach one. At one thread, times are those of the processor.
func BenchmarkCodes(b *testing.B) {
	sets := []struct {
		name      string
		vectors   func(b *testing.B) [][]float32
		neighbors int
	}{
		{"images", images, 30},
		{"mixture", func(*testing.B) [][]float32 { return lowRank(100_000, 100, 24) }, 30},
	}
	for _, set := range sets {
		var c *coded
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("%s/threads=%d", set.name, threads), func(b *testing.B) {
				if c == nil {
					c = encode(b, set.vectors(b))
				}
				c.bench(b, nnd.Options{Neighbors: set.neighbors, Threads: threads})
			})
		}
	}
}

// asked is how many vectors at the end of a set are its queries, and sampled how many rows have their neighbors looked at.
const asked, sampled = 500, 500

// coded is a set of vectors as codes, with queries.
type coded struct {
	codec   codec.Codec
	codes   codec.Codes
	queries [][]float32

	points    codec.Rows
	neighbors *nnd.NeighborGraph
	graph     *nnd.SearchGraph
	truth     [][]uint32 // of the queries
	nearest   [][]uint32 // of the rows that are sampled
}

func encode(b *testing.B, vectors [][]float32) *coded {
	b.Helper()
	euclidean, err := metric.Lookup("euclidean")
	if err != nil {
		b.Fatal(err)
	}
	plain := codec.NewFloat32(euclidean, len(vectors[0]))
	vectors, queries := vectors[:len(vectors)-asked], vectors[len(vectors)-asked:]
	table, err := plain.NewTable(len(vectors))
	if err != nil {
		b.Fatal(err)
	}
	for _, v := range vectors {
		table.Append(codec.Vector{Dense: v})
	}
	compact, codes, err := plain.Compact(table.Codes())
	if err != nil {
		b.Fatal(err)
	}
	c := &coded{codec: compact, codes: codes, queries: queries}
	order, err := nnd.Order(b.Context(), c.view(b), nnd.Options{})
	if err != nil {
		b.Fatal(err)
	}
	c.codes.Permute(order)
	c.points = c.view(b)
	all := make([]uint32, len(vectors))
	for row := range all {
		all[row] = uint32(row)
	}
	values, scorer := make([]float32, len(all)), c.points.Scorer()
	for _, q := range queries {
		scorer.Prepare(codec.Vector{Dense: q})
		scorer.Score(values, all)
		c.truth = append(c.truth, smallest(values, 10))
	}
	for i := range sampled {
		row := uint32(i * len(all) / sampled)
		c.points.Distances(values, row, all)
		values[row] = float32(1e30)
		c.nearest = append(c.nearest, smallest(values, 30))
	}
	return c
}

func (c *coded) view(b *testing.B) codec.Rows {
	b.Helper()
	points, err := c.codec.View(c.codes)
	if err != nil {
		b.Fatal(err)
	}
	return points
}

// smallest are the places of the smallest values.
func smallest(values []float32, count int) []uint32 {
	var rows []uint32
	for row, value := range values {
		if len(rows) == count && value >= values[rows[count-1]] {
			continue
		}
		at, _ := slices.BinarySearchFunc(rows, value, func(row uint32, value float32) int {
			if values[row] <= value {
				return -1
			}
			return 1
		})
		rows = slices.Insert(rows, at, uint32(row))
		rows = rows[:min(len(rows), count)]
	}
	return rows
}

// bench makes the graphs and reports.
func (c *coded) bench(b *testing.B, o nnd.Options) {
	o.Stretch = c.codec.Stretch
	var phases []nnd.Phase
	for b.Loop() {
		if _, err := nnd.Order(b.Context(), c.points, o); err != nil {
			b.Fatal(err)
		}
		var err error
		if c.neighbors, err = nnd.Build(b.Context(), c.points, o); err != nil {
			b.Fatal(err)
		}
		if c.graph, err = nnd.NewSearchGraph(b.Context(), c.points, c.neighbors, o); err != nil {
			b.Fatal(err)
		}
		phases = append(append(phases, c.neighbors.Stats.Phases...), c.graph.Stats.Phases...)
	}
	seconds := map[string]float64{}
	for _, phase := range phases {
		seconds[phase.Name] += phase.Elapsed.Seconds() / float64(b.N)
	}
	for name, s := range seconds {
		b.ReportMetric(s, name+"-s")
	}
	n := float64(c.neighbors.Len())
	b.ReportMetric(float64(c.neighbors.Stats.Distances)/n, "distances/row")
	b.ReportMetric(float64(len(c.neighbors.Stats.Updates)), "rounds")
	b.ReportMetric(float64(c.graph.Stats.Edges)/n, "edges/row")
	b.ReportMetric(c.neighborRecall(), "neighbors-recall")
	c.reportSearch(b)
}

// neighborRecall is the share of near rows that the neighbor graph has.
func (c *coded) neighborRecall() float64 {
	found, all := 0, 0
	for i, near := range c.nearest {
		rows, _ := c.neighbors.Neighbors(uint32(i * c.points.Len() / sampled))
		for _, row := range near {
			if slices.Contains(rows, row) {
				found++
			}
		}
		all += len(near)
	}
	return float64(found) / float64(all)
}

// reportSearch finds how many distances a query takes for a recall, by searching with more and more slack.
func (c *coded) reportSearch(b *testing.B) {
	b.Helper()
	goals := []float64{0.95, 0.99}
	lastRecall, lastCost := 0.0, 0.0
	for epsilon := float32(0); len(goals) > 0 && epsilon < 0.6; epsilon += 0.01 {
		recall, cost := c.search(b, epsilon)
		for len(goals) > 0 && recall >= goals[0] {
			if recall > lastRecall && lastCost > 0 {
				cost = lastCost + (cost-lastCost)*(goals[0]-lastRecall)/(recall-lastRecall)
			}
			b.ReportMetric(cost, strings.TrimPrefix(fmt.Sprintf("distances@%.2f", goals[0]), "0"))
			goals = goals[1:]
		}
		lastRecall, lastCost = recall, cost
	}
}

// search returns the recall of the queries and how many distances one takes.
func (c *coded) search(b *testing.B, epsilon float32) (recall, cost float64) {
	b.Helper()
	scorer := c.points.Scorer()
	found, all, distances := 0, 0, 0
	for i, q := range c.queries {
		scorer.Prepare(codec.Vector{Dense: q})
		query := nnd.Query{Scorer: scorer, K: 10, Epsilon: epsilon, Stretch: c.codec.Stretch}
		candidates, stats, err := c.graph.Search(b.Context(), query, nil)
		if err != nil {
			b.Fatal(err)
		}
		for _, candidate := range candidates {
			if slices.Contains(c.truth[i], candidate.Row) {
				found++
			}
		}
		all, distances = all+len(c.truth[i]), distances+stats.Distances
	}
	return float64(found) / float64(all), float64(distances) / float64(len(c.queries))
}

// images are the embedded images of Fashion-MNIST, the queries from among them, behind those of the file that is named, if one is.
func images(b *testing.B) [][]float32 {
	b.Helper()
	var vectors [][]float32
	pixels, err := namedImages(os.Getenv(imagesVariable))
	if err != nil {
		b.Fatal(err)
	}
	for ; len(pixels) > 0; pixels = pixels[fashionmnist.Dim:] {
		vectors = append(vectors, fashionmnist.Vector(pixels[:fashionmnist.Dim]))
	}
	embedded, err := fashionmnist.Images()
	if err != nil {
		b.Fatal(err)
	}
	if len(vectors) > 0 {
		embedded = embedded[:asked]
	}
	for _, image := range embedded {
		vectors = append(vectors, fashionmnist.Vector(image))
	}
	return vectors
}

// namedImages are the pixels of a gzipped idx file, none when there is no name.
func namedImages(name string) ([]byte, error) {
	if name == "" {
		return nil, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(unzipped)
	if err != nil {
		return nil, err
	}
	const header = 16
	if len(content) < header || (len(content)-header)%fashionmnist.Dim != 0 {
		return nil, errors.New("no idx file of images")
	}
	return content[header:], nil
}

// lowRank draws vectors around 1,000 centers, in all directions of a space of lower rank, with a little noise in all others.
func lowRank(n, dim, rank int) [][]float32 {
	random := rand.New(rand.NewPCG(1, 2))
	normal := func(count int, width float64) []float32 {
		v := make([]float32, count)
		for i := range v {
			v[i] = float32(random.NormFloat64() * width)
		}
		return v
	}
	basis, centers := normal(dim*rank, 1), make([][]float32, 1000)
	for i := range centers {
		centers[i] = normal(rank, 0.6)
	}
	vectors := make([][]float32, n)
	for i := range vectors {
		place := normal(rank, 1)
		for at, x := range centers[random.IntN(len(centers))] {
			place[at] += x
		}
		vectors[i] = normal(dim, 0.3)
		for d := range vectors[i] {
			for at, x := range place {
				vectors[i][d] += x * basis[d*rank+at]
			}
		}
	}
	return vectors
}
