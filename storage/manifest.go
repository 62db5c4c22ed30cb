package storage

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/vicinaldb/store/internal/mapped"
)

// The MANIFEST file. These values are part of the format, never change them.
const (
	manifestMagic   = "vicinal manifest "
	manifestVersion = 1
	maxManifest     = 16 << 20 // bytes of the file
	maxSegments     = 4096     // segments of one collection
)

// Manifest says which segments make up a collection at one epoch, and how far they reach: a row whose sequence number is
// over the watermark is pending, in none of them.
type Manifest struct {
	Version    int             `json:"version"` // of the format; Encode sets it
	Collection uuid.UUID       `json:"collection"`
	Epoch      uint64          `json:"epoch"`     // number of this manifest; the next one is higher
	Watermark  uint64          `json:"watermark"` // highest sequence number that the segments cover
	Schema     json.RawMessage `json:"schema"`
	Segments   []SegmentRecord `json:"segments"`
	Live       uint64          `json:"live"`    // rows in the collection
	Pending    uint64          `json:"pending"` // those of them that are in no segment
}

// SegmentRecord is what a manifest says about a segment.
type SegmentRecord struct {
	UUID       uuid.UUID `json:"uuid"` // name of its file
	Size       int64     `json:"size"`
	SHA256     Digest    `json:"sha256"`
	Rows       int       `json:"rows"`
	FirstSeq   uint64    `json:"first_seq"` // lowest and highest sequence number of its rows
	LastSeq    uint64    `json:"last_seq"`
	Tombstones []byte    `json:"tombstones,omitempty"` // roaring bitmap of dead rows; only in the published file
}

// Info returns what identifies the segment's bytes.
func (r SegmentRecord) Info() SegmentInfo { return SegmentInfo{Size: r.Size, SHA256: r.SHA256} }

// Encode returns the bytes of the manifest file: a line with the checksum of the rest, then canonical JSON. Equal
// manifests give equal bytes.
func (m *Manifest) Encode() ([]byte, error) {
	body, err := m.encodeBody()
	if err != nil {
		return nil, fmt.Errorf("encoding manifest: %w", err)
	}
	line := fmt.Sprintf("%s%d %08x %d\n", manifestMagic, manifestVersion, checksum(body), len(body))
	if len(line)+len(body) > maxManifest {
		return nil, fmt.Errorf("encoding manifest: %w: %d bytes, at most %d are allowed", ErrTooLarge, len(line)+len(body), maxManifest)
	}
	return append([]byte(line), body...), nil
}

// encodeBody returns the canonical JSON: the members in the order of their declaration, no spaces, a final newline.
func (m *Manifest) encodeBody() ([]byte, error) {
	canonical := *m
	canonical.Version = manifestVersion
	if canonical.Segments == nil {
		canonical.Segments = []SegmentRecord{}
	}
	if err := canonical.check(); err != nil {
		return nil, err
	}
	body, err := json.Marshal(&canonical)
	return append(body, '\n'), err
}

// DecodeManifest decodes the bytes of a manifest file. It accepts exactly what Encode gives: anything else is an
// [ErrCorrupt], and a later version of the format an [ErrVersion].
func DecodeManifest(b []byte) (*Manifest, error) {
	m, err := decodeManifest(b)
	switch {
	case errors.Is(err, ErrVersion):
		return nil, fmt.Errorf("decoding manifest: %w", err)
	case err != nil:
		return nil, fmt.Errorf("decoding manifest: %w: %w", ErrCorrupt, err)
	}
	return m, nil
}

func decodeManifest(b []byte) (*Manifest, error) {
	if len(b) > maxManifest {
		return nil, fmt.Errorf("%d bytes, at most %d are allowed", len(b), maxManifest)
	}
	body, err := parseManifestLine(b)
	if err != nil {
		return nil, err
	}
	var m Manifest
	decoded := struct {
		*Manifest
		Segments segmentRecords `json:"segments"` // in place of the embedded member
	}{Manifest: &m}
	if err := json.Unmarshal(body, &decoded); err != nil {
		return nil, err
	}
	m.Segments = decoded.Segments
	// Encoding again finds everything that the JSON decoder is lenient about: spaces, order, case, unknown and double members.
	again, err := m.encodeBody()
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(again, body) {
		return nil, errors.New("JSON is not in canonical form")
	}
	return &m, nil
}

