package nnd

import (
	"slices"
	"time"
)

// BuildStats tell how a neighbor graph was found. All but Phases is the same on any machine. JSON has the first three, which
// are what segments keep.
type BuildStats struct {
	// Exact says that all pairs were compared.
	Exact bool
	// Distances is how many pairs of rows were compared, without what the trees took.
	Distances int64
	// Updates are, for each round of the descent, the entries of the lists that were new after it.
	Updates []int

	// TreeDistances is how many pairs of rows were compared to grow trees.
	TreeDistances int64 `json:"-"`
	// Leaves is how many leaves the trees had in which rows were compared, and LeafPairs how many pairs that were; they are
	// part of Distances.
	Leaves    int   `json:"-"`
	LeafPairs int64 `json:"-"`
	// Placed is how many rows an [Update] put in their place by trees: the fresh ones, and those that lost most of their neighbors.
	Placed int `json:"-"`
	// Mended is how many rows it gave others for some lost neighbors.
	Mended int `json:"-"`
	// Phases are the parts of the work with the time they took, in their order.
	Phases []Phase `json:"-"`
}

// GraphStats tell what became of a neighbor graph as a search graph. All but Phases, which JSON leaves out, is the same on
// any machine.
type GraphStats struct {
	// Edges is the number of directed edges.
	Edges int
	// LeastDegree, MeanDegree and GreatestDegree are those of the edges that leave a row.
	LeastDegree    int
	MeanDegree     float64
	GreatestDegree int
	// Components is into how many parts, without an edge between them in either direction, the graph fell before it was
	// repaired.
	Components int
	// GuideEdges is how many edges were added, or took the place of others, so that searches find every row.
	GuideEdges int
	// ConnectEdges is how many edges were added after that, so that every row can be reached from the pivots. Where there
	// was no room they took the place of others.
	ConnectEdges int
	// Phases are the parts of the work with the time they took, in their order.
	Phases []Phase `json:"-"`
}

// Phase is a part of the work and the wall time it took.
type Phase struct {
	Name    string
	Elapsed time.Duration
}

// phases is a list of phases under way.
type phases []Phase

// run does a part of the work and notes the time it took.
func (p *phases) run(name string, do func() error) error {
	start := time.Now()
	err := do()
	*p = append(*p, Phase{name, time.Since(start)})
	return err
}

// countParts notes into how many parts the graph falls as it is.
func (s *GraphStats) countParts(g *SearchGraph) {
	parts := newParts(g.Len())
	for row := range uint32(g.Len()) {
		for _, id := range g.Edges(row) {
			parts.unite(row, id)
		}
	}
	_, s.Components = parts.number()
}

// countEdges notes the degrees of the graph as it is.
func (s *GraphStats) countEdges(g *SearchGraph) {
	degrees := make([]int, g.Len())
	s.Edges = 0
	for row := range degrees {
		degrees[row] = len(g.Edges(uint32(row)))
		s.Edges += degrees[row]
	}
	if len(degrees) > 0 {
		s.LeastDegree, s.GreatestDegree = slices.Min(degrees), slices.Max(degrees)
		s.MeanDegree = float64(s.Edges) / float64(len(degrees))
	}
}
