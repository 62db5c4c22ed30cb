package crashtest

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	kills = flag.Int("kills", 10, "how many children to kill")
	seed  = flag.Uint64("seed", 0, "seed of operations and moments; 0 means a new one")
)

// patience is how long a child may take to reach a moment, or to end when told to.
const patience = 60 * time.Second

// moment is when to kill a child: a random time within a span after something that the child said. With quiet, the
// child is first told to end, so that its Prepare is canceled and its store closed.
type moment struct {
	name   string
	after  string // the first words of a line
	nth    int    // a random one of that many such lines is chosen
	within time.Duration
	quiet  bool
}

// moments are taken in turn. The parts of a Prepare take a millisecond or a few each; the times cover that and more.
var moments = []moment{
	{name: "at work", after: sayOpen, nth: 1, within: 500 * time.Millisecond},
	{name: "while Prepare publishes", after: sayStaged + " writing", nth: 8, within: 6 * time.Millisecond},
	{name: "in a stage of Prepare", after: sayStage, nth: 40, within: 4 * time.Millisecond},
	{name: "while opening", after: sayOpening, nth: 1, within: 15 * time.Millisecond},
	{name: "after Prepare", after: sayPrepared, nth: 8, within: 10 * time.Millisecond},
	{name: "while closing", after: sayClosing, nth: 1, within: 6 * time.Millisecond, quiet: true},
}

// leastRecall is what default queries must find of the true nearest over all audits. Among so few items they miss none
// to speak of.
const leastRecall = 0.98

// TestKill kills one child after the other, and checks the store after each.
func TestKill(t *testing.T) {
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	t.Logf("seed %d", *seed)
	rng := rand.New(rand.NewPCG(*seed, 0))
	dir := filepath.Join(t.TempDir(), "crash.vicinal")
	m := newModel(*seed)
	phases, killed, recoveries := map[string]int{}, 0, 0
	for life := 0; killed < *kills; life++ {
		moment := moments[life%len(moments)]
		log := killOne(t, dir, life, moment, rng)
		if p := phase(log); p != sayClosed { // else it was faster than the kill
			phases[p]++
			killed++
		}
		if err := m.replay(life, log); err != nil {
			t.Fatalf("child %d, killed %s: %v", life, moment.name, err)
		}
		if rng.IntN(4) == 0 && killRecovery(t, dir, life, rng) {
			recoveries++
		}
		audit(t, dir, m, rng)
		if t.Failed() {
			t.Fatalf("child %d was killed %s, its last words:\n%s", life, moment.name, strings.Join(tail(log, 30), "\n"))
		}
	}
	for _, p := range slices.Sorted(maps.Keys(phases)) {
		t.Logf("%3d killed after saying %q", phases[p], p)
	}
	t.Logf("%3d in all, and %d while recovering; %d items at the end, %d deleted", killed, recoveries, len(m.live), len(m.gone))
	recall := float64(m.found) / float64(max(m.wanted, 1))
	t.Logf("recall of default queries %.4f", recall)
	if m.wanted > 0 && recall < leastRecall {
		t.Errorf("recall of default queries is %.4f, want at least %v", recall, leastRecall)
	}
}

// killOne starts a child, kills it at the moment and returns what it said.
func killOne(t *testing.T, dir string, life int, m moment, rng *rand.Rand) []string {
	t.Helper()
	c := start(t, dir, life, false)
	if m.quiet {
		c.await(t, sayOpen, 1, patience)
		time.Sleep(time.Duration(rng.Int64N(int64(300 * time.Millisecond))))
		c.stdin.Close()
	}
	c.await(t, m.after, 1+rng.IntN(m.nth), patience)
	time.Sleep(time.Duration(rng.Int64N(int64(m.within))))
	return c.kill(t)
}

// killRecovery kills a child that only opens and closes the store which a killed child has left. It reports whether it
// was in time.
func killRecovery(t *testing.T, dir string, life int, rng *rand.Rand) bool {
	t.Helper()
	c := start(t, dir, life, true)
	c.await(t, sayOpening, 1, patience)
	time.Sleep(time.Duration(rng.Int64N(int64(15 * time.Millisecond))))
	return phase(c.kill(t)) != sayClosed
}

// child is a running child and what it has said.
type child struct {
	cmd    *exec.Cmd
	stdin  io.Closer
	stderr bytes.Buffer
	lines  chan string // closed at the end of the child's output
	log    []string
}

func start(t *testing.T, dir string, life int, idle bool) *child {
	t.Helper()
	c := &child{cmd: exec.Command(os.Args[0]), lines: make(chan string, 1<<16)}
	c.cmd.Env = append(os.Environ(),
		envDir+"="+dir,
		fmt.Sprintf("%s=%d", envSeed, *seed),
		fmt.Sprintf("%s=%d", envLife, life),
		fmt.Sprintf("%s=%t", envIdle, idle))
	c.cmd.Stderr = &c.stderr
	stdin, err := c.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.stdin = stdin
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(c.lines)
		for s := bufio.NewScanner(stdout); s.Scan(); {
			c.lines <- s.Text()
		}
	}()
	return c
}

// await returns when the child has said the nth line with a beginning, or has ended.
func (c *child) await(t *testing.T, beginning string, nth int, limit time.Duration) {
	t.Helper()
	timeout := time.After(limit)
	for nth > 0 {
		select {
		case line, ok := <-c.lines:
			if !ok {
				return
			}
			c.log = append(c.log, line)
			if says(line, beginning) {
				nth--
			}
		case <-timeout:
			c.kill(t)
			t.Fatalf("after %v the child had not said %q; its last words:\n%s", limit, beginning, strings.Join(tail(c.log, 30), "\n"))
		}
	}
}

// kill kills the child and returns all it has said. A child that ended before, other than by closing its store in
// peace, has found an error.
func (c *child) kill(t *testing.T) []string {
	t.Helper()
	// An error means that the child has ended already; Wait tells how.
	_ = c.cmd.Process.Kill()
	for line := range c.lines {
		c.log = append(c.log, line)
	}
	err := c.cmd.Wait()
	peaceful := err == nil && len(c.log) > 0 && c.log[len(c.log)-1] == sayClosed
	if c.stderr.Len() > 0 || err == nil && !peaceful {
		t.Fatalf("the child ended by itself (%v) and said:\n%s\nits last words:\n%s", err, &c.stderr, strings.Join(tail(c.log, 30), "\n"))
	}
	return c.log
}

// phase is where in its life a child was: what it said last of opening, Prepare and closing.
func phase(log []string) string {
	for _, line := range slices.Backward(log) {
		what, _, _ := strings.Cut(line, " ")
		switch what {
		case sayOpening, sayOpen, sayStage, sayStaged, sayPrepared, sayClosing, sayClosed:
			line, _, _ = strings.Cut(line, ", round")
			return line
		}
	}
	return "nothing"
}

// says reports whether a line begins with these words.
func says(line, words string) bool { return line == words || strings.HasPrefix(line, words+" ") }

func tail(log []string, n int) []string { return log[max(0, len(log)-n):] }
