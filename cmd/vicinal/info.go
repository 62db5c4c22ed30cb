package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/vicinaldb/store"
	"github.com/vicinaldb/store/compaction"
)

type infoCommand struct {
	Store      string `arg:"" help:"Directory of the store."`
	Collection string `arg:"" optional:"" help:"Show all about this collection, instead of a line about each."`
	JSON       bool   `name:"json" help:"Print a JSON object a line for each collection."`
	ReadOnly   bool   `help:"Read only what the writer published last, beside a program that has the store open."`
}

// Run prints what the store holds, also when not all of it can be opened.
func (cmd *infoCommand) Run(ctx context.Context, out *console) error {
	return withStore(cmd.Store, cmd.ReadOnly, func(s *store.Store) error {
		infos, err := cmd.collect(ctx, s)
		if err != nil && len(infos) == 0 {
			return err
		}
		return errors.Join(cmd.print(out, infos), err)
	})
}

func (cmd *infoCommand) print(out *console, infos []store.CollectionInfo) error {
	switch {
	case cmd.JSON:
		encoder := json.NewEncoder(out.out)
		for _, info := range infos {
			if err := encoder.Encode(info); err != nil {
				return err
			}
		}
		return nil
	case cmd.Collection != "":
		return describe(out.out, infos[0])
	}
	return list(out.out, infos)
}

func (cmd *infoCommand) collect(ctx context.Context, s *store.Store) ([]store.CollectionInfo, error) {
	if cmd.Collection == "" {
		return s.Collections(ctx)
	}
	c, err := s.Collection(ctx, cmd.Collection)
	if err != nil {
		return nil, err
	}
	info, err := c.Info(ctx)
	if err != nil {
		return nil, err
	}
	return []store.CollectionInfo{info}, nil
}

// list writes a line about each collection, and below them what is damaged.
func list(w io.Writer, infos []store.CollectionInfo) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "collection\tkind\tdim\tmetric\titems\tpending\tindex\tdata")
	for _, info := range infos {
		fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%d\t%d\t%s\t%s\n", info.Name, info.Schema.Kind, info.Schema.Dim, info.Schema.Metric,
			info.Items, info.Pending, bytesText(indexBytes(info)), bytesText(info.DataBytes))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, info := range infos {
		for _, problem := range info.Problems {
			if _, err := fmt.Fprintf(w, "%s: %s\n", info.Name, problem); err != nil {
				return err
			}
		}
	}
	return nil
}

func indexBytes(info store.CollectionInfo) int64 {
	var total int64
	for _, segment := range info.Segments {
		total += segment.Bytes
	}
	return total
}

// describe writes all about one collection.
func describe(w io.Writer, info store.CollectionInfo) error {
	params, err := json.Marshal(info.Schema.Index)
	if err != nil {
		return err
	}
	distance, err := distanceText(info)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "collection\t%s\n", info.Name)
	fmt.Fprintf(table, "dimension\t%d\n", info.Schema.Dim)
	fmt.Fprintf(table, "vectors\t%s\n", info.Schema.Kind)
	fmt.Fprintf(table, "metric\t%s\n", distance)
	fmt.Fprintf(table, "index\t%s (what is not named has its default)\n", params)
	fmt.Fprintf(table, "items\t%d\n", info.Items)
	fmt.Fprintf(table, "pending\t%d (stored since the last prepare, scanned by every query)\n", info.Pending)
	fmt.Fprintf(table, "deleted\t%d (rows of the index whose items are gone, until the next prepare)\n", info.Deleted)
	fmt.Fprintf(table, "data\t%s\n", bytesText(info.DataBytes))
	for _, segment := range info.Segments {
		fmt.Fprintf(table, "segment\t%d rows, %s, sha256 %s\n", segment.Rows, bytesText(segment.Bytes), segment.SHA256)
		fmt.Fprintf(table, "\t%s\n", segment.File)
		describeBuild(table, segment.Build)
	}
	for _, problem := range info.Problems {
		fmt.Fprintf(table, "problem\t%s\n", problem)
	}
	return table.Flush()
}

