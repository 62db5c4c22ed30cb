package crashtest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vicinaldb/store"
)

const (
	samples   = 12 // items and vectors that an audit queries
	neighbors = 10
)

// audit opens the store and compares everything it says with the model.
func audit(t *testing.T, dir string, m *model, rng *rand.Rand) {
	t.Helper()
	ctx := context.Background()
	auditReadOnly(t, dir, m)
	s, err := store.Open(dir)
	if err != nil {
		t.Fatalf("opening after the kill: %v", err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing after the audit: %v", err)
		}
	}()
	auditSide(t, s, m)
	c, err := s.Collection(ctx, mainCollection)
	if errors.Is(err, store.ErrNotFound) && !m.opened {
		return // killed before it had ever been created
	}
	if err != nil {
		t.Fatalf("opening the collection: %v", err)
	}
	auditFiles(t, filepath.Join(dir, mainCollection))
	auditItems(t, c, m)
	auditQueries(t, c, m, rng)
	if err := c.Verify(ctx); err != nil {
		t.Errorf("verifying: %v", err)
	}
	if rng.IntN(4) == 0 && !t.Failed() {
		if _, err := c.Prepare(ctx); err != nil {
			t.Errorf("preparing after the kill: %v", err)
		}
		auditItems(t, c, m)
		auditQueries(t, c, m, rng)
	}
}

// auditSide checks the collection that is created and dropped: where its last change was acknowledged, it is what it
// must be; else it is whole or absent.
func auditSide(t *testing.T, s *store.Store, m *model) {
	t.Helper()
	c, err := s.Collection(context.Background(), sideCollection)
	switch {
	case errors.Is(err, store.ErrNotFound):
		if m.side == sidePresent {
			t.Errorf("the side collection was created and is gone")
		}
	case err != nil:
		t.Errorf("opening the side collection: %v", err)
	default:
		if m.side == sideAbsent {
			t.Errorf("the side collection was dropped and is there")
		}
		if n := c.Len(); n > 1 {
			t.Errorf("the side collection holds %d items, at most one was stored", n)
		}
	}
}

// auditReadOnly opens the store as the killed child left it, as a reader beside a writer does. Such a reader sees an
// earlier state: so its items need not be those of the model, but each is one that was once stored.
func auditReadOnly(t *testing.T, dir string, m *model) {
	t.Helper()
	if !m.opened {
		return // nothing need be there to read
	}
	ctx := context.Background()
	s, err := store.Open(dir, store.ReadOnly())
	if err != nil {
		t.Fatalf("opening read-only after the kill: %v", err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing the read-only store: %v", err)
		}
	}()
	c, err := s.Collection(ctx, mainCollection)
	if err != nil {
		t.Fatalf("opening the collection read-only: %v", err)
	}
	for item, err := range c.All(ctx) {
		if err != nil {
			t.Fatalf("reading all items read-only: %v", err)
		}
		if err := genuine(m.seed, item); err != nil {
			t.Errorf("read-only: %v", err)
		}
	}
	if err := c.Verify(ctx); err != nil {
		t.Errorf("verifying read-only: %v", err)
	}
}

// genuine checks that an item is exactly as the step stored it that its metadata name.
func genuine(seed uint64, item store.Item) error {
	var s step
	if _, err := fmt.Sscanf(item.ID, "writer-%d/", &s.writer); err != nil {
		return fmt.Errorf("id %q: %w", item.ID, err)
	}
	life, _ := item.Metadata["life"].(int64)
	number, _ := item.Metadata["step"].(int64)
	s.life, s.number = int(life), int(number)
	for _, stored := range plan(seed, s).items {
		if reflect.DeepEqual(stored, item) {
			return nil
		}
	}
	return fmt.Errorf("item %s was never stored like this: %+v", item.ID, item)
}

// auditFiles checks that nothing is left over once the collection is open: one segment at most is in use, and nothing
// is being built.
func auditFiles(t *testing.T, dir string) {
	t.Helper()
	for pattern, most := range map[string]int{"segments/*": 1, "tmp/*": 0, "quarantine/*": 0} {
		files, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(pattern)))
		if err != nil || len(files) > most {
			t.Errorf("%d files are left as %s, want at most %d (%v): %v", len(files), pattern, most, err, files)
		}
	}
}

