// Package compaction turns rows of the source of truth into a segment: it reads
// the rows, encodes their vectors, builds the neighbor graph and the search
// graph over the codes and writes what a query needs into one file.
//
// [Rewrite] is the only routine that makes segments. It knows the data file and
// the segment format (package storage), the codes (package codec) and the graphs
// (package nnd), which do not know one another. It commits nothing: the file is
// garbage until the caller names it in a manifest.
//
// The segment depends on the rows, their order of storing, the parameters and
// the seed, and on nothing else: not on the time, the machine, the number
// of threads, or the history by which the rows came to be.
package compaction
