package compaction

import (
	"context"
	"fmt"
	"math"

	"github.com/vicinaldb/store/nnd"
)

// DialStats tell which neighbors, which degree and which alpha the graphs of a segment have, and why: by the pilot, and degree and alpha by the
// length of codes as well. They are the same on any machine.
type DialStats struct {
	// Neighbors is how many neighbors of each row were to be found, and Degree the bound of its edges in the search graph.
	Neighbors int `json:"neighbors,omitempty"`
	Degree    int `json:"degree,omitempty"`
	// Alpha is by what factor another way must be shorter for an edge to be dropped.
	Alpha float64 `json:"alpha,omitempty"`
	// Sampled is how many rows the pilot had by which they were chosen, and Recall what share of the nearest rows its lists had. No
	// rows when there was no pilot: the caller named the neighbors, or there were few rows.
	Sampled int     `json:"sampled,omitempty"`
	Recall  float64 `json:"recall,omitempty"`
	// Of is how many rows there were when the pilot was measured: fewer than the segment has, when it keeps what an older one had.
	Of int `json:"of,omitempty"`
	// Entries is how many pivots each search starts from, if more than one. Greedy is the recall of greedy searches that start from
	// one, and GreedyWide that of those from several of more pivots, by which it was chosen, both in the graph before it was repaired;
	// 0 when that was not measured.
	Entries    int     `json:"entries,omitempty"`
	Greedy     float64 `json:"greedy,omitempty"`
	GreedyWide float64 `json:"greedy_wide,omitempty"`
}

// PilotNeighbors is how many neighbors of each row a pilot finds. So few tell easy vectors from hard ones best.
const PilotNeighbors = 10

const (
	// pilotRows is how many rows the pilot has.
	pilotRows = 4096
	// pilotDelta ends its descent late: what it finds tells how hard neighbors are to find, not how soon the descent gave up.
	pilotDelta = 0.001
	// searchDelta ends the descents where the dials are chosen for searches. With the default of 0.01 lists come nearer to the truth, and
	// searches in the graphs that are made of them are no faster.
	searchDelta = 0.035
	// pilotSample is how many of these rows have their lists compared with the truth.
	pilotSample = 1024
	// pilotLeast is how many rows there must be where a kernel compares them in blocks: as many as the pilot has, which takes a tenth of a second
	// then. Where a pair takes as long as the metric likes, there must be slowPilotLeast: of fewer, the pilot would be much of the work.
	pilotLeast, slowPilotLeast = pilotRows, 20_000
	// pilotGrowth is by what factor the rows must have grown before an older choice is made again.
	pilotGrowth = 2
)

// dials are what is chosen where the lists of the pilot have at least a recall.
type dials struct {
	recall    float64
	neighbors int
	edges     edges // where codes are long
	short     edges // where they are short
}

// edges are the degree bound and alpha of a search graph.
type edges struct {
	degree int
	alpha  float64
}

// shortCode is how many bytes a short code has at most. To compare with it takes little beside what expanding a row takes, so that searches are
// shorter where a row has more edges, though more rows are compared.
const shortCode = 192

// choices are the dials from which a search needs least time at recalls of .95 to .99, by how hard neighbors are to find. Where
// they are easy to find, more of them would make the build longer and searches no shorter.
var choices = []dials{
	{recall: 0.97, neighbors: 20, edges: edges{32, 1.05}, short: edges{32, 1.2}},
	{recall: 0.95, neighbors: 30, edges: edges{32, 1.05}, short: edges{48, 1.2}},
	{recall: 0.825, neighbors: 40, edges: edges{32, 1.05}, short: edges{64, 1.2}},
	{recall: 0, neighbors: 60, edges: edges{64, 1.2}, short: edges{64, 1.2}},
}

// of are the edges where codes have so many bytes, 0 when they differ in length.
func (d dials) of(stride int) edges {
	if stride > 0 && stride <= shortCode {
		return d.short
	}
	return d.edges
}

// chooseDials sets neighbors, degree and alpha, when the caller named no neighbors: to what an older segment has, as long as it has not been
// outgrown, else by a pilot, else to the defaults.
func (job *Job) chooseDials(ctx context.Context, points nnd.Points, rows *loaded, o *nnd.Options) (stats DialStats, err error) {
	n := rows.len()
	if o.Neighbors == 0 {
		stats = job.keptDials(n, rows.codec.Stride())
		if stats.Sampled == 0 && n >= leastForPilot(points) {
			if stats, err = measureDials(ctx, rows.encoded, *o); err != nil {
				return stats, fmt.Errorf("measuring a pilot: %w", err)
			}
		}
		o.Neighbors = stats.Neighbors
		if stats.Sampled > 0 && o.PruningDegreeMultiplier == 0 {
			o.PruningDegreeMultiplier = float64(stats.Degree) / float64(stats.Neighbors)
		}
		if o.Alpha == 0 {
			o.Alpha = stats.Alpha
		}
		if stats.Sampled > 0 && o.Delta == 0 {
			o.Delta = searchDelta
		}
	}
	set := o.EnsureDefaults(n)
	stats.Neighbors, stats.Degree = set.Neighbors, int(math.Round(set.PruningDegreeMultiplier*float64(set.Neighbors)))
	stats.Alpha = set.Alpha
	return stats, nil
}

// leastForPilot is from how many rows on a pilot is worth what it takes.
func leastForPilot(points nnd.Points) int {
	if _, blocks := points.(nnd.BlockPoints); blocks {
		return pilotLeast
	}
	return slowPilotLeast
}

// keptDials are the dials of the older segment, none when they were not measured, or on far fewer rows. What its file says is not
// believed unless it is what a pilot can choose.
func (job *Job) keptDials(n, stride int) DialStats {
	kept := job.Before.Dials
	if n >= pilotGrowth*kept.Of {
		return DialStats{}
	}
	for _, c := range choices {
		if kept.Sampled > 0 && kept.Neighbors == c.neighbors {
			chosen := c.of(stride)
			kept.Degree, kept.Alpha = chosen.degree, chosen.alpha
			if kept.Entries != wideEntries {
				kept.Entries = 0
			}
			return kept
		}
	}
	return DialStats{}
}

// measureDials finds the neighbors of a sample of the rows among one another, compares the lists of some of them with the truth, and
// chooses by their recall. That does not change with the scale of distances, nor when their square root is taken, and it is low
// for what makes more neighbors worth their cost: a high intrinsic dimension, hubs, and clusters that trees cut apart.
func measureDials(ctx context.Context, rows *encoded, o nnd.Options) (DialStats, error) {
	n := rows.codes.Len()
	pilot, err := newPilot(rows, min(pilotRows, n), o.EnsureDefaults(n).Threads)
	if err != nil {
		return DialStats{}, err
	}
	pilotOptions := nnd.Options{
		Neighbors: PilotNeighbors, Delta: pilotDelta, RandomInit: o.RandomInit, Seed: o.Seed, Stretch: o.Stretch, Threads: o.Threads,
	}
	graph, err := nnd.Build(ctx, pilot, pilotOptions)
	if err != nil {
		return DialStats{}, err
	}
	recall, err := pilot.recall(ctx, graph)
	if err != nil {
		return DialStats{}, err
	}
	for _, c := range choices {
		if recall >= c.recall {
			chosen := c.of(rows.codec.Stride())
			return DialStats{
				Neighbors: c.neighbors, Degree: chosen.degree, Alpha: chosen.alpha, Sampled: pilot.Len(), Recall: recall, Of: n,
			}, nil
		}
	}
	panic("compaction: no dials for a recall") // the last take any
}
