package nnd

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestKeysSortLikeDistances(t *testing.T) {
	inf := float32(math.Inf(1))
	ascending := []float32{-inf, -math.MaxFloat32, -1, -math.SmallestNonzeroFloat32, 0, math.SmallestNonzeroFloat32, 1, math.MaxFloat32, inf}
	for i, a := range ascending {
		if got := distanceOf(newKey(a, 7)); got != a {
			t.Errorf("distance %v comes back as %v", a, got)
		}
		for _, b := range ascending[i+1:] {
			if newKey(a, math.MaxUint32) >= newKey(b, 0) {
				t.Errorf("key of %v is not below that of %v", a, b)
			}
		}
	}
	if negative := float32(math.Copysign(0, -1)); newKey(negative, 1) != newKey(0, 1) {
		t.Error("the zeros have different keys")
	}
	if newKey(inf, math.MaxUint32) >= noKey {
		t.Error("infinity sorts after the end of lists")
	}
}

func TestSelectSmallest(t *testing.T) {
	for name, selection := range map[string]func(keys []uint64, m int, random stream){"any number": selectSmallest, "few": selectFew} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				keys := rapid.SliceOfDistinct(rapid.Uint64(), rapid.ID[uint64]).Draw(t, "keys")
				m := rapid.IntRange(0, len(keys)).Draw(t, "m")
				want := slices.Sorted(slices.Values(keys))
				selection(keys, m, newStream(rapid.Uint64().Draw(t, "seed")))
				slices.Sort(keys[:m])
				slices.Sort(keys[m:])
				if !slices.Equal(keys, want) {
					t.Fatalf("the first %d are not the smallest", m)
				}
			})
		})
	}
}

func TestStreamsDiffer(t *testing.T) {
	seen := map[uint64]bool{}
	for seed := range uint64(20) {
		for purpose := range uint64(20) {
			for i := range uint64(20) {
				seen[newStream(seed, purpose).at(i)] = true
			}
		}
	}
	if len(seen) != 20*20*20 {
		t.Errorf("%d different values of %d", len(seen), 20*20*20)
	}
}

func TestStreamIsEven(t *testing.T) {
	const draws = 100000
	random, counts, sum := newStream(1, forTrees), [10]int{}, 0.0
	for i := range uint64(draws) {
		counts[random.below(i, len(counts))]++
		sum += random.share(i)
	}
	if slices.Min(counts[:]) < draws/10*97/100 || slices.Max(counts[:]) > draws/10*103/100 || math.Abs(sum/draws-0.5) > 0.005 {
		t.Errorf("%d draws: %v, mean share %.4f", draws, counts, sum/draws)
	}
}
