// Package nnd builds and searches nearest neighbor graphs by nearest neighbor descent.
//
// # For users of PyNNDescent
//
// [Index] is NNDescent: vectors in memory, their neighbor graph, and queries. It needs no other package of this module than
// metric, and no store.
//
//	euclidean, err := metric.Lookup("euclidean")
//	index, err := nnd.NewDense(ctx, vectors, euclidean, nnd.Options{})   // NNDescent(data)
//	graph := index.NeighborGraph()                                       // index.neighbor_graph
//	matrix := index.CSR(true)                                            // PyNNDescentTransformer().fit_transform(data)
//	err = index.Prepare(ctx)                                             // index.prepare()
//	found, err := index.QueryBatch(ctx, queries, 10, nnd.QueryOptions{}) // index.query(queries, k=10)
//	err = index.Update(ctx, nnd.Changes[[]float32]{Append: fresh})       // index.update(xs_fresh=fresh)
//	err = index.Compress()                                               // index.compress_index()
//
// [NewSparse] and [NewBits] do the same for sparse vectors and packed bits. [Options] have the dials by the names that they have
// there. What is different:
//
//   - Nothing is prepared behind the caller's back: a query before Prepare is an error.
//   - A row is no neighbor of itself, so that Neighbors, k, counts others alone.
//   - There are never made-up results, and never fewer than k of n rows.
//   - Updates may also remove rows, and work for all kinds of vectors. Queries can have a radius and a filter.
//   - Epsilon is a share of the true distance, or of the logarithm of a similarity where metrics are bounded; it has no part for
//     the shortest edge of the graph.
//
// # For other vectors and other memory
//
// Underneath, the package knows neither vectors nor metrics. Rows are compared through [Points], a query is compared through
// [Scorer]. It does no I/O. Three calls make graphs, and one asks them:
//
//	order, err := nnd.Order(ctx, points, options)              // a numbering that keeps near rows together; then Options.Ordered
//	graph, err := nnd.Build(ctx, points, options)              // the k nearest rows of every row
//	search, err := nnd.NewSearchGraph(ctx, points, graph, options) // few, diverse edges; every row can be reached
//	found, stats, err := search.Search(ctx, query, found[:0])  // best-first walk bounded by epsilon
//
// The third is two steps in one, [Diversify] and [SearchGraph.Repair], for those who choose the pivots by the edges.
//
// When rows come, go or change, two more bring the neighbor graph up to date:
//
//	old, err := graph.Renumber(to, n)                              // without the rows that went or changed
//	graph, err := nnd.Update(ctx, points, old, fresh, options)     // the fresh rows are the others
//
// A search takes a filter and a radius; [Scan] does the same exactly. [NeighborGraph.CSR] gives the neighbor graph as a
// sparse matrix, which [CSR.Symmetrize] makes undirected, [CSR.Components] divides, and [Join] connects.
//
// Points and Scorer speak of distances in a metric's fast form: any number that orders like the true distance (squared
// euclidean for euclidean). Where a factor of the true distance is meant, as epsilon and alpha are, a function called
// Stretch translates. An Index does all that by itself.
//
// # Terminology
//
//   - Row: the number of a point, 0 to n-1.
//   - Neighbor graph: the k nearest rows found for each row, with distances; a row is no neighbor of itself.
//   - Search graph: a directed graph of bounded degree made of the neighbor graph for the sake of searching.
//   - Vertex, edge: a row and a link as a graph sees them. Expanding a vertex is scoring the rows its edges lead to.
//   - Hyperplane tree, leaf: rows divided again and again by which of two random rows, or groups of rows, is nearer, and what is left.
//   - New and old candidates: neighbors of a vertex, forward and reverse, that were not yet and that were already joined.
//   - Local join: comparing all candidates of one vertex with one another.
//   - Fresh rows: those an update knows no neighbors of. They are placed, that is put near others, by trees.
//   - Walk: a fresh row, or one that lost neighbors, as a query to the lists of all rows.
//   - Occlusion: an edge is superfluous when a shorter edge of the same vertex leads to a row nearer to its end.
//   - Pivots: rows spread over all rows, the nearest of which are the entry points of a search.
//   - Epsilon: a vertex is expanded while its distance is below (1+epsilon) times the k-th best distance found.
//
// # Algorithm
//
// Nearest neighbor descent is due to Wei Dong, Moses Charikar and Kai Li, "Efficient k-nearest neighbor graph construction
// for generic similarity measures", WWW 2011. A neighbor of a neighbor is likely a neighbor: start from a rough graph,
// let every vertex introduce its candidates to one another, repeat until little changes. Their letters:
//
//	K    Options.Neighbors
//	ρ    Options.MaxCandidates, as a number of candidates: ρK
//	δ    Options.Delta
//	B[v] a row of the best lists (lists.go); its flag is the lowest bit of a name
//	R    the reverse lists (incoming.go)
//
// The rough graph comes from the leaves of a few hyperplane trees; or from random rows, or from another graph, where
// options say so. An update starts from the graph that was. To join candidates all over would take nearly as much there as in
// a build, though most lists lack little: so the rows that lack neighbors walk first, and the descent does the rest.
//
// The search graph prunes the union of forward and reverse neighbors by occlusion, as relative neighborhood graphs do
// (Toussaint 1980; with the factor alpha: Subramanya et al., "DiskANN", NeurIPS 2019), adds reverse edges, bounds the
// degree and joins what is not reachable.
//
// # Determinism
//
// Equal points, options and seed give equal graphs, bit for bit, on any number of goroutines; so do equal old graphs in an
// update. Nothing depends on the order of events: random choices are hashes of what is being chosen (random.go), lists
// keep the best neighbors under a total order (lists.go), each phase reads only what the phase before has finished, and the
// end of the descent is decided by a count of flags.
//
// # Where to start reading
//
// [Build] and descent.go for the descent, [Update] and walk.go for updates, [Diversify] and diversify.go for the
// pruning, [SearchGraph.Repair] and connect.go for the repair, [Searcher.Search] for searches, bounds.go for how far they look, csr.go and
// join.go for sparse matrices.
package nnd
