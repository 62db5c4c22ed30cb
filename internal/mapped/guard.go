package mapped

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
)

// ErrFault means that memory could not be read: a mapped file was truncated, its disk failed, or it was closed while in
// use. A [FaultError] says where.
var ErrFault = errors.New("mapped: memory fault")

// FaultError is a memory fault that [Guard] caught. It is an [ErrFault] under [errors.Is].
type FaultError struct {
	File   string // path of the mapped file, empty when the address is in none that is open
	Offset int64  // offset in that file, or the address when File is empty
}

// Error names the file and the offset of the fault.
func (e *FaultError) Error() string {
	if e.File == "" {
		return fmt.Sprintf("%v at address %#x, which is in no open file", ErrFault, uint64(e.Offset))
	}
	return fmt.Sprintf("%v reading %s at offset %d", ErrFault, e.File, e.Offset)
}

// Is reports whether target is [ErrFault].
func (e *FaultError) Is(target error) bool { return target == ErrFault }

// addressed is what the runtime panics with on a memory fault, and on nothing else: a nil dereference has no Addr.
type addressed interface {
	runtime.Error
	Addr() uintptr
}

// Guard runs fn and returns its error, or a [FaultError] if fn faulted on memory. Other panics pass through. It covers
// the goroutine that calls it and none that fn starts: every goroutine that reads mapped memory needs its own Guard. Guards
// may be nested.
//
// A fault ends fn at the faulting instruction, with its deferred calls run; whatever fn was changing is half changed.
func Guard(fn func() error) (err error) {
	old := debug.SetPanicOnFault(true)
	defer func() {
		debug.SetPanicOnFault(old)
		switch r := recover().(type) {
		case nil:
		case addressed:
			err = fault(r.Addr())
		default:
			panic(r)
		}
	}()
	return fn()
}

// fault says which file an address belongs to.
func fault(address uintptr) *FaultError {
	opened.Lock()
	defer opened.Unlock()
	for f := range opened.files {
		if offset, ok := f.offset(address); ok {
			return &FaultError{File: f.path, Offset: offset}
		}
	}
	return &FaultError{Offset: int64(address)}
}
