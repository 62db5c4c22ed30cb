package codec

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
)

// Uint8Params say how components become the codes of [Uint8]: code c stands for Offset + Scale*c. A segment keeps them, as
// JSON with these names. They are learned from the vectors of the segment: see [Float32.Compact].
type Uint8Params struct {
	Offset float32 `json:"offset"`
	Scale  float32 `json:"scale"` // above 0
	// Lossless tells that every component is its code, an integer from 0 to 255: then Offset is 0 and Scale 1.
	Lossless bool `json:"lossless,omitempty"`
	// Grown tells that codes are a line of 64 bytes longer than components ask for, to have their sums, with fewer than 512 components,
	// from which on all are.
	Grown bool `json:"grown,omitempty"`
	// Spherical tells that codes are all about as long, when Offset is taken off, which is -128*Scale, so that they need no sums.
	Spherical bool `json:"spherical,omitempty"`
	// Turned tells that codes are made of vectors that were rotated, so that no component is much larger than others.
	Turned bool `json:"turned,omitempty"`
}

// ParseUint8Params returns the parameters that JSON says. Members that it does not know may change what codes mean, so they
// are refused. Errors wrap ErrCorrupt.
func ParseUint8Params(b []byte) (Uint8Params, error) {
	var p Uint8Params
	decoder := json.NewDecoder(bytes.NewReader(b))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&p); err != nil {
		return Uint8Params{}, fmt.Errorf("%w: parameters of uint8: %w", ErrCorrupt, err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return Uint8Params{}, fmt.Errorf("%w: parameters of uint8: something follows the first %d bytes", ErrCorrupt, decoder.InputOffset())
	}
	return p, p.check()
}

func (p Uint8Params) check() error {
	finite := p.Offset-p.Offset == 0 && p.Scale-p.Scale == 0
	plain := !p.Lossless || p.Offset == 0 && p.Scale == 1 && !p.Spherical && !p.Turned
	round := !p.Spherical || p.Offset == -center*p.Scale && p.Scale >= leastSphericalScale && p.Scale <= 1 && !p.Grown
	if !finite || p.Scale <= 0 || !plain || !round {
		return fmt.Errorf("%w: parameters of uint8: %+v", ErrCorrupt, p)
	}
	return nil
}

// byteRange is what is learned of components.
type byteRange struct {
	least, largest float32 // of those that are finite; least is above largest when there are none
	integers       bool    // all of them are integers from 0 to 255, bit for bit: -0 is none
	infinite       bool    // some are not finite
}

func newByteRange() byteRange {
	return byteRange{least: math.MaxFloat32, largest: -math.MaxFloat32, integers: true}
}

// add widens the range to the components of t.
func (r *byteRange) add(t []float32) {
	for _, x := range t {
		if x-x != 0 { // NaN or infinite, which no vector has that was checked, but one may have that was turned
			r.integers, r.infinite = false, true
			continue
		}
		if x < r.least {
			r.least = x
		}
		if x > r.largest {
			r.largest = x
		}
	}
	for i := 0; r.integers && i < len(t); i++ {
		r.integers = isByte(t[i])
	}
}

// merge widens the range to another.
func (r *byteRange) merge(other byteRange) {
	r.least, r.largest = min(r.least, other.least), max(r.largest, other.largest)
	r.integers, r.infinite = r.integers && other.integers, r.infinite || other.infinite
}

// isByte tells whether a component comes back from a lossless code bit for bit.
func isByte(x float32) bool {
	return x >= 0 && x <= 255 && math.Float32bits(float32(byte(x))) == math.Float32bits(x)
}

// params spans the whole range: cutting off even a thousandth of the components, however far they lie, would cost vectors
// that have one of them much of their precision.
func (r byteRange) params() Uint8Params {
	p := Uint8Params{Scale: 1}
	if r.least > r.largest {
		return p
	}
	if p.Offset = r.least; p.Offset == 0 {
		p.Offset = 0 // not -0, which may have been learned before or after a 0
	}
	if scale := float32((float64(r.largest) - float64(r.least)) / 255); scale > 0 {
		p.Scale = scale
	}
	return p
}

// spherical spans as much on either side of 0.
func (r byteRange) spherical() Uint8Params {
	p := Uint8Params{Scale: 1, Spherical: true}
	if farthest := max(-r.least, r.largest); farthest > 0 {
		p.Scale = max(farthest/reach, leastSphericalScale)
	}
	p.Offset = -center * p.Scale
	return p
}
