package metric_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vicinaldb/store/metric"
)

func TestLookup(t *testing.T) {
	cases := []struct {
		name, canonical string
		kernel          metric.Kernel
	}{
		{"euclidean", "euclidean", metric.SquaredL2},
		{"l2", "euclidean", metric.SquaredL2},
		{"sqeuclidean", "sqeuclidean", metric.SquaredL2},
		{"manhattan", "manhattan", metric.L1},
		{"taxicab", "manhattan", metric.L1},
		{"l1", "manhattan", metric.L1},
		{"cosine", "cosine", metric.Cosine},
		{"dot", "dot", metric.Cosine},
		{"inner_product", "inner_product", metric.InnerProduct},
	}
	for _, c := range cases {
		m, err := metric.Lookup(c.name)
		if err != nil {
			t.Fatal(err)
		}
		if m.Name() != c.canonical || m.Kernel() != c.kernel {
			t.Errorf("%s is %s with kernel %d, want %s with kernel %d", c.name, m.Name(), m.Kernel(), c.canonical, c.kernel)
		}
	}
}

func TestLookupUnknown(t *testing.T) {
	for _, name := range []string{"", "Euclidean", "euclid", "l2 "} {
		m, err := metric.Lookup(name)
		if m != nil || !errors.Is(err, metric.ErrUnknown) || !strings.Contains(err.Error(), "inner_product") {
			t.Errorf("Lookup(%q) = %v, %v; want ErrUnknown and the names there are", name, m, err)
		}
	}
}

// builtIn are the canonical names, as the package documentation lists them.
var builtIn = []string{
	"braycurtis", "canberra", "chebyshev", "circular_kantorovich", "correlation", "cosine", "dice", "dot", "euclidean", "hamming",
	"haversine", "hellinger", "inner_product", "jaccard", "jensen-shannon", "kantorovich", "kulsinski", "mahalanobis", "manhattan",
	"matching", "minkowski", "proxy_circular_kantorovich", "proxy_inner_product", "proxy_jensen-shannon",
	"proxy_kantorovich", "proxy_sinkhorn", "proxy_symmetric-kl", "proxy_wasserstein_1d", "rogerstanimoto", "russellrao",
	"seuclidean", "sinkhorn", "sokalsneath", "spearmanr", "sqeuclidean", "symmetric-kl", "true_angular", "tsss", "wasserstein_1d",
	"wminkowski", "yule",
}

func TestNames(t *testing.T) {
	names := slices.DeleteFunc(metric.Names(), func(name string) bool { return strings.HasPrefix(name, "test_") })
	if diff := cmp.Diff(builtIn, names); diff != "" {
		t.Error(diff)
	}
}

func TestRegisterTaken(t *testing.T) {
	cases := []struct {
		reason string
		d      metric.Definition
	}{
		{"the name is that of a built-in metric", metric.Definition{Name: "cosine"}},
		{"the name is an alias of a built-in metric", metric.Definition{Name: "l2"}},
		{"an alias is the name of a built-in metric", metric.Definition{Name: "test_a", Aliases: []string{"euclidean"}}},
		{"an alias repeats the name", metric.Definition{Name: "test_a", Aliases: []string{"test_a"}}},
	}
	for _, c := range cases {
		c.d.Fast = zero
		m, err := metric.New(c.d)
		if err != nil {
			t.Fatal(err)
		}
		if err := metric.Register(m); !errors.Is(err, metric.ErrDefinition) {
			t.Errorf("%v, want ErrDefinition: %s", err, c.reason)
		}
	}
	if _, err := metric.Lookup("test_a"); !errors.Is(err, metric.ErrUnknown) {
		t.Errorf("%v: what could not be registered is known", err)
	}
}

// registered numbers the metrics that tests register, which stay for the whole run.
var registered atomic.Int32

func TestRegisterConcurrently(t *testing.T) {
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			name := fmt.Sprintf("test_concurrent_%d", registered.Add(1))
			m, err := metric.New(metric.Definition{Name: name, Aliases: []string{name + "_alias"}, Fast: zero})
			if err != nil {
				t.Error(err)
				return
			}
			if err := metric.Register(m); err != nil {
				t.Error(err)
			}
			if got, err := metric.Lookup(name + "_alias"); got != m {
				t.Errorf("%v, %v", got, err)
			}
			metric.Names()
		})
	}
	group.Wait()
}

func TestNewRefuses(t *testing.T) {
	cases := []struct {
		reason string
		d      metric.Definition
	}{
		{"no name", metric.Definition{Fast: zero}},
		{"nothing computes the fast form", metric.Definition{Name: "x"}},
		{"two things compute the fast form", metric.Definition{Name: "x", Kernel: metric.L1, Fast: zero}},
		{"no such kernel", metric.Definition{Name: "x", Kernel: 99, Fast: zero}},
		{"no vectors of negative dimension", metric.Definition{Name: "x", Fast: zero, Dim: -1}},
		{"a proxy that has a proxy", metric.Definition{Name: "x", Fast: zero, Proxy: lookup(t, "proxy_wasserstein_1d")}},
		{"no stretch although it corrects", metric.Definition{Name: "x", Fast: zero, Correct: func(f float32) float32 { return f }}},
	}
	for _, c := range cases {
		if m, err := metric.New(c.d); m != nil || !errors.Is(err, metric.ErrDefinition) {
			t.Errorf("%v, %v; want ErrDefinition: %s", m, err, c.reason)
		}
	}
}

func zero(_, _ []float32) float32 { return 0 }

// ExampleNew defines the Chebyshev distance, the largest difference of components. Register makes such a metric known
// by its name.
func ExampleNew() {
	chebyshev, err := metric.New(metric.Definition{
		Name: "chebyshev",
		Fast: func(x, y []float32) float32 {
			var largest float32
			for i := range x {
				largest = max(largest, x[i]-y[i], y[i]-x[i])
			}
			return largest
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(chebyshev.Distance([]float32{1, 2, 3}, []float32{1, 5, 1}))
	// Output: 3
}
