// Command gopeers builds and queries the peers that are written in Go, for bench/peers.py. It is a module of its own, so that
// Vicinal does not depend on them.
//
//	gopeers build PEER DATA OUT BUILD...   builds each, saves it in OUT/NAME, and prints what it took
//	gopeers memory PEER DATA OUT BUILD...  opens each, answers the queries, and prints the memory that this took
//	gopeers serve PEER DATA OUT BUILD...   opens each, then answers the requests on its input
//
// A BUILD is a JSON object with a name and the parameters of the peer. Answers and requests are JSON lines too.
package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"syscall"
	"time"
)

// build is what to build, or what was built.
type build struct {
	Name string  `json:"name"`
	M    int     `json:"M"`
	Ef   int     `json:"ef"`
	Warm float64 `json:"warm"` // the value of the dial to warm up with
}

// request asks for the k nearest of each query with one value of the dial. The row numbers go into a file, as int32 in the
// machine's order. Queries stop when the budget is used up.
type request struct {
	Build  string  `json:"build"`
	Dial   float64 `json:"dial"`
	K      int     `json:"k"`
	Out    string  `json:"out"`
	Budget float64 `json:"budget"`
}

// peer is an index of one of the peers.
type peer interface {
	build(rows [][]float32) error
	save(path string) error
	open(path string) error
	// query returns the numbers of the k nearest rows.
	query(vector []float32, k int, dial float64) ([]int32, error)
}

