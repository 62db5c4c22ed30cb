// Package store is Vicinal: an embedded, persistent vector store. A program opens
// a directory and has collections of vectors with metadata that survive a crash,
// and an approximate nearest neighbor index over them that is built once and
// reopened in milliseconds.
//
//	s, err := store.Open("shop.vicinal")
//	songs, err := s.Create(ctx, "songs", store.Schema{Dim: 128, Metric: "cosine"})
//	_, err = songs.Upsert(ctx, store.Item{ID: "so what", Vector: v, Metadata: store.Metadata{"year": 1959}})
//	_, err = songs.Prepare(ctx)
//	results, err := songs.Query(ctx, v, 10, store.WithMetadata())
//	err = s.Close()
//
// # Nouns
//
//   - A [Store] is a directory, held by one writing process at a time, or opened
//     by any number of readers with [ReadOnly].
//   - A [Collection] is a named set of items with vectors of one kind, dimension and metric: dense float32, sparse, or
//     packed bits, compared by any metric of package metric, a program's own among them. See [Schema].
//   - An [Item] is an id, a vector, metadata and a payload.
//   - The index is made by [Collection.Prepare]. Items stored since are pending:
//     durable, and found by comparing them all, until the next Prepare.
//
// # Guarantees
//
// What [Collection.Upsert] and [Collection.Delete] acknowledged is on disk and
// survives a crash; what they did not is there whole or not at all. A query sees
// one consistent state and never waits for a writer. Damage on disk is reported:
// a damaged index file is set aside and its items are answered by comparing them
// all, see [CollectionInfo.Problems]; damage in the source of truth is an error that
// names the place. No input panics.
//
// # Caveats
//
//   - Pending items are in memory and make queries slower in proportion: Prepare
//     from time to time.
//   - Prepare writes the whole index anew, though it begins with the neighbor lists of the one before. Deleted items' space
//     returns then.
//   - Readers beside a writer see what it published last, by Prepare or Close; not
//     what was pending then, nor what that had replaced.
//   - Vectors are kept twice: in the data file and in the index.
//   - A store belongs on a local file system: locks and mappings are not to be
//     trusted over a network.
//
// Errors wrap the sentinels of this package, see [ErrClosed] and those below it.
// Package nnd has the index alone, in memory, for programs that need no store.
package store
