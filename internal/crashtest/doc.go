// Package crashtest proves with kill -9 that a store keeps its word: a write that was acknowledged is there after any
// crash, one that was not is there whole or not at all, the store opens, and queries answer from exactly what is
// stored. It has tests only.
//
// The test binary starts itself again as a child. The child opens the store and works on it from many goroutines:
// upserts, deletes, queries, Prepare, creating and dropping a collection. It tells the parent on a pipe what it begins
// and what is done. The parent kills it at a random moment, reads the pipe to its end, and from that log alone knows
// what the store must hold: the operations are a pure function of the seed, so the log only names them. The parent
// then opens the store, compares everything, and starts the next child on the same store.
//
//	go test ./internal/crashtest                         a few kills
//	go test ./internal/crashtest -v -kills 250           many, as make soak
//	go test ./internal/crashtest -v -kills 250 -seed 7   the same operations again; the moments can only be similar
package crashtest