// newPeer returns an index without rows.
func newPeer(name, metric string, b build) (peer, error) {
	switch name {
	case "coder-hnsw":
		return newCoder(metric, b)
	case "chromem-go":
		return newChromem(metric)
	}
	return nil, fmt.Errorf("there is no peer %q", name)
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("gopeers: ")
	if len(os.Args) < 6 {
		log.Fatal("usage: gopeers build|memory|serve PEER DATA OUT BUILD...")
	}
	run := map[string]func(s *session) error{
		"build": (*session).build, "memory": (*session).memory, "serve": (*session).serve,
	}[os.Args[1]]
	if run == nil {
		log.Fatalf("there is no command %s", os.Args[1])
	}
	s := &session{peer: os.Args[2], data: os.Args[3], out: os.Args[4]}
	err := s.read(os.Args[5:])
	if err == nil {
		err = run(s)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// session is one run of the command.
type session struct {
	peer, data, out string
	metric          string
	builds          []build
}

func (s *session) read(builds []string) error {
	text, err := os.ReadFile(filepath.Join(s.data, "about.json"))
	if err != nil {
		return err
	}
	var about struct {
		Metric string `json:"metric"`
	}
	if err := json.Unmarshal(text, &about); err != nil {
		return err
	}
	s.metric = about.Metric
	s.builds = make([]build, len(builds))
	for i := range builds {
		if err := json.Unmarshal([]byte(builds[i]), &s.builds[i]); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) index(name string) string { return filepath.Join(s.out, name, "index") }

// build measures every build.
func (s *session) build() error {
	rows, err := readRows(filepath.Join(s.data, "base.npy"))
	if err != nil {
		return err
	}
	for _, b := range s.builds {
		if err := s.buildOne(rows, b); err != nil {
			return fmt.Errorf("%s: %w", b.Name, err)
		}
	}
	return nil
}

func (s *session) buildOne(rows [][]float32, b build) error {
	p, err := newPeer(s.peer, s.metric, b)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(s.index(b.Name)), 0o755); err != nil {
		return err
	}
	before := status("VmRSS")
	resetPeak()
	start, cpu := time.Now(), cpuSeconds()
	if err := p.build(rows); err != nil {
		return err
	}
	seconds, cpu := time.Since(start).Seconds(), cpuSeconds()-cpu
	peak := status("VmHWM") - before
	if err := p.save(s.index(b.Name)); err != nil {
		return err
	}
	info, err := os.Stat(s.index(b.Name))
	if err != nil {
		return err
	}
	return answer(map[string]any{
		"step": "build", "build": b.Name, "seconds": seconds, "cpu_seconds": cpu, "peak_bytes": peak, "file_bytes": info.Size(),
	})
}

// memory tells what it takes to open each build and to answer the queries. All stay open.
func (s *session) memory() error {
	queries, err := readRows(filepath.Join(s.data, "queries.npy"))
	if err != nil {
		return err
	}
	var peers []peer
	for _, b := range s.builds {
		p, err := newPeer(s.peer, s.metric, b)
		if err != nil {
			return err
		}
		peers = append(peers, p)
		debug.FreeOSMemory()
		own, mapped := status("RssAnon"), status("RssFile")
		if err := p.open(s.index(b.Name)); err != nil {
			return err
		}
		for start, i := time.Now(), 0; i < len(queries) && time.Since(start) < 10*time.Second; i++ {
			if _, err := p.query(queries[i], 10, b.Warm); err != nil {
				return err
			}
		}
		debug.FreeOSMemory()
		own, mapped = status("RssAnon")-own, status("RssFile")-mapped
		step := map[string]any{"step": "memory", "build": b.Name, "own_bytes": max(0, own), "mapped_bytes": max(0, mapped)}
		if err := answer(step); err != nil {
			return err
		}
	}
	runtime.KeepAlive(peers)
	return nil
}

// serve opens all that was built and answers requests until there are no more.
func (s *session) serve() error {
	queries, err := readRows(filepath.Join(s.data, "queries.npy"))
	if err != nil {
		return err
	}
	open := map[string]peer{}
	for _, b := range s.builds {
		if open[b.Name], err = s.open(b); err != nil {
			return fmt.Errorf("%s: %w", b.Name, err)
		}
	}
	if err := answer(map[string]any{"step": "ready"}); err != nil {
		return err
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var r request
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return err
		}
		if err := r.run(open[r.Build], queries); err != nil {
			return fmt.Errorf("%s: %w", r.Build, err)
		}
	}
	return lines.Err()
}

func (s *session) open(b build) (peer, error) {
	p, err := newPeer(s.peer, s.metric, b)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	if err := p.open(s.index(b.Name)); err != nil {
		return nil, err
	}
	return p, answer(map[string]any{"step": "open", "build": b.Name, "seconds": time.Since(start).Seconds()})
}

// run answers one request.
func (r *request) run(p peer, queries [][]float32) error {
	found := make([]int32, 0, len(queries)*r.K)
	latencies := make([]time.Duration, 0, len(queries))
	runtime.GC()
	start := time.Now()
	for _, q := range queries {
		begin := time.Now()
		if begin.Sub(start).Seconds() > r.Budget {
			break
		}
		rows, err := p.query(q, r.K, r.Dial)
		if err != nil {
			return err
		}
		latencies = append(latencies, time.Since(begin))
		rows = rows[:min(r.K, len(rows))]
		found = append(found, rows...)
		for range r.K - len(rows) {
			found = append(found, -1)
		}
	}
	seconds := time.Since(start).Seconds()
	if err := writeFound(r.Out, found); err != nil {
		return err
	}
	slices.Sort(latencies)
	at := func(share float64) float64 {
		return float64(latencies[int(share*float64(len(latencies)-1))].Nanoseconds()) / 1e3
	}
	return answer(map[string]any{
		"step": "query", "build": r.Build, "dial": r.Dial, "seconds": seconds, "queries": len(latencies), "p50_us": at(0.5), "p99_us": at(0.99),
	})
}

func writeFound(path string, found []int32) error {
	buffer, err := binary.Append(nil, binary.NativeEndian, found)
	if err != nil {
		return err
	}
	return os.WriteFile(path, buffer, 0o644)
}

func answer(values map[string]any) error { return json.NewEncoder(os.Stdout).Encode(values) }

func cpuSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}
