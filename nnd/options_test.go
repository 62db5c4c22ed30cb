package nnd_test

import (
	"errors"
	"math"
	"testing"

	"github.com/vicinaldb/store/nnd"
)

func TestOptionsValidate(t *testing.T) {
	nan := math.NaN()
	for _, test := range []struct {
		name string
		o    nnd.Options
		ok   bool
	}{
		{"zero value", nnd.Options{}, true},
		{"everything set", nnd.Options{Neighbors: 5, Trees: 1, LeafSize: 2, MaxTreeDepth: 1, MaxCandidates: 1, Iterations: 1, Delta: 1, DiversifyProb: new(0.0), PruningDegreeMultiplier: 0.01, Alpha: 1, Pivots: 1, Entries: 1, Threads: 1}, true},
		{"starts and methods", nnd.Options{RandomInit: true, DiversifyMethod: nnd.DiversifyBidirectional, DegreeAware: 1}, true},
		{"no such method", nnd.Options{DiversifyMethod: nnd.DiversifyBidirectional + 1}, false},
		{"negative degree awareness", nnd.Options{DegreeAware: -1}, false},
		{"degree awareness NaN", nnd.Options{DegreeAware: nan}, false},
		{"negative neighbors", nnd.Options{Neighbors: -1}, false},
		{"leaf of one", nnd.Options{LeafSize: 1}, false},
		{"negative trees", nnd.Options{Trees: -1}, false},
		{"negative threads", nnd.Options{Threads: -1}, false},
		{"delta above 1", nnd.Options{Delta: 1.5}, false},
		{"delta NaN", nnd.Options{Delta: nan}, false},
		{"probability above 1", nnd.Options{DiversifyProb: new(1.1)}, false},
		{"probability NaN", nnd.Options{DiversifyProb: &nan}, false},
		{"alpha below 1", nnd.Options{Alpha: 0.9}, false},
		{"alpha infinite", nnd.Options{Alpha: math.Inf(1)}, false},
		{"multiplier infinite", nnd.Options{PruningDegreeMultiplier: math.Inf(1)}, false},
		{"candidates without a limit", nnd.Options{MaxCandidates: math.MaxInt32}, true},
		{"multiplier negative", nnd.Options{PruningDegreeMultiplier: -1}, false},
	} {
		err := test.o.Validate()
		if test.ok && err != nil || !test.ok && !errors.Is(err, nnd.ErrOptions) {
			t.Errorf("%s: error %v", test.name, err)
		}
		if _, err := nnd.Build(t.Context(), uniform(20, 2, 1), test.o); test.ok != (err == nil) {
			t.Errorf("%s: Build says %v", test.name, err)
		}
	}
}

func TestOptionsDefaults(t *testing.T) {
	o := nnd.Options{Neighbors: 100, DiversifyProb: new(0.0)}.EnsureDefaults(250000)
	if o.MaxCandidates != 60 || o.Iterations != 18 || o.Delta != 0.01 || *o.DiversifyProb != 0 || o.LeafSize != 200 || o.Pivots != 125 {
		t.Errorf("defaults %+v", o)
	}
	if o := (nnd.Options{Pivots: 50}).EnsureDefaults(3); o.Pivots != 3 || *o.DiversifyProb != 1 || o.Neighbors != 30 {
		t.Errorf("defaults for three rows %+v", o)
	}
}
