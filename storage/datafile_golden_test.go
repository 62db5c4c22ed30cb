package storage_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	bolt "go.etcd.io/bbolt"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/storage"
)

var goldenMetadata = map[string]any{
	"artist":   "Björk",
	"explicit": false,
	"plays":    int64(1200),
	"rating":   4.5,
	"released": time.Date(1995, 6, 13, 0, 0, 0, 7, time.UTC),
	"tags":     []string{"pop", "art"},
}

// smallMetadata are so short that nobody tries to compress them.
var smallMetadata = map[string]any{
	"b": true,
	"l": []string{"y"},
	"n": int64(-1),
	"s": "x",
	"t": time.Unix(0, 1).UTC(),
}

// goldenDataFile makes a data file that is small enough to be read by a person: rows 1 and 2 were stored, row 1 was replaced
// by row 3, row 4 is plain.
func goldenDataFile(t *testing.T) *storage.DataFile {
	t.Helper()
	d := newDataFile(t, 0)
	for _, items := range [][]codec.Record{
		{
			{ID: []byte("amber"), Vector: codec.AppendVector(nil, []float32{1, 2})},
			{ID: []byte("blue"), Vector: codec.AppendVector(nil, []float32{1, 0}), Metadata: codec.AppendMetadata(nil, goldenMetadata)},
		},
		{
			{ID: []byte("amber"), Vector: codec.AppendVector(nil, []float32{-3, 0.5}), Payload: bytes.Repeat([]byte("hello "), 20)},
			{ID: []byte("red"), Vector: codec.AppendVector(nil, []float32{0, 0}), Metadata: codec.AppendMetadata(nil, smallMetadata), Payload: []byte("bye")},
		},
	} {
		err := d.Update(func(tx *storage.Tx) error {
			for _, r := range items {
				seq, err := tx.NextSeq()
				if err != nil {
					return err
				}
				if err := tx.Put(string(r.ID), seq, codec.AppendRecord(nil, r)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	err := d.Update(func(tx *storage.Tx) error {
		if err := tx.PutTombstones(testCollection, roaring.BitmapOf(0, 70000)); err != nil {
			return err
		}
		return tx.PutManifest([]byte("a manifest"))
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// annotateDataFile dumps all keys and values by the tables of FORMAT.md.
func annotateDataFile(t *testing.T, path string) string {
	t.Helper()
	db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	d := new(dump)
	d.text.WriteString("# The keys and values of a data file of three rows. Each line: offset, bytes, what FORMAT.md calls them.\n")
	err = db.View(func(tx *bolt.Tx) error {
		return tx.ForEach(func(bucket []byte, b *bolt.Bucket) error {
			return b.ForEach(func(key, value []byte) error {
				d.entry(t, string(bucket), key, value)
				return nil
			})
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return d.text.String()
}

// entry adds an entry of a bucket.
func (d *dump) entry(t *testing.T, bucket string, key, value []byte) {
	t.Helper()
	d.title("bucket %s, key of %d bytes", bucket, len(key))
	d.bytes, d.at = append(bytes.Clone(key), value...), 0
	switch bucket {
	case "rows":
		d.line(8, "key: sequence number %d", binary.BigEndian.Uint64(key))
	case "tombstones":
		d.line(16, "key: segment")
	default:
		d.line(len(key), "key: %s", key)
	}
	d.layout(layoutUnder(t, "Value header", 6), "")
	rest := len(d.bytes) - d.at
	switch {
	case bucket == "rows":
		d.record(t)
	case bucket == "ids":
		d.line(8, "sequence number")
	case bucket == "tombstones":
		d.line(rest, "roaring bitmap")
	case string(key) == "counters":
		d.layout(layoutUnder(t, "Counters", 16), "")
	default:
		d.line(rest, "%s", key)
	}
	if d.at != len(d.bytes) {
		t.Fatalf("the dump of %s %q covers %d of %d bytes", bucket, key, d.at, len(d.bytes))
	}
}

// record adds a record.
func (d *dump) record(t *testing.T) {
	t.Helper()
	header := d.bytes[d.at:]
	d.layout(layoutUnder(t, "Record header", 16), "")
	d.line(int(binary.LittleEndian.Uint16(header[2:])), "id")
	for n := binary.LittleEndian.Uint32(header[4:]); n > 0; n -= 4 {
		d.line(4, "component of the vector")
	}
	switch {
	case header[0] == 1:
		d.line(len(d.bytes)-d.at, "metadata and payload, compressed")
	case binary.LittleEndian.Uint32(header[8:]) > 0:
		d.metadata()
	}
	d.line(len(d.bytes)-d.at, "payload")
}

// metadata adds metadata of all types.
func (d *dump) metadata() {
	n := binary.LittleEndian.Uint32(d.bytes[d.at:])
	d.line(4, "number of keys")
	for range n {
		length := int(binary.LittleEndian.Uint16(d.bytes[d.at:]))
		d.line(2, "key length")
		d.line(length, "key: %s", d.bytes[d.at:d.at+length])
		tag := d.bytes[d.at]
		d.line(1, "tag")
		switch tag {
		case 1:
			d.string()
		case 2:
			d.line(1, "bool")
		case 3:
			d.line(8, "int64")
		case 4:
			d.line(8, "float64")
		case 5:
			d.line(8, "seconds")
			d.line(4, "nanoseconds")
		case 6:
			n := binary.LittleEndian.Uint32(d.bytes[d.at:])
			d.line(4, "number of strings")
			for range n {
				d.string()
			}
		}
	}
}

func (d *dump) string() {
	length := int(binary.LittleEndian.Uint32(d.bytes[d.at:]))
	d.line(4, "length")
	d.line(length, "%s", d.bytes[d.at:d.at+length])
}

func TestDataFileGolden(t *testing.T) {
	d := goldenDataFile(t)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	golden(t, "datafile.golden", annotateDataFile(t, d.Path()))
}

// The golden file has the entries of version 1 as they were written once: they are read for ever.
func TestDataFileGoldenOpens(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "datafile.golden"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "data.bolt")
	writeEntries(t, path, string(text))
	d := openDataFile(t, path)
	if err := d.Verify(context.Background(), nil); err != nil {
		t.Error(err)
	}
	if d.UUID() != testCollection || string(d.Schema()) != `{"dim":2}` {
		t.Errorf("the collection is %v with schema %s", d.UUID(), d.Schema())
	}
	if rows := contents(t, d); len(rows) != 3 || rows["blue"] != 2 || rows["amber"] != 3 || rows["red"] != 4 {
		t.Errorf("the rows are %v", rows)
	}
	err = d.View(func(v *storage.View) error {
		manifest, err := v.Manifest()
		if string(manifest) != "a manifest" || err != nil {
			t.Errorf("the manifest is %q, %v", manifest, err)
		}
		dead, err := v.Tombstones(testCollection, 70001)
		if err != nil || !dead.Equals(roaring.BitmapOf(0, 70000)) {
			t.Errorf("the tombstones are %v, %v", dead, err)
		}
		row, err := v.Row(2)
		if err != nil {
			return err
		}
		metadata, err := codec.DecodeMetadata(row.Metadata)
		if fmt.Sprint(metadata) != fmt.Sprint(goldenMetadata) || err != nil {
			t.Errorf("the metadata are %v, %v", metadata, err)
		}
		row, err = v.Row(3)
		if string(row.Payload) != strings.Repeat("hello ", 20) {
			t.Errorf("the payload is %q", row.Payload)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// writeEntries makes a bbolt file of the entries in a dump.
func writeEntries(t *testing.T, path, text string) {
	t.Helper()
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = commit(db, func(tx *bolt.Tx) error {
		for _, part := range strings.Split(text, "\n# bucket ")[1:] {
			title, lines, _ := strings.Cut(part, "\n")
			bucket, size, _ := strings.Cut(strings.TrimSuffix(title, " bytes"), ", key of ")
			n, err := strconv.Atoi(size)
			if err != nil {
				return err
			}
			b, err := tx.CreateBucketIfNotExists([]byte(bucket))
			if err != nil {
				return err
			}
			entry := undump(t, lines)
			if err := b.Put(entry[:n], entry[n:]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// What FORMAT.md says is constant is so in the file.
func TestDataFileConstantsOfFormat(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "datafile.golden"))
	if err != nil {
		t.Fatal(err)
	}
	constants := 0
	for _, part := range strings.Split(string(text), "\n# bucket ")[1:] {
		title, lines, _ := strings.Cut(part, "\n")
		_, size, _ := strings.Cut(strings.TrimSuffix(title, " bytes"), ", key of ")
		n, err := strconv.Atoi(size)
		if err != nil {
			t.Fatal(err)
		}
		value := undump(t, lines)[n:]
		tables := map[string]int{"Value header": 0}
		if strings.HasPrefix(title, "rows") {
			tables["Record header"] = 6
		}
		for heading, at := range tables {
			for _, f := range layoutUnder(t, heading, map[string]int{"Value header": 6, "Record header": 16}[heading]) {
				if want := f.constant(); want != nil {
					constants++
					if got := value[at+f.offset:][:f.size]; !bytes.Equal(got, want) {
						t.Errorf("%s: %s is % x, FORMAT.md says %s", title, f.name, got, f.content)
					}
				}
			}
		}
	}
	if constants < 20 {
		t.Errorf("only %d constants were compared", constants)
	}
}
