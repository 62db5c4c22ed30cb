package metric

import "fmt"

// Definition says what a metric is. Functions must be pure: the same arguments give the same result, and any number
// of goroutines may call them at once. They are called with vectors of equal length that Check accepted.
type Definition struct {
	// Name is the canonical name; Aliases are other names for it.
	Name    string
	Aliases []string

	// Kernel says how the fast form may be computed in batches. The default, Custom, asks for Fast. With any other kernel the
	// fast form is what that kernel computes: of the vectors themselves, and then Fast must be nil, or of what Transform
	// makes of them.
	Kernel Kernel

	// Transform sets dst to what Kernel takes in place of v, for a metric that is a kernel's of vectors changed one by one:
	// standardized, ranked, divided by their sums. It needs Kernel and Fast beside it. Dst has the length of v and does
	// not overlap it. Where Check accepted v, no component and no distance of two transforms may overflow. Nil means that
	// Kernel takes the vectors as they are.
	Transform func(dst, v []float32)

	// Fast computes the fast form of a pair: it must order pairs as the true distance does, be symmetric bit for bit, and
	// retain neither argument. Beside a Transform it must give what the kernel gives for both transforms, but for their
	// rounding to float32: then whether a distance was computed by the one or the other makes no difference to its meaning.
	Fast func(x, y []float32) float32

	// Correct turns the fast form into the true distance. Nil means that they are the same.
	Correct func(fast float32) float32

	// Stretch returns the fast form of (1+epsilon) times the true distance that fast stands for. It must not decrease when
	// fast grows. Epsilon is never 0. Nil means (1+epsilon)*fast, which is only right without Correct.
	Stretch func(fast, epsilon float32) float32

	// Check refuses finite vectors that the metric has no distance for, with an error that wraps ErrDomain. Nil
	// accepts every vector that the kernel can take; with a Transform, every finite one.
	Check func(v []float32) error

	// Dim is the only dimension of vectors that the metric has distances for, 0 if it has them for any.
	Dim int

	// Proxy is a cheap metric to build and search graphs with in this one's place, nil for none. It must not have a proxy
	// itself.
	Proxy *Dense
}

// Dense is a distance between dense float32 vectors. It is immutable: any number of goroutines may use it at once.
// Vectors of a pair must have equal lengths.
type Dense struct {
	def    Definition
	params Params
}

// New returns the metric that d defines. It is not registered. Errors wrap ErrDefinition.
func New(d Definition) (*Dense, error) {
	pair := d.Kernel.pair()
	switch {
	case d.Name == "":
		return nil, fmt.Errorf("%w: it has no name", ErrDefinition)
	case d.Kernel > lastKernel:
		return nil, fmt.Errorf("%w: %s names kernel %d, which does not exist", ErrDefinition, d.Name, d.Kernel)
	case d.Transform != nil && (d.Fast == nil || pair == nil):
		return nil, fmt.Errorf("%w: %s must have a kernel and a function for the fast form beside its transform", ErrDefinition, d.Name)
	case d.Transform == nil && (d.Fast == nil) != (pair != nil):
		return nil, fmt.Errorf("%w: %s must have either a kernel or a function for the fast form", ErrDefinition, d.Name)
	case d.Correct != nil && d.Stretch == nil:
		return nil, fmt.Errorf("%w: %s corrects its fast form and does not say how to stretch it", ErrDefinition, d.Name)
	case d.Dim < 0:
		return nil, fmt.Errorf("%w: %s wants vectors of %d components", ErrDefinition, d.Name, d.Dim)
	case d.Proxy != nil && d.Proxy.def.Proxy != nil:
		return nil, fmt.Errorf("%w: the proxy of %s, %s, has a proxy itself", ErrDefinition, d.Name, d.Proxy.Name())
	}
	if d.Fast == nil {
		d.Fast = pair
	}
	if d.Correct == nil {
		d.Correct = identity
	}
	if d.Stretch == nil {
		d.Stretch = stretchLinear
	}
	return &Dense{def: d}, nil
}

