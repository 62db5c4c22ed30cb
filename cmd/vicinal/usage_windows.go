package main

import (
	"time"

	"golang.org/x/sys/windows"
)

// cpuTime returns the CPU time that the process has used, in user and kernel mode; 0 when the system does not tell.
func cpuTime() time.Duration {
	var created, exited, kernel, user windows.Filetime
	if windows.GetProcessTimes(windows.CurrentProcess(), &created, &exited, &kernel, &user) != nil {
		return 0
	}
	return ticks(kernel) + ticks(user)
}

// ticks converts a length of time, which a Filetime counts in units of 100 ns.
func ticks(t windows.Filetime) time.Duration {
	return time.Duration(int64(t.HighDateTime)<<32|int64(t.LowDateTime)) * 100
}

// peakMemory returns 0: not measured on Windows.
func peakMemory() int64 { return 0 }

// resetPeak does nothing, as there is no peak to measure.
func resetPeak() {}
