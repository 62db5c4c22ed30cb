package metric

import "fmt"

// SparseVector is a vector of which only the components that are not zero are listed. Indices are those of the components,
// strictly ascending and below the number of features; Values are as many, finite and none zero. A vector without any is
// the zero vector.
type SparseVector struct {
	Indices []uint32
	Values  []float32
}

// SparseKernel says how the fast form of a sparse metric may be computed for many pairs at once.
//
// The features that two sparse vectors share are few, and a codec that has one vector in a table finds those of another
// fast. A kernel other than SparsePairwise therefore makes the fast form of the overlap, a sum over the shared features
// only, and of a Summary of each vector.
type SparseKernel uint8

// The kernels. Their numbers are not part of any file format.
const (
	SparsePairwise SparseKernel = iota // only by calling Fast, pair by pair
	SparseProducts                     // FromOverlap of the sum of x*y over the shared features
	SparseTerms                        // FromOverlap of the sum of Term(x, y) over the shared features
)

// Summary is what FromOverlap needs to know of a vector besides the overlap, such as its norm. What the two numbers are is
// the metric's own business. Codecs keep them with the vector, in files too: a metric of a name must not change theirs.
type Summary [2]float64

// SparseDefinition says what a metric between sparse vectors is. As those of a [Definition], its functions must be pure,
// and any number of goroutines may call them at once.
type SparseDefinition struct {
	// Name is the canonical name; Aliases are other names for it.
	Name    string
	Aliases []string

	// Kernel says how the fast form may be computed in batches. The default, SparsePairwise, asks for Fast alone. Any other
	// one asks for Summarize and FromOverlap too, and SparseTerms for Term.
	Kernel SparseKernel

	// Fast computes the fast form of a pair: it must order pairs as the true distance does, be symmetric bit for bit, and
	// retain neither argument. With a kernel other than SparsePairwise it is called when FromOverlap gives up, and may be
	// nil when FromOverlap never does.
	Fast func(x, y SparseVector) float32

	// Term is what a feature with the values x and y adds to the overlap of two vectors with these summaries. It must be
	// the same for both orders of the pair.
	Term func(x, y float32, ofX, ofY Summary) float64

	// Summarize makes the summary of a vector.
	Summarize func(v SparseVector) Summary

	// FromOverlap makes the fast form of a pair from its overlap and both summaries. It must be symmetric bit for bit. It
	// returns false where too much is lost in a difference of large numbers: then Fast is called instead.
	FromOverlap func(overlap float64, ofX, ofY Summary) (fast float32, ok bool)

	// Correct, Stretch and Check are what they are in a [Definition].
	Correct func(fast float32) float32
	Stretch func(fast, epsilon float32) float32
	Check   func(v SparseVector) error
}

// Sparse is a distance between sparse float32 vectors of a number of features. It is immutable: any number of goroutines
// may use it at once.
//
// The built-in ones equal the dense metrics of the same name between the same vectors, and refuse the same vectors:
//
//	euclidean (l2)      sqeuclidean      manhattan (taxicab, l1)      chebyshev (linfinity, linfty, linf)
//	minkowski: p        canberra         braycurtis
//	cosine              dot              inner_product                correlation
//	hamming             jaccard          dice                         matching       kulsinski
//	rogerstanimoto (sokalmichener)       russellrao                   sokalsneath
//	hellinger           jensen-shannon (jensen_shannon)
//	symmetric-kl (symmetric_kl, symmetric_kullback_liebler)
//	wasserstein_1d (wasserstein-1d, kantorovich_1d, kantorovich-1d): p
//	kantorovich (wasserstein): cost, or ground_vectors and ground_metric; max_iterations
//
// These are the names of PyNNDescent's sparse metrics, with two that it lacks: dot and inner_product. Where its values
// differ from the definitions, these do not: cosine distances go on beyond a right angle to 2; jaccard of disjoint
// sets is 1; jensen-shannon and symmetric-kl count all features, not only those of the pair, so that they equal the dense
// ones; vectors without a direction or without mass are refused where a metric needs one.
//
// Sums are made in float64, so that distances are as precise as a float32 is, between nearly equal vectors too.
type Sparse struct {
	def    SparseDefinition
	dim    uint32
	params Params
}

// NewSparse returns the metric that d defines between vectors of dim features, at least 1. It is not registered. Errors
// wrap ErrDefinition.
func NewSparse(d SparseDefinition, dim uint32) (*Sparse, error) {
	overlap := d.Kernel != SparsePairwise
	switch {
	case d.Name == "":
		return nil, fmt.Errorf("%w: it has no name", ErrDefinition)
	case dim == 0:
		return nil, fmt.Errorf("%w: %s between vectors of no features", ErrDefinition, d.Name)
	case d.Kernel > SparseTerms:
		return nil, fmt.Errorf("%w: %s names kernel %d, which does not exist", ErrDefinition, d.Name, d.Kernel)
	case !overlap && d.Fast == nil:
		return nil, fmt.Errorf("%w: %s has no function for the fast form", ErrDefinition, d.Name)
	case overlap != (d.Summarize != nil) || overlap != (d.FromOverlap != nil) || (d.Kernel == SparseTerms) != (d.Term != nil):
		return nil, fmt.Errorf("%w: %s must have the functions that its kernel asks for, and no others", ErrDefinition, d.Name)
	case d.Correct != nil && d.Stretch == nil:
		return nil, fmt.Errorf("%w: %s corrects its fast form and does not say how to stretch it", ErrDefinition, d.Name)
	}
	if d.Correct == nil {
		d.Correct = identity
	}
	if d.Stretch == nil {
		d.Stretch = stretchLinear
	}
	return &Sparse{def: d, dim: dim}, nil
}

