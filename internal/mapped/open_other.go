//go:build !unix && !windows

package mapped

const openFlags = 0

func outOfMemory(error) bool { return false }
