package store_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/vicinaldb/store"
	"github.com/vicinaldb/store/metric"
)

// machine runs random calls on a store and on a plain map, and compares the two.
type machine struct {
	path   string
	metric *metric.Dense
	s      *store.Store
	c      *store.Collection
	model  map[string]store.Item
}

const modelDim = 3

func TestCollection_Model(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		path, err := os.MkdirTemp("", "model-*.vicinal")
		if err != nil {
			r.Fatal(err)
		}
		defer os.RemoveAll(path)
		m := &machine{path: path, model: make(map[string]store.Item)}
		m.create(r)
		defer func() {
			if err := m.s.Close(); err != nil {
				r.Error(err)
			}
		}()
		r.Repeat(map[string]func(*rapid.T){
			"upsert":    m.upsert,
			"churn":     m.churn,
			"refused":   m.refused,
			"delete":    m.delete,
			"prepare":   m.prepare,
			"meanwhile": m.meanwhile,
			"reopen":    m.reopen,
			"query":     m.query,
			"get":       m.get,
			"":          m.check,
		})
		if err := m.c.Verify(context.Background()); err != nil {
			r.Error(err)
		}
	})
}

func (m *machine) create(r *rapid.T) {
	name := rapid.SampledFrom(metricNames).Draw(r, "metric")
	var err error
	if m.metric, err = metric.Lookup(name); err != nil {
		r.Fatal(err)
	}
	if m.s, err = store.Open(m.path); err != nil {
		r.Fatal(err)
	}
	if m.c, err = m.s.Create(context.Background(), "model", store.Schema{Dim: modelDim, Metric: name, Index: store.IndexParams{Neighbors: 4}}); err != nil {
		r.Fatal(err)
	}
}

// Few ids and few values, so that replacements, ties and duplicates come often.
var (
	modelID     = rapid.Map(rapid.IntRange(0, 40), func(i int) string { return fmt.Sprint("id", i) })
	modelVector = rapid.SliceOfN(rapid.Map(rapid.IntRange(1, 6), func(i int) float32 { return float32(i) / 2 }), modelDim, modelDim)
)

func (m *machine) draw(r *rapid.T) store.Item {
	return store.Item{
		ID:       modelID.Draw(r, "id"),
		Vector:   modelVector.Draw(r, "vector"),
		Metadata: store.Metadata{"n": rapid.Int64().Draw(r, "n")},
		Payload:  rapid.SliceOfN(rapid.Byte(), 1, 100).Draw(r, "payload"),
	}
}

func (m *machine) upsert(r *rapid.T) {
	list := make([]store.Item, rapid.IntRange(0, 12).Draw(r, "count"))
	for i := range list {
		list[i] = m.draw(r)
	}
	if _, err := m.c.Upsert(context.Background(), list...); err != nil {
		r.Fatal(err)
	}
	for _, item := range list {
		m.model[item.ID] = item
	}
}

// churn replaces a few items so often that the pending rows are rebuilt without those that died.
func (m *machine) churn(r *rapid.T) {
	first, ids, item := rapid.IntRange(0, 40).Draw(r, "first"), rapid.IntRange(1, 8).Draw(r, "ids"), m.draw(r)
	list := make([]store.Item, rapid.IntRange(250, 400).Draw(r, "count"))
	for i := range list {
		list[i] = item
		list[i].ID = fmt.Sprint("id", (first+i%ids)%41)
		list[i].Vector = slices.Clone(item.Vector)
		list[i].Vector[i%modelDim] += float32(i % 4)
		list[i].Payload = fmt.Append(nil, i)
	}
	if _, err := m.c.Upsert(context.Background(), list...); err != nil {
		r.Fatal(err)
	}
	for _, item := range list {
		m.model[item.ID] = item
	}
}

// refused stores nothing, since its last item is bad.
func (m *machine) refused(r *rapid.T) {
	bad := m.draw(r)
	bad.Vector = bad.Vector[1:]
	if _, err := m.c.Upsert(context.Background(), m.draw(r), bad); !errors.Is(err, store.ErrDimension) {
		r.Fatalf("a vector of %d components gave %v", len(bad.Vector), err)
	}
}

func (m *machine) delete(r *rapid.T) {
	ids := rapid.SliceOfN(modelID, 0, 6).Draw(r, "ids")
	want := 0
	for _, id := range ids {
		if _, ok := m.model[id]; ok {
			delete(m.model, id)
			want++
		}
	}
	if n, err := m.c.Delete(context.Background(), ids...); n != want || err != nil {
		r.Fatalf("Delete gave %d, %v, want %d", n, err, want)
	}
}

