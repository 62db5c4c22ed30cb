//go:build arm64 && !purego

package simd

// prefetchRows asks for the cache lines of length bytes at base[rows[i]*stride]. There must be a row.
//
//go:noescape
func prefetchRows(base *byte, stride, length int, rows []uint32)
