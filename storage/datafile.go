package storage

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/google/uuid"
	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/vicinaldb/store/internal/mapped"
)

// DataFile is the source of truth of a collection: its rows, by sequence number and by id, the tombstones of its segments
// and its manifest, in one bbolt file. Any number of goroutines may use it at once; one Update runs at a time.
//
// # What is and is not noticed
//
// Every page that is read is checked for structure, every entry has a checksum, and whatever is not in order gives an
// [ErrCorrupt] that names the place. bbolt writes; before it looks at a page, that page was checked. What bbolt still
// panics or faults over ends in an error, after which the file refuses writes.
//
// What only Verify notices: a freelist that names a page in use (bbolt would overwrite that page), and a bucket's root
// that points to a page inside its own tree (rows would seem to be missing). What nothing notices: damage done to a
// page between the check and its use by bbolt.
type DataFile struct {
	path     string
	db       *bolt.DB
	file     *os.File // the handle that bbolt works with; bbolt closes it
	pageSize int
	damage   error
	uuid     uuid.UUID
	schema   []byte

	write  sync.Mutex // held by Update and Close; guards poison
	poison error      // why there are no more writes

	begin  sync.Mutex // held while a transaction begins; guards the fields below
	closed bool
	broken error // why there are no more transactions
}

// OpenDataFile opens the data file at path, alone: when another process or another handle has it open, the error wraps
// [ErrLocked] after a second. A missing file is an [ErrNotFound]; one that is not a regular file, too short for what
// it says, or damaged in a part that must be read to open it gives an error that says so, and is not changed.
//
// The cost grows with the number of free pages, which bbolt reads, and with nothing else.
func OpenDataFile(path string) (*DataFile, error) {
	d := &DataFile{path: path}
	if err := d.open(); err != nil {
		return nil, fmt.Errorf("opening data file: %w", err)
	}
	if err := d.View(d.load); err != nil {
		return nil, errors.Join(fmt.Errorf("opening data file: %w", err), d.Close())
	}
	return d, nil
}

// open maps as much of the address space as it gets, since bbolt makes everybody wait when it needs to map more.
func (d *DataFile) open() error {
	for size := d.addressSpace(); ; size /= 4 {
		if size < 1<<30 {
			size = 0
		}
		panicked, err := d.guard("opening", func() (err error) {
			d.db, err = bolt.Open(d.path, 0o600, &bolt.Options{
				Timeout:         time.Second,
				FreelistType:    bolt.FreelistMapType,
				InitialMmapSize: size,
				NoStatistics:    true,
				OpenFile:        d.openFile,
			})
			return err
		})
		switch {
		case panicked && d.file != nil:
			return errors.Join(err, d.file.Close())
		case errors.Is(err, bolterrors.ErrTimeout):
			return fmt.Errorf("%w: %s is open elsewhere", ErrLocked, d.path)
		case errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("%w: %w", ErrNotFound, err)
		case errors.Is(err, syscall.ENOMEM) && size > 0:
			continue
		}
		return err
	}
}

// addressSpace returns how many bytes to map at first: enough for most collections to grow into, and little enough for
// a thousand of them. Windows would make the file that long, and 32-bit machines have not so many addresses.
func (d *DataFile) addressSpace() int {
	if runtime.GOOS == "windows" || strconv.IntSize < 64 {
		return 0
	}
	space := int64(64) << 30
	if info, err := os.Stat(d.path); err == nil {
		space = max(space, 2*info.Size())
	}
	return int(space)
}

// openFile opens the file for bbolt, unless bbolt would stumble over it.
func (d *DataFile) openFile(path string, _ int, _ fs.FileMode) (*os.File, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: path, Err: mapped.ErrNotRegular}
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	var meta boltMeta
	if info, err = file.Stat(); err == nil {
		meta, d.damage, err = checkBoltFile(file, path, info.Size())
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	d.file, d.pageSize = file, meta.pageSize
	return file, nil
}

// load reads what never changes and what must be in order for anything else to make sense.
func (d *DataFile) load(v *View) error {
	format, err := v.stateValue(stateFormat)
	if err != nil {
		return err
	}
	if len(format) != 4 || binary.LittleEndian.Uint32(format) != dataFormat {
		return fmt.Errorf("%w: %s has format % x, this program reads %d", ErrVersion, d.path, format, dataFormat)
	}
	id, err := v.stateValue(stateUUID)
	if err != nil {
		return err
	}
	if d.uuid, err = uuid.FromBytes(id); err != nil {
		return v.corrupt(bucketState, stateUUID, -1, err)
	}
	schema, err := v.stateValue(stateSchema)
	d.schema = bytes.Clone(schema)
	return err
}

// Path returns the path that the file was opened with.
func (d *DataFile) Path() string { return d.path }

// UUID identifies the collection.
func (d *DataFile) UUID() uuid.UUID { return d.uuid }

// Schema returns what DataFileOptions.Schema was when the file was created. It must not be changed.
func (d *DataFile) Schema() []byte { return d.schema }

// Size returns the number of bytes of the file.
func (d *DataFile) Size() (int64, error) {
	info, err := os.Stat(d.path)
	if err != nil {
		return 0, fmt.Errorf("looking at data file: %w", err)
	}
	return info.Size(), nil
}

// Damage reports damage that did not keep the file from being opened: one of the two meta pages, which are written in
// turn, was not whole. Then the last transaction that was committed may be missing. The next two Updates write both anew.
// It is nil when all was in order.
func (d *DataFile) Damage() error { return d.damage }

// Close waits for the transactions that run, ends the use of the file and unlocks it. Calls that follow fail with
// [ErrClosed]; closing again does nothing.
func (d *DataFile) Close() error {
	d.write.Lock()
	defer d.write.Unlock()
	d.begin.Lock()
	closed, broken := d.closed, d.broken
	d.closed = true
	d.begin.Unlock()
	switch {
	case closed:
		return nil
	case broken != nil:
		// bbolt did not give its locks back, so it cannot be asked to close: its mapping stays until the process ends.
		return d.file.Close()
	}
	_, err := d.guard("closing", d.db.Close)
	return err
}

// beginTx begins a transaction.
func (d *DataFile) beginTx(writable bool) (tx *bolt.Tx, err error) {
	d.begin.Lock()
	defer d.begin.Unlock()
	switch {
	case d.closed:
		return nil, fmt.Errorf("%w: %s", ErrClosed, d.path)
	case d.broken != nil:
		return nil, d.broken
	}
	panicked, err := d.guard("beginning a transaction", func() error {
		tx, err = d.db.Begin(writable)
		return err
	})
	if panicked {
		d.broken = err
	}
	return tx, err
}

// rollback ends a transaction without its changes. When that fails, bbolt's locks are in an unknown state.
func (d *DataFile) rollback(tx *bolt.Tx) {
	panicked, err := d.guard("ending a transaction", tx.Rollback)
	if panicked {
		d.begin.Lock()
		d.broken = err
		d.begin.Unlock()
	}
}

// guard calls bbolt and turns its panics and faults into an [ErrCorrupt]: on a sound file it has none.
func (d *DataFile) guard(doing string, fn func() error) (panicked bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			panicked, err = true, &CorruptError{File: d.path, Offset: -1, Reason: fmt.Sprintf("%s: bbolt panicked: %v", doing, p)}
		}
	}()
	err = mapped.Guard(fn)
	if errors.Is(err, mapped.ErrFault) {
		return true, &CorruptError{File: d.path, Offset: -1, Reason: doing, Cause: err}
	}
	return false, err
}
