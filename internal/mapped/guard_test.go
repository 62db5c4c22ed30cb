package mapped_test

import (
	"errors"
	"hash/crc32"
	"os"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/vicinaldb/store/internal/mapped"
)

// truncated returns a mapped file of three pages of which only the first is still there.
func truncated(t *testing.T) *mapped.File {
	t.Helper()
	path := write(t, make([]byte, 3*os.Getpagesize()))
	f, err := mapped.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if err := os.Truncate(path, 1); err != nil {
		t.Skipf("this system keeps a mapped file from being truncated: %v", err)
	}
	return f
}

func TestGuardCatchesAFault(t *testing.T) {
	f := truncated(t)
	at := 2*os.Getpagesize() + 5
	reads := map[string]func(b []byte){
		"one byte": func(b []byte) { runtime.KeepAlive(b[at] + 1) },
		"copy":     func(b []byte) { copy(make([]byte, 8), b[at:]) },
		"checksum": func(b []byte) { crc32.ChecksumIEEE(b) },
	}
	for name, read := range reads {
		err := mapped.Guard(func() error { read(f.Bytes()); return nil })
		if !errors.Is(err, mapped.ErrFault) {
			t.Fatalf("%s: %v, want ErrFault", name, err)
		}
		if runtime.GOARCH == "s390x" {
			continue // its emulator makes the address up
		}
		var fault *mapped.FaultError
		if !errors.As(err, &fault) || fault.File != f.Path() || fault.Offset < int64(os.Getpagesize()) || fault.Offset >= f.Size() {
			t.Errorf("%s: %v, want an offset of %s that is gone", name, err, f.Path())
		}
	}
}

func TestGuardCatchesAFaultInANestedGuard(t *testing.T) {
	f := truncated(t)
	read := func() error { runtime.KeepAlive(f.Bytes()[2*os.Getpagesize()] + 1); return nil }
	err := mapped.Guard(func() error {
		if err := mapped.Guard(func() error { return nil }); err != nil {
			return err
		}
		return read() // still guarded after the inner one has ended
	})
	if !errors.Is(err, mapped.ErrFault) {
		t.Errorf("got %v, want ErrFault", err)
	}
}

func TestGuardReturnsTheError(t *testing.T) {
	want := errors.New("an error")
	if err := mapped.Guard(func() error { return want }); err != want {
		t.Errorf("got %v, want %v", err, want)
	}
	if err := mapped.Guard(func() error { return nil }); err != nil {
		t.Errorf("got %v, want nil", err)
	}
}

// A bug is not a fault: hiding it behind an error would keep it alive.
func TestGuardLetsOtherPanicsThrough(t *testing.T) {
	var none []int
	var nothing *struct{ x int }
	for reason, fn := range map[string]func(){
		"a panic of the program": func() { panic("mine") },
		"an index out of range":  func() { none[len(none)] = 1 },
		"a nil dereference":      func() { nothing.x = 1 },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s did not pass through", reason)
				}
			}()
			err := mapped.Guard(func() error { fn(); return nil })
			t.Errorf("%s became %v", reason, err)
		}()
	}
}

func TestGuardRestoresTheSetting(t *testing.T) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(false))
	f := truncated(t)
	for reason, fn := range map[string]func() error{
		"return": func() error { return nil },
		"fault":  func() error { runtime.KeepAlive(f.Bytes()[2*os.Getpagesize()] + 1); return nil },
		"panic":  func() error { panic("mine") },
	} {
		func() {
			defer func() { _ = recover() }()
			_ = mapped.Guard(fn)
		}()
		if debug.SetPanicOnFault(false) {
			t.Errorf("after a %s faults are still panics", reason)
		}
	}
}

func BenchmarkGuard(b *testing.B) {
	fn := func() error { return nil }
	for b.Loop() {
		if err := mapped.Guard(fn); err != nil {
			b.Fatal(err)
		}
	}
}
