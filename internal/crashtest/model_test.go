package crashtest

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/vicinaldb/store"
)

// model is what the store must hold, known from the children's logs alone.
type model struct {
	seed uint64
	live map[string]store.Item
	// gone holds the vectors of items that were deleted and not stored again.
	gone map[string][]float32
	// doubt holds, by writer, the operation that was begun and not acknowledged when its child died.
	doubt map[int]operation
	// opened is set when a child has said that the collection exists.
	opened bool
	side   side
	// found of wanted nearest neighbors were among the results of default queries.
	found, wanted int
}

// side is what is known of the side collection.
type side uint8

const (
	sideAbsent side = iota
	sidePresent
	sideUnknown // killed while it was created or dropped
)

func newModel(seed uint64) *model {
	return &model{seed: seed, live: map[string]store.Item{}, gone: map[string][]float32{}, doubt: map[int]operation{}}
}

// replay takes in the log of one child.
func (m *model) replay(life int, log []string) error {
	for _, line := range log {
		if err := m.take(life, line); err != nil {
			return fmt.Errorf("%q: %w", line, err)
		}
	}
	return nil
}

func (m *model) take(life int, line string) error {
	s := step{life: life}
	count := 0
	what, details, _ := strings.Cut(line, " ")
	switch what {
	case sayOpen:
		m.opened = true
	case sayBegin:
		if _, err := fmt.Sscan(details, &s.writer, &s.number); err != nil {
			return err
		}
		m.doubt[s.writer] = plan(m.seed, s)
	case sayDone:
		if _, err := fmt.Sscan(details, &s.writer, &s.number, &count); err != nil {
			return err
		}
		op := m.doubt[s.writer]
		delete(m.doubt, s.writer)
		if want := m.count(op); count != want {
			return fmt.Errorf("the call counted %d items, the model %d", count, want)
		}
		m.apply(op)
	case sayCreate, sayDrop:
		m.side = sideUnknown
	case sayCreated:
		m.side = sidePresent
	case sayDropped:
		m.side = sideAbsent
	}
	return nil
}

// count is what the operation must return: the items stored, or those deleted that existed.
func (m *model) count(op operation) int {
	n := len(op.items)
	for _, id := range op.deletes {
		if _, ok := m.live[id]; ok {
			n++
		}
	}
	return n
}

func (m *model) apply(op operation) {
	for _, item := range op.items {
		m.live[item.ID] = item
		delete(m.gone, item.ID)
	}
	for _, id := range op.deletes {
		if item, ok := m.live[id]; ok {
			m.gone[id] = item.Vector
			delete(m.live, id)
		}
	}
}

// settle compares the model with what the store was found to hold. An operation in doubt is taken over when its items
// show it whole, and forgotten when they show nothing of it.
func (m *model) settle(found map[string]store.Item) error {
	for writer, op := range m.doubt {
		nothing, actual := op.pick(m.live), op.pick(found)
		whole := map[string]store.Item{} // what a delete leaves
		for _, item := range op.items {
			whole[item.ID] = item
		}
		switch {
		case reflect.DeepEqual(actual, whole):
			m.apply(op)
		case !reflect.DeepEqual(actual, nothing):
			return fmt.Errorf("half a write of writer %d is there (-whole +found):\n%s\n(-nothing +found):\n%s",
				writer, cmp.Diff(whole, actual), cmp.Diff(nothing, actual))
		}
	}
	clear(m.doubt)
	if !reflect.DeepEqual(m.live, found) {
		return fmt.Errorf("the store does not hold what was acknowledged (-want +found):\n%s", cmp.Diff(m.live, found))
	}
	return nil
}

// pick gives those of items that the operation concerns.
func (op operation) pick(items map[string]store.Item) map[string]store.Item {
	concerned := slices.Clone(op.deletes)
	for _, item := range op.items {
		concerned = append(concerned, item.ID)
	}
	picked := map[string]store.Item{}
	for _, id := range concerned {
		if item, ok := items[id]; ok {
			picked[id] = item
		}
	}
	return picked
}
