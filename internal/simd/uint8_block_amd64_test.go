//go:build amd64 && !purego

package simd_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/vicinaldb/store/internal/simd"
)

// BenchmarkShortRows compares rows at random in two ways: in strips, sixteen transposed rows at a time, and in tiles, four by four. They
// are the same ones all the time, or prefetched while those before are compared, as in a join.
func BenchmarkShortRows(b *testing.B) {
	if !simd.HasAVX512() {
		b.Skip("there is no AVX-512")
	}
	for _, length := range []int{64, 128, 192, 256, 448, 832} {
		base, numbers := gather(length, 48<<20)
		padRows(base, length)
		for _, size := range []struct{ queries, rows int }{{8, 100}, {8, 60}, {8, 12}, {4, 60}, {2, 60}} {
			for _, prefetched := range []bool{true, false} {
				for _, c := range shortCompares {
					if length <= c.longest {
						name := fmt.Sprintf("%s/prefetched=%t/bytes=%d/queries=%d/rows=%d", c.name, prefetched, length, size.queries, size.rows)
						b.Run(name, func(b *testing.B) { c.benchmark(b, base, length, numbers, size.queries, size.rows, prefetched) })
					}
				}
			}
		}
	}
}

// shortCompare is one of the ways to compare short rows.
type shortCompare struct {
	name    string
	longest int
	compare func(dst []float32, base []byte, stride, length int, queries, rows []uint32, factor float64)
}

var shortCompares = []shortCompare{
	{"tiles", math.MaxInt, simd.SquaredL2U8SummedTiles},
	{"strips", simd.ShortBytes, simd.SquaredL2U8SummedShort},
}

func (c shortCompare) benchmark(b *testing.B, base []byte, length int, numbers []uint32, queries, rows int, prefetched bool) {
	dst, at := make([]float32, queries*rows), 0
	for b.Loop() {
		next := at
		if prefetched {
			next = (at + rows) % (len(numbers) - rows)
			simd.PrefetchRows(base, length, length, numbers[next:][:rows])
		}
		c.compare(dst, base, length, length, numbers[at:][:queries], numbers[at:][:rows], 0.1)
		at = next
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(dst)), "ns/pair")
}

// padRows fills rows and sums them. They end with zeros like those of 100 components in 128 bytes.
func padRows(base []byte, length int) {
	r := rand.New(rand.NewPCG(1, 2))
	for ; len(base) >= length; base = base[length:] {
		row := base[:length]
		for i := range row {
			row[i] = byte(r.Uint32())
		}
		clear(row[length*25/32:])
		simd.PutSumsU8(row)
	}
}
