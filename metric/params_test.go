package metric_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vicinaldb/store/metric"
)

func TestParams(t *testing.T) {
	nan, infinity := math.NaN(), math.Inf(1)
	cost := [][]float64{{0, 1}, {1, 0}}
	cases := []struct {
		metrics string
		p       metric.Params
		says    string // "" means accepted
		reason  string
	}{
		{"euclidean cosine jaccard proxy_jensen-shannon haversine", metric.Params{}, "", "none are needed"},
		{"minkowski wasserstein_1d circular_kantorovich", metric.Params{}, "", "there is a default"},
		{"euclidean cosine hellinger", metric.Params{P: new(2.0)}, "p is given, but only these can be: proxy", "not taken"},
		{"minkowski", metric.Params{W: []float64{1}}, "w is given, but only these can be: proxy, p", "not taken"},
		{"sinkhorn", metric.Params{Cost: cost, P: new(1.0)}, "p is given", "not taken"},
		{"kantorovich", metric.Params{Cost: cost, Regularization: new(1.0)}, "regularization is given", "not taken"},
		{"minkowski wasserstein_1d proxy_wasserstein_1d", metric.Params{P: new(0.5)}, "", "a power below 1"},
		{"minkowski wasserstein_1d circular_kantorovich", metric.Params{P: new(0.0)}, "p is 0", "no root"},
		{"minkowski wasserstein_1d circular_kantorovich", metric.Params{P: new(-1.0)}, "p is -1", "no root"},
		{"minkowski wasserstein_1d circular_kantorovich", metric.Params{P: new(nan)}, "p is NaN", "not a number"},
		{"minkowski wasserstein_1d circular_kantorovich", metric.Params{P: new(infinity)}, "p is +Inf", "chebyshev has a name"},
		{"minkowski", metric.Params{P: new(1e-3)}, "from 0.01", "the 1000th power of a sum"},
		{"circular_kantorovich", metric.Params{P: new(0.5)}, "from 1", "no single best cut"},
		{"wminkowski", metric.Params{}, "w is missing", "nothing to weigh with"},
		{"wminkowski", metric.Params{P: new(2.0)}, "w is missing", "nothing to weigh with"},
		{"wminkowski", metric.Params{W: []float64{1, 0}}, "", "p has a default, a weight may be 0"},
		{"wminkowski", metric.Params{W: []float64{1, -1}}, "w[1] is -1", "negative"},
		{"wminkowski", metric.Params{W: []float64{nan}}, "w[0] is NaN", "not a number"},
		{"wminkowski", metric.Params{W: []float64{1, infinity}}, "w[1] is +Inf", "not finite"},
		{"wminkowski", metric.Params{W: []float64{1, infinity}, P: new(2.5)}, "w[1] is +Inf", "not finite"},
		{"wminkowski", metric.Params{W: []float64{1e100}, P: new(0.1)}, "w[0] is 1e+100", "its root is not finite"},
		{"wminkowski", metric.Params{W: []float64{0, 0}}, "none of the 2 weights", "all distances would be 0"},
		{"wminkowski", metric.Params{W: []float64{}}, "none of the 0 weights", "no dimension"},
		{"seuclidean", metric.Params{}, "sigma is missing", "PyNNDescent would take two ones"},
		{"seuclidean", metric.Params{Sigma: []float64{1, 0}}, "sigma[1] is 0", "divides by zero"},
		{"seuclidean", metric.Params{Sigma: []float64{1, nan}}, "sigma[1] is NaN", "not a number"},
		{"mahalanobis", metric.Params{}, "vinv is missing", "PyNNDescent would take the unit matrix"},
		{"mahalanobis", metric.Params{Vinv: [][]float64{{1, 2}}}, "row 0 has 2 columns", "not square"},
		{"mahalanobis", metric.Params{Vinv: [][]float64{{1, 2}, {3, 9}}}, "not symmetric", "no quadratic form"},
		{"mahalanobis", metric.Params{Vinv: [][]float64{{1, nan}, {nan, 1}}}, "vinv[0][1] is NaN", "not a number"},
		{"mahalanobis", metric.Params{Vinv: [][]float64{{-1}}}, "pivot 0 is -1", "negative squares"},
		{"mahalanobis", metric.Params{Vinv: [][]float64{{1, 2}, {2, 1}}}, "pivot 1 is -3", "negative squares"},
		{"mahalanobis", metric.Params{Vinv: [][]float64{{0, 1}, {1, 0}}}, "pivot 0 is zero", "negative squares"},
		{"mahalanobis", metric.Params{Vinv: [][]float64{{1, 1}, {1, 1}}}, "", "semidefinite"},
		{"kantorovich sinkhorn proxy_kantorovich proxy_sinkhorn", metric.Params{}, "cost is missing", "nothing to transport over"},
		{"kantorovich sinkhorn", metric.Params{Cost: [][]float64{{0, 1}, {2, 0}}}, "not symmetric", "a distance is"},
		{"kantorovich sinkhorn", metric.Params{Cost: [][]float64{{0, -1}, {-1, 0}}}, "cost[0][1] is -1", "negative"},
		{"kantorovich sinkhorn", metric.Params{Cost: [][]float64{{0, 1}, {1, 1}}}, "cost[1][1] is 1, must be zero", "equal histograms are at 0"},
		{"kantorovich sinkhorn", metric.Params{Cost: [][]float64{{0, infinity}, {infinity, 0}}}, "cost[0][1] is +Inf", "not finite"},
		{"kantorovich sinkhorn", metric.Params{Cost: [][]float64{{0, 1e39}, {1e39, 0}}}, "1e+39, exceeds", "distances would not be float32"},
		{"kantorovich sinkhorn", metric.Params{GroundVectors: make([][]float32, 8193)}, "8193 bins", "the matrix would be too large"},
		{"kantorovich sinkhorn", metric.Params{Cost: cost, GroundVectors: [][]float32{{1}, {2}}}, "one is enough", "which of them?"},
		{"kantorovich sinkhorn", metric.Params{GroundMetric: "euclidean"}, "without ground_vectors", "distances of what?"},
		{"kantorovich sinkhorn", metric.Params{GroundVectors: [][]float32{{1}, {2, 3}}}, "ground_vectors[1] has 2", "not of equal dimension"},
		{"kantorovich", metric.Params{GroundVectors: [][]float32{{0, 0}}, GroundMetric: "cosine"}, "ground_vectors[0]", "outside of the ground metric's domain"},
		{"kantorovich", metric.Params{GroundVectors: [][]float32{{1}}, GroundMetric: "near"}, "ground_metric", "unknown"},
		{"kantorovich", metric.Params{GroundVectors: [][]float32{{1}}, GroundMetric: "seuclidean"}, "sigma is missing", "it needs parameters"},
		{"kantorovich", metric.Params{GroundVectors: [][]float32{{1}, {2}}, GroundMetric: "inner_product"}, "must not be negative", "no cost"},
		{"sinkhorn", metric.Params{Cost: cost, Regularization: new(0.0)}, "regularization is 0", "divides by zero"},
		{"sinkhorn", metric.Params{Cost: cost, Regularization: new(nan)}, "regularization is NaN", "not a number"},
		{"sinkhorn", metric.Params{Cost: cost, Regularization: new(1e-300)}, "regularization is 1e-300", "quotients overflow"},
		{"kantorovich sinkhorn", metric.Params{Cost: cost, MaxIterations: new(0)}, "max_iterations is 0", "no plan"},
		{"jensen-shannon kantorovich", metric.Params{Proxy: "hellinger", Cost: cost}, "", "any pair"},
		{"proxy_wasserstein_1d", metric.Params{Proxy: "hellinger"}, "cumulative_l1 has that place", "it has a proxy"},
		{"euclidean", metric.Params{Proxy: "proxy_wasserstein_1d"}, "has a proxy itself", "a proxy of a proxy"},
		{"euclidean", metric.Params{Proxy: "mahalanobis"}, "vinv is missing", "the proxy needs parameters"},
		{"euclidean", metric.Params{Proxy: "near"}, "proxy: unknown metric", "unknown"},
	}
	for _, c := range cases {
		for name := range strings.FieldsSeq(c.metrics) {
			p := c.p
			if name == "jensen-shannon" {
				p.Cost = nil
			}
			m, err := metric.Lookup(name, p)
			if c.says == "" && (m == nil || err != nil) {
				t.Errorf("%s with %+v: %v: %s", name, p, err, c.reason)
			}
			if c.says != "" && (m != nil || !errors.Is(err, metric.ErrParams) || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("%s with %+v: %v, want ErrParams that says %q: %s", name, p, err, c.says, c.reason)
			}
		}
	}
	if _, err := metric.Lookup("euclidean", metric.Params{}, metric.Params{}); !errors.Is(err, metric.ErrParams) {
		t.Errorf("%v: two sets of parameters", err)
	}
}

