// Package metric names the distances between vectors and says how each is computed, bounded and checked.
//
// A metric has two values for a pair of vectors. The true distance is what a user is told. The fast form is what a graph
// is built and searched with: it orders all pairs as the true distance does, smaller is nearer, but may be cheaper to
// compute. Correct turns the fast form into the true distance; Stretch says, in the fast form, what (1 + epsilon) times a
// true distance is.
//
// This page is about dense vectors. Sparse vectors and packed bits have metrics of the same names, and of some others: see
// [LookupSparse] and [LookupBits].
//
// # Metrics
//
// The names and their meaning are PyNNDescent's. The files of the families have the formulas with their sources.
//
//	name, aliases         parameters  distance
//	euclidean                         sqrt(sum (x-y)^2); fast form: its square
//	  l2
//	sqeuclidean                       sum (x-y)^2
//	manhattan                         sum |x-y|
//	  taxicab, l1
//	chebyshev                         max |x-y|
//	  linfinity, linfty, linf
//	minkowski             p = 2       (sum |x-y|^p)^(1/p)
//	wminkowski            w, p = 2    (sum w |x-y|^p)^(1/p)
//	  weighted_minkowski
//	seuclidean            sigma       sqrt(sum (x-y)^2/sigma)
//	  standardised_euclidean
//	mahalanobis           vinv        sqrt((x-y)' vinv (x-y))
//	canberra                          sum |x-y|/(|x|+|y|)
//	braycurtis                        sum |x-y| / sum |x+y|
//
//	cosine                            1 - x.y/(|x| |y|)
//	dot                               the same: upstream normalizes vectors first
//	true_angular                      angle/pi; fast form: cosine
//	inner_product                     -x.y
//	correlation                       1 - r (Pearson)
//	spearmanr                         1 - r of the ranks
//	tsss                              triangle area times sector area
//	haversine                         angle between (latitude, longitude), radians
//
//	hellinger                         sqrt(1 - sum sqrt(p q)); p, q: shares of bins
//	jensen-shannon                    divergence of p and q, natural logarithm
//	  jensen_shannon
//	symmetric-kl                      sum (p-q) log(p/q), smoothed
//	  symmetric_kl, symmetric_kullback_liebler
//	wasserstein_1d        p = 1       (sum |P-Q|^p)^(1/p); P, Q: cumulative shares
//	  wasserstein-1d, kantorovich_1d, kantorovich-1d
//	circular_kantorovich  p = 1       the least (sum |P-Q-s|^p)^(1/p) over all s
//	  circular_wasserstein
//	kantorovich           cost ...    the least cost of moving p to q
//	  wasserstein
//	sinkhorn              cost ...    the cost of the plan with entropy
//
//	hamming                           the share of unequal components
//	jaccard, dice, matching, kulsinski, russellrao, sokalsneath, yule
//	rogerstanimoto                    these ask which components are not zero
//	  sokalmichener
//
// Parameters are those of [Params], by their JSON names; a number after the name is the default. Kantorovich and sinkhorn
// take a cost matrix, or ground_vectors and a ground_metric, and max_iterations; sinkhorn takes regularization = 1 too.
//
// No metric says whether it wants angular trees, as PyNNDescent's do: trees here split by the distances of the metric itself.
//
// # Proxies
//
// An expensive metric can leave building and searching graphs to a cheap one, its proxy, and rank only the candidates found
// so: see [Dense.Proxy]. Any two metrics make such a pair by the parameter proxy:
//
//	m, err := metric.Lookup("jensen-shannon", metric.Params{Proxy: "hellinger"})
//
// These names are pairs already, with PyNNDescent's formulas for the proxy: proxy_inner_product, proxy_wasserstein_1d
// (proxy_wasserstein-1d), proxy_kantorovich (proxy_wasserstein), proxy_sinkhorn, proxy_circular_kantorovich
// (proxy_circular_wasserstein), proxy_jensen-shannon (proxy_jensen_shannon), proxy_symmetric-kl (proxy_symmetric_kl).
// They take the parameters of the metric that they are named after.
//
// # Kernels and transforms
//
// A graph takes millions of distances. Where a batch kernel of package simd computes a metric's fast form, [Dense.Kernel]
// names it, and nobody calls Fast for each pair. For some metrics it takes the vectors as they are, for others what
// [Dense.Transform] makes of each vector: whoever keeps vectors keeps these beside them and runs the kernel on them.
//
//	metric                  kernel         transform
//	correlation             SquaredL2      components less their mean, at length sqrt(1/2)
//	spearmanr               SquaredL2      the same of their ranks
//	hellinger               SquaredL2      sqrt(p/2)
//	jensen-shannon          JensenShannon  fourth root of p
//	seuclidean              SquaredL2      x/sqrt(sigma)
//	wminkowski, p = 2       SquaredL2      sqrt(w) x
//	mahalanobis             SquaredL2      Ux, where U'U = vinv
//	wasserstein_1d, p = 1   L1             cumulative shares
//	wasserstein_1d, p = 2   SquaredL2      cumulative shares
//	circular_kantorovich    SquaredL2      for p = 2: cumulative shares less their mean
//
// So do the proxies of jensen-shannon, wasserstein_1d and circular_kantorovich. A metric with kernel [Custom] is computed
// by Fast: no change of single vectors makes it one of the kernels.
//
// Transforms are rounded to float32. The kernel's distance, which is the root of SquaredL2 and of JensenShannon, is therefore
// uncertain by about 1e-7 of what both transforms are from zero, and may exceed the largest distance of a bounded metric by as
// much. In the first four rows all transforms have one length, so it is 1e-7 of the largest distance; near vectors keep
// digits that 1 minus a rounded similarity would lose. JensenShannon is besides an approximation, to 2e-6 of the distance.
//
// Means, shares and ranks are taken in float64 before anything is rounded: a mean far above the deviations does no harm. But
// seuclidean, wminkowski and mahalanobis do not know the mean of the data. Where that is a million times the spread, the
// transforms differ in their last digits only: center such data first. Fast and Distance, which compute in float64 from
// the vectors themselves, lose nothing there.
//
// # Where PyNNDescent differs
//
// Distances agree with PyNNDescent's within rounding, except here:
//
//   - Nothing is cut off. PyNNDescent's fast forms of cosine, dot, hellinger, jaccard and inner_product make one class of all
//     pairs without similarity, and return it as distance 1 or 0. Here opposite vectors are at cosine distance 2,
//     orthogonal ones at 1, negative inner products keep their order, and disjoint sets are at jaccard distance 1, not
//     at infinity.
//   - true_angular grows with the angle: 0 for equal directions. There it is 1 minus that.
//   - tsss is 0, not NaN, from a zero vector. It goes on growing with obtuse angles; there it is 0 at 170 degrees, and
//     negative for opposite vectors.
//   - jensen-shannon adds nothing to empty bins, since it needs nothing: there 2^-23, whatever the unit of the histogram.
//   - The transport distances of a histogram without mass are not NaN. On a line or circle, all its cumulative shares are 0;
//     for kantorovich and sinkhorn it is as far away as the largest cost, and at 0 from another such one.
//   - circular_kantorovich with p other than 1 cuts the circle at the best place; there at the median of the p-th powers, with
//     which the distance of x to y is not that of y to x.
//   - sinkhorn divides histograms by their sums, may have empty bins, and is 0 between equal histograms. It computes in a
//     form that neither overflows nor underflows, until supplies are met to 1e-10.
//   - minkowski and wminkowski neither overflow nor underflow for large p. Parameters have names, not an order.
//   - seuclidean without sigma, wminkowski without w, mahalanobis without vinv, kantorovich and sinkhorn without cost are
//     errors; there, made-up defaults.
//   - Costs and vinv must be symmetric, costs zero on the diagonal, so that distances are.
//   - braycurtis of two vectors whose sum is zero is the largest float32, not 0.
//   - Dimensions above 65,536 are like others; there, some counters have 16 bits.
//   - The parameters of a proxy pair reach the exact metric, and the proxy of inner_product orders negative products.
//   - Zero vectors and constant vectors that a metric can say nothing about are refused by Check, see below, not mapped to 0
//     and 1; asked all the same, Distance does map them so.
//   - Epsilon means what [Dense.Stretch] says for each metric, also where PyNNDescent multiplies a bounded distance or the
//     logarithm of a squared one.
//
// # Domains
//
// Check accepts the vectors whose distances are finite and meaningful. Components must be finite numbers. The vector's
// Euclidean norm must not exceed 2^62 (4.6e18), so that no sum of squares overflows float32. There is no lower limit but those below:
// the squares of differences beneath 2^-75 (2.6e-23) vanish in float32, and vectors that differ by no more are equally far. Besides:
//
//   - cosine, dot and true_angular ask for a norm of at least 2^-50 (8.9e-16), which excludes the zero vector, so that
//     the squares do not vanish below float32's range; tsss for one above 0 and up to 2^30, since it has the fourth power.
//   - correlation and spearmanr ask for two components that differ.
//   - seuclidean, wminkowski with p = 2 and mahalanobis ask for a norm of at most 2^62 of the transformed vector too.
//   - The metrics of histograms, from hellinger to sinkhorn above, ask for components that are not negative, and one
//     that is positive.
//   - haversine asks for two components, and a metric with parameters for each component for as many as these.
//
// A distance beyond float32's range, which extreme parameters may cause, is the largest float32.
//
// # Reproducibility
//
// Distances are the same bits for both orders of a pair, and on every machine, except that true_angular (its true distance
// only), tsss and haversine use package math, which may differ in the last bits between kinds of processors. Transforms and
// kernels are the same bits on every machine too: no operation is fused with the next, and of package math only the
// square root is used, which is exact. From transforms, a distance is not the bits that Fast gives.
//
// # Adding a metric
//
// A [Definition] says all there is to say about a metric; [New] makes a [Dense] of it and [Register] gives it its names.
// The built-in metrics enter that way, from the file of their family, and so does a program's own:
//
//	logarithmic, err := metric.New(metric.Definition{Name: "logarithmic", Fast: sumOfLogs})
//	...
//	err = metric.Register(logarithmic)
//
// It has one of three kinds of fast form: Fast alone, for any function; Kernel alone, where a kernel computes it; or Kernel,
// Transform and Fast, where a kernel computes it of vectors that were changed first. The last is worth the most where
// the function is slow. A distance of logarithms, say, is
//
//	metric.Definition{Name: "logarithmic", Kernel: metric.L1, Transform: logarithms, Fast: sumOfLogs}
package metric
