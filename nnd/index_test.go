package nnd_test

import (
	"context"
	"math"
	"reflect"
	"slices"
	"sync"
	"testing"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/metric"
	"github.com/vicinaldb/store/nnd"
)

// TestIndexOfFew has fewer vectors than neighbors, down to none.
func TestIndexOfFew(t *testing.T) {
	const k = 5
	for _, n := range []int{0, 1, 2, 3, k, k + 1} {
		few(t, n, k, denseData(lookup(t, "euclidean"), uniform(n+1, 3, 1), 1))
		few(t, n, k, sparseData(lookupSparse(t, "cosine", 50), half(n+1, 50, 1), 1))
		few(t, n, k, bitsData(lookupBits(t, "bit_hamming", 70), flips(n+1, 70, 1, 2, 1), 1))
	}
}

func few[V any](t *testing.T, n, k int, d data[V]) {
	x := d.prepared(t, nnd.Options{Neighbors: k})
	must(t, x.Prepare(t.Context()))
	g := x.NeighborGraph()
	if x.Len() != n || g.K != k || len(g.Rows) != n*k {
		t.Errorf("%d vectors: index of %d, graph of %d neighbors of %d rows", n, x.Len(), g.K, g.Len())
	}
	for row := range uint32(n) {
		if rows, _ := g.Neighbors(row); len(rows) != min(k, n-1) {
			t.Errorf("%d vectors: row %d has neighbors %v", n, row, rows)
		}
	}
	for _, includeSelf := range []bool{false, true} {
		c := x.CSR(includeSelf)
		if c.Check() != nil || c.Len() != n {
			t.Errorf("%d vectors: sparse rows of %d rows, %v", n, c.Len(), c.Check())
		}
		for row := range uint32(n) {
			rows, distances := c.Neighbors(row)
			if includeSelf {
				if rows[0] != row || distances[0] != 0 {
					t.Errorf("%d vectors: row %d begins with %d at %v", n, row, rows[0], distances[0])
				}
				rows, distances = rows[1:], distances[1:]
			}
			wantRows, wantDistances := g.Neighbors(row)
			if !slices.Equal(rows, wantRows) || !slices.Equal(distances, wantDistances) {
				t.Errorf("%d vectors: row %d has neighbors %v at %v, want %v at %v", n, row, rows, distances, wantRows, wantDistances)
			}
		}
	}
	for _, o := range []nnd.QueryOptions{{}, {Exact: true}, {Within: new(float32(math.Inf(1)))}} {
		found, err := x.Query(t.Context(), d.queries[0], 3, o)
		if err != nil || len(found) != min(3, n) {
			t.Errorf("%d vectors: got %v, %v", n, found, err)
		}
		d.check(t, d.queries[0], found)
	}
	if batch, err := x.QueryBatch(t.Context(), nil, 3, nnd.QueryOptions{}); err != nil || len(batch) != 0 {
		t.Errorf("%d vectors: an empty batch gives %v, %v", n, batch, err)
	}
	must(t, x.Compress())
	if x.NeighborGraph() != nil || x.CSR(true) != nil || !x.Stats().Compressed {
		t.Errorf("%d vectors: compressed, there is a neighbor graph", n)
	}
}

// TestIndexOfDuplicates has groups of equal vectors that are larger than k: each finds one of its group, and queries reach all
// groups.
func TestIndexOfDuplicates(t *testing.T) {
	for _, distinct := range []int{1, 20} {
		d := denseData(lookup(t, "euclidean"), repeated(1300, 4, distinct, 1), 0)
		x := d.prepared(t, nnd.Options{Neighbors: 6})
		if x.Stats().Build.Exact {
			t.Fatal("compared all pairs; the descent is what is tested")
		}
		if recall := d.graphRecall(t, x, 6, 17); recall != 1 {
			t.Errorf("%d groups: the neighbor graph has recall %v", distinct, recall)
		}
		for row := 0; row < len(d.vectors); row += 7 {
			found, err := x.Query(t.Context(), d.vectors[row], 10, nnd.QueryOptions{})
			must(t, err)
			d.check(t, d.vectors[row], found)
			if len(found) != 10 || found[9].Distance != 0 {
				t.Fatalf("%d groups: row %d finds %v", distinct, row, found)
			}
		}
	}
}

