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

	"github.com/vicinaldb/store/internal/simd"
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
		{"linf", "chebyshev", metric.Max},
		{"jensen_shannon", "jensen-shannon", metric.JensenShannon},
		{"hellinger", "hellinger", metric.SquaredL2},
		{"wasserstein-1d", "wasserstein_1d", metric.L1},
		{"symmetric-kl", "symmetric-kl", metric.Custom},
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
		{"a transform that no kernel takes", metric.Definition{Name: "x", Fast: zero, Transform: halved}},
		{"a transform, but no function of vectors as they are", metric.Definition{Name: "x", Kernel: metric.L1, Transform: halved}},
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

func halved(dst, v []float32) {
	for i, x := range v {
		dst[i] = x / 2
	}
}

// TestRegisterKinds registers a metric of each kind and looks it up, also with a parameter, which makes another one of its
// definition.
func TestRegisterKinds(t *testing.T) {
	half := func(x, y []float32) float32 { return simd.L1(x, y) / 2 }
	kinds := []struct {
		reason      string
		d           metric.Definition
		transformed bool
		want        float32
	}{
		{"a function alone", metric.Definition{Fast: half}, false, 3.5},
		{"a kernel alone", metric.Definition{Kernel: metric.L1}, false, 7},
		{"a kernel, a transform and a function", metric.Definition{Kernel: metric.L1, Transform: halved, Fast: half}, true, 3.5},
	}
	for _, kind := range kinds {
		kind.d.Name = fmt.Sprintf("test_kind_%d", registered.Add(1))
		m, err := metric.New(kind.d)
		if err != nil {
			t.Fatal(err)
		}
		if err := metric.Register(m); err != nil {
			t.Fatal(err)
		}
		for _, p := range []metric.Params{{}, {Proxy: "euclidean"}} {
			m, err := metric.Lookup(kind.d.Name, p)
			if err != nil {
				t.Fatal(err)
			}
			x, y := []float32{1, 5}, []float32{4, 1}
			if got := m.Fast(x, y); m.Kernel() != kind.d.Kernel || m.Transformed() != kind.transformed || got != kind.want {
				t.Errorf("kernel %d, transformed %v, distance %v: %s", m.Kernel(), m.Transformed(), got, kind.reason)
			}
			u, v := transformed(m, x), transformed(m, y)
			if got, ok := kernelOf(m, u, v); ok && got != kind.want {
				t.Errorf("distance %v by the kernel, want %v: %s", got, kind.want, kind.reason)
			}
		}
	}
}

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
