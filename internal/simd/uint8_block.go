package simd

import "fmt"

// The generators of the assembly are a module of their own, as in generate.go.
//
//go:generate sh -c "cd _asm && go run ./uint8block -out ../uint8_block_kernels_amd64.s -stubs ../uint8_block_kernels_amd64.go -pkg simd"
//go:generate sh -c "cd _asm && go run ./uint8blockavx2 -out ../uint8_block_avx2_kernels_amd64.s -stubs ../uint8_block_avx2_kernels_amd64.go -pkg simd"

// blockSums is how many results at a time are kept as integers, on the stack, where a kernel does not turn them into distances.
const blockSums = 64

// SquaredL2U8SummedBlock sets dst[i*len(rows)+j] to float32(factor*float64(sum)) of what SquaredL2U8SummedRows computes of the
// rows queries[i] and rows[j], each of length bytes. All are in base. It panics where SquaredL2U8SummedRows does, and when dst is
// shorter than all of these.
func SquaredL2U8SummedBlock(dst []float32, base []byte, stride, length int, queries, rows []uint32, factor float64) {
	if length <= 0 || length > len(base) {
		panic(fmt.Sprintf("simd: rows of %d bytes in %d", length, len(base)))
	}
	checkSummedRows(base[:length], base, stride, queries)
	checkSummedRows(base[:length], base, stride, rows)
	squaredL2U8SummedBlock(dst[:len(queries)*len(rows)], base, stride, length, queries, rows, factor)
}

// SquaredL2U8Block is SquaredL2U8SummedBlock for rows that are not summed: for what SquaredL2U8Rows computes.
func SquaredL2U8Block(dst []float32, base []byte, stride, length int, queries, rows []uint32, factor float64) {
	if length <= 0 || length > len(base) {
		panic(fmt.Sprintf("simd: rows of %d bytes in %d", length, len(base)))
	}
	checkByteRows(base[:length], base, stride, queries)
	checkByteRows(base[:length], base, stride, rows)
	squaredL2U8Block(dst[:len(queries)*len(rows)], base, stride, length, queries, rows, factor)
}

// squaredL2U8Each compares one query after the other, by the sums of the rows or without any.
func squaredL2U8Each(dst []float32, base []byte, stride, length int, queries, rows []uint32, factor float64, summed bool) {
	var sums [blockSums]uint32
	for _, query := range queries {
		q := base[int(query)*stride:][:length]
		for left := rows; len(left) > 0; {
			some := left[:min(len(left), blockSums)]
			if summed {
				squaredL2U8SummedRows(sums[:len(some)], q, base, stride, some)
			} else {
				squaredL2U8Rows(sums[:len(some)], q, base, stride, some)
			}
			for i, sum := range sums[:len(some)] {
				dst[i] = float32(factor * float64(sum))
			}
			dst, left = dst[len(some):], left[len(some):]
		}
	}
}

// Near puts into dst, in ascending order, the places i of the values that are not above limit, or not above limits[i], and returns
// how many they are. A value that is NaN is none of them; limits must not be NaN. What lies behind the places in dst is any number. It
// panics when dst or limits are shorter than values.
func Near(dst []uint32, values, limits []float32, limit float32) int {
	return near(dst[:len(values)], values, limits[:len(values)], limit)
}

// nearGo is the Go twin.
func nearGo(dst []uint32, values, limits []float32, limit float32) int {
	count := 0
	for i, value := range values {
		dst[count] = uint32(i)
		most := limit
		if limits[i] > most {
			most = limits[i]
		}
		if value <= most {
			count++
		}
	}
	return count
}