// TestIndexOfDimensions has one component, and more than 16 bits count.
func TestIndexOfDimensions(t *testing.T) {
	line := denseData(lookup(t, "euclidean"), uniform(1250, 1, 1), 50)
	x := line.prepared(t, nnd.Options{Neighbors: 10})
	if graph, queries := line.graphRecall(t, x, 10, 17), line.queryRecall(t, x, 10, 0.1); graph < 0.99 || queries < 0.97 {
		t.Errorf("one component: the neighbor graph has recall %v < 0.99, or queries %v < 0.97", graph, queries)
	}
	const wide = 70_000
	points := make(vectors, 12)
	for i := range points {
		points[i] = make([]float32, wide)
		points[i][wide-1-i] = 1 // all that tells them apart lies behind component 65,536
	}
	points[1] = slices.Clone(points[0])
	points[1][0] = 0.5
	d := denseData(lookup(t, "euclidean"), points, 0)
	if recall := d.graphRecall(t, d.build(t, nnd.Options{Neighbors: 3}), 3, 1); recall != 1 {
		t.Errorf("70,000 components: the neighbor graph has recall %v", recall)
	}
	rows, _ := d.build(t, nnd.Options{Neighbors: 3}).NeighborGraph().Neighbors(0)
	if rows[0] != 1 {
		t.Errorf("70,000 components: row 0 has neighbors %v, want 1 first", rows)
	}
}

// TestIndexRefusesVectors gives constructors and queries vectors that there can be no distances of.
func TestIndexRefusesVectors(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, c := range []struct {
		metric string
		bad    []float32
		want   error
	}{
		{"euclidean", []float32{1, nan}, metric.ErrNotFinite},
		{"euclidean", []float32{inf, 1}, metric.ErrNotFinite},
		{"euclidean", []float32{1}, nnd.ErrDimension},
		{"euclidean", []float32{1, 2, 3}, nnd.ErrDimension},
		{"euclidean", nil, nnd.ErrDimension},
		{"cosine", []float32{0, 0}, metric.ErrDomain},
		{"hellinger", []float32{1, -1}, metric.ErrDomain},
	} {
		m, good := lookup(t, c.metric), []float32{1, 2}
		_, err := nnd.NewDense(t.Context(), [][]float32{good, good, c.bad, good, c.bad}, m, nnd.Options{})
		checkError(t, err, c.want, "row 2")
		d := denseData(m, [][]float32{good, good}, 0)
		x := d.prepared(t, nnd.Options{})
		_, err = x.Query(t.Context(), c.bad, 1, nnd.QueryOptions{})
		checkError(t, err, c.want, "query")
		_, err = x.QueryBatch(t.Context(), [][]float32{good, c.bad, good}, 1, nnd.QueryOptions{})
		checkError(t, err, c.want, "query 1")
	}
	_, err := nnd.NewDense(t.Context(), [][]float32{{}}, lookup(t, "euclidean"), nnd.Options{})
	checkError(t, err, nnd.ErrDimension, "row 0")
	_, err = nnd.NewDense(t.Context(), [][]float32{{1, 2, 3}}, lookup(t, "haversine"), nnd.Options{})
	checkError(t, err, metric.ErrDomain, "row 0")

	sparse := metric.SparseVector{Indices: []uint32{1}, Values: []float32{1}}
	for want, bad := range map[error]metric.SparseVector{
		nnd.ErrDimension:    {Indices: []uint32{10}, Values: []float32{1}},
		metric.ErrNotFinite: {Indices: []uint32{1}, Values: []float32{nan}},
		metric.ErrDomain:    {Indices: []uint32{2, 1}, Values: []float32{1, 1}},
	} {
		_, err := nnd.NewSparse(t.Context(), []metric.SparseVector{sparse, bad}, lookupSparse(t, "euclidean", 10), nnd.Options{})
		checkError(t, err, want, "row 1")
	}
	for want, bad := range map[error][]uint64{nnd.ErrDimension: {1, 2}, metric.ErrDomain: {1 << 63}} {
		_, err := nnd.NewBits(t.Context(), [][]uint64{{1}, bad}, lookupBits(t, "bit_hamming", 40), nnd.Options{})
		checkError(t, err, want, "row 1")
	}
}

