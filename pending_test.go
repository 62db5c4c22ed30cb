package store_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/vicinaldb/store"
)

// Rows that were replaced or deleted while pending take memory for a while only: as long as they are few, and take little.
func TestCollection_DeadPendingRowsAreLetGo(t *testing.T) {
	if raceDetector {
		t.Skip("memory is another there")
	}
	const times, most = 20, 5 << 20
	for _, tc := range []struct {
		reason               string
		n, ids, dim, payload int
		deletedAndPrepared   bool
	}{
		{"many small rows replaced", 1500, 5, 16, 1, false},
		{"few large rows replaced", 10, 2, 16, 100_000, false},
		{"few long vectors replaced", 12, 2, 20_000, 1, false},
		{"stored, deleted and prepared", 1500, 1500, 16, 1, true},
	} {
		c := create(t, open(t, t.TempDir()), store.Schema{Dim: tc.dim})
		upsert(t, c, items(clusters(41, 2, tc.dim)))
		prepare(t, c)
		list, before, pending := versions(tc.n, tc.ids, tc.dim, tc.payload), heapInUse(), tc.ids
		for range times {
			upsert(t, c, list)
			if tc.deletedAndPrepared {
				deleteAndPrepare(t, c, list)
				pending = 0
			}
		}
		if grown := int(heapInUse()) - int(before); grown > most {
			t.Errorf("%s: the heap has grown by %d bytes, want at most %d", tc.reason, grown, most)
		}
		if info, err := c.Info(t.Context()); err != nil || info.Pending != pending {
			t.Errorf("%s: %d items are pending, want %d; %v", tc.reason, info.Pending, pending, err)
		}
		runtime.KeepAlive(list)
	}
}

func deleteAndPrepare(t *testing.T, c *store.Collection, list []store.Item) {
	t.Helper()
	ids := make([]string, len(list))
	for i := range list {
		ids[i] = list[i].ID
	}
	if n, err := c.Delete(t.Context(), ids...); n != len(ids) || err != nil {
		t.Fatalf("%d deleted, %v", n, err)
	}
	if stats := prepare(t, c); !stats.UpToDate {
		t.Fatalf("Prepare had to do: %+v", stats)
	}
}

// versions are n items of which each id has as many, so that later ones replace earlier ones.
func versions(n, ids, dim, payload int) []store.Item {
	list := make([]store.Item, n)
	for i := range list {
		vector := make([]float32, dim)
		vector[i%dim] = float32(i)
		list[i] = store.Item{ID: fmt.Sprint("v", i%ids), Vector: vector, Payload: make([]byte, payload)}
	}
	return list
}

// Items are replaced and deleted by the thousand, pending and in the index, and nothing but memory shows of it: all that
// reads the collection gives what it gives of one where each item was stored once, in the order of the last times.
func TestCollection_Churn_ShowsNowhere(t *testing.T) {
	path := t.TempDir()
	s := open(t, path)
	c := create(t, s, store.Schema{Dim: 3})
	random := rand.New(rand.NewPCG(42, 1))
	var stored []store.Item
	check := func() {
		t.Helper()
		plain := create(t, open(t, t.TempDir()), store.Schema{Dim: 3})
		upsert(t, plain, stored)
		sameItems(t, c, plain)
	}
	for round := range 40 {
		stored = churn(t, c, random, stored)
		if round%10 == 9 {
			check()
		}
		if round == 24 {
			prepare(t, c)
		}
	}
	_, c = reopen(t, s, path)
	check()
}

const churned = 300 // ids in use

