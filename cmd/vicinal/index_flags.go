package main

import "github.com/vicinaldb/store"

// indexFlags are the dials of the index. A flag that is not given leaves the
// choice to the store, so the defaults are named here for people only.
type indexFlags struct {
	Neighbors               int      `group:"Index:" help:"Neighbors of each item in the neighbor graph (default 30)." placeholder:"N"`
	DiversifyProb           *float64 `group:"Index:" help:"Probability that an edge is dropped when another leads there; 0 keeps all (default 1)." placeholder:"P"`
	PruningDegreeMultiplier float64  `group:"Index:" help:"Edges of one item in the search graph, as a multiple of the neighbors (default 1.5)." placeholder:"X"`
	Trees                   int      `group:"Index:" help:"Random projection trees that the build starts from." placeholder:"N"`
	LeafSize                int      `group:"Index:" help:"Items in a leaf of these trees." placeholder:"N"`
	MaxCandidates           int      `group:"Index:" help:"Candidates that one item compares in a round of the build." placeholder:"N"`
	Iterations              int      `group:"Index:" help:"Rounds of the build at most." placeholder:"N"`
	Delta                   float64  `group:"Index:" help:"The build ends when a round changes at most this share of the neighbors (default 0.001)." placeholder:"X"`
}

func (f indexFlags) params(seed uint64) store.IndexParams {
	return store.IndexParams{
		Neighbors:               f.Neighbors,
		DiversifyProb:           f.DiversifyProb,
		PruningDegreeMultiplier: f.PruningDegreeMultiplier,
		Trees:                   f.Trees,
		LeafSize:                f.LeafSize,
		MaxCandidates:           f.MaxCandidates,
		Iterations:              f.Iterations,
		Delta:                   f.Delta,
		Seed:                    seed,
	}
}
