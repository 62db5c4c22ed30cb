package nnd_test

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/vicinaldb/store/nnd"
)

// vectors are points in memory, compared by squared euclidean distance.
type vectors [][]float32

func (v vectors) Len() int { return len(v) }

func (v vectors) Distances(dst []float32, row uint32, rows []uint32) {
	for i, other := range rows {
		dst[i] = squared(v[row], v[other])
	}
}

// blocks are vectors that are compared in blocks, and tell how often.
type blocks struct {
	vectors
	calls *atomic.Int64
}

func (b blocks) BlockDistances(dst []float32, rows, others []uint32) {
	b.calls.Add(1)
	for i, row := range rows {
		b.Distances(dst[i*len(others):][:len(others)], row, others)
	}
}

func squared(a, b []float32) float32 {
	sum := float32(0)
	for i := range a {
		d := a[i] - b[i]
		sum += float32(d * d) // not fused, so that graphs are the same on all machines
	}
	return sum
}

// stretch is (1+epsilon) times a distance, squared.
func stretch(fast, epsilon float32) float32 {
	factor := 1 + epsilon
	return fast * factor * factor
}

// query scores a vector against vectors.
type query struct {
	points vectors
	vector []float32
}

func (q *query) Score(dst []float32, rows []uint32) {
	for i, row := range rows {
		dst[i] = squared(q.vector, q.points[row])
	}
}

// uniform draws vectors from a cube. It uses no function whose last bit is a matter of the machine.
func uniform(n, dim int, seed uint64) vectors {
	random := rand.New(rand.NewPCG(seed, 1))
	points := make(vectors, n)
	for i := range points {
		points[i] = make([]float32, dim)
		for j := range points[i] {
			points[i][j] = random.Float32()
		}
	}
	return points
}

// mixture draws vectors around centers: bell-shaped clouds of the given width.
func mixture(n, dim, centers int, width float32, seed uint64) vectors {
	random := rand.New(rand.NewPCG(seed, 2))
	middle := uniform(centers, dim, seed)
	points := make(vectors, n)
	for i := range points {
		points[i] = slices.Clone(middle[random.IntN(centers)])
		for j := range points[i] {
			bell := random.Float32() + random.Float32() + random.Float32() + random.Float32() - 2
			points[i][j] += float32(width * bell)
		}
	}
	return points
}

// repeated gives n vectors that are copies of few.
func repeated(n, dim, distinct int, seed uint64) vectors {
	random := rand.New(rand.NewPCG(seed, 3))
	few := uniform(distinct, dim, seed)
	points := make(vectors, n)
	for i := range points {
		points[i] = few[random.IntN(distinct)]
	}
	return points
}

// ordered renumbers points like the root package does.
func ordered(t testing.TB, points vectors, o nnd.Options) vectors {
	t.Helper()
	order, err := nnd.Order(t.Context(), points, o)
	if err != nil {
		t.Fatal(err)
	}
	renumbered := make(vectors, len(points))
	for row, old := range order {
		renumbered[row] = points[old]
	}
	return renumbered
}

// built are points with their graphs.
type built struct {
	points    vectors
	neighbors *nnd.NeighborGraph
	graph     *nnd.SearchGraph
}

func build(t testing.TB, points vectors, o nnd.Options) built {
	t.Helper()
	if o.Stretch == nil {
		o.Stretch = stretch
	}
	points = ordered(t, points, o)
	neighbors, err := nnd.Build(t.Context(), points, o)
	if err != nil {
		t.Fatal(err)
	}
	graph, err := nnd.NewSearchGraph(t.Context(), points, neighbors, o)
	if err != nil {
		t.Fatal(err)
	}
	return built{points, neighbors, graph}
}

func (b built) search(t testing.TB, vector []float32, k int, epsilon float32, allowed nnd.Filter) []nnd.Candidate {
	t.Helper()
	found, _, err := b.graph.Search(t.Context(), nnd.Query{
		Scorer: &query{b.points, vector}, K: k, Epsilon: epsilon, Stretch: stretch, Allowed: allowed,
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// nearest is the naive model of every search: score all, sort, cut.
func nearest(points vectors, vector []float32, k int, allowed func(row uint32) bool) []nnd.Candidate {
	var all []nnd.Candidate
	for row := range uint32(len(points)) {
		if distance := squared(vector, points[row]); allowed(row) && !math.IsNaN(float64(distance)) {
			all = append(all, nnd.Candidate{Row: row, Distance: distance})
		}
	}
	slices.SortFunc(all, func(a, b nnd.Candidate) int {
		if a.Distance != b.Distance {
			if a.Distance < b.Distance {
				return -1
			}
			return 1
		}
		return int(a.Row) - int(b.Row)
	})
	return all[:min(k, len(all))]
}

func anyRow(uint32) bool { return true }

// distances drops the rows, which are a matter of taste among equals.
func distances(found []nnd.Candidate) []float32 {
	values := make([]float32, len(found))
	for i, candidate := range found {
		values[i] = candidate.Distance
	}
	return values
}

// hits counts how many of the found are as near as the true ones.
func hits(found, truth []nnd.Candidate) int {
	count := 0
	for _, candidate := range found {
		if len(truth) > 0 && candidate.Distance <= truth[len(truth)-1].Distance {
			count++
		}
	}
	return min(count, len(truth))
}

// neighborRecall is the share of true neighbors in a neighbor graph.
func neighborRecall(points vectors, g *nnd.NeighborGraph) float64 {
	found, all := 0, 0
	for row := uint32(0); row < uint32(len(points)); row += 29 {
		truth := nearest(points, points[row], g.K, func(other uint32) bool { return other != row })
		rows, distances := g.Neighbors(row)
		candidates := make([]nnd.Candidate, len(rows))
		for i := range rows {
			candidates[i] = nnd.Candidate{Row: rows[i], Distance: distances[i]}
		}
		found += hits(candidates, truth)
		all += len(truth)
	}
	return float64(found) / float64(all)
}

// reachable counts the rows that directed edges lead to from the pivots.
func reachable(g *nnd.SearchGraph) int {
	seen := make([]bool, g.Len())
	stack := slices.Clone(g.Pivots)
	for _, pivot := range stack {
		seen[pivot] = true
	}
	count := len(stack)
	for len(stack) > 0 {
		row := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, id := range g.Edges(row) {
			if !seen[id] {
				seen[id] = true
				count++
				stack = append(stack, id)
			}
		}
	}
	return count
}

var background = context.Background()