// churn stores 200 items and deletes 60, and gives those that are stored then, in the order of the last times.
func churn(t *testing.T, c *store.Collection, random *rand.Rand, stored []store.Item) []store.Item {
	t.Helper()
	forget := func(id string) {
		stored = slices.DeleteFunc(stored, func(item store.Item) bool { return item.ID == id })
	}
	list := make([]store.Item, 200)
	for i := range list {
		// Few values, so that many distances tie.
		vector := []float32{float32(random.IntN(3)), float32(random.IntN(3)), float32(random.IntN(3))}
		list[i] = store.Item{ID: strconv.Itoa(random.IntN(churned)), Vector: vector, Payload: fmt.Append(nil, random.Int())}
		forget(list[i].ID)
		stored = append(stored, list[i])
	}
	upsert(t, c, list)
	before, gone := len(stored), make([]string, 60)
	for i := range gone {
		gone[i] = strconv.Itoa(random.IntN(churned))
		forget(gone[i])
	}
	if n, err := c.Delete(t.Context(), gone...); n != before-len(stored) || err != nil {
		t.Fatalf("%d deleted, %v, want %d", n, err, before-len(stored))
	}
	return stored
}

// sameItems compares two collections by all that reads them.
func sameItems(t *testing.T, got, want *store.Collection) {
	t.Helper()
	if got.Len() != want.Len() {
		t.Fatalf("Len is %d, want %d", got.Len(), want.Len())
	}
	if a, b := walked(t, got), walked(t, want); !slices.Equal(a, b) {
		t.Errorf("the walk gave %v, want %v", a, b)
	}
	for i := range churned {
		a, errA := got.Get(t.Context(), strconv.Itoa(i))
		b, errB := want.Get(t.Context(), strconv.Itoa(i))
		if errors.Is(errA, store.ErrNotFound) != errors.Is(errB, store.ErrNotFound) || fmt.Sprint(a) != fmt.Sprint(b) {
			t.Errorf("item %d is %v, %v, want %v, %v", i, a, errA, b, errB)
		}
	}
	info, err := got.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []int{1, 7, churned} {
		if k < churned && len(info.Segments) > 0 {
			continue // which of several at one distance is returned depends on the index
		}
		options := []store.QueryOption{store.Exact(), store.WithPayload(), store.WithVector()}
		a, b := query(t, got, []float32{1, 1, 2}, k, options...), query(t, want, []float32{1, 1, 2}, k, options...)
		if fmt.Sprint(a) != fmt.Sprint(b) {
			t.Errorf("the nearest %d are %v, want %v", k, a, b)
		}
	}
}

func walked(t *testing.T, c *store.Collection) []string {
	t.Helper()
	var list []string
	for item, err := range c.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, fmt.Sprint(item.ID, item.Vector, string(item.Payload)))
	}
	return list
}

// Queries see all items in one version, however often the rows that they compare are rebuilt.
func TestCollection_Churn_QueriesMeanwhile(t *testing.T) {
	const dim, ids = 8, 50
	c := create(t, open(t, t.TempDir()), store.Schema{Dim: dim})
	version := func(v int) []store.Item {
		list := make([]store.Item, ids)
		for i := range list {
			list[i] = store.Item{ID: strconv.Itoa(i), Vector: make([]float32, dim), Payload: []byte(strconv.Itoa(v))}
			list[i].Vector[0], list[i].Vector[1] = float32(i), float32(v)
		}
		return list
	}
	check := func() {
		results, err := c.Query(t.Context(), make([]float32, dim), ids, store.WithPayload(), store.WithVector())
		if err != nil || len(results) != ids {
			t.Errorf("%d results, %v", len(results), err)
			return
		}
		v := int(results[0].Vector[1])
		for i, r := range results {
			want := version(v)[i]
			if r.ID != want.ID || !slices.Equal(r.Vector, want.Vector) || string(r.Payload) != string(want.Payload) {
				t.Errorf("result %d of version %v is %+v", i, v, r)
			}
		}
	}
	upsert(t, c, version(0))
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for !t.Failed() {
				select {
				case <-done:
					return
				default:
					check()
				}
			}
		})
	}
	for v := range 60 {
		upsert(t, c, version(v+1))
	}
	close(done)
	readers.Wait()
}