// TestIndexRefusesOptions asks for what has no meaning.
func TestIndexRefusesOptions(t *testing.T) {
	ctx, points := t.Context(), uniform(20, 2, 1)
	_, err := nnd.NewDense(ctx, points, nil, nnd.Options{})
	checkError(t, err, nnd.ErrOptions, "metric")
	_, err = nnd.NewSparse(ctx, nil, nil, nnd.Options{})
	checkError(t, err, nnd.ErrOptions, "metric")
	_, err = nnd.NewBits(ctx, nil, nil, nnd.Options{})
	checkError(t, err, nnd.ErrOptions, "metric")
	_, err = nnd.NewIndex(ctx, nil, nil, nnd.Options{})
	checkError(t, err, nnd.ErrOptions, "metric")
	_, err = nnd.NewDense(ctx, points, lookup(t, "euclidean"), nnd.Options{Neighbors: -1})
	checkError(t, err, nnd.ErrOptions, "neighbors")

	d := denseData(lookup(t, "euclidean"), points, 0)
	x := d.build(t, nnd.Options{})
	_, err = x.Query(ctx, points[0], 1, nnd.QueryOptions{})
	checkError(t, err, nnd.ErrNotPrepared, "")
	_, err = x.QueryBatch(ctx, points, 1, nnd.QueryOptions{})
	checkError(t, err, nnd.ErrNotPrepared, "")
	checkError(t, x.Compress(), nnd.ErrNotPrepared, "")
	if _, err = x.Query(ctx, points[0], 1, nnd.QueryOptions{Exact: true}); err != nil {
		t.Errorf("an exact query needs no search graph, but got %v", err)
	}

	must(t, x.Prepare(ctx))
	for says, o := range map[string]nnd.QueryOptions{
		"epsilon -1":   {Epsilon: new(-1.0)},
		"epsilon NaN":  {Epsilon: new(math.NaN())},
		"epsilon +Inf": {Epsilon: new(math.Inf(1))},
		"within NaN":   {Within: new(float32(math.NaN()))},
		"oversample":   {Oversample: -1},
		"patience -1":  {Patience: -1},
	} {
		_, err := x.Query(ctx, points[0], 1, o)
		checkError(t, err, nnd.ErrOptions, says)
	}
	_, err = x.Query(ctx, points[0], 0, nnd.QueryOptions{})
	checkError(t, err, nnd.ErrOptions, "k 0")
}

// TestIndexCanceled has no time for anything.
func TestIndexCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	points := uniform(1200, 4, 1)
	_, err := nnd.NewDense(ctx, points, lookup(t, "euclidean"), nnd.Options{Neighbors: 5})
	checkError(t, err, context.Canceled, "")
	_, err = nnd.NewDense(ctx, nil, lookup(t, "euclidean"), nnd.Options{Neighbors: 5})
	checkError(t, err, context.Canceled, "")
	x := denseData(lookup(t, "euclidean"), points, 0).build(t, nnd.Options{Neighbors: 5})
	checkError(t, x.Prepare(ctx), context.Canceled, "")
	if x.Stats().Prepared {
		t.Error("canceled, but prepared")
	}
	must(t, x.Prepare(t.Context()))
	for _, o := range []nnd.QueryOptions{{}, {Exact: true}} {
		_, err = x.Query(ctx, points[0], 5, o)
		checkError(t, err, context.Canceled, "")
		_, err = x.QueryBatch(ctx, points, 5, o)
		checkError(t, err, context.Canceled, "")
	}
}

