package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// The steps of a bench, as --json prints them. Their keys are a promise to scripts.

type upsertStep struct {
	Step       string  `json:"step"`
	Rows       int     `json:"rows"`
	Seconds    float64 `json:"seconds"`
	CPUSeconds float64 `json:"cpu_seconds"`
}

type prepareStep struct {
	Step         string  `json:"step"`
	Seconds      float64 `json:"seconds"`
	CPUSeconds   float64 `json:"cpu_seconds"`
	PeakRSSBytes int64   `json:"peak_rss_bytes"`
	SegmentBytes int64   `json:"segment_bytes"`
}

type openStep struct {
	Step      string  `json:"step"`
	Seconds   float64 `json:"seconds"`
	HeapBytes int64   `json:"heap_bytes"`
}

// memoryStep is what opening and a pass over the queries added to the resident set; 0 when the system does not tell.
type memoryStep struct {
	Step        string `json:"step"`
	OwnBytes    int64  `json:"own_bytes"`
	MappedBytes int64  `json:"mapped_bytes"` // of files: shared with other processes, and given back when memory is short
}

// coldStep is the first queries after opening with nothing of the index in memory.
type coldStep struct {
	Step        string  `json:"step"`
	Warmed      bool    `json:"warmed"`
	WarmSeconds float64 `json:"warm_seconds"`
	Queries     int     `json:"queries"`
	Seconds     float64 `json:"seconds"`
	FirstMicros float64 `json:"first_us"` // the very first query
	P50Micros   float64 `json:"p50_us"`
	P99Micros   float64 `json:"p99_us"`
}

type queryStep struct {
	Step              string  `json:"step"`
	Epsilon           float64 `json:"epsilon"`
	Patience          *int    `json:"patience"`
	K                 int     `json:"k"`
	Threads           int     `json:"threads"`
	Recall            float64 `json:"recall"`
	QPS               float64 `json:"qps"`
	BatchQPS          float64 `json:"batch_qps"` // all queries in one call
	MeanMicros        float64 `json:"mean_us"`
	P50Micros         float64 `json:"p50_us"`
	P99Micros         float64 `json:"p99_us"`
	FastestP50Micros  float64 `json:"fastest_p50_us"` // of each query's fastest call in the passes so far with these dials
	FastestP99Micros  float64 `json:"fastest_p99_us"`
	DistancesPerQuery float64 `json:"distances_per_query"`
	AllocsPerQuery    float64 `json:"allocs_per_query"`
}

// benchStep is a step that can be told to people.
type benchStep interface{ text() string }

// report prints the steps as they end, as JSON lines or as a table.
type report struct {
	out     *console
	encoder *json.Encoder // nil for people
	queried bool          // the head of the table of queries is printed
}

func newReport(out *console, asJSON bool) *report {
	r := &report{out: out}
	if asJSON {
		r.encoder = json.NewEncoder(out.out)
	}
	return r
}

func (r *report) step(s benchStep) error {
	if r.encoder != nil {
		return r.encoder.Encode(s)
	}
	if _, ok := s.(queryStep); ok && !r.queried {
		r.queried = true
		r.out.printf("\n%8s %5s %7s %9s %10s %10s %9s %9s %9s %11s %8s\n",
			"epsilon", "k", "threads", "recall", "queries/s", "in batch", "mean us", "p50 us", "p99 us", "distances", "allocs")
	}
	_, err := fmt.Fprintf(r.out.out, "%s\n", s.text())
	return err
}

// note tells people what is not a step.
func (r *report) note(about, text string) {
	if r.encoder == nil {
		r.out.printf("%-8s %s\n", about, text)
	}
}

func (s upsertStep) text() string {
	return fmt.Sprintf("%-8s %d rows in %s, %s of CPU", s.Step, s.Rows, secondsText(s.Seconds), secondsText(s.CPUSeconds))
}

func (s prepareStep) text() string {
	return fmt.Sprintf("%-8s %s, %s of CPU, %s of memory at the peak, segment %s",
		s.Step, secondsText(s.Seconds), secondsText(s.CPUSeconds), bytesText(s.PeakRSSBytes), bytesText(s.SegmentBytes))
}

func (s openStep) text() string {
	return fmt.Sprintf("%-8s %s, %s of heap", s.Step, secondsText(s.Seconds), bytesText(s.HeapBytes))
}

func (s memoryStep) text() string {
	return fmt.Sprintf("%-8s %s of its own, %s of mapped files", s.Step, bytesText(s.OwnBytes), bytesText(s.MappedBytes))
}

func (s coldStep) text() string {
	warmed := "without Warm"
	if s.Warmed {
		warmed = "after Warm, which took " + secondsText(s.WarmSeconds)
	}
	return fmt.Sprintf("%-8s %d queries in %s, the first in %.0f us, half below %.0f us, 99 %% below %.0f us, %s",
		s.Step, s.Queries, secondsText(s.Seconds), s.FirstMicros, s.P50Micros, s.P99Micros, warmed)
}

func (s queryStep) text() string {
	return fmt.Sprintf("%8s %5d %7d %9.5f %10.0f %10.0f %9.1f %9.1f %9.1f %11.1f %8.2f",
		epsilonText(s.Epsilon), s.K, s.Threads, s.Recall, s.QPS, s.BatchQPS, s.MeanMicros, s.P50Micros, s.P99Micros, s.DistancesPerQuery, s.AllocsPerQuery)
}

func secondsText(s float64) string { return timeText(time.Duration(s * float64(time.Second))) }

func epsilonText(e float64) string { return strconv.FormatFloat(e, 'g', -1, 64) }
