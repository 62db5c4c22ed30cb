// Package storage keeps the bytes of a collection on disk. FORMAT.md, at the top of the module, documents every one of
// them; this package writes and reads them and knows nothing of what the numbers mean.
//
// A collection is a directory. Its nouns:
//
//   - The data file, data.bolt, is the source of truth: every row as it was stored. A commit of it is the only thing that
//     makes a change real.
//   - A [Segment] is an immutable file derived from the rows: codes, the search graph and the neighbor graph over them, ids
//     and records. It is mapped and used as it lies. [WriteSegment] makes one.
//   - A [Manifest] names the segments that make up the collection at one epoch. The data file holds the one that counts; the
//     file MANIFEST holds a copy for readers that must not touch the data file.
//
// # Damage
//
// Opening a segment looks at its first and last pages only. So the checksums of the rest are not verified then, and
// nothing depends on them: every number read from a file is compared with what it may be before it is used, whether or
// not a checksum vouches for it. Any bytes at all lead to an answer or to an error that wraps [ErrCorrupt], [ErrVersion] or
// [ErrUnsupported]. [Segment.Verify] reads everything.
//
// A slice that a [Segment] hands out is the mapped file itself: reading it can fault if somebody truncates the file, so
// the goroutine that reads it does so under the guard of package internal/mapped, and nobody reads it after
// [Segment.Close].
package storage
