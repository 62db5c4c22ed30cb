package mapped

import "runtime"

// OpenInMemory is Open on a system that maps no files.
func OpenInMemory(path string) (*File, error) {
	file, size, err := OpenRegular(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	f := &File{path: path, size: size, unmap: func() error { return nil }}
	return f, f.read(file)
}

// Address returns the position of the first byte in memory modulo 64.
func Address(b []byte) uintptr { return addressOf(b) % alignment }

// SetBigEndian lets the package believe that the machine is big-endian, and returns what undoes it.
func SetBigEndian() (restore func()) {
	old := littleEndian
	littleEndian = false
	return func() { littleEndian = old }
}

// OpenFiles returns how many files faults are traced to.
func OpenFiles() int {
	opened.Lock()
	defer opened.Unlock()
	return len(opened.files)
}

// Touch is what is left of Populate where the system does not help.
func Touch(b []byte) { runtime.KeepAlive(touch(b)) }