// TestParamsAreKept is what a schema on disk relies on: a metric's parameters are completed by the defaults, survive JSON,
// and give the same metric again.
func TestParamsAreKept(t *testing.T) {
	places := [][]float32{{1, 2}, {3, 0.1}}
	cases := []struct {
		metric      string
		given, kept metric.Params
		json        string
	}{
		{"euclidean", metric.Params{}, metric.Params{}, `{}`},
		{"minkowski", metric.Params{}, metric.Params{P: new(2.0)}, `{"p":2}`},
		{"wminkowski", metric.Params{W: []float64{1, 0.1}}, metric.Params{W: []float64{1, 0.1}, P: new(2.0)}, `{"p":2,"w":[1,0.1]}`},
		{"seuclidean", metric.Params{Sigma: []float64{1, 0.25}}, metric.Params{Sigma: []float64{1, 0.25}}, `{"sigma":[1,0.25]}`},
		{
			"mahalanobis",
			metric.Params{Vinv: gram(2)},
			metric.Params{Vinv: gram(2)},
			fmt.Sprintf(`{"vinv":[[1,0],[0,%v]]}`, gram(2)[1][1]),
		},
		{"wasserstein-1d", metric.Params{P: new(1.5)}, metric.Params{P: new(1.5)}, `{"p":1.5}`},
		{"circular_wasserstein", metric.Params{}, metric.Params{P: new(1.0)}, `{"p":1}`},
		{
			"wasserstein",
			metric.Params{Cost: [][]float64{{0, 1}, {1, 0}}},
			metric.Params{Cost: [][]float64{{0, 1}, {1, 0}}, MaxIterations: new(100_000)},
			`{"cost":[[0,1],[1,0]],"max_iterations":100000}`,
		},
		{
			"sinkhorn",
			metric.Params{GroundVectors: places, GroundMetric: "l1"},
			metric.Params{GroundVectors: places, GroundMetric: "manhattan", Regularization: new(1.0), MaxIterations: new(1000)},
			`{"ground_vectors":[[1,2],[3,0.1]],"ground_metric":"manhattan","regularization":1,"max_iterations":1000}`,
		},
		{"jensen_shannon", metric.Params{Proxy: "l2"}, metric.Params{Proxy: "euclidean"}, `{"proxy":"euclidean"}`},
	}
	for _, c := range cases {
		m, err := metric.Lookup(c.metric, c.given)
		if err != nil {
			t.Error(err)
			continue
		}
		kept := m.Params()
		if diff := cmp.Diff(c.kept, kept); diff != "" {
			t.Errorf("%s: %s", c.metric, diff)
		}
		text, err := json.Marshal(kept)
		if err != nil || string(text) != c.json {
			t.Errorf("%s: %s, %v; want %s", c.metric, text, err, c.json)
		}
		var read metric.Params
		if err := json.Unmarshal(text, &read); err != nil {
			t.Error(err)
		}
		again, err := metric.Lookup(m.Name(), read)
		if err != nil {
			t.Error(err)
			continue
		}
		x, y := []float32{1, 3}, []float32{2, 2.5}
		if diff := cmp.Diff(kept, again.Params()); diff != "" || again.Fast(x, y) != m.Fast(x, y) || again.Name() != m.Name() {
			t.Errorf("%s is not the same again: %v, %v; %s", c.metric, m.Fast(x, y), again.Fast(x, y), diff)
		}
	}
}

