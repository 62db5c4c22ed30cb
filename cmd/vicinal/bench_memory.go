package main

import (
	"fmt"
	"os"
	"runtime/debug"
	"strings"
)

// residence is the resident set of the process: its own memory, and that of mapped files.
type residence struct{ own, mapped int64 }

// residentMemory gives back what is free and then asks the system; only Linux tells.
func residentMemory() (r residence) {
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return r
	}
	for line := range strings.Lines(string(text)) {
		var kib int64
		if _, err := fmt.Sscanf(line, "RssAnon: %d kB", &kib); err == nil {
			r.own = kib << 10
		}
		if _, err := fmt.Sscanf(line, "RssFile: %d kB", &kib); err == nil {
			r.mapped = kib << 10
		}
	}
	return r
}

func (r residence) plus(s residence) residence { return residence{r.own + s.own, r.mapped + s.mapped} }

func (r residence) minus(s residence) residence { return residence{r.own - s.own, r.mapped - s.mapped} }

func (r residence) step() memoryStep {
	return memoryStep{Step: "memory", OwnBytes: max(0, r.own), MappedBytes: max(0, r.mapped)}
}
