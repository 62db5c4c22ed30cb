package nnd_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/vicinaldb/store/nnd"
)

func TestScanIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		points := smallPoints(t, 700)
		k := rapid.SampledFrom([]int{1, 2, 10, 33, 100, 699, 1000}).Draw(t, "k")
		vector := make([]float32, 3)
		if len(points) > 0 {
			vector = vector[:len(points[0])]
		}
		scan := nnd.Scan{Scorer: &query{points, vector}, N: len(points), K: k}
		allowed := anyRow
		if rapid.Bool().Draw(t, "filter") {
			scan.Allowed, allowed = evenRows{}, evenRows{}.Contains
		}
		found, stats, err := scan.Run(background, nil)
		if err != nil {
			t.Fatalf("%v", err)
		}
		if want := nearest(points, vector, k, allowed); !slices.Equal(found, want) {
			t.Fatalf("found %v, want %v", found, want)
		}
		if scan.Allowed == nil && stats.Distances != len(points) {
			t.Fatalf("%d distances for %d rows", stats.Distances, len(points))
		}
	})
}

func TestScanOddDistances(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	negative := float32(math.Copysign(0, -1))
	found, _, err := nnd.Scan{Scorer: tabled{inf, nan, 3, -1, negative, 0, -inf}, N: 7, K: 7}.Run(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []nnd.Candidate{{Row: 6, Distance: -inf}, {Row: 3, Distance: -1}, {Row: 4}, {Row: 5}, {Row: 2, Distance: 3}, {Row: 0, Distance: inf}}
	if !slices.Equal(found, want) {
		t.Errorf("found %v, want %v: NaN left out, zeros equal", found, want)
	}
}

func TestScanErrors(t *testing.T) {
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	scorer := tabled{1, 2, 3}
	for _, test := range []struct {
		name string
		ctx  context.Context
		scan nnd.Scan
		want error
	}{
		{"k 0", t.Context(), nnd.Scan{Scorer: scorer, N: 3}, nnd.ErrOptions},
		{"no scorer", t.Context(), nnd.Scan{N: 3, K: 1}, nnd.ErrOptions},
		{"-1 rows", t.Context(), nnd.Scan{Scorer: scorer, N: -1, K: 1}, nnd.ErrOptions},
		{"canceled", canceled, nnd.Scan{Scorer: scorer, N: 3, K: 1}, context.Canceled},
	} {
		if got, _, err := test.scan.Run(test.ctx, nil); !errors.Is(err, test.want) || len(got) != 0 {
			t.Errorf("%s: %v, error %v, want %v", test.name, got, err, test.want)
		}
	}
}
