package metric

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// The registered definitions of metrics between bit vectors, by each of their names.
var bitsRegistry = struct {
	sync.RWMutex
	byName map[string]*BitsDefinition
}{byName: map[string]*BitsDefinition{}}

func init() {
	for _, d := range bitsFamily {
		if err := RegisterBits(d); err != nil {
			panic(err) // a built-in definition is wrong: every test of the package fails
		}
	}
}

// RegisterBits makes d known to LookupBits under its name and aliases, until the program ends. The error wraps
// ErrDefinition when d cannot be a metric, or one of its names is taken; then nothing is registered. Any number of
// goroutines may call it at once.
func RegisterBits(d BitsDefinition) error {
	if err := d.validate(); err != nil {
		return err
	}
	bitsRegistry.Lock()
	defer bitsRegistry.Unlock()
	names := append([]string{d.Name}, d.Aliases...)
	for i, name := range names {
		if bitsRegistry.byName[name] != nil || slices.Contains(names[:i], name) {
			return fmt.Errorf("%w: the name %q is taken", ErrDefinition, name)
		}
	}
	for _, name := range names {
		bitsRegistry.byName[name] = &d
	}
	return nil
}

// LookupBits returns the metric registered under a name or alias, between vectors of so many bits. Names are
// case-sensitive. Metrics between bit vectors have no parameters. The error wraps ErrUnknown and lists the names there are,
// wraps ErrParams when parameters are given, or wraps ErrDefinition when bits is 0.
func LookupBits(name string, bits uint32, params ...Params) (*Bits, error) {
	bitsRegistry.RLock()
	d := bitsRegistry.byName[name]
	bitsRegistry.RUnlock()
	if d == nil {
		return nil, fmt.Errorf("%w between bit vectors: %q is none of %s", ErrUnknown, name, strings.Join(BitsNames(), ", "))
	}
	for _, p := range params {
		if err := p.checkTaken(nil); err != nil {
			return nil, fmt.Errorf("looking up %s: %w", name, err)
		}
	}
	return NewBits(*d, bits)
}

// BitsNames returns the canonical names of all registered metrics between bit vectors, sorted.
func BitsNames() []string {
	bitsRegistry.RLock()
	defer bitsRegistry.RUnlock()
	var names []string
	for name, d := range bitsRegistry.byName {
		if name == d.Name {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
