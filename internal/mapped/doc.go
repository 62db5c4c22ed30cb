// Package mapped turns files into memory and memory into typed slices.
//
// It has three parts:
//
//   - [Open] maps a regular file read-only, or reads it into aligned memory where it cannot be mapped.
//   - [Float32s], [Uint32s] and [Uint64s] view bytes as numbers, and [BytesOfFloat32s] and its sisters numbers as
//     bytes, without a copy. The bytes are little-endian, as everything in the files of this module.
//   - [Guard] runs code that reads mapped memory. Reading a page that the operating system cannot provide, because
//     somebody truncated the file or the disk failed, is a memory fault; Guard makes it an error.
//
// Besides the vector kernels this is the only package that uses unsafe: what it hands out is ordinary slices, whose
// bounds Go checks. What remains for the caller is lifetime: a slice of a mapped file must not be used after
// [File.Close].
//
// Mapped bytes should not be given to the runtime itself (as map keys, over channels, to fmt or json): a fault there
// happens while the runtime holds its own locks, and then it ends the process. Copy them first.
package mapped
