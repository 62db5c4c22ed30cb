package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/vicinaldb/store"
	"github.com/vicinaldb/store/internal/dataset"
)

type queryCommand struct {
	existing

	Vector *string `help:"The vector to look for, as a JSON array; a sparse one as {\"indices\": [7, 40], \"values\": [0.5, 1]}, bits as an array of 0 and 1." placeholder:"'[0.5, 1]'" xor:"what" required:""`
	File   *string `help:"A file of vectors to look for, one after the other." xor:"what" required:"" placeholder:"FILE"`
	bitFlags
	ID *string `name:"id" help:"A stored item whose nearest others to find." xor:"what" required:""`

	K        int      `short:"k" help:"How many items to find." default:"10"`
	Epsilon  float64  `help:"How far to look beyond the nearest found so far: more finds better and takes longer, less than 0, above -1, is fastest." default:"0.1"`
	Patience *int     `help:"Give up after exploring so many items in a row that are none of the nearest, 0 never (default as epsilon says)." placeholder:"N"`
	Within   *float64 `help:"Find only items at most this far, -k of them at most." placeholder:"DISTANCE"`
	Exact    bool     `help:"Compare with every item: the true answer, slowly."`
	Metadata bool     `help:"Show the metadata of what is found."`
	JSON     bool     `name:"json" help:"Print a JSON object a line for each query."`
	ReadOnly bool     `help:"Read only what the writer published last, beside a program that has the store open."`
}

// Help says what the usage line cannot.
func (cmd *queryCommand) Help() string {
	return `One of --vector, --file and --id says what to look for. Items stored since the last prepare are found as well.`
}

// queryAnswer is what --json prints.
type queryAnswer struct {
	Query   int           `json:"query"` // row of the file, else 0
	Results []queryResult `json:"results"`
}

type queryResult struct {
	ID       string         `json:"id"`
	Distance float32        `json:"distance"`
	Metadata store.Metadata `json:"metadata,omitempty"`
}

// Run queries.
func (cmd *queryCommand) Run(ctx context.Context, out *console) error {
	return cmd.use(ctx, cmd.ReadOnly, out, func(c *store.Collection) error {
		switch { // by which is given, be it empty or not
		case cmd.ID != nil:
			results, err := c.QueryID(ctx, *cmd.ID, cmd.K, cmd.options()...)
			if err != nil {
				return err
			}
			return cmd.print(out, 0, results)
		case cmd.File != nil:
			return cmd.file(ctx, c, out)
		default:
			return cmd.vector(ctx, c, out)
		}
	})
}

func (cmd *queryCommand) options() []store.QueryOption {
	options := []store.QueryOption{store.Epsilon(cmd.Epsilon)}
	if cmd.Patience != nil {
		options = append(options, store.Patience(*cmd.Patience))
	}
	if cmd.Within != nil {
		options = append(options, store.Within(*cmd.Within))
	}
	if cmd.Exact {
		options = append(options, store.Exact())
	}
	if cmd.Metadata {
		options = append(options, store.WithMetadata())
	}
	return options
}

// vector answers the query on the command line.
func (cmd *queryCommand) vector(ctx context.Context, c *store.Collection, out *console) error {
	item, err := parseVector(*cmd.Vector, c.Schema())
	if err != nil {
		return fmt.Errorf("--vector: %w", err)
	}
	results, err := ask(ctx, c, item, cmd.K, cmd.options()...)
	if err != nil {
		return err
	}
	return cmd.print(out, 0, results)
}

// parseVector reads a vector of the collection's kind.
func parseVector(text string, schema store.Schema) (item store.Item, err error) {
	if schema.Kind == store.Sparse {
		item.Sparse, err = dataset.ParseSparse([]byte(text), schema.Dim)
		return item, err
	}
	if item.Vector, err = dataset.ParseVector([]byte(text)); err != nil || schema.Kind == store.Dense {
		return item, err
	}
	if len(item.Vector) != schema.Dim {
		return item, fmt.Errorf("%d bits are given, the collection has vectors of %d", len(item.Vector), schema.Dim)
	}
	item.Bits = make([]uint64, (schema.Dim+63)/64)
	for i, bit := range item.Vector {
		switch bit {
		case 0:
		case 1:
			item.Bits[i/64] |= 1 << (i % 64)
		default:
			return item, fmt.Errorf("bit %d is %v", i, bit)
		}
	}
	item.Vector = nil
	return item, nil
}

// file answers the rows of a file, a batch at a time, so that any length of it will do.
func (cmd *queryCommand) file(ctx context.Context, c *store.Collection, out *console) (err error) {
	const batch = 256
	flags := vectorFlags{Kind: string(c.Schema().Kind), Dim: c.Schema().Dim, bitFlags: cmd.bitFlags}
	file, err := flags.open(*cmd.File)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	for first := 0; ; first += batch {
		var items []store.Item
		var reading error
		for len(items) < batch && reading == nil {
			var row dataset.Row
			if row, reading = file.Next(); reading == nil {
				items = append(items, itemOf(row))
			}
		}
		if err := cmd.batch(ctx, c, out, first, items); err != nil {
			return err
		}
		if errors.Is(reading, io.EOF) {
			return nil
		}
		if reading != nil {
			return reading
		}
	}
}

// batch answers and prints queries that stand at row first of the file.
func (cmd *queryCommand) batch(ctx context.Context, c *store.Collection, out *console, first int, items []store.Item) error {
	answers, err := askAll(ctx, c, items, cmd.K, cmd.options()...)
	if err != nil {
		return locate(err, *cmd.File, int64(first))
	}
	for i, results := range answers {
		if err := cmd.print(out, first+i, results); err != nil {
			return err
		}
	}
	return nil
}

func (cmd *queryCommand) print(out *console, number int, results []store.Result) error {
	if !cmd.JSON {
		return cmd.printTable(out, number, results)
	}
	answer := queryAnswer{Query: number, Results: make([]queryResult, len(results))}
	for i, r := range results {
		answer.Results[i] = queryResult{ID: r.ID, Distance: r.Distance, Metadata: speakable(r.Metadata)}
	}
	return json.NewEncoder(out.out).Encode(answer)
}

func (cmd *queryCommand) printTable(out *console, number int, results []store.Result) error {
	if cmd.File != nil {
		out.printf("query %d\n", number)
	}
	table := tabwriter.NewWriter(out.out, 0, 0, 2, ' ', 0)
	fmt.Fprint(table, "rank\tid\tdistance")
	if cmd.Metadata {
		fmt.Fprint(table, "\tmetadata")
	}
	fmt.Fprintln(table)
	for i, r := range results {
		fmt.Fprintf(table, "%d\t%s\t%g", i+1, printable(r.ID), r.Distance)
		if cmd.Metadata {
			text, err := json.Marshal(speakable(r.Metadata))
			if err != nil {
				return err
			}
			fmt.Fprintf(table, "\t%s", text)
		}
		fmt.Fprintln(table)
	}
	return table.Flush()
}

// speakable returns metadata that JSON has words for: infinite numbers, and times of years without four digits, become strings.
func speakable(metadata store.Metadata) store.Metadata {
	spoken := maps.Clone(metadata)
	for key, value := range metadata {
		switch v := value.(type) {
		case float64:
			if math.IsInf(v, 0) {
				spoken[key] = strconv.FormatFloat(v, 'g', -1, 64)
			}
		case time.Time:
			if v.Year() < 0 || v.Year() > 9999 {
				spoken[key] = v.Format(time.RFC3339Nano)
			}
		}
	}
	return spoken
}
