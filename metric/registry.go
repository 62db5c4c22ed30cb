package metric

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// The registered metrics, by each of their names.
var registry = struct {
	sync.RWMutex
	byName map[string]*entry
}{byName: map[string]*entry{}}

// entry is a registered metric, for each choice of its parameters.
type entry struct {
	parametric
	plain *Dense // without parameters; nil when some must be given
}

// parametric says how a metric follows from its parameters.
type parametric struct {
	name    string
	aliases []string
	takes   []string // the JSON names of the parameters, besides proxy

	// define completes the parameters by defaults and returns the metric, without its names. Errors wrap ErrParams.
	define func(p *Params) (Definition, error)
}

func init() {
	var all []parametric
	for _, d := range slices.Concat(minkowskiFamily, relativeFamily, cosineFamily, innerProductFamily, correlationFamily,
		angularFamily, histogramFamily, binaryFamily) {
		all = append(all, withoutParams(d))
	}
	all = append(all, slices.Concat(minkowskiParametric, mahalanobisParametric, lineParametric, transportParametric)...)
	for _, pair := range proxyPairs {
		i := slices.IndexFunc(all, func(m parametric) bool { return m.name == pair.exact })
		all = append(all, pair.of(all[i]))
	}
	for _, m := range all {
		e := &entry{parametric: m.bounded()}
		e.plain, _ = e.metric(Params{}) // where that fails, Lookup will say which parameter is missing
		if err := register(e); err != nil {
			panic(err) // a built-in definition is wrong: every test of the package fails
		}
	}
}

// withoutParams returns the metric that has no parameters.
func withoutParams(d Definition) parametric {
	return parametric{name: d.Name, aliases: d.Aliases, define: func(*Params) (Definition, error) { return d, nil }}
}

// of returns the pair of an exact metric.
func (pair *proxyPair) of(exact parametric) parametric {
	return parametric{name: pair.name, aliases: pair.aliases, takes: exact.takes, define: func(p *Params) (Definition, error) {
		d, err := exact.define(p)
		if err == nil {
			d.Proxy, err = New(pair.searched)
		}
		return d, err
	}}
}

// bounded returns the metric with the largest norm that built-in metrics accept checked, where no kernel does it.
func (m parametric) bounded() parametric {
	define := m.define
	m.define = func(p *Params) (Definition, error) {
		d, err := define(p)
		if check := d.Check; d.takes() == Custom {
			d.Check = func(v []float32) error {
				if err := SquaredL2.check(v); err != nil || check == nil {
					return err
				}
				return check(v)
			}
		}
		return d, err
	}
	return m
}

// Register makes m known to Lookup under its name and aliases, until the program ends. Nothing is registered when one of
// them is taken: the error wraps ErrDefinition. Any number of goroutines may call it at once.
func Register(m *Dense) error {
	d := m.def
	if d.takes() != Custom {
		d.Fast = nil // New took it from the kernel, and would again
	}
	return register(&entry{parametric: withoutParams(d), plain: m})
}

func register(e *entry) error {
	registry.Lock()
	defer registry.Unlock()
	names := append([]string{e.name}, e.aliases...)
	for i, name := range names {
		if registry.byName[name] != nil || slices.Contains(names[:i], name) {
			return fmt.Errorf("%w: the name %q is taken", ErrDefinition, name)
		}
	}
	for _, name := range names {
		registry.byName[name] = e
	}
	return nil
}

// Lookup returns the metric registered under a name or alias, with the parameters given: none, or one Params, which is
// copied. Names are case-sensitive. The error wraps ErrUnknown and lists the names there are, or wraps ErrParams and says
// which parameter is missing, not taken, or invalid.
func Lookup(name string, params ...Params) (*Dense, error) {
	registry.RLock()
	e := registry.byName[name]
	registry.RUnlock()
	switch {
	case e == nil:
		return nil, fmt.Errorf("%w: %q is none of %s", ErrUnknown, name, strings.Join(Names(), ", "))
	case len(params) > 1:
		return nil, fmt.Errorf("looking up %s: %w: %d sets are given, one is enough", name, ErrParams, len(params))
	}
	var p Params
	if len(params) == 1 {
		p = params[0].Clone()
	}
	m, err := e.metric(p)
	if err != nil {
		return nil, fmt.Errorf("looking up %s: %w", name, err)
	}
	return m, nil
}

// metric returns the metric with parameters p, which it keeps.
func (e *entry) metric(p Params) (*Dense, error) {
	if e.plain != nil && len(p.given()) == 0 {
		return e.plain, nil
	}
	if err := p.checkTaken(append([]string{"proxy"}, e.takes...)); err != nil {
		return nil, err
	}
	d, err := e.define(&p)
	if err != nil {
		return nil, err
	}
	d.Name, d.Aliases = e.name, e.aliases
	if p.Proxy != "" {
		if d.Proxy, err = p.lookupProxy(d.Proxy); err != nil {
			return nil, err
		}
	}
	m, err := New(d)
	if err != nil {
		return nil, err
	}
	m.params = p
	return m, nil
}

// lookupProxy returns the metric that p names to stand in for one that has present, or nothing, in that place.
func (p *Params) lookupProxy(present *Dense) (*Dense, error) {
	if present != nil {
		return nil, fmt.Errorf("%w: proxy is given, but %s has that place", ErrParams, present.Name())
	}
	m, err := Lookup(p.Proxy)
	if err != nil {
		return nil, fmt.Errorf("%w: proxy: %w", ErrParams, err)
	}
	if _, ok := m.Proxy(); ok {
		return nil, fmt.Errorf("%w: proxy is %s, which has a proxy itself", ErrParams, p.Proxy)
	}
	p.Proxy = m.Name()
	return m, nil
}

// Names returns the canonical names of all registered metrics, sorted. Some of them need parameters.
func Names() []string {
	registry.RLock()
	defer registry.RUnlock()
	var names []string
	for name, e := range registry.byName {
		if name == e.name {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