// TestIndexOwnsItsVectors changes what was given to and taken from an index.
func TestIndexOwnsItsVectors(t *testing.T) {
	points := uniform(300, 2, 1)
	want := slices.Clone(points[7])
	x, err := nnd.NewDense(t.Context(), points, lookup(t, "euclidean"), nnd.Options{Neighbors: 2})
	must(t, err)
	clear(points[7])
	clear(x.Vector(7))
	clear(x.NeighborGraph().Rows)
	if got := x.Vector(7); !slices.Equal(got, want) {
		t.Errorf("row 7 is %v, want %v", got, want)
	}
	if rows, _ := x.NeighborGraph().Neighbors(7); len(rows) != 2 {
		t.Errorf("row 7 has neighbors %v, want 2", rows)
	}
	if got := x.Vector(300); got != nil {
		t.Errorf("row 300 of 300 is %v", got)
	}
	words := half(20, 50, 1)
	s := sparseData(lookupSparse(t, "euclidean", 50), words, 0).build(t, nnd.Options{})
	clear(s.Vector(3).Values)
	if got := s.Vector(3); !reflect.DeepEqual(got, words[3]) {
		t.Errorf("sparse row 3 is %v, want %v", got, words[3])
	}
	codes := flips(20, 70, 1, 2, 1)
	b := bitsData(lookupBits(t, "bit_hamming", 70), codes, 0).build(t, nnd.Options{})
	clear(b.Vector(3))
	if got := b.Vector(3); !slices.Equal(got, codes[3]) {
		t.Errorf("row 3 of bits is %v, want %v", got, codes[3])
	}
}

// TestIndexIsReproducible builds and updates on different numbers of goroutines.
func TestIndexIsReproducible(t *testing.T) {
	d := denseData(lookup(t, "cosine"), mixture(1500, 8, 10, 0.2, 1), 0)
	change := nnd.Changes[[]float32]{Remove: []uint32{3}, Append: uniform(50, 8, 2)}
	var graphs []*nnd.NeighborGraph
	var answers [][][]nnd.Candidate
	for _, threads := range []int{1, 3} {
		x := d.prepared(t, nnd.Options{Neighbors: 8, Threads: threads})
		must(t, x.Update(t.Context(), change))
		found, err := x.QueryBatch(t.Context(), d.vectors[:30], 5, nnd.QueryOptions{})
		must(t, err)
		g := x.NeighborGraph()
		g.Stats.Phases = nil
		graphs, answers = append(graphs, g), append(answers, found)
	}
	if !reflect.DeepEqual(graphs[0], graphs[1]) || !reflect.DeepEqual(answers[0], answers[1]) {
		t.Error("one goroutine and three make different graphs")
	}
}

// TestIndexFromInitGraph begins with what another index has found.
func TestIndexFromInitGraph(t *testing.T) {
	d := denseData(lookup(t, "cosine"), mixture(1500, 8, 10, 0.2, 1), 0)
	rough := d.build(t, nnd.Options{Neighbors: 6}).NeighborGraph() // with true distances, which are not those that graphs are made of
	x := d.build(t, nnd.Options{Neighbors: 10, InitGraph: rough})
	if recall := d.graphRecall(t, x, 10, 17); recall < 0.99 || x.Stats().Build.Leaves > 0 {
		t.Errorf("the neighbor graph has recall %v < 0.99, or has had %d leaves", recall, x.Stats().Build.Leaves)
	}
	random := d.build(t, nnd.Options{Neighbors: 10, RandomInit: true})
	if got, want := distancesOf(x), distancesOf(random); got*4 > want*3 {
		t.Errorf("beginning with a graph took %d distances, with random rows %d; want at most three quarters", got, want)
	}
	must(t, x.Update(t.Context(), nnd.Changes[[]float32]{Remove: []uint32{1}})) // which has another graph to begin with
	rough.Rows[77] = 1500
	_, err := d.index(t.Context(), d.vectors, nnd.Options{Neighbors: 10, InitGraph: rough})
	checkError(t, err, nnd.ErrCorrupt, "1500")
	rough.Rows = rough.Rows[1:]
	_, err = d.index(t.Context(), d.vectors, nnd.Options{Neighbors: 10, InitGraph: rough})
	checkError(t, err, nnd.ErrCorrupt, "")
}