// Name returns the canonical name.
func (m *Dense) Name() string { return m.def.Name }

// Params returns a copy of the parameters that the metric was looked up with, completed by their defaults, so that a
// later Lookup with them gives the same metric.
func (m *Dense) Params() Params { return m.params.Clone() }

// Proxy returns the cheap metric that graphs should be built and searched with in this one's place; the candidates found
// so, more than are wanted, are then ranked by this one. It returns false when the metric is to be searched with itself.
func (m *Dense) Proxy() (searched *Dense, ok bool) { return m.def.Proxy, m.def.Proxy != nil }

// Kernel returns how the fast form may be computed in batches: from what Transform makes of the vectors.
func (m *Dense) Kernel() Kernel { return m.def.Kernel }

// Transformed tells whether the kernel takes something else than the vectors themselves.
func (m *Dense) Transformed() bool { return m.def.Transform != nil }

// Transform sets dst to what the kernel takes in place of v, which Check accepted: a copy of v unless Transformed. Dst and v
// have equal lengths and do not overlap. The kernel then gives the fast form but for what rounding the components of
// transforms to float32 makes of it; the package documentation says how much. Equal vectors have equal transforms, which are at
// distance 0. The bits are the same on every machine.
func (m *Dense) Transform(dst, v []float32) {
	if m.def.Transform == nil {
		copy(dst, v)
		return
	}
	m.def.Transform(dst, v)
}

// Fast returns the fast form of the distance between x and y: smaller is nearer, Fast(x, y) == Fast(y, x).
func (m *Dense) Fast(x, y []float32) float32 { return m.def.Fast(x, y) }

// Distance returns the true distance between x and y.
func (m *Dense) Distance(x, y []float32) float32 { return m.def.Correct(m.def.Fast(x, y)) }

// Correct returns the true distance of which fast is the fast form.
func (m *Dense) Correct(fast float32) float32 { return m.def.Correct(fast) }

// Stretch returns the fast form of (1+epsilon) times the true distance of which fast is the fast form; epsilon must be at
// least 0. A search expands rows below Stretch of its k-th best distance. Stretch(fast, 0) is fast, and Stretch never
// decreases when fast grows.
//
// Bounded or signed distances are stretched where the factor keeps its effect: those that are 1 minus a similarity on
// -log2 of the similarity, which is unbounded, and inner_product by epsilon times the magnitude, a negative one to 0 at
// most.
func (m *Dense) Stretch(fast, epsilon float32) float32 {
	if epsilon == 0 {
		return fast
	}
	return m.def.Stretch(fast, epsilon)
}

// CheckDim returns nil when the metric, and its proxy, can compare vectors of dim components. Else the error wraps ErrDomain.
func (m *Dense) CheckDim(dim int) error {
	if m.def.Dim != 0 && dim != m.def.Dim {
		return fmt.Errorf("%w: it has %d components, %s compares vectors of %d", ErrDomain, dim, m.def.Name, m.def.Dim)
	}
	if m.def.Proxy != nil {
		return m.def.Proxy.CheckDim(dim)
	}
	return nil
}

// Check returns nil when the metric, and its proxy, have finite distances for v. Else the error wraps ErrNotFinite and
// names the first component that is NaN or infinite, or wraps ErrDomain and says why.
func (m *Dense) Check(v []float32) error {
	err := m.def.takes().check(v)
	if err == nil {
		err = m.CheckDim(len(v))
	}
	if err == nil && m.def.Check != nil {
		err = m.def.Check(v)
	}
	if err != nil {
		return fmt.Errorf("checking vector for %s: %w", m.def.Name, err)
	}
	if m.def.Proxy != nil {
		return m.def.Proxy.Check(v)
	}
	return nil
}

// takes returns the kernel whose domain the vectors themselves must lie in.
func (d *Definition) takes() Kernel {
	if d.Transform != nil {
		return Custom
	}
	return d.Kernel
}

func identity(fast float32) float32 { return fast }

func stretchLinear(fast, epsilon float32) float32 { return (1 + epsilon) * fast }
