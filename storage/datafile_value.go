package storage

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	bolt "go.etcd.io/bbolt"
)

// The buckets of a data file. Names and tags are part of the format.
const (
	bucketRows       = "rows"
	bucketIDs        = "ids"
	bucketTombstones = "tombstones"
	bucketState      = "state"
)

// The keys of bucket state. They are part of the format.
const (
	stateFormat   = "format"   // u32 version of the format
	stateUUID     = "uuid"     // 16 bytes that identify the collection
	stateSchema   = "schema"   // bytes of the caller
	stateManifest = "manifest" // bytes of the caller; absent until there is one
	stateCounters = "counters" // u64 last sequence number given out, u64 live rows
	stateCommit   = "commit"   // u64 number of the transaction that wrote it, which is that of the meta page
)

const (
	dataFormat   = 1 // version of buckets, keys and values
	valueHeader  = 6
	valueVersion = 1
)

// sealValue makes the value that is stored under a key of a bucket:
//
//	0  u32  CRC32C of the first letter of the bucket's name, the key, and this value from byte 4 on
//	4  u8   version of the value, 1
//	5  u8   flags, 0
//	6       payload
//
// bbolt does not notice damage. The checksum does, and since it covers bucket and key, it also notices a value that turns
// up in another place.
func sealValue(bucket string, key, payload []byte) []byte {
	value := make([]byte, valueHeader, valueHeader+len(payload))
	value[4] = valueVersion
	value = append(value, payload...)
	binary.LittleEndian.PutUint32(value, valueChecksum(bucket, key, value))
	return value
}

// openValue returns the payload of a value, a view of it.
func openValue(bucket string, key, value []byte) ([]byte, error) {
	if len(value) < valueHeader {
		return nil, fmt.Errorf("value of %d bytes", len(value))
	}
	if want, got := binary.LittleEndian.Uint32(value), valueChecksum(bucket, key, value); want != got {
		return nil, fmt.Errorf("checksum is %08x, the bytes have %08x", want, got)
	}
	if value[4] != valueVersion || value[5] != 0 {
		return nil, fmt.Errorf("%w: value has version %d and flags %#x", ErrVersion, value[4], value[5])
	}
	return value[valueHeader:], nil
}

func valueChecksum(bucket string, key, value []byte) uint32 {
	crc := crc32.Update(0, castagnoli, []byte{bucket[0]})
	crc = crc32.Update(crc, castagnoli, key)
	return crc32.Update(crc, castagnoli, value[4:])
}

// rowKey is the key of a row: big-endian, so that rows lie in the order they were stored.
func rowKey(seq uint64) []byte { return binary.BigEndian.AppendUint64(nil, seq) }

// counters are the numbers that a data file keeps of itself.
type counters struct {
	lastSeq uint64 // the last sequence number given out
	live    uint64 // rows stored
}

func (c counters) encode() []byte {
	b := binary.LittleEndian.AppendUint64(nil, c.lastSeq)
	return binary.LittleEndian.AppendUint64(b, c.live)
}

// encodeCommit is what a transaction leaves in state, so that nobody takes an older page of buckets, which a write that
// never reached the disk leaves in place, for the newest.
func encodeCommit(tx *bolt.Tx) []byte {
	return binary.LittleEndian.AppendUint64(nil, uint64(tx.ID()))
}

func decodeCounters(b []byte) (counters, error) {
	if len(b) != 16 {
		return counters{}, fmt.Errorf("counters of %d bytes", len(b))
	}
	c := counters{lastSeq: binary.LittleEndian.Uint64(b), live: binary.LittleEndian.Uint64(b[8:])}
	if c.live > c.lastSeq {
		return c, fmt.Errorf("%d live rows, but only %d were ever stored", c.live, c.lastSeq)
	}
	return c, nil
}