// Name returns the canonical name.
func (m *Sparse) Name() string { return m.def.Name }

// Dim returns the number of features.
func (m *Sparse) Dim() uint32 { return m.dim }

// Params returns the parameters that the metric was looked up with, completed by the defaults that it uses.
func (m *Sparse) Params() Params { return m.params.Clone() }

// Kernel returns how the fast form may be computed in batches.
func (m *Sparse) Kernel() SparseKernel { return m.def.Kernel }

// Term returns what a shared feature adds to the overlap under the kernel SparseTerms.
func (m *Sparse) Term(x, y float32, ofX, ofY Summary) float64 { return m.def.Term(x, y, ofX, ofY) }

// Summarize returns the summary of v for FromOverlap, zeros under the kernel SparsePairwise.
func (m *Sparse) Summarize(v SparseVector) Summary {
	if m.def.Kernel == SparsePairwise {
		return Summary{}
	}
	return m.def.Summarize(v)
}

// FromOverlap returns the fast form of a pair from its overlap, the terms of the shared features added in the order of
// their indices, and the summaries of both vectors. It returns false when Pairwise has to compute it instead. The kernel
// must not be SparsePairwise.
func (m *Sparse) FromOverlap(overlap float64, ofX, ofY Summary) (fast float32, ok bool) {
	fast, ok = m.def.FromOverlap(overlap, ofX, ofY)
	return fast, ok || m.def.Fast == nil
}

// Pairwise returns the fast form of a pair by the definition's own function: of one that FromOverlap has given up, or of any
// pair under the kernel SparsePairwise. A metric without such a function returns what Fast does.
func (m *Sparse) Pairwise(x, y SparseVector) float32 {
	if m.def.Fast == nil {
		return m.Fast(x, y)
	}
	return m.def.Fast(x, y)
}

// Fast returns the fast form of the distance between x and y: smaller is nearer, Fast(x, y) == Fast(y, x).
func (m *Sparse) Fast(x, y SparseVector) float32 {
	if m.def.Kernel == SparsePairwise {
		return m.def.Fast(x, y)
	}
	return m.FastSummarized(x, y, m.def.Summarize(x), m.def.Summarize(y))
}

// FastSummarized is Fast for two vectors whose summaries are known.
func (m *Sparse) FastSummarized(x, y SparseVector, ofX, ofY Summary) float32 {
	var overlap float64
	switch m.def.Kernel {
	case SparseProducts:
		overlap = sharedProducts(x, y)
	case SparseTerms:
		overlap = sharedTerms(x, y, ofX, ofY, m.def.Term)
	default:
		return m.def.Fast(x, y)
	}
	if fast, ok := m.FromOverlap(overlap, ofX, ofY); ok {
		return fast
	}
	return m.def.Fast(x, y)
}

// Distance returns the true distance between x and y.
func (m *Sparse) Distance(x, y SparseVector) float32 { return m.def.Correct(m.Fast(x, y)) }

// Correct returns the true distance of which fast is the fast form.
func (m *Sparse) Correct(fast float32) float32 { return m.def.Correct(fast) }

// Stretch returns the fast form of (1+epsilon) times the true distance of which fast is the fast form, as that of the
// [Dense] metric of the same name does.
func (m *Sparse) Stretch(fast, epsilon float32) float32 {
	if epsilon == 0 {
		return fast
	}
	return m.def.Stretch(fast, epsilon)
}

// Check returns nil when v is a vector of the metric's features and the metric has finite distances for it. Else the error
// wraps ErrNotFinite and names the first feature whose value is NaN or infinite, or wraps ErrDomain and says why.
func (m *Sparse) Check(v SparseVector) error {
	err := checkSparse(v, m.dim)
	if err == nil && m.def.Check != nil {
		err = m.def.Check(v)
	}
	if err != nil {
		return fmt.Errorf("checking vector for %s: %w", m.def.Name, err)
	}
	return nil
}

// checkSparse refuses what is no sparse vector of dim features.
func checkSparse(v SparseVector, dim uint32) error {
	if len(v.Indices) != len(v.Values) {
		return fmt.Errorf("%w: it has %d indices and %d values", ErrDomain, len(v.Indices), len(v.Values))
	}
	for i, feature := range v.Indices {
		value := v.Values[i]
		switch {
		case feature >= dim:
			return fmt.Errorf("%w: feature %d of %d", ErrDomain, feature, dim)
		case i > 0 && feature <= v.Indices[i-1]:
			return fmt.Errorf("%w: feature %d follows feature %d, they must ascend", ErrDomain, feature, v.Indices[i-1])
		case value-value != 0: // NaN for NaN and for infinities
			return fmt.Errorf("%w: feature %d is %v", ErrNotFinite, feature, value)
		case value == 0:
			return fmt.Errorf("%w: feature %d is zero, it must be left out", ErrDomain, feature)
		}
	}
	return nil
}
