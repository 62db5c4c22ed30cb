package store

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/vicinaldb/store/codec"
)

// A snapshot that somebody holds stays as it was while rows die, and while those that died are let go.
func TestSnapshot_OutlivesItsPendingRows(t *testing.T) {
	st, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	c, err := st.Create(t.Context(), "rows", Schema{Dim: 4})
	if err != nil {
		t.Fatal(err)
	}
	fill := func(round int) {
		list := make([]Item, 200)
		for i := range list {
			list[i] = Item{ID: fmt.Sprint(i % 150), Vector: []float32{float32(round), float32(i), 0, 0}, Payload: fmt.Append(nil, round, i)}
		}
		if _, err := c.Upsert(t.Context(), list...); err != nil {
			t.Fatal(err)
		}
	}
	const rounds = 30
	var held []*snapshot
	var was [][]string
	fewer := 0
	for round := range rounds {
		fill(round)
		s, err := c.acquire()
		if err != nil {
			t.Fatal(err)
		}
		defer s.release()
		if round > 0 && s.pending.n < held[round-1].pending.n {
			fewer++
		}
		if n, most := int(s.pending.n), 2*150+spareRows; n > most {
			t.Errorf("round %d: 150 items are %d rows, want at most %d", round, n, most)
		}
		held, was = append(held, s), append(was, contents(t, c, s))
	}
	if fewer < 5 {
		t.Errorf("rows became fewer %d times", fewer)
	}
	for round, s := range held {
		if is := contents(t, c, s); !reflect.DeepEqual(is, was[round]) {
			t.Errorf("snapshot %d is %v, was %v", round, is, was[round])
		}
	}
}

// contents are all items of a snapshot, as walks and queries see them.
func contents(t *testing.T, c *Collection, s *snapshot) []string {
	t.Helper()
	list := []string{fmt.Sprint(s.live, s.pending.live(), s.pending.n, s.pending.dead)}
	err := s.each(func(id string, v codec.Vector) error {
		list = append(list, fmt.Sprint(id, v.Dense))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	q, err := c.checkQuery(t.Context(), codec.Vector{Dense: []float32{3, 70, 0, 0}}, 1000, []QueryOption{WithPayload(), WithVector()})
	if err != nil {
		t.Fatal(err)
	}
	var scratch queryScratch
	if err := s.find(t.Context(), &q, &scratch); err != nil {
		t.Fatal(err)
	}
	results, err := s.results(c, &q, &scratch)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		list = append(list, fmt.Sprint(r))
	}
	return list
}