// auditItems checks that the items are exactly those that were acknowledged.
func auditItems(t *testing.T, c *store.Collection, m *model) {
	t.Helper()
	ctx := context.Background()
	found := map[string]store.Item{}
	for item, err := range c.All(ctx) {
		if err != nil {
			t.Fatalf("reading all items: %v", err)
		}
		if _, twice := found[item.ID]; twice {
			t.Errorf("item %s is there twice", item.ID)
		}
		found[item.ID] = item
	}
	if err := m.settle(found); err != nil {
		t.Fatal(err)
	}
	if c.Len() != len(m.live) {
		t.Errorf("Len is %d, there are %d items", c.Len(), len(m.live))
	}
	for id, want := range m.live {
		got, err := c.Get(ctx, id)
		if err != nil {
			t.Errorf("getting an acknowledged item: %v", err)
		} else if !reflect.DeepEqual(got, want) {
			t.Errorf("item %s is not as stored (-want +got):\n%s", id, cmp.Diff(want, got))
		}
	}
	for id := range m.gone {
		if _, err := c.Get(ctx, id); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("getting the deleted item %s: got error %v, want not found", id, err)
		}
	}
}

// auditQueries checks queries by the vectors of some stored items, some deleted ones and some nobody stored.
func auditQueries(t *testing.T, c *store.Collection, m *model, rng *rand.Rand) {
	t.Helper()
	for _, id := range sample(m.live, rng) {
		results := auditQuery(t, c, m, m.live[id].Vector, "stored item "+id)
		if len(results) > 0 && results[0].ID != id {
			t.Errorf("querying by the vector of %s found %s at distance %v first", id, results[0].ID, results[0].Distance)
		}
	}
	for _, id := range sample(m.gone, rng) {
		auditQuery(t, c, m, m.gone[id], "deleted item "+id)
	}
	for range samples {
		auditQuery(t, c, m, randomVector(rng), "random vector")
	}
}

// auditQuery compares an exact query and a default one with the model. The default one may miss neighbors, which is
// counted, but what it returns is true. It returns the default one's results.
func auditQuery(t *testing.T, c *store.Collection, m *model, vector []float32, what string) []store.Result {
	t.Helper()
	truth := bruteForce(m.live, vector)
	wanted := []store.QueryOption{store.WithVector(), store.WithMetadata(), store.WithPayload()}
	exact, err := c.Query(context.Background(), vector, neighbors, append(wanted, store.Exact())...)
	if err == nil {
		err = compare(m, vector, exact, len(truth))
	}
	if err != nil {
		t.Errorf("exact query by %s: %v", what, err)
	}
	for i, r := range exact {
		if i < len(truth) && r.Distance != truth[i] {
			t.Errorf("exact query by %s: distance %d is %v, want %v", what, i, r.Distance, truth[i])
		}
	}
	results, err := c.Query(context.Background(), vector, neighbors, wanted...)
	if err == nil {
		err = compare(m, vector, results, len(truth))
	}
	if err != nil {
		t.Errorf("query by %s: %v", what, err)
	}
	m.wanted += len(truth)
	for _, r := range results {
		if len(truth) > 0 && r.Distance <= truth[len(truth)-1] {
			m.found++
		}
	}
	return results
}

// compare checks that results are distinct live items, complete, as stored and at their true distances in order.
func compare(m *model, vector []float32, results []store.Result, want int) error {
	if len(results) != want {
		return fmt.Errorf("%d results, want %d", len(results), want)
	}
	seen := map[string]bool{}
	for i, r := range results {
		item, ok := m.live[r.ID]
		if !ok || seen[r.ID] {
			return fmt.Errorf("result %d is %s, which is not stored or was there before", i, r.ID)
		}
		seen[r.ID] = true
		got := store.Item{ID: r.ID, Vector: r.Vector, Metadata: r.Metadata, Payload: r.Payload}
		if !reflect.DeepEqual(got, item) {
			return fmt.Errorf("result %d is not as stored (-want +got):\n%s", i, cmp.Diff(item, got))
		}
		if d := distance(vector, item.Vector); r.Distance != d {
			return fmt.Errorf("result %d is at distance %v, want %v", i, r.Distance, d)
		}
		if i > 0 && r.Distance < results[i-1].Distance {
			return fmt.Errorf("result %d is nearer than the one before it", i)
		}
	}
	return nil
}

// bruteForce gives the distances of the nearest items, ascending.
func bruteForce(items map[string]store.Item, vector []float32) []float32 {
	var distances []float32
	for _, item := range items {
		distances = append(distances, distance(vector, item.Vector))
	}
	slices.Sort(distances)
	return distances[:min(neighbors, len(distances))]
}

// distance is exact up to the one rounding of the root, see randomItem.
func distance(x, y []float32) float32 {
	sum := 0.0
	for i := range x {
		d := float64(x[i]) - float64(y[i])
		sum += d * d
	}
	return float32(math.Sqrt(sum))
}

// sample draws some keys, in an order that only rng decides.
func sample[V any](items map[string]V, rng *rand.Rand) []string {
	var keys []string
	for key := range items {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	rng.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	return keys[:min(samples, len(keys))]
}
