package main

import "github.com/vicinaldb/store"

// indexFlags are the dials of the index. A flag that is not given leaves the
// choice to the store, so the defaults are named here for people only.
type indexFlags struct {
	Codec                   string   `group:"Index:" help:"What vectors are searched by: float32, float16, or uint8, a byte for each component (default float32 or uint8, as suits them)." placeholder:"NAME"`
	Neighbors               int      `group:"Index:" help:"Neighbors of each item in the neighbor graph (default 20 to 60, as a pilot says)." placeholder:"N"`
	DiversifyProb           *float64 `group:"Index:" help:"Probability that an edge is dropped when another leads there; 0 keeps all (default 1)." placeholder:"P"`
	PruningDegreeMultiplier float64  `group:"Index:" help:"Edges of one item in the search graph, as a multiple of the neighbors (default 1.5, or as a pilot says)." placeholder:"X"`
	DiversifyMethod         string   `group:"Index:" enum:",union,forward,bidirectional" default:"" help:"How edges of the search graph are chosen: union, forward as PyNNDescent does, or bidirectional (default union)." placeholder:"NAME"`
	DegreeAware             float64  `group:"Index:" help:"How much more readily edges to hubs are dropped; 0 is off." placeholder:"X"`
	Alpha                   float64  `group:"Index:" help:"An edge is dropped when the other way is shorter by this factor (default 1.05, or as a pilot says)." placeholder:"X"`
	Pivots                  int      `group:"Index:" help:"Items that every query is compared with to begin." placeholder:"N"`
	Trees                   int      `group:"Index:" help:"Random projection trees that the build starts from." placeholder:"N"`
	LeafSize                int      `group:"Index:" help:"Items in a leaf of these trees." placeholder:"N"`
	MaxTreeDepth            int      `group:"Index:" help:"Divisions of a tree after which its leaves are cut by position." placeholder:"N"`
	RandomInit              bool     `group:"Index:" help:"Start from random lists in place of trees."`
	SearchOnly              bool     `group:"Index:" help:"Leave the neighbor lists out of the index."`
	MaxCandidates           int      `group:"Index:" help:"Candidates that one item compares in a round of the build." placeholder:"N"`
	Iterations              int      `group:"Index:" help:"Rounds of the build at most." placeholder:"N"`
	Delta                   float64  `group:"Index:" help:"The build ends when a round changes at most this share of the neighbors (default 0.01, 0.035 where neighbors are not named)." placeholder:"X"`
}

func (f indexFlags) params(seed uint64) store.IndexParams {
	return store.IndexParams{
		Neighbors:               f.Neighbors,
		DiversifyProb:           f.DiversifyProb,
		PruningDegreeMultiplier: f.PruningDegreeMultiplier,
		DiversifyMethod:         store.DiversifyMethod(f.DiversifyMethod),
		DegreeAware:             f.DegreeAware,
		Alpha:                   f.Alpha,
		Pivots:                  f.Pivots,
		Trees:                   f.Trees,
		MaxTreeDepth:            f.MaxTreeDepth,
		RandomInit:              f.RandomInit,
		SearchOnly:              f.SearchOnly,
		LeafSize:                f.LeafSize,
		MaxCandidates:           f.MaxCandidates,
		Iterations:              f.Iterations,
		Delta:                   f.Delta,
		Seed:                    seed,
	}
}
