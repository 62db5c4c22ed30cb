package nnd

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/vicinaldb/store/metric"
)

// Bounds are in no contradiction with what they stand for, whatever the metric, and leave little to decide one by one.
func TestOcclusionBounds(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	stretches := map[string]func(fast, epsilon float32) float32{
		"of roots": func(fast, epsilon float32) float32 {
			root := float32(math.Sqrt(float64(fast))) * (1 + epsilon) // NaN below 0
			return root * root
		},
	}
	for _, name := range metric.Names() {
		if m, err := metric.Lookup(name); err == nil { // else it takes parameters
			stretches[name] = m.Stretch
		}
	}
	for name, stretch := range stretches {
		for _, alpha := range []float64{1, 1.05, 1.2} {
			o := &occlusion{options: Options{Stretch: stretch, Alpha: alpha}}
			open, all := 0, 0
			for range 5000 {
				length := random.Float32()
				distance := length * (0.5 + 0.6*random.Float32())
				if name == "inner_product" && random.IntN(2) == 0 {
					length, distance = -length, -distance
				}
				switch random.IntN(50) {
				case 0:
					distance = 0
				case 1:
					length = 0
				case 2:
					length = float32(math.Inf(1))
				case 3:
					distance = length
				}
				b := o.bounds(0, length)
				occluded := distance <= length && o.occludes(1, distance, 0, length)
				if distance <= b.sure && !occluded || !(distance <= b.most) && occluded {
					t.Fatalf("%s, alpha %v: at %v of a row at %v occluded is %v, bounds are %v", name, alpha, distance, length, occluded, b)
				}
				all++
				if distance > b.sure && distance <= b.most {
					open++
				}
			}
			if open > all/20 {
				t.Errorf("%s, alpha %v: bounds decide %d of %d", name, alpha, all-open, all)
			}
		}
	}
}
