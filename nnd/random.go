package nnd

import "math/bits"

// Random choices are hashes: of the seed, of what the choice is for, and of what is chosen from. So a choice is the same
// whoever makes it, in whatever order and on however many goroutines.

// Purposes of random choices; they keep choices for different ends independent.
const (
	forTrees uint64 = iota + 1
	forCandidates
	forDiversify
	forStart
	forWalks
)

// stream is a source of choices for one purpose.
type stream uint64

// newStream derives a stream from a seed and the numbers that tell it apart from others.
func newStream(seed uint64, parts ...uint64) stream {
	s := stream(seed)
	for _, part := range parts {
		s = stream(s.at(part))
	}
	return s
}

// at is the stream's i-th value, 64 random bits. It is the finalizer of splitmix64 (Steele, Lea, Flood, "Fast splittable
// pseudorandom number generators", OOPSLA 2014) over a Weyl sequence.
func (s stream) at(i uint64) uint64 {
	z := uint64(s) + (i+1)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below is the stream's i-th value as a number below n.
func (s stream) below(i uint64, n int) int {
	high, _ := bits.Mul64(s.at(i), uint64(n))
	return int(high)
}

// share is the stream's i-th value as a number in [0, 1).
func (s stream) share(i uint64) float64 { return float64(s.at(i)>>11) / (1 << 53) }

// edge is a number of an undirected edge, the same from both ends.
func edge(a, b uint32) uint64 { return uint64(min(a, b))<<32 | uint64(max(a, b)) }
