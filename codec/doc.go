// Package codec turns vectors and records into bytes and back, and computes with vectors as they lie there.
//
// # Vector codecs
//
// A vector codec lays the vectors of a collection out as rows of equal length, the stride, each row aligned as its codes
// want to be. The rows of a segment file are mapped and searched as they are: nothing is decoded, copied or built when a
// segment is opened. A codec is three types:
//
//   - The codec itself, such as [Float32], knows the metric and the dimension and what else an encoding depends on. It
//     encodes a vector into a row and decodes a row into a vector.
//   - Its rows, such as [Float32Rows], are a view of many encoded rows. They compute the distances between one row and
//     others, which is what building a graph takes.
//   - Its scorer, such as [Float32Scorer], is a query prepared once and compared with rows many times, which is what
//     searching takes.
//
// All distances are in the fast form of the metric (package metric) and are symmetric bit for bit; a scorer gives a
// query that equals a row's vector the same bits as that row. Distances are computed for a list of rows in one call, so
// that memory is read ahead and the cost of a call is shared. Rows may be used by any number of goroutines at once, a
// scorer by one.
//
// The numbers of rows are trusted: who takes them from a file compares them with Len first, since a row that does not
// exist panics as an index out of range does. Bytes of rows are not trusted: any bytes give some distance, NaN included.
//
// All of them are seen through the interfaces [Codec], [Rows] and [Scorer]. Which codec a collection has, [Lookup] tells. What
// is learned from the data stays in constructors: [Float32.Compact] makes codes of one byte a component, [Uint8], of dense
// vectors that were collected. They are approximate, with the vectors beside them, unless all vectors are integers from
// 0 to 255. [Float16], which has half a float for each component, learns nothing.
//
// # Records
//
// A [Record] is what is kept of an item besides its vector's row: see [AppendRecord] and [AppendMetadata] for its bytes.
package codec
