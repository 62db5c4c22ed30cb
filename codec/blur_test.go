package codec_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/vicinaldb/store/codec"
)

// Codes of vectors at random are off as the blur says: some by three of its deviations, hardly any by more than five, at any distance.
func TestBlur(t *testing.T) {
	for _, name := range []string{"euclidean", "cosine", "correlation"} {
		for _, dim := range []int{8, 100, 600} {
			m := float32Metric(t, name)
			r := rand.New(rand.NewPCG(31, uint64(dim)))
			vectors := make([][]float32, 400)
			for i := range vectors {
				v := make([]float32, dim)
				for j := range v {
					v[j] = float32(r.NormFloat64())
					if near := i - i%20; near < i {
						v[j] = vectors[near][j] + v[j]*0.05*float32(i%20)
					}
				}
				vectors[i] = v
			}
			c, rows := compactRows(t, m, vectors)
			blur, ok := codec.BlurOf(c, 2)
			if !ok {
				t.Fatalf("%s has none", name)
			}
			worst, above := 0.0, 0
			scorer, others := rows.Scorer(), make([]uint32, len(vectors))
			for i := range others {
				others[i] = uint32(i)
			}
			scores, distances := make([]float32, len(vectors)), make([]float32, len(vectors))
			for _, v := range vectors {
				scorer.Prepare(codec.Vector{Dense: v})
				scorer.Score(scores, others)
				scorer.Exact(distances, others)
				for i, score := range scores {
					deviations := blur.Deviations(score, distances[i])
					worst = max(worst, deviations)
					outside := score > blur.Most(distances[i]) || distances[i] > blur.Farthest(score)
					if outside != (deviations > 2) && math.Abs(deviations-2) > 1e-3 {
						t.Fatalf("%s %d: score %v of distance %v, %v deviations; at most %v, farthest %v",
							name, dim, score, distances[i], deviations, blur.Most(distances[i]), blur.Farthest(score))
					}
					if outside {
						above++
					}
				}
			}
			if share := float64(above) / float64(len(vectors)*len(vectors)); worst < 2.5 || worst > 6 || share > 0.05 {
				t.Errorf("%s %d: the worst is off by %.2f deviations, %.4f by more than 2", name, dim, worst, share)
			}
		}
	}
}

// Nothing is said of scores that are distances, or those of a proxy, or of kernels whose errors add up otherwise.
func TestBlurOfNone(t *testing.T) {
	for _, m := range lossyMetrics(t) {
		_, proxied := m.Proxy()
		c, _ := compactRows(t, m, [][]float32{{0.25, 0.5}, {0.75, 0.125}})
		want := !proxied && (m.Name() == "euclidean" || m.Name() == "cosine" || m.Name() == "correlation" || m.Name() == "hellinger")
		if _, ok := codec.BlurOf(c, 4); ok != want {
			t.Errorf("%s has a blur: %t", m.Name(), ok)
		}
	}
	c, _ := compactRows(t, float32Metric(t, "euclidean"), [][]float32{{0, 5}, {7, 1}})
	if _, ok := codec.BlurOf(c, 4); ok {
		t.Errorf("lossless codes have a blur")
	}
	if _, ok := codec.BlurOf(codec.NewFloat32(float32Metric(t, "cosine"), 2), 4); ok {
		t.Errorf("float32 has a blur")
	}
}
