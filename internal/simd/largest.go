package simd

//go:generate sh -c "cd _asm && go run ./largest -out ../largest_kernel_amd64.s -stubs ../largest_kernel_amd64.go -pkg simd"

// largestRowGo returns the largest of rows, 0 of none. Four maxima need not wait for one another.
func largestRowGo(rows []uint32) uint32 {
	var m0, m1, m2, m3 uint32
	for len(rows) >= 4 {
		m0, m1, m2, m3 = max(m0, rows[0]), max(m1, rows[1]), max(m2, rows[2]), max(m3, rows[3])
		rows = rows[4:]
	}
	for _, row := range rows {
		m0 = max(m0, row)
	}
	return max(m0, m1, m2, m3)
}