func (m *machine) prepare(r *rapid.T) {
	if stats, err := m.c.Prepare(context.Background()); err != nil || stats.Items != len(m.model) {
		r.Fatalf("Prepare of %d items gave %+v, %v", len(m.model), stats, err)
	}
}

// meanwhile changes items after a Prepare has read them. The index may have rows that died since, and none that came.
func (m *machine) meanwhile(r *rapid.T) {
	before := len(m.model)
	var opts []store.PrepareOption
	if rapid.Bool().Draw(r, "rebuild") {
		opts = append(opts, store.Rebuild())
	}
	reached, resume, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	var once sync.Once
	var stats store.PrepareStats
	var err error
	go func() {
		defer close(done)
		stats, err = m.c.Prepare(context.Background(), append(opts, store.WithProgress(func(p store.Progress) {
			if p.Stage != "reading" {
				once.Do(func() { close(reached); <-resume })
			}
		}))...)
	}()
	func() {
		defer close(resume) // also when a check ends the test
		select {
		case <-reached:
			m.change(r)
		case <-done: // there was nothing to do
		}
	}()
	<-done
	if err != nil || stats.Items != before {
		r.Fatalf("Prepare of %d items gave %+v, %v", before, stats, err)
	}
}

// change has rows die before and after the pending ones are rebuilt.
func (m *machine) change(r *rapid.T) {
	m.delete(r)
	m.churn(r)
	m.upsert(r)
	m.delete(r)
	m.check(r)
	m.query(r)
}

func (m *machine) reopen(r *rapid.T) {
	if err := m.s.Close(); err != nil {
		r.Fatal(err)
	}
	var err error
	if m.s, err = store.Open(m.path); err != nil {
		r.Fatal(err)
	}
	if m.c, err = m.s.Collection(context.Background(), "model"); err != nil {
		r.Fatal(err)
	}
}

// query compares the distances of the answer with those of a scan of the model;
// with so few items every answer is exact.
func (m *machine) query(r *rapid.T) {
	q, k := modelVector.Draw(r, "query"), rapid.IntRange(1, 50).Draw(r, "k")
	var want []float32
	for item := range maps.Values(m.model) {
		want = append(want, m.metric.Distance(q, item.Vector))
	}
	slices.Sort(want)
	want = want[:min(k, len(want))]
	got, err := m.c.Query(context.Background(), q, k, store.WithPayload(), store.WithMetadata(), store.WithVector())
	if err != nil || len(got) != len(want) {
		r.Fatalf("%d results and error %v, want %d", len(got), err, len(want))
	}
	seen := make(map[string]bool)
	for i, result := range got {
		item, ok := m.model[result.ID]
		if !ok || seen[result.ID] {
			r.Fatalf("result %d is %+v, which is not stored or there twice", i, result)
		}
		seen[result.ID] = true
		if !close32(result.Distance, want[i]) || !close32(result.Distance, m.metric.Distance(q, item.Vector)) {
			r.Fatalf("result %d is at %v, want %v", i, result.Distance, want[i])
		}
		if !slices.Equal(result.Payload, item.Payload) || !slices.Equal(result.Vector, item.Vector) || result.Metadata["n"] != item.Metadata["n"] {
			r.Fatalf("result %d is %+v, stored was %+v", i, result, item)
		}
	}
}

func (m *machine) get(r *rapid.T) {
	id := modelID.Draw(r, "id")
	want, ok := m.model[id]
	got, err := m.c.Get(context.Background(), id)
	switch {
	case !ok:
		if !errors.Is(err, store.ErrNotFound) {
			r.Fatalf("getting what is not there: %+v, %v", got, err)
		}
	case err != nil || !slices.Equal(got.Vector, want.Vector) || !slices.Equal(got.Payload, want.Payload):
		r.Fatalf("got %+v, %v, want %+v", got, err, want)
	}
}

// check holds after every step.
func (m *machine) check(r *rapid.T) {
	if m.c.Len() != len(m.model) {
		r.Fatalf("Len is %d, want %d", m.c.Len(), len(m.model))
	}
	walked := 0
	for item, err := range m.c.All(context.Background()) {
		if err != nil {
			r.Fatal(err)
		}
		if _, ok := m.model[item.ID]; !ok {
			r.Fatalf("the walk came to %q, which is not stored", item.ID)
		}
		walked++
	}
	if walked != len(m.model) {
		r.Fatalf("the walk came to %d items, want %d", walked, len(m.model))
	}
}