// TestIndexIsItsParts makes by hand the graphs of an index.
func TestIndexIsItsParts(t *testing.T) {
	m := lookup(t, "cosine")
	d := denseData(m, mixture(1500, 8, 10, 0.2, 1), 0)
	x := d.prepared(t, nnd.Options{Neighbors: 10, Seed: 3})

	c := codec.NewFloat32(m, 8)
	o := nnd.Options{Neighbors: 10, Seed: 3, Stretch: c.StretchScore}
	rows := func(order []uint32) codec.Rows {
		table, err := c.NewTable(len(order))
		must(t, err)
		for _, number := range order {
			table.Append(codec.Vector{Dense: d.vectors[number]})
		}
		return table.Rows()
	}
	inOrder := make([]uint32, len(d.vectors))
	for i := range inOrder {
		inOrder[i] = uint32(i)
	}
	order, err := nnd.Order(t.Context(), rows(inOrder), o)
	must(t, err)
	points := rows(order)
	o.Ordered = true
	neighbors, err := nnd.Build(t.Context(), points, o)
	must(t, err)
	search, err := nnd.NewSearchGraph(t.Context(), points, neighbors, o)
	must(t, err)

	got := x.Stats()
	got.Build.Phases, neighbors.Stats.Phases, got.Graph.Phases, search.Stats.Phases = nil, nil, nil, nil
	if !reflect.DeepEqual(got.Build, neighbors.Stats) || !reflect.DeepEqual(got.Graph, search.Stats) {
		t.Errorf("the index has %+v, %+v; its parts %+v, %+v", got.Build, got.Graph, neighbors.Stats, search.Stats)
	}
	g := x.NeighborGraph()
	for row, number := range order {
		want, _ := neighbors.Neighbors(uint32(row))
		rows, _ := g.Neighbors(number)
		for i, id := range want {
			if !slices.Contains(rows, order[id]) {
				t.Fatalf("row %d has neighbors %v, without %d, its number %d", number, rows, order[id], i)
			}
		}
	}
}

// TestIndexIsShared asks an index from several goroutines while others change it. Every answer is that of one state: the second
// half of the rows is as far away as the number of the state says.
func TestIndexIsShared(t *testing.T) {
	ctx := t.Context()
	const n, states = 1200, 4
	points := mixture(n, 4, 10, 0.1, 1)
	x := denseData(lookup(t, "euclidean"), points, 0).prepared(t, nnd.Options{Neighbors: 5})
	var wg sync.WaitGroup
	done := make(chan struct{})
	for range 3 {
		wg.Go(func() {
			for running := true; running; {
				select {
				case <-done:
					running = false
				default:
				}
				found, err := x.Query(ctx, make([]float32, 4), n, nnd.QueryOptions{Exact: true})
				if err != nil || len(found) < n || (len(found)-n)%10 != 0 {
					t.Errorf("%d rows, %v", len(found), err)
					return
				}
				if _, err := x.QueryBatch(ctx, points[:4], 3, nnd.QueryOptions{}); err != nil {
					t.Error(err)
					return
				}
				x.NeighborGraph()
				x.Vector(5)
			}
		})
	}
	var changes sync.WaitGroup
	for state := range states {
		changes.Go(func() {
			if err := x.Update(ctx, nnd.Changes[[]float32]{Append: uniform(10, 4, uint64(state))}); err != nil {
				t.Error(err)
			}
			if err := x.Prepare(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	changes.Wait()
	close(done)
	wg.Wait()
	if x.Len() != n+10*states {
		t.Errorf("%d rows, want %d", x.Len(), n+10*states)
	}
}