// TestParamsAreCopied changes what was given to Lookup and what Params returned.
func TestParamsAreCopied(t *testing.T) {
	given := metric.Params{Vinv: gram(2)}
	m, err := metric.Lookup("mahalanobis", given)
	if err != nil {
		t.Fatal(err)
	}
	x, y := []float32{1, 3}, []float32{2, 2.5}
	before := m.Distance(x, y)
	given.Vinv[0][0] = 99
	m.Params().Vinv[1][1] = 99
	if diff := cmp.Diff(gram(2), m.Params().Vinv); diff != "" || m.Distance(x, y) != before {
		t.Errorf("the metric changed: %v, then %v; %s", before, m.Distance(x, y), diff)
	}
}

func TestCheckDim(t *testing.T) {
	cases := []struct {
		metric string
		p      metric.Params
		dim    int
		want   error
	}{
		{"euclidean", metric.Params{}, 70_000, nil},
		{"haversine", metric.Params{}, 2, nil},
		{"haversine", metric.Params{}, 3, metric.ErrDomain},
		{"seuclidean", metric.Params{Sigma: []float64{1, 1}}, 2, nil},
		{"seuclidean", metric.Params{Sigma: []float64{1, 1}}, 3, metric.ErrDomain},
		{"wminkowski", metric.Params{W: []float64{1, 1}}, 1, metric.ErrDomain},
		{"mahalanobis", metric.Params{Vinv: gram(3)}, 4, metric.ErrDomain},
		{"kantorovich", overPlaces(5), 4, metric.ErrDomain},
		{"sinkhorn", overPlaces(5), 5, nil},
		{"proxy_sinkhorn", overPlaces(5), 6, metric.ErrDomain},
		{"manhattan", metric.Params{Proxy: "haversine"}, 6, metric.ErrDomain},
	}
	for _, c := range cases {
		m, err := metric.Lookup(c.metric, c.p)
		if err != nil {
			t.Fatal(err)
		}
		ones := make([]float32, c.dim)
		ones[0] = 1
		if err := m.CheckDim(c.dim); !errors.Is(err, c.want) {
			t.Errorf("%s, %d components: %v, want %v", c.metric, c.dim, err, c.want)
		}
		if err := m.Check(ones); !errors.Is(err, c.want) {
			t.Errorf("%s, a vector of %d components: %v, want %v", c.metric, c.dim, err, c.want)
		}
	}
}

