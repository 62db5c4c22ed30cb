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
	byName map[string]*Dense
}{byName: map[string]*Dense{}}

func init() {
	for _, d := range slices.Concat(minkowskiFamily, cosineFamily, innerProductFamily) {
		m, err := New(d)
		if err == nil {
			err = Register(m)
		}
		if err != nil {
			panic(err) // a built-in definition is wrong: every test of the package fails
		}
	}
}

// Register makes m known to Lookup under its name and aliases, until the program ends. Nothing is registered when one of
// them is taken: the error wraps ErrDefinition. Any number of goroutines may call it at once.
func Register(m *Dense) error {
	registry.Lock()
	defer registry.Unlock()
	names := append([]string{m.def.Name}, m.def.Aliases...)
	for i, name := range names {
		if registry.byName[name] != nil || slices.Contains(names[:i], name) {
			return fmt.Errorf("%w: the name %q is taken", ErrDefinition, name)
		}
	}
	for _, name := range names {
		registry.byName[name] = m
	}
	return nil
}

// Lookup returns the metric registered under a name or alias. Names are case-sensitive. The error wraps ErrUnknown and
// lists the names there are.
func Lookup(name string) (*Dense, error) {
	registry.RLock()
	m := registry.byName[name]
	registry.RUnlock()
	if m == nil {
		return nil, fmt.Errorf("%w: %q is none of %s", ErrUnknown, name, strings.Join(Names(), ", "))
	}
	return m, nil
}

// Names returns the canonical names of all registered metrics, sorted.
func Names() []string {
	registry.RLock()
	defer registry.RUnlock()
	var names []string
	for name, m := range registry.byName {
		if name == m.def.Name {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
