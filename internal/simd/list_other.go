//go:build !amd64 || purego

package simd

func enter(names, distances []uint32, keys []uint64) { enterGo(names, distances, keys) }
