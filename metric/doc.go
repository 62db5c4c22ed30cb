// Package metric names the distances between vectors and says how each is computed, bounded and checked.
//
// A metric has two values for a pair of vectors. The true distance is what a user is told. The fast form is what a graph
// is built and searched with: it orders all pairs as the true distance does, smaller is nearer, but is cheaper to compute.
// Correct turns the fast form into the true distance; Stretch says, in the fast form, what (1 + epsilon) times a true
// distance is.
//
//	name           aliases            true distance                  fast form
//	euclidean      l2                 sqrt(sum (x-y)^2)              its square
//	sqeuclidean                       sum (x-y)^2                    the same
//	manhattan      taxicab, l1        sum |x-y|                      the same
//	cosine                            1 - x.y/(|x| |y|)              the same
//	dot                               1 - x.y after normalization    the same
//	inner_product                     -x.y                           the same
//
// The names and their meaning are PyNNDescent's, without its tie classes: a cosine distance is 1 for orthogonal and 2 for
// opposite vectors, and negative inner products keep their order. "dot" there means vectors that the index normalizes
// first, so it is the cosine distance by another name; "inner_product" is the one that heeds lengths.
//
// # Domains
//
// Check accepts the vectors whose distances are finite and meaningful. Components must be finite numbers. The vector's
// Euclidean norm must not exceed 2^62 (4.6e18), so that no sum of squares overflows float32; cosine and dot also ask
// for at least 2^-50 (8.9e-16), which excludes the zero vector, so that the squares do not vanish below float32's range.
//
// # Adding a metric
//
// A [Definition] says all there is to say about a metric; [New] makes a [Dense] of it and [Register] gives it its names.
// The built-in metrics enter that way, from the file of their family, and so does a program's own:
//
//	chebyshev, err := metric.New(metric.Definition{Name: "chebyshev", Fast: maxAbs})
//	...
//	err = metric.Register(chebyshev)
package metric
