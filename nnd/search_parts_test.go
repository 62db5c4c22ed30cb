package nnd

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestQueuePopsInOrder pushes batches of keys, of which those from a limit on are left out, and pops others in between, more of them than
// one group has.
func TestQueuePopsInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q queue
		q.reset()
		model, seen := []uint64{}, map[uint64]bool{}
		t.Repeat(map[string]func(*rapid.T){
			"push": func(t *rapid.T) {
				count := rapid.SampledFrom([]int{0, 1, 5, groupOfKeys - 1, groupOfKeys, 2*groupOfKeys + 3}).Draw(t, "count")
				keys := rapid.SliceOfNDistinct(rapid.Uint64Max(noKey-1), count, count, rapid.ID[uint64]).Draw(t, "keys")
				keys = slices.DeleteFunc(keys, func(key uint64) bool { return seen[key] })
				limit := rapid.SampledFrom([]uint64{noKey, 1 << 63, 1000, 0}).Draw(t, "limit")
				var below []uint32
				for _, key := range keys {
					if seen[key] = true; key < limit {
						model, below = append(model, key), append(below, uint32(key))
					}
				}
				slices.Sort(model)
				if rows := q.push(keys, limit, make([]uint32, len(keys))); !slices.Equal(rows, below) {
					t.Fatalf("pushed %d, want %d", rows, below)
				}
			},
			"pop": func(t *rapid.T) {
				if len(model) == 0 {
					t.Skip("empty")
				}
				if got := q.pop(); got != model[0] {
					t.Fatalf("popped %d, want %d", got, model[0])
				}
				model = model[1:]
			},
			"reset": func(t *rapid.T) {
				q.reset()
				model = model[:0]
				clear(seen)
			},
			"": func(t *rapid.T) {
				if first := append(model, noKey)[0]; q.first != first {
					t.Fatalf("first is %d, want %d", q.first, first)
				}
			},
		})
	})
}

func TestBestKeepsTheSmallest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfDistinct(rapid.Uint64Max(1<<62), rapid.ID[uint64]).Draw(t, "keys")
		k := rapid.SampledFrom([]int{1, 2, 10, 33, 50}).Draw(t, "k")
		var b best
		b.reset(k)
		for i, key := range keys {
			b.add(key)
			sofar := slices.Sorted(slices.Values(keys[:i+1]))
			if b.found() != (i+1 >= k) || b.found() && b.last() != sofar[k-1] {
				t.Fatalf("after %v, %t and %v as the %d smallest", sofar, b.found(), b.keys, k)
			}
		}
		slices.Sort(b.keys)
		slices.Sort(keys)
		if want := keys[:min(k, len(keys))]; !slices.Equal(b.keys, want) {
			t.Fatalf("kept %v, want %v", b.keys, want)
		}
	})
}

func TestQueueFilledWithRowsPopsInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfNDistinct(rapid.Uint32(), 0, 5*groupOfKeys, rapid.ID[uint32]).Draw(t, "rows")
		var p queue
		for range 2 {
			distances, want := make([]float32, len(rows)), []uint64{}
			for i, row := range rows {
				distances[i] = rapid.SampledFrom([]float32{-1, 0, 0.5, 3, float32(math.Inf(1)), float32(math.NaN())}).Draw(t, "distance")
				if distances[i] == distances[i] {
					want = append(want, newKey(distances[i], row))
				}
			}
			p.fill(rows, distances)
			slices.Sort(want)
			for i, key := range want {
				first := p.first
				if got := p.pop(); first != key || got != key {
					t.Fatalf("row %d of %v at %v is %d, then %d", i, rows, distances, first, got)
				}
			}
			if got := p.first; got != noKey {
				t.Fatalf("%d after the last", got)
			}
		}
	})
}

func TestKeptKeepsTheSmallest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		some := rapid.Custom(func(t *rapid.T) uint64 {
			return newKey(float32(rapid.IntRange(-5, 50).Draw(t, "distance")), uint32(rapid.IntRange(0, 1000).Draw(t, "row")))
		})
		keys := rapid.SliceOfNDistinct(some, 0, 200, rapid.ID[uint64]).Draw(t, "keys")
		room := rapid.SampledFrom([]int{1, 2, 10, 33, 50}).Draw(t, "room")
		closing := rapid.IntRange(0, len(keys)).Draw(t, "closing")
		var k kept
		k.reset(room)
		reach := uint64(math.MaxUint64)
		for i, key := range keys {
			if i == closing {
				reach = newKey(distanceOf(key), math.MaxUint32)
				k.within(distanceOf(key))
			}
			k.add(keys[i : i+1])
			if len(k.keys) > slackOfKept*room {
				t.Fatalf("%d keys are kept of %d", len(k.keys), room)
			}
		}
		slices.Sort(keys)
		want := keys[:min(room, len(keys))]
		for len(want) > 0 && want[len(want)-1] > reach {
			want = want[:len(want)-1]
		}
		if got := k.appendTo(nil); !slices.Equal(got, appendKeys(nil, want)) {
			t.Fatalf("kept %v, want %v", got, appendKeys(nil, want))
		}
	})
}

func TestBestAreTheSmallest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfNDistinct(rapid.Uint64(), 0, 400, rapid.ID[uint64]).Draw(t, "keys")
		var b best
		b.reset(rapid.IntRange(1, 70).Draw(t, "k"))
		for left := keys; len(left) > 0; {
			some := rapid.IntRange(1, len(left)).Draw(t, "some")
			b.add(left[:some]...)
			left = left[some:]
		}
		want := slices.Clone(keys)
		slices.Sort(want)
		want = want[:min(b.k, len(keys))]
		if b.appendTo(nil); !slices.Equal(b.keys, want) {
			t.Fatalf("%x of %x, want %x", b.keys, keys, want)
		}
	})
}

func TestVisitedIsASet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var v visited
		n := uint32(0)
		model := map[uint32]bool{}
		t.Repeat(map[string]func(*rapid.T){
			"reset": func(t *rapid.T) {
				n = rapid.Uint32Range(0, 5000).Draw(t, "n")
				v.reset(int(n))
				clear(model)
			},
			"enter": func(t *rapid.T) {
				rows := rapid.SliceOf(rapid.Uint32Range(0, n+n/50)).Draw(t, "rows")
				var want []uint32
				valid := true
				for _, row := range rows {
					if valid = row < n; !valid {
						break
					}
					if !model[row] {
						want = append(want, row)
					}
					model[row] = true
				}
				got, ok := v.enter(rows, n, lookup{})
				if ok != valid || !slices.Equal(got, want) {
					t.Fatalf("entering %v: %v, %v, want %v, %v", rows, got, ok, want, valid)
				}
			},
		})
	})
}
