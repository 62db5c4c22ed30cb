package codec_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/vicinaldb/store/codec"
)

// What codes of dense vectors have in common, whatever they keep of a component.

// drawVectors draws vectors that the codec accepts, at most so many.
func drawVectors(t *rapid.T, c codec.Codec, spread float64, most int) [][]float32 {
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
	vectors := make([][]float32, rapid.IntRange(1, most).Draw(t, "rows"))
	for i := range vectors {
		v := make([]float32, c.Dim())
		for j := range v {
			v[j] = float32(math.Exp(r.NormFloat64()) * spread)
		}
		if c.Check(codec.Vector{Dense: v}) != nil {
			v = slices.Repeat([]float32{1}, len(v))
			v[0] = 2
		}
		vectors[i] = v
	}
	return vectors
}

// checkAgreement makes sure, bit for bit, that distances are symmetric, that a scorer gives a row's vector what the row gets, and that
// vectors come back.
func checkAgreement(t *rapid.T, rows codec.Rows, vectors [][]float32) {
	all := allDistances(rows, len(vectors))
	scorer, scores := rows.Scorer(), make([]float32, len(vectors))
	numbers := make([]uint32, len(vectors))
	for i := range numbers {
		numbers[i] = uint32(i)
	}
	for i, v := range vectors {
		scorer.Prepare(codec.Vector{Dense: slices.Clone(v)})
		scorer.Score(scores, numbers)
		if got := vectorOf(rows, uint32(i)).Dense; !bytes.Equal(codec.AppendVector(nil, got), codec.AppendVector(nil, v)) {
			t.Fatalf("row %d is %v, want %v", i, got, v)
		}
		for j := range vectors {
			a, b, s := math.Float32bits(all[i][j]), math.Float32bits(all[j][i]), math.Float32bits(scores[j])
			if a != b || a != s {
				t.Fatalf("rows %d and %d are at %v, %v the other way, and score %v", i, j, all[i][j], all[j][i], scores[j])
			}
		}
	}
}

// checkConcurrently is for the race detector: rows are shared, scorers are not.
func checkConcurrently(t *testing.T, rows codec.Rows, vectors [][]float32) {
	t.Helper()
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			scorer, distances, scores := rows.Scorer(), make([]float32, 2), make([]float32, 2)
			for a := range vectors {
				numbers := []uint32{uint32(worker), uint32(a)}
				rows.Distances(distances, uint32(a), numbers)
				scorer.Prepare(codec.Vector{Dense: vectors[a]})
				scorer.Score(scores, numbers)
				if !slices.Equal(distances, scores) || distances[1] != 0 {
					t.Errorf("row %d: %v and %v", a, distances, scores)
				}
				scorer.Exact(distances, numbers)
			}
		})
	}
	group.Wait()
}
