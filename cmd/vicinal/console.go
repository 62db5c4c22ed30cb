package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// console is where a command writes: results to out, and how far it has come to
// err, the latter only when somebody watches.
type console struct {
	out     *results
	err     io.Writer
	watched bool
}

func newConsole(out, err io.Writer) *console {
	file, ok := err.(*os.File)
	return &console{out: &results{to: out}, err: err, watched: ok && term.IsTerminal(int(file.Fd()))}
}

// printf writes to out, which keeps an error until the command ends.
func (c *console) printf(format string, args ...any) {
	_, _ = fmt.Fprintf(c.out, format, args...)
}

// results is standard output. It stays with its first error, for run to report: so no command can pass over one, and nothing is
// written behind what is missing.
type results struct {
	to     io.Writer
	failed error
}

// Write writes, unless an earlier write has failed.
func (r *results) Write(p []byte) (int, error) {
	if r.failed != nil {
		return 0, r.failed
	}
	n, err := r.to.Write(p)
	if err != nil {
		r.failed = fmt.Errorf("writing results: %w", err)
	}
	return n, r.failed
}

// progress is a bar on the terminal; nothing when nobody watches.
type progress struct {
	console *console
	stage   string
	bar     *progressbar.ProgressBar
}

func (c *console) progress() *progress { return &progress{console: c} }

// show draws how much of a stage is done. A total of 0 or less is unknown.
func (p *progress) show(stage string, done, total int64) {
	if !p.console.watched {
		return
	}
	if p.bar == nil || stage != p.stage {
		p.end()
		p.stage, p.bar = stage, p.console.bar(stage, total)
	}
	_ = p.bar.Set64(done) // a bar that cannot be drawn is no reason to stop
}

func (c *console) bar(stage string, total int64) *progressbar.ProgressBar {
	if total <= 0 {
		total = -1
	}
	return progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(c.err),
		progressbar.OptionSetDescription(stage),
		progressbar.OptionShowCount(),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionFullWidth(),
	)
}

// end takes the bar off the terminal.
func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Clear()
		p.bar = nil
	}
}

// printable writes an id for a terminal: quoted when it could be mistaken or would do things to the screen.
func printable(id string) string {
	quoted := strconv.Quote(id)
	if quoted[1:len(quoted)-1] == id && !strings.ContainsAny(id, " \t") && id != "" {
		return id
	}
	return quoted
}

// bytesText writes a size for people.
func bytesText(n int64) string {
	const unit = 1024
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	size, prefix := float64(n)/unit, 0
	for size >= unit && prefix < len("KMGTPE")-1 {
		size /= unit
		prefix++
	}
	return fmt.Sprintf("%.1f %ciB", size, "KMGTPE"[prefix])
}

// timeText writes a duration for people, with three digits that mean something.
func timeText(d time.Duration) string {
	switch {
	case d >= 10*time.Second:
		return d.Round(100 * time.Millisecond).String()
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	}
	return d.Round(time.Microsecond).String()
}