// distanceText names the distance with its parameters, as far as they fit into a line.
func distanceText(info store.CollectionInfo) (string, error) {
	const most = 200
	params, err := json.Marshal(info.Schema.Params)
	if err != nil {
		return "", err
	}
	text := info.Schema.Metric
	switch {
	case len(params) > most:
		text += fmt.Sprintf(" with parameters of %d bytes", len(params))
	case string(params) != "{}":
		text += " " + string(params)
	}
	if info.MetricUnknown {
		text += " (not registered in this program: no queries)"
	}
	return text, nil
}

// describeBuild writes how the graphs of a segment were made.
func describeBuild(w io.Writer, build compaction.Stats) {
	describeCodes(w, build.Codes)
	describeDials(w, build.Dials)
	how := fmt.Sprintf("in %d rounds", len(build.Neighbors.Updates))
	if build.Neighbors.Exact {
		how = "by comparing all pairs"
	}
	if build.Reused > 0 {
		how += fmt.Sprintf(", from the lists of %d rows that were there", build.Reused)
	}
	fmt.Fprintf(w, "neighbors\tfound %s, with %d distances\n", how, build.Neighbors.Distances)
	g := build.Search
	fmt.Fprintf(w, "graph\t%d edges, %d to %d from a row, %.1f in the mean; %d parts joined, %d edges added to be found by, %d to be reached by\n",
		g.Edges, g.LeastDegree, g.GreatestDegree, g.MeanDegree, g.Components, g.GuideEdges, g.ConnectEdges)
}

// describeDials writes which dials the graphs of a segment have, and why. Segments of older programs do not say.
func describeDials(w io.Writer, dials compaction.DialStats) {
	alpha := ""
	if dials.Alpha > 0 {
		alpha = fmt.Sprintf(", alpha %v", dials.Alpha)
	}
	switch {
	case dials.Sampled > 0:
		fmt.Fprintf(w, "dials\t%d neighbors, degree %d%s; a pilot of %d of %d rows, with lists of %d, had %.1f %% of the nearest\n",
			dials.Neighbors, dials.Degree, alpha, dials.Sampled, dials.Of, compaction.PilotNeighbors, 100*dials.Recall)
	case dials.Neighbors > 0:
		fmt.Fprintf(w, "dials\t%d neighbors, degree %d%s\n", dials.Neighbors, dials.Degree, alpha)
	}
	if dials.Greedy > 0 {
		fmt.Fprintf(w, "entries\t%d; greedy searches found %.1f %% of the nearest from one, %.1f %% from several of more pivots\n",
			max(dials.Entries, 1), 100*dials.Greedy, 100*dials.GreedyWide)
	}
}

// describeCodes writes which codes a segment has, and why.
func describeCodes(w io.Writer, codes compaction.CodeStats) {
	switch {
	case codes.Lossless:
		fmt.Fprintf(w, "codes\t%s, lossless\n", codes.Codec)
	case codes.Coarse && codes.Codec == "float32":
		fmt.Fprintf(w, "codes\t%s; uint8 was too coarse: of the nearest 10, %.2f %% were not among the nearest %d\n",
			codes.Codec, 100*codes.Lost, 10+codes.Surplus)
	case codes.Beyond:
		fmt.Fprintf(w, "codes\t%s; float16 was asked for, but a component is larger than any\n", codes.Codec)
	case codes.Codec == "uint8", codes.Codec == "float16":
		turned := ""
		if codes.Turned {
			turned = " of rotated vectors, which have no components much larger than others"
		}
		fmt.Fprintf(w, "codes\t%s%s; up to %d candidates are ranked by their vectors for the nearest 10, and %.2f %% of these are not among them\n",
			codes.Codec, turned, 10+codes.Surplus, 100*codes.Lost)
	case codes.Codec != "":
		fmt.Fprintf(w, "codes\t%s\n", codes.Codec)
	}
}