// parseManifestLine checks the first line and returns what follows.
func parseManifestLine(b []byte) (body []byte, err error) {
	line, body, found := bytes.Cut(b, []byte("\n"))
	rest, ok := strings.CutPrefix(string(line[:min(len(line), 80)]), manifestMagic)
	fields := strings.Split(rest, " ")
	if !found || !ok || len(fields) != 3 {
		return nil, errors.New("the first line is not that of a manifest")
	}
	// The line has this form in every version, so that a damaged manifest does not look like one of another version.
	if sum := fmt.Sprintf("%08x", checksum(body)); fields[1] != sum {
		return nil, fmt.Errorf("checksum is %.20q, the rest of the file has %s", fields[1], sum)
	}
	if length := strconv.Itoa(len(body)); fields[2] != length {
		return nil, fmt.Errorf("length is %.20q, the rest of the file has %s", fields[2], length)
	}
	version, err := strconv.ParseUint(fields[0], 10, 31)
	switch {
	case err != nil || strconv.FormatUint(version, 10) != fields[0]:
		return nil, fmt.Errorf("version is %.20q", fields[0])
	case version != manifestVersion:
		return nil, fmt.Errorf("%w: manifest has version %d, this program reads %d", ErrVersion, version, manifestVersion)
	}
	return body, nil
}

// check compares the manifest with what one may be.
func (m *Manifest) check() error {
	if len(m.Segments) > maxSegments {
		return fmt.Errorf("%w: %d segments, at most %d are allowed", ErrTooLarge, len(m.Segments), maxSegments)
	}
	seen := make(map[uuid.UUID]bool, len(m.Segments))
	for i, r := range m.Segments {
		switch {
		case seen[r.UUID]:
			return fmt.Errorf("segment %v is there twice", r.UUID)
		case r.Size < 0 || r.Rows < 0 || r.Rows > MaxRows:
			return fmt.Errorf("segment %d has %d bytes and %d rows", i, r.Size, r.Rows)
		case r.FirstSeq > r.LastSeq || r.LastSeq > m.Watermark:
			return fmt.Errorf("segment %d reaches from sequence number %d to %d, the watermark is %d", i, r.FirstSeq, r.LastSeq, m.Watermark)
		}
		seen[r.UUID] = true
	}
	if m.Pending > m.Live {
		return fmt.Errorf("%d pending rows of %d", m.Pending, m.Live)
	}
	return nil
}

// segmentRecords decodes a list of records one by one, so that a list that is too long ends early.
type segmentRecords []SegmentRecord

// UnmarshalJSON decodes the list.
func (l *segmentRecords) UnmarshalJSON(b []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(b))
	if token, err := decoder.Token(); err != nil || token != json.Delim('[') {
		return errors.New("segments are not a list")
	}
	*l = segmentRecords{}
	for decoder.More() {
		if len(*l) == maxSegments {
			return fmt.Errorf("more than %d segments", maxSegments)
		}
		var r SegmentRecord
		if err := decoder.Decode(&r); err != nil {
			return err
		}
		*l = append(*l, r)
	}
	return nil
}

// ReadManifest reads the manifest file at path. A file that is not there is an [ErrNotFound], a damaged one an
// [ErrCorrupt].
func ReadManifest(path string) (*Manifest, error) {
	b, err := readSmall(path, maxManifest)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading manifest: %w: %w", ErrNotFound, err)
	}
	if err != nil {
		return nil, fmt.Errorf("reading manifest: %w", err)
	}
	m, err := decodeManifest(b)
	switch {
	case errors.Is(err, ErrVersion):
		return nil, fmt.Errorf("reading %s: %w", path, err)
	case err != nil:
		return nil, &CorruptError{File: path, Offset: -1, Cause: err}
	}
	return m, nil
}

// readSmall reads a regular file of at most limit bytes.
func readSmall(path string, limit int64) ([]byte, error) {
	file, size, err := mapped.OpenRegular(path)
	switch {
	case errors.Is(err, mapped.ErrNotRegular):
		return nil, &CorruptError{File: path, Offset: -1, Cause: err}
	case err != nil:
		return nil, err
	}
	defer file.Close()
	if size > limit {
		return nil, &CorruptError{File: path, Offset: -1, Reason: fmt.Sprintf("file has %d bytes, at most %d are allowed", size, limit)}
	}
	return io.ReadAll(io.LimitReader(file, limit))
}

// PublishManifest makes m the manifest file at path: a reader sees the old file or the new one, whole. It writes at
// temporary first, which is in the same file system and may hold what a crash left; nothing else writes there.
func PublishManifest(path, temporary string, m *Manifest) error {
	b, err := m.Encode()
	if err == nil {
		err = writeSynced(temporary, b)
	}
	if err == nil {
		err = renameSynced(temporary, path)
	}
	if err != nil {
		return fmt.Errorf("publishing manifest: %w", err)
	}
	return nil
}
