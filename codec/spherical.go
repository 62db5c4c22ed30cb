package codec

import (
	"bytes"

	"github.com/vicinaldb/store/internal/simd"
)

const (
	// leastSphericalDim is from how many components on codes are spherical. Those with fewer are compared without sums in hardly more time,
	// and rows that are nearly the same, as of text, have codes that tell more of them apart: of the ten nearest of 64 components 1.3 %
	// are not among thirty by spherical codes, .7 % by others, of 128 .9 and .5 %, and of 384 .4 % by both.
	leastSphericalDim = 256
	// maxSphericalDim is the most components of spherical codes, so that the largest distance, four times the square of their length, has 31
	// bits.
	maxSphericalDim = 1 << 15
	// leastSphericalScale is less than that of maxSphericalDim components which are all as large.
	leastSphericalScale = 4.316e-5
	// center is the byte of a zero in spherical codes, and reach how many steps these go from there, at least.
	center, reach = 128, 127
	// sphericalStep is how long the steps of spherical codes may be, at most, beside those of codes with sums. They are twice as long where no
	// component is negative, and many times where all vectors have much in common.
	sphericalStep = 1.1
	// almostAStep is by what share components are larger or smaller that are rounded the other way: those that are as large as codes reach
	// by almost a step. Where these are too few, twice the share is tried, up to mostSteps.
	almostAStep, mostSteps = 1. / 128, 1. / 8
	// mostAdjusted is how many times a component of a code may be moved by a step, at most, for what is left then.
	mostAdjusted = 8
)

// double is twice the square of the length of spherical codes, which is that of vectors of length 1, in steps.
func (p Uint8Params) double() uint32 {
	if !p.Spherical {
		return 0
	}
	return 2 * uint32(1/(float64(p.Scale)*float64(p.Scale))+0.5)
}

// encodeSpherical writes the code of t, of length 1, into row, and makes it as long as it should be. It tells whether every component lies
// where codes reach.
//
// Rounding makes a code some thousandths longer or shorter. So from the first component on, what would be rounded the other way if t were a
// little longer or shorter is rounded so, as long as that is not too much. Such components are next to the middle of two steps, so
// that it matters little; and vectors that are near one another have the same ones, so that their codes stay as near, which no other
// choice of components gives. What few components of other sizes can make up for is left to these.
func (c *Uint8) encodeSpherical(row []byte, t []float32) (within bool) {
	steps := 1 / float64(c.params.Scale)
	within = quantizeCentered(row, t, steps)
	need := int(c.double/2) - squareOf(row)
	for share := almostAStep; share <= mostSteps; share *= 2 {
		if need = roundOtherwise(row, t, steps, share, need); max(need, -need) <= reach {
			break
		}
	}
	adjust(row[:len(t)], need)
	return within
}

// roundOtherwise makes the square of the length of a code larger by need, as nearly as a share by which t is longer or shorter tells
// components that are rounded the other way, and returns what is needed still.
func roundOtherwise(row []byte, t []float32, steps, share float64, need int) int {
	var rounded [rowAlignment]byte
	other := float32(steps * (1 + share))
	if need < 0 {
		other = float32(steps * (1 - share))
	}
	for at := 0; at < len(t) && need != 0; at += len(rounded) {
		some := t[at:min(at+len(rounded), len(t))]
		simd.CenterU8(rounded[:], some, other)
		need = replace(row[at:], rounded[:len(some)], need)
	}
	return need
}

// replace takes components of other in place of those of row that add no more to the square of the length than is needed, and returns what
// is needed still.
func replace(row, other []byte, need int) int {
	for i, b := range other {
		was, is := int(row[i])-center, int(b)-center
		if gain := is*is - was*was; gain > 0 && gain <= need || gain < 0 && gain >= need {
			row[i], need = b, need-gain
		}
	}
	return need
}

// quantizeCentered writes t times steps, with center added, and center behind it.
func quantizeCentered(row []byte, t []float32, steps float64) (within bool) {
	within = simd.CenterU8(row, t, float32(steps))
	for i := len(t); i < len(row); i++ {
		row[i] = center
	}
	return within
}

// squareOf returns the square of the length of a spherical code, in steps.
func squareOf(row []byte) int {
	sum, squares := simd.SumAndSquaresU8(row)
	return int(squares - 2*center*sum + center*center*uint32(len(row)))
}

// adjust makes the square of the length of a code larger by need, or as nearly as few moves do.
func adjust(row []byte, need int) {
	for moves := 0; need != 0 && moves < mostAdjusted; moves++ {
		gain := move(row, need)
		if gain == 0 {
			return
		}
		need -= gain
	}
}

// move moves the first of those components by a step that add the most to the square of the length, or take the most from it, and no more
// than is needed. It returns what that adds, 0 if there are none. From k steps to k+1 it is 2k+1.
func move(row []byte, need int) (gain int) {
	for k := min((max(need, -need)-1)/2, reach-1); k >= 0; k-- {
		from, to := k, k+1
		if need < 0 {
			from, to = to, from
		}
		for _, side := range [...]int{1, -1} {
			if at := bytes.IndexByte(row, byte(center+side*from)); at >= 0 {
				row[at] = byte(center + side*to)
				return to*to - from*from
			}
		}
	}
	return 0
}
