//go:build !amd64 || purego

package simd

func largestRow(rows []uint32) uint32 { return largestRowGo(rows) }
