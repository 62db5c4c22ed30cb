package simd_test

import (
	"encoding/binary"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/vicinaldb/store/internal/simd"
)

// quantized is the model of QuantizeU8 for one component: whole steps, by comparison with each of them.
func quantized(x float32, offset, scale float64) (code byte, within, exact bool) {
	t := (float64(x) - offset) / scale
	if !(t+0.5 >= 0) {
		return 0, false, false
	}
	for code := range 256 {
		if t+0.5 < float64(code)+1 {
			return byte(code), true, t == float64(code)
		}
	}
	return 255, false, false
}

func TestQuantizeU8(t *testing.T) {
	inf := float32(math.Inf(1))
	odd := []float32{
		0, float32(math.Copysign(0, -1)), 0.5, -0.5, -0.25, math.Nextafter32(-0.5, -1), math.Nextafter32(0.5, 0), 1, 1.5, 2.5,
		254.5, math.Nextafter32(254.5, 0), 255, 255.25, math.Nextafter32(255.5, 0), 255.5, 256, 1 << 31, -1 << 31, 1 << 32, 1 << 63,
		math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32, inf, -inf, float32(math.NaN()),
	}
	ranges := []struct{ offset, scale float64 }{{0, 1}, {-1, 1. / 128}, {0.1, 0.003}, {-3e38, 2e36}, {7, 1e-40}}
	eachImplementation(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for _, p := range ranges {
			for _, n := range lengths() {
				src := make([]float32, n+1)[1:]
				for i := range src {
					switch r.IntN(8) {
					case 0:
						src[i] = odd[r.IntN(len(odd))]
					case 1: // precisely a code, where float32 has it
						src[i] = float32(p.offset + p.scale*float64(r.IntN(256)))
					default:
						src[i] = float32(p.offset + p.scale*255*r.Float64())
					}
				}
				checkQuantize(t, src, p.offset, p.scale)
				for i := range src { // one odd component among good ones, at each place that a kernel treats differently
					src[i] = float32(p.offset + p.scale*float64(r.IntN(256)))
				}
				checkQuantize(t, src, p.offset, p.scale)
				if n > 0 {
					src[r.IntN(n)] = odd[r.IntN(len(odd))]
					checkQuantize(t, src, p.offset, p.scale)
				}
			}
		}
		if !panics(func() { simd.QuantizeU8(make([]byte, 8), make([]float32, 9), 0, 1) }) {
			t.Error("no panic: dst is shorter than src")
		}
	})
}

func checkQuantize(t *testing.T, src []float32, offset, scale float64) {
	t.Helper()
	dst := make([]byte, len(src)+2)[1:]
	dst[len(src)] = 77
	within, exact := simd.QuantizeU8(dst, src, offset, scale)
	wantWithin, wantExact := true, true
	for i, x := range src {
		code, in, precise := quantized(x, offset, scale)
		if dst[i] != code {
			t.Fatalf("component %d of %d, %v from %v by %v: %d, want %d", i, len(src), x, offset, scale, dst[i], code)
		}
		wantWithin, wantExact = wantWithin && in, wantExact && precise
	}
	if within != wantWithin || exact != wantExact || dst[len(src)] != 77 {
		t.Fatalf("%d components from %v by %v: within %t, exact %t, want %t, %t, or written beyond: %d", len(src), offset, scale, within, exact,
			wantWithin, wantExact, dst[len(src)])
	}
}

func TestPutSumsU8(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		for _, kind := range bytesOf {
			r := rand.New(rand.NewPCG(1, 2))
			for _, n := range []int{64, 128, 192, 448, 832, 4096, 1 << 17} {
				row := padded(r, n, kind.draw)
				sum, squares := new(big.Int), new(big.Int)
				for _, x := range row[:n-8] {
					sum.Add(sum, big.NewInt(int64(x)))
					squares.Add(squares, big.NewInt(int64(x)*int64(x)))
				}
				simd.PutSumsU8(row)
				gotSum, gotSquares := simd.SumsU8(row)
				if gotSum != uint32(sum.Uint64()) || gotSquares != uint32(squares.Uint64()) || binary.LittleEndian.Uint32(row[n-8:]) != gotSum {
					t.Fatalf("%d bytes, %s: %d and %d, want %v and %v", n, kind.reason, gotSum, gotSquares, sum, squares)
				}
			}
		}
	})
}

// centered is the model of CenterU8 for one component: whole steps, by comparison with each of them.
func centered(x, factor float32) (code byte, within bool) {
	steps := float32(x*factor) + 128.5
	if !(steps >= 0) {
		return 0, false
	}
	for code := range 256 {
		if steps < float32(code)+1 {
			return byte(code), true
		}
	}
	return 255, false
}

func TestCenterU8(t *testing.T) {
	inf := float32(math.Inf(1))
	odd := []float32{
		0, float32(math.Copysign(0, -1)), 0.5, -0.5, math.Nextafter32(0.5, 0), 127, math.Nextafter32(127.5, 0), 127.5, 128, -128, -128.5,
		math.Nextafter32(-128.5, -200), -129, 1 << 31, -1 << 31, 1 << 40, math.MaxFloat32, -math.MaxFloat32, inf, -inf, float32(math.NaN()),
	}
	eachImplementation(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for _, factor := range []float32{1, 0.3, 127 / 0.296} {
			for _, n := range lengths() {
				src := make([]float32, n+1)[1:]
				for i := range src {
					src[i] = float32(r.IntN(257)-128) / factor
					if r.IntN(2) == 0 {
						src[i] = float32(255*r.Float64()-127.5) / factor
					}
				}
				checkCenter(t, src, factor)
				if n > 0 { // one odd component among good ones
					src[r.IntN(n)] = odd[r.IntN(len(odd))] / factor
					checkCenter(t, src, factor)
				}
			}
		}
	})
}

func checkCenter(t *testing.T, src []float32, factor float32) {
	t.Helper()
	dst := make([]byte, len(src)+1)
	dst[len(src)] = 77
	within, wantWithin := simd.CenterU8(dst, src, factor), true
	for i, x := range src {
		want, ok := centered(x, factor)
		if wantWithin = wantWithin && ok; dst[i] != want {
			t.Fatalf("factor %v: %v at %d of %d is %d, want %d", factor, x, i, len(src), dst[i], want)
		}
	}
	if within != wantWithin || dst[len(src)] != 77 {
		t.Fatalf("factor %v: %d components within %t, want %t; the byte behind them is %d", factor, len(src), within, wantWithin, dst[len(src)])
	}
}
