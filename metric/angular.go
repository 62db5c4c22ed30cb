package metric

import (
	"fmt"
	"math"
)

// angularFamily are the metrics that heed the angle between vectors, or between points on a sphere. They use package
// math, whose last bits may differ between kinds of processors.
var angularFamily = []Definition{
	// angle/pi: 0 for equal directions, 1/2 for a right angle, 1 for opposite directions. A metric on directions.
	{Name: "true_angular", Kernel: Cosine, Correct: angleOverPi, Stretch: stretchSquaredSimilarity},

	// Triangle area times sector area (Heidarian & Dinneen 2016): see tsss.
	{Name: "tsss", Fast: tsss, Check: checkTSSS},

	// The angle between two points on the unit sphere, given as latitude and longitude in radians:
	// 2*asin(sqrt(sin((lat1-lat2)/2)^2 + cos(lat1)*cos(lat2)*sin((lon1-lon2)/2)^2)). The great-circle distance is that times
	// the radius of the sphere.
	{Name: "haversine", Fast: haversine, Dim: 2},
}

// angleOverPi turns 1-cos into the angle, by the half angle, which keeps the precision of small ones.
func angleOverPi(fast float32) float32 {
	return float32(2 / math.Pi * math.Asin(math.Sqrt(min(float64(fast)/2, 1))))
}

// tsss computes 0.5*|x|*|y|*sin(t) * (|x-y| + ||x|-|y||)^2 * t, where t is the angle between x and y plus 10 degrees, in
// radians. It is 0 when a vector is zero, whatever the angle. The authors think of vectors at acute angles; for obtuse ones
// the sine, which would sink to 0 at 170 degrees and below from there on, keeps its value for a right angle.
func tsss(x, y []float32) float32 {
	const offset = 10 * math.Pi / 180
	y = y[:len(x)]
	var xx, yy, xy, squared float64
	for i := range x {
		a, b := float64(x[i]), float64(y[i])
		xx += float64(a * a)
		yy += float64(b * b)
		xy += float64(a * b)
		squared += float64((a - b) * (a - b))
	}
	normX, normY := math.Sqrt(xx), math.Sqrt(yy)
	norms := normX * normY
	if norms == 0 {
		return 0
	}
	angle := math.Acos(max(-1, min(xy/norms, 1)))
	triangle := 0.5 * norms * math.Sin(min(angle, math.Pi/2)+offset)
	reach := math.Sqrt(squared) + math.Abs(normX-normY)
	return rounded(triangle * (reach * reach) * (angle + offset))
}

// checkTSSS refuses the zero vector, which is at 0 from all others, and lengths whose fourth power leaves float32.
func checkTSSS(v []float32) error {
	const longest = 0x1p30
	var squared float64
	for _, x := range v {
		squared += float64(float64(x) * float64(x))
	}
	switch {
	case squared == 0:
		return fmt.Errorf("%w: all %d components are zero: it has no direction", ErrDomain, len(v))
	case squared > longest*longest:
		return fmt.Errorf("%w: its norm %.3g exceeds 2^30", ErrDomain, math.Sqrt(squared))
	}
	return nil
}

func haversine(x, y []float32) float32 {
	sinLatitude := math.Sin((float64(x[0]) - float64(y[0])) / 2)
	sinLongitude := math.Sin((float64(x[1]) - float64(y[1])) / 2)
	cosines := math.Cos(float64(x[0])) * math.Cos(float64(y[0]))
	squared := float64(sinLatitude*sinLatitude) + float64(float64(cosines*sinLongitude)*sinLongitude)
	return float32(2 * math.Asin(math.Sqrt(max(0, min(squared, 1)))))
}
