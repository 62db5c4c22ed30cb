//go:build unix

package main

import (
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// cpuTime returns the CPU time that the process has used, in user and kernel mode; 0 when the system does not tell.
func cpuTime() time.Duration {
	var usage unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// peakMemory returns the most bytes of memory that the process has had resident
// since resetPeak, mapped files included; 0 when the system does not tell.
func peakMemory() int64 {
	var usage unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	peak := int64(usage.Maxrss)
	if runtime.GOOS != "darwin" {
		peak *= 1024 // KiB everywhere else
	}
	return peak
}

// resetPeak begins a new measurement of peakMemory. Only Linux can; elsewhere the peak is that of the whole process.
func resetPeak() {
	if runtime.GOOS == "linux" {
		_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // refused in some containers: then as elsewhere
	}
}
