package simd

import "math"

// The Go twins. The 32 lanes are summed in four passes of eight, since eight accumulators and their operands fit in the
// registers of every processor while 32 do not. A pass takes eight elements of every block of 32, beginning at first.
//
// Products are converted to float32 before they are added: that forbids the compiler to fuse the two operations.

const (
	lanes     = 32 // elements of a block, each summed in a lane of its own
	passLanes = 8  // lanes of one pass

	magnitude = 1<<31 - 1 // the bits of a float32 without its sign
)

func squaredL2Go(a, b []float32) float32 {
	return fold(squaredL2Pass(a, b, 0), squaredL2Pass(a, b, 8), squaredL2Pass(a, b, 16), squaredL2Pass(a, b, 24))
}

func dotGo(a, b []float32) float32 {
	return fold(dotPass(a, b, 0), dotPass(a, b, 8), dotPass(a, b, 16), dotPass(a, b, 24))
}

func l1Go(a, b []float32) float32 {
	return fold(l1Pass(a, b, 0), l1Pass(a, b, 8), l1Pass(a, b, 16), l1Pass(a, b, 24))
}

// chebyshevGo compares magnitudes by their bits, which order as they do and take a NaN for larger than any number, in four
// lanes that need not wait for one another.
func chebyshevGo(x, y []float32) float32 {
	var a, b, c, d uint32
	for len(x) >= 4 && len(y) >= 4 {
		a = max(a, math.Float32bits(x[0]-y[0])&magnitude)
		b = max(b, math.Float32bits(x[1]-y[1])&magnitude)
		c = max(c, math.Float32bits(x[2]-y[2])&magnitude)
		d = max(d, math.Float32bits(x[3]-y[3])&magnitude)
		x, y = x[4:], y[4:]
	}
	for i := range x {
		a = max(a, math.Float32bits(x[i]-y[i])&magnitude)
	}
	return math.Float32frombits(max(a, b, c, d))
}

// rowsGo is the Rows form of a pair form.
func rowsGo(pair func(a, b []float32) float32, dst, q, base []float32, stride int, rows []uint32) {
	for i, row := range rows {
		dst[i] = pair(q, base[int(row)*stride:][:len(q)])
	}
}

// fold adds up the lanes of the four passes as the last three lines of the order in doc.go say.
func fold(p0, p1, p2, p3 [passLanes]float32) float32 {
	var t [passLanes]float32
	for l := range t {
		t[l] = (p0[l] + p1[l]) + (p2[l] + p3[l])
	}
	u0, u1, u2, u3 := t[0]+t[4], t[1]+t[5], t[2]+t[6], t[3]+t[7]
	return (u0 + u2) + (u1 + u3)
}

func squaredL2Pass(a, b []float32, first int) [passLanes]float32 {
	var s0, s1, s2, s3, s4, s5, s6, s7 float32
	i := first
	for ; i+passLanes <= len(a); i += lanes {
		x, y := (*[passLanes]float32)(a[i:]), (*[passLanes]float32)(b[i:])
		d0, d1, d2, d3 := x[0]-y[0], x[1]-y[1], x[2]-y[2], x[3]-y[3]
		s0 += float32(d0 * d0)
		s1 += float32(d1 * d1)
		s2 += float32(d2 * d2)
		s3 += float32(d3 * d3)
		d4, d5, d6, d7 := x[4]-y[4], x[5]-y[5], x[6]-y[6], x[7]-y[7]
		s4 += float32(d4 * d4)
		s5 += float32(d5 * d5)
		s6 += float32(d6 * d6)
		s7 += float32(d7 * d7)
	}
	s := [passLanes]float32{s0, s1, s2, s3, s4, s5, s6, s7}
	for l := 0; i+l < len(a); l++ {
		d := a[i+l] - b[i+l]
		s[l] += float32(d * d)
	}
	return s
}

func dotPass(a, b []float32, first int) [passLanes]float32 {
	var s0, s1, s2, s3, s4, s5, s6, s7 float32
	i := first
	for ; i+passLanes <= len(a); i += lanes {
		x, y := (*[passLanes]float32)(a[i:]), (*[passLanes]float32)(b[i:])
		s0 += float32(x[0] * y[0])
		s1 += float32(x[1] * y[1])
		s2 += float32(x[2] * y[2])
		s3 += float32(x[3] * y[3])
		s4 += float32(x[4] * y[4])
		s5 += float32(x[5] * y[5])
		s6 += float32(x[6] * y[6])
		s7 += float32(x[7] * y[7])
	}
	s := [passLanes]float32{s0, s1, s2, s3, s4, s5, s6, s7}
	for l := 0; i+l < len(a); l++ {
		s[l] += float32(a[i+l] * b[i+l])
	}
	return s
}

func l1Pass(a, b []float32, first int) [passLanes]float32 {
	var s0, s1, s2, s3, s4, s5, s6, s7 float32
	i := first
	for ; i+passLanes <= len(a); i += lanes {
		x, y := (*[passLanes]float32)(a[i:]), (*[passLanes]float32)(b[i:])
		s0 += abs(x[0] - y[0])
		s1 += abs(x[1] - y[1])
		s2 += abs(x[2] - y[2])
		s3 += abs(x[3] - y[3])
		s4 += abs(x[4] - y[4])
		s5 += abs(x[5] - y[5])
		s6 += abs(x[6] - y[6])
		s7 += abs(x[7] - y[7])
	}
	s := [passLanes]float32{s0, s1, s2, s3, s4, s5, s6, s7}
	for l := 0; i+l < len(a); l++ {
		s[l] += abs(a[i+l] - b[i+l])
	}
	return s
}

// abs clears the sign bit, without a branch.
func abs(x float32) float32 { return math.Float32frombits(math.Float32bits(x) & magnitude) }
