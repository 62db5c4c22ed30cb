package storage

import "hash/crc32"

// blockSize is how many bytes one checksum of a segment covers. It is part of the format, never change it.
const blockSize = 64 << 10

// castagnoli is the table of CRC32C, the checksum of all our files.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum is the CRC32C of b.
func checksum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

// blockSums collects the checksum of each block of the bytes added to it, in order; the last block may be short.
type blockSums struct {
	sums []uint32
	crc  uint32 // of the block that is being filled
	fill int    // bytes in it
}

// add takes in the bytes that come next.
func (b *blockSums) add(p []byte) {
	for len(p) > 0 {
		part := p[:min(len(p), blockSize-b.fill)]
		b.crc = crc32.Update(b.crc, castagnoli, part)
		b.fill += len(part)
		if b.fill == blockSize {
			b.close()
		}
		p = p[len(part):]
	}
}

// finish closes a short last block and returns the checksums.
func (b *blockSums) finish() []uint32 {
	if b.fill > 0 {
		b.close()
	}
	return b.sums
}

func (b *blockSums) close() {
	b.sums = append(b.sums, b.crc)
	b.crc, b.fill = 0, 0
}

// blockCount returns how many blocks cover size bytes.
func blockCount(size uint64) uint64 { return (size + blockSize - 1) / blockSize }
