package metric

import "math"

// binaryFamily are the metrics that ask of a component only whether it is zero, and hamming, which asks whether
// components are equal. Of the n pairs of components, tt are both set (not zero), tf only in x, ft only in y, ff in
// neither; d = tf+ft are those that differ. Two vectors with the same components set are at distance 0.
var binaryFamily = []Definition{
	// the share of components with x != y (Hamming 1950)
	{Name: "hamming", Fast: hamming, Stretch: stretchSimilarity},

	// d/(tt+d) (Jaccard 1901)
	{Name: "jaccard", Fast: jaccard, Stretch: stretchSimilarity},

	// d/(2tt+d) (Dice 1945)
	{Name: "dice", Fast: dice, Stretch: stretchSimilarity},

	// d/n
	{Name: "matching", Fast: matching, Stretch: stretchSimilarity},

	// (d-tt+n)/(d+n) (Kulczynski 1927)
	{Name: "kulsinski", Fast: kulsinski, Stretch: stretchSimilarity},

	// 2d/(n+d) (Rogers & Tanimoto 1960; Sokal & Michener 1958 in the form that scipy had)
	{Name: "rogerstanimoto", Aliases: []string{"sokalmichener"}, Fast: rogersTanimoto, Stretch: stretchSimilarity},

	// (n-tt)/n (Russell & Rao 1940)
	{Name: "russellrao", Fast: russellRao, Stretch: stretchSimilarity},

	// d/(tt/2+d) (Sokal & Sneath 1963)
	{Name: "sokalsneath", Fast: sokalSneath, Stretch: stretchSimilarity},

	// 2*tf*ft/(tt*ff+tf*ft), 0 if one of tf and ft is 0 (Yule 1912). From 0 to 2.
	{Name: "yule", Fast: yule, Stretch: stretchSimilarity},
}

// presence counts, without a branch that depends on the components, those that are set in both vectors, and those
// that are set in x or y alone.
func presence(x, y []float32) (tt, tf, ft uint64) {
	y = y[:len(x)]
	for i := range x {
		a, b := set(x[i]), set(y[i])
		tt += uint64(a & b)
		tf += uint64(a &^ b)
		ft += uint64(b &^ a)
	}
	return tt, tf, ft
}

// set returns 1 for a component that is not zero, else 0.
func set(x float32) uint32 {
	magnitude := math.Float32bits(x) << 1
	return (magnitude | -magnitude) >> 31
}

func hamming(x, y []float32) float32 {
	y = y[:len(x)]
	var unequal uint64
	for i := range x {
		unequal += uint64(set(x[i] - y[i])) // gradual underflow: the difference of unequal numbers is not zero
	}
	return ratio(unequal, uint64(len(x)))
}

// ratio returns a/b, and 0 for 0/0.
func ratio(a, b uint64) float32 {
	if a == 0 {
		return 0
	}
	return float32(float64(a) / float64(b))
}

func jaccard(x, y []float32) float32 {
	tt, tf, ft := presence(x, y)
	return ratio(tf+ft, tt+tf+ft)
}

func dice(x, y []float32) float32 {
	tt, tf, ft := presence(x, y)
	return ratio(tf+ft, 2*tt+tf+ft)
}

func matching(x, y []float32) float32 {
	_, tf, ft := presence(x, y)
	return ratio(tf+ft, uint64(len(x)))
}

func kulsinski(x, y []float32) float32 {
	tt, tf, ft := presence(x, y)
	if tf+ft == 0 {
		return 0
	}
	n := uint64(len(x))
	return ratio(tf+ft+n-tt, tf+ft+n)
}

func rogersTanimoto(x, y []float32) float32 {
	_, tf, ft := presence(x, y)
	return ratio(2*(tf+ft), uint64(len(x))+tf+ft)
}

func russellRao(x, y []float32) float32 {
	tt, tf, ft := presence(x, y)
	if tf+ft == 0 {
		return 0
	}
	n := uint64(len(x))
	return ratio(n-tt, n)
}

func sokalSneath(x, y []float32) float32 {
	tt, tf, ft := presence(x, y)
	return ratio(2*(tf+ft), tt+2*(tf+ft))
}

func yule(x, y []float32) float32 {
	tt, tf, ft := presence(x, y)
	ff := uint64(len(x)) - tt - tf - ft
	return ratio(2*tf*ft, tt*ff+tf*ft)
}
