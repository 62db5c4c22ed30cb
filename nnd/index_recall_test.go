package nnd_test

import (
	"reflect"
	"testing"

	"github.com/vicinaldb/store/nnd"
)

// recallCase is a set of data with the recall that is asked of its graphs.
type recallCase struct {
	name           string
	test           func(t *testing.T, c recallCase)
	neighbors      int
	graph, queries float64 // least recall of the neighbor graph and of queries for 10, at the default epsilon
	reason         string
}

func TestIndexRecall(t *testing.T) {
	if raceDetector {
		t.Skip("it is about recall alone")
	}
	const queries = 50
	zeros := uniform(queries+1502, 5, 1)
	clear(zeros[queries])
	clear(zeros[queries+1])
	clusters := mixture(queries+2500, 20, 25, 0.1, 2)
	shares := mixture(queries+2000, 12, 20, 0.05, 3)
	for _, v := range shares {
		for i := range v {
			v[i] = max(v[i], 0)
		}
	}
	random := half(queries+1400, 50, 4)
	written := texts(queries+1400, 5)
	bytes := flips(queries+2000, 40, 1, 2, 6)
	codes := flips(queries+2000, 160, 40, 8, 7)

	for _, c := range []recallCase{
		{"euclidean", recallOf(denseData(lookup(t, "euclidean"), zeros, queries)), 10, 0.99, 0.97, "PyNNDescent's fixture: uniform, two zero rows"},
		{"manhattan", recallOf(denseData(lookup(t, "manhattan"), zeros, queries)), 10, 0.99, 0.97, "the same"},
		{"hellinger", recallOf(denseData(lookup(t, "hellinger"), uniform(queries+1500, 5, 3), queries)), 10, 0.99, 0.97, "uniform"},
		{"euclidean clusters", recallOf(denseData(lookup(t, "euclidean"), clusters, queries)), 10, 0.99, 0.97, "clusters, as real data have them"},
		{"cosine clusters", recallOf(denseData(lookup(t, "cosine"), clusters, queries)), 10, 0.99, 0.97, "the same"},
		{"correlation clusters", recallOf(denseData(lookup(t, "correlation"), clusters, queries)), 10, 0.99, 0.97, "the same"},
		{"hellinger clusters", recallOf(denseData(lookup(t, "hellinger"), shares, queries)), 10, 0.99, 0.97, "histograms, some bins empty"},

		{"sparse euclidean", recallOf(sparseData(lookupSparse(t, "euclidean", 50), random, queries)), 20, 0.97, 0.95, "PyNNDescent's fixture: random"},
		{"sparse hellinger", recallOf(sparseData(lookupSparse(t, "hellinger", 50), random, queries)), 20, 0.97, 0.95, "the same"},
		{"texts cosine", recallOf(sparseData(lookupSparse(t, "cosine", allWords), written, queries)), 20, 0.97, 0.95, "few of many features"},
		{"texts euclidean", recallOf(sparseData(lookupSparse(t, "euclidean", allWords), written, queries)), 20, 0.97, 0.95, "the same"},
		{"texts hellinger", recallOf(sparseData(lookupSparse(t, "hellinger", allWords), written, queries)), 20, 0.97, 0.95, "the same"},

		{"bit_jaccard", recallOf(bitsData(lookupBits(t, "bit_jaccard", 40), bytes, queries)), 30, 0.95, 0.95, "PyNNDescent's fixture: five random bytes"},
		{"bit_hamming", recallOf(bitsData(lookupBits(t, "bit_hamming", 40), bytes, queries)), 15, 0.95, 0.95, "the same"},
		{"bit_jaccard clusters", recallOf(bitsData(lookupBits(t, "bit_jaccard", 160), codes, queries)), 10, 0.95, 0.95, "20 bytes around centers"},
		{"bit_hamming clusters", recallOf(bitsData(lookupBits(t, "bit_hamming", 160), codes, queries)), 10, 0.95, 0.95, "the same"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, c)
		})
	}
}

// recallOf checks the recall of an index of d.
func recallOf[V any](d data[V]) func(t *testing.T, c recallCase) {
	return func(t *testing.T, c recallCase) {
		x := d.prepared(t, nnd.Options{Neighbors: c.neighbors, Seed: 1})
		if x.Stats().Build.Exact {
			t.Fatal("compared all pairs; the descent is what is tested")
		}
		if recall := d.graphRecall(t, x, c.neighbors, 47); recall < c.graph {
			t.Errorf("the neighbor graph has recall %.4f < %v (%s)", recall, c.graph, c.reason)
		}
		if recall := d.queryRecall(t, x, 10, nnd.DefaultEpsilon); recall < c.queries {
			t.Errorf("queries have recall %.4f < %v (%s)", recall, c.queries, c.reason)
		}
		d.findThemselves(t, x)
	}
}

// TestIndexRecallOfRandomAngles is apart from the others: where all vectors are at about the same large angles to one another, an
// epsilon of 0.1 is too little for the recall asked of the others. PyNNDescent's test of these data takes 0.36, for 0.95.
func TestIndexRecallOfRandomAngles(t *testing.T) {
	d := sparseData(lookupSparse(t, "cosine", 50), half(60+1400, 50, 4), 60)
	x := d.prepared(t, nnd.Options{Neighbors: 20, Seed: 1})
	if recall := d.graphRecall(t, x, 20, 29); x.Stats().Build.Exact || recall < 0.97 {
		t.Errorf("the neighbor graph has recall %.4f < 0.97", recall)
	}
	if recall := d.queryRecall(t, x, 10, 0.2); recall < 0.95 {
		t.Errorf("queries at epsilon 0.2 have recall %.4f < 0.95", recall)
	}
	d.findThemselves(t, x)
}

// findThemselves queries the index for each of its own vectors. Every one is nearest to itself, even when only one row is asked
// for; an equal vector is as good.
func (d data[V]) findThemselves(t *testing.T, x *nnd.Index[V]) {
	t.Helper()
	for _, k := range []int{1, 10} {
		found, err := x.QueryBatch(t.Context(), d.vectors, k, nnd.QueryOptions{})
		must(t, err)
		for row, v := range d.vectors {
			if first := found[row][0].Row; first != uint32(row) && !reflect.DeepEqual(d.vectors[first], v) {
				t.Errorf("of %d, row %d is the first that is found for row %d", k, first, row)
			}
		}
	}
}