func TestAliases(t *testing.T) {
	cost := metric.Params{Cost: [][]float64{{0, 1}, {1, 0}}}
	cases := []struct {
		canonical, aliases string
		p                  metric.Params
	}{
		{"chebyshev", "linfinity linfty linf", metric.Params{}},
		{"seuclidean", "standardised_euclidean", metric.Params{Sigma: []float64{1}}},
		{"wminkowski", "weighted_minkowski", metric.Params{W: []float64{1}}},
		{"kantorovich", "wasserstein", cost},
		{"wasserstein_1d", "wasserstein-1d kantorovich_1d kantorovich-1d", metric.Params{}},
		{"circular_kantorovich", "circular_wasserstein", metric.Params{}},
		{"jensen-shannon", "jensen_shannon", metric.Params{}},
		{"symmetric-kl", "symmetric_kl symmetric_kullback_liebler", metric.Params{}},
		{"rogerstanimoto", "sokalmichener", metric.Params{}},
		{"proxy_wasserstein_1d", "proxy_wasserstein-1d", metric.Params{}},
		{"proxy_kantorovich", "proxy_wasserstein", cost},
		{"proxy_circular_kantorovich", "proxy_circular_wasserstein", metric.Params{}},
		{"proxy_jensen-shannon", "proxy_jensen_shannon", metric.Params{}},
		{"proxy_symmetric-kl", "proxy_symmetric_kl", metric.Params{}},
	}
	for _, c := range cases {
		for alias := range strings.FieldsSeq(c.aliases) {
			if m, err := metric.Lookup(alias, c.p); err != nil || m.Name() != c.canonical {
				t.Errorf("%s is %v (%v), want %s", alias, m, err, c.canonical)
			}
		}
	}
}

func TestProxy(t *testing.T) {
	x, y := []float32{1, 3, 0}, []float32{2, 2, 1}
	for name, exact := range map[string]string{
		"proxy_inner_product": "inner_product", "proxy_wasserstein_1d": "wasserstein_1d", "proxy_kantorovich": "kantorovich",
		"proxy_sinkhorn": "sinkhorn", "proxy_circular_kantorovich": "circular_kantorovich",
		"proxy_jensen-shannon": "jensen-shannon", "proxy_symmetric-kl": "symmetric-kl",
	} {
		tr := traitsOf[exact]
		pair, alone := tr.of(t, name, 3), tr.of(t, exact, 3)
		if got, want := pair.Distance(x, y), alone.Distance(x, y); got != want {
			t.Errorf("%s is %v, %s is %v", name, got, exact, want)
		}
		if searched, ok := pair.Proxy(); !ok || searched.Check(x) != nil {
			t.Errorf("%s has no proxy", name)
		}
		if _, ok := alone.Proxy(); ok {
			t.Errorf("%s has a proxy", exact)
		}
	}
	m, err := metric.Lookup("braycurtis", metric.Params{Proxy: "hellinger"})
	if err != nil {
		t.Fatal(err)
	}
	if searched, ok := m.Proxy(); !ok || searched != lookup(t, "hellinger") {
		t.Errorf("%v stands in for the metric, want hellinger", searched)
	}
	if err := m.Check([]float32{1, -1}); !errors.Is(err, metric.ErrDomain) {
		t.Errorf("%v: the proxy takes no negative components", err)
	}
}

// TestProxyOfRegistered gives a program's own metrics, by kernel and by function, a proxy.
func TestProxyOfRegistered(t *testing.T) {
	for _, d := range []metric.Definition{{Kernel: metric.SquaredL2}, {Fast: zero}} {
		d.Name = fmt.Sprintf("test_proxied_%d", registered.Add(1))
		m, err := metric.New(d)
		if err != nil {
			t.Fatal(err)
		}
		if err := metric.Register(m); err != nil {
			t.Fatal(err)
		}
		if got, err := metric.Lookup(d.Name); got != m || err != nil {
			t.Errorf("%v, %v; want what was registered", got, err)
		}
		pair, err := metric.Lookup(d.Name, metric.Params{Proxy: "manhattan"})
		if err != nil {
			t.Fatal(err)
		}
		x, y := []float32{1, 2}, []float32{3, 5}
		if searched, ok := pair.Proxy(); !ok || searched.Name() != "manhattan" || pair.Fast(x, y) != m.Fast(x, y) || pair.Kernel() != d.Kernel {
			t.Errorf("%v, %v", pair, searched)
		}
	}
}
