package storage_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vicinaldb/store/storage"
)

func TestLockNamesItsHolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "LOCK")
	lock, err := storage.AcquireLock(path)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	_, err = storage.AcquireLock(path)
	if took := time.Since(start); took > time.Second {
		t.Errorf("refusing took %v, should be below a second", took)
	}
	host, _ := os.Hostname()
	holder, ok := storage.ReadHolder(path)
	want := fmt.Sprintf("held by pid %d on host %s since %s", os.Getpid(), host, holder.Since.Format(time.RFC3339))
	if !errors.Is(err, storage.ErrLocked) || !strings.Contains(err.Error(), want) {
		t.Errorf("a second lock of one process gives %v, want an ErrLocked that says %q", err, want)
	}
	if age := time.Since(holder.Since); !ok || age < 0 || age > time.Minute {
		t.Errorf("the holder is %v, %v, should be since now", holder, ok)
	}

	for range 2 {
		if err := lock.Release(); err != nil {
			t.Errorf("releasing gives %v", err)
		}
	}
	if holder, ok := storage.ReadHolder(path); ok {
		t.Errorf("a released lock names %v", holder)
	}
	again, err := storage.AcquireLock(path)
	if err != nil {
		t.Fatalf("after a release the lock gives %v", err)
	}
	if err := again.Release(); err != nil {
		t.Error(err)
	}
}

// TestLockFileBytes holds the file to FORMAT.md.
func TestLockFileBytes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "LOCK")
	lock, err := storage.AcquireLock(path)
	if err != nil {
		t.Fatal(err)
	}
	holder, _ := storage.ReadHolder(path)
	want := fmt.Sprintf(` {"pid":%d,"host":%q,"since":%q}`+"\n", holder.PID, holder.Host, holder.Since.Format(time.RFC3339))
	if b, err := os.ReadFile(path); string(b) != want || err != nil {
		t.Errorf("the file has %q, %v, want %q", b, err, want)
	}
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(path); string(b) != " " || err != nil {
		t.Errorf("a released file has %q, %v, want a space", b, err)
	}
}

func TestLockIgnoresWhatTheFileSays(t *testing.T) {
	for _, content := range []string{"", "garbage", ` {"pid":1,"host":"gone","since":"2020-01-01T00:00:00Z"}` + "\n" + strings.Repeat(" ", 9999)} {
		path := filepath.Join(t.TempDir(), "LOCK")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		lock, err := storage.AcquireLock(path)
		if err != nil {
			t.Errorf("a file with %.30q that nobody holds gives %v", content, err)
			continue
		}
		if holder, ok := storage.ReadHolder(path); !ok || holder.PID != os.Getpid() {
			t.Errorf("over %.30q the holder is %v, %v", content, holder, ok)
		}
		if err := lock.Release(); err != nil {
			t.Error(err)
		}
	}
	if _, err := storage.AcquireLock(t.TempDir()); err == nil {
		t.Error("a directory can be locked")
	}
	if _, err := storage.AcquireLock(filepath.Join(t.TempDir(), "missing", "LOCK")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing directory gives %v", err)
	}
}

// TestLockOfAnotherProcess runs this test again as a process that holds the lock until it is killed.
func TestLockOfAnotherProcess(t *testing.T) {
	if path := os.Getenv("VICINAL_TEST_HOLD_LOCK"); path != "" {
		if _, err := storage.AcquireLock(path); err != nil {
			t.Fatal(err)
		}
		fmt.Println("holding")
		time.Sleep(time.Minute)
		return
	}
	path := filepath.Join(t.TempDir(), "LOCK")
	child := exec.Command(os.Args[0], "-test.run=^TestLockOfAnotherProcess$")
	child.Env = append(os.Environ(), "VICINAL_TEST_HOLD_LOCK="+path)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 7)); err != nil {
		t.Fatal(err)
	}
	_, err = storage.AcquireLock(path)
	if want := fmt.Sprintf("held by pid %d on host", child.Process.Pid); !errors.Is(err, storage.ErrLocked) || !strings.Contains(err.Error(), want) {
		t.Errorf("the lock gives %v, want an ErrLocked that says %q", err, want)
	}

	// Killed, it says no goodbye; the lock is free all the same.
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	lock, err := storage.AcquireLock(path)
	if err != nil {
		t.Fatalf("after the holder was killed the lock gives %v", err)
	}
	if err := lock.Release(); err != nil {
		t.Error(err)
	}
}

func TestLockIsExclusive(t *testing.T) {
	path := filepath.Join(t.TempDir(), "LOCK")
	const contenders = 8
	locks := make(chan *storage.Lock, contenders)
	for range contenders {
		go func() {
			lock, err := storage.AcquireLock(path)
			if err != nil && !errors.Is(err, storage.ErrLocked) {
				t.Errorf("the lock gives %v", err)
			}
			locks <- lock
		}()
	}
	var held []*storage.Lock
	for range contenders {
		if lock := <-locks; lock != nil {
			held = append(held, lock)
		}
	}
	if len(held) != 1 {
		t.Errorf("%d of %d have the lock, should be one", len(held), contenders)
	}
	for _, lock := range held {
		if err := lock.Release(); err != nil {
			t.Error(err)
		}
	}
}
