package metric

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
)

// sparseEntry is what a name stands for: a definition that depends on the number of features and on parameters. Define
// completes the parameters with the defaults that it uses.
type sparseEntry struct {
	name    string
	aliases []string
	takes   []string // JSON names of the parameters
	define  func(dim uint32, p *Params) (SparseDefinition, error)
}

// fixed is an entry's define for what depends on nothing.
func fixed(define func() SparseDefinition) func(dim uint32, p *Params) (SparseDefinition, error) {
	return func(uint32, *Params) (SparseDefinition, error) { return define(), nil }
}

// withDim is an entry's define for what depends on the number of features.
func withDim(define func(dim uint32) SparseDefinition) func(dim uint32, p *Params) (SparseDefinition, error) {
	return func(dim uint32, _ *Params) (SparseDefinition, error) { return define(dim), nil }
}

// The registered sparse metrics, by each of their names.
var sparseRegistry = struct {
	sync.RWMutex
	byName map[string]*sparseEntry
}{byName: map[string]*sparseEntry{}}

func init() {
	for _, entry := range slices.Concat(sparseMinkowski, sparseAngular, sparseSets, sparseHistograms, sparseTransport) {
		if err := registerSparse(entry.bounded()); err != nil {
			panic(err) // a built-in definition is wrong: every test of the package fails
		}
	}
}

// bounded returns an entry whose metric refuses vectors of a norm over 2^62, as all built-in metrics do.
func (e sparseEntry) bounded() sparseEntry {
	define := e.define
	e.define = func(dim uint32, p *Params) (SparseDefinition, error) {
		d, err := define(dim, p)
		check := d.Check
		d.Check = func(v SparseVector) error {
			if squared := squaredNorm(v); squared > maxSquaredNorm {
				return fmt.Errorf("%w: its norm %.3g exceeds 2^62", ErrDomain, math.Sqrt(squared))
			}
			if check == nil {
				return nil
			}
			return check(v)
		}
		return d, err
	}
	return e
}

// RegisterSparse makes d known to LookupSparse under its name and aliases, until the program ends. The error wraps
// ErrDefinition when d cannot be a metric, or one of its names is taken; then nothing is registered. Any number of
// goroutines may call it at once.
func RegisterSparse(d SparseDefinition) error {
	if _, err := NewSparse(d, 1); err != nil {
		return err
	}
	return registerSparse(sparseEntry{name: d.Name, aliases: d.Aliases, define: fixed(func() SparseDefinition { return d })})
}

func registerSparse(entry sparseEntry) error {
	sparseRegistry.Lock()
	defer sparseRegistry.Unlock()
	names := append([]string{entry.name}, entry.aliases...)
	for i, name := range names {
		if sparseRegistry.byName[name] != nil || slices.Contains(names[:i], name) {
			return fmt.Errorf("%w: the name %q is taken", ErrDefinition, name)
		}
	}
	for _, name := range names {
		sparseRegistry.byName[name] = &entry
	}
	return nil
}

// LookupSparse returns the metric registered under a name or alias, between sparse vectors of dim features. Params is
// nothing or one set of parameters; it is copied. Names are case-sensitive. The error wraps ErrUnknown and lists the names
// there are, wraps ErrParams and says which parameter is missing, wrong or not taken, or wraps ErrDefinition when dim is 0.
func LookupSparse(name string, dim uint32, params ...Params) (*Sparse, error) {
	sparseRegistry.RLock()
	entry := sparseRegistry.byName[name]
	sparseRegistry.RUnlock()
	switch {
	case entry == nil:
		return nil, fmt.Errorf("%w between sparse vectors: %q is none of %s", ErrUnknown, name, strings.Join(SparseNames(), ", "))
	case len(params) > 1:
		return nil, fmt.Errorf("looking up sparse %s: %w: %d sets are given, one is enough", name, ErrParams, len(params))
	}
	var p Params
	if len(params) == 1 {
		p = params[0].Clone()
	}
	m, err := entry.metric(dim, p)
	if err != nil {
		return nil, fmt.Errorf("looking up sparse %s: %w", name, err)
	}
	return m, nil
}

// metric defines the metric for parameters that nobody else holds.
func (e *sparseEntry) metric(dim uint32, p Params) (*Sparse, error) {
	if err := p.checkTaken(e.takes); err != nil {
		return nil, err
	}
	d, err := e.define(dim, &p)
	if err != nil {
		return nil, err
	}
	d.Name, d.Aliases = e.name, e.aliases
	m, err := NewSparse(d, dim)
	if err != nil {
		return nil, err
	}
	m.params = p
	return m, nil
}

// SparseNames returns the canonical names of all registered sparse metrics, sorted.
func SparseNames() []string {
	sparseRegistry.RLock()
	defer sparseRegistry.RUnlock()
	var names []string
	for name, entry := range sparseRegistry.byName {
		if name == entry.name {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
