package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"time"

	"github.com/vicinaldb/store"
	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/internal/dataset"
)

type importCommand struct {
	Store      string `arg:"" help:"Directory of the store; made if it is not there."`
	Collection string `arg:"" help:"Name of the collection; made if it is not there."`
	File       string `arg:"" help:"File of vectors: .npy, .fvecs, .bvecs, .ivecs, MNIST IDX, .npz of a sparse matrix, Matrix Market, or JSON lines with id, vector and metadata; also .gz."`

	vectorFlags
	Metric   string `help:"Distance of a new collection, such as euclidean, cosine, dot or manhattan (default euclidean, of bits bit_hamming)." placeholder:"NAME"`
	Batch    int    `help:"Vectors stored in one transaction." default:"1000"`
	IDPrefix string `help:"Put before row numbers, which are the ids of vectors that come without any, so that several files fit into one collection. Not for JSON lines." placeholder:"TEXT"`
	Prepare  bool   `help:"Build the index afterwards."`

	indexFlags
	Seed uint64 `group:"Index:" help:"Decides all random choices of the build." placeholder:"N"`
}

// Help explains what the flags alone do not.
func (cmd *importCommand) Help() string {
	return `Vectors without an id of their own get their row number, so importing a file again replaces what it stored before. JSON lines look like {"id": "a", "vector": [0.5, 1], "metadata": {"year": 1999, "tags": ["x"]}}; one without "id" gets a new unique one. Those of sparse vectors have "indices" and "values" in place of "vector".

The distance, its parameters and the index flags hold for the life of a collection: they are given when it is made.`
}

// Run imports.
func (cmd *importCommand) Run(ctx context.Context, out *console) (err error) {
	if cmd.Batch < 1 {
		return fmt.Errorf("--batch is %d, must be at least 1", cmd.Batch)
	}
	file, err := cmd.open(cmd.File)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if err := cmd.checkFile(file); err != nil {
		return err
	}
	if err := checkDirectory(cmd.Store); err != nil {
		return err
	}
	s, err := store.Open(cmd.Store)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	c, made, err := cmd.collection(ctx, s, file)
	if err != nil {
		return err
	}
	dropped := false
	defer func() {
		if !dropped {
			err = errors.Join(err, tellProblems(ctx, c, out))
		}
	}()
	start := time.Now()
	n, err := cmd.copy(ctx, c, file, out)
	if err != nil {
		err = fmt.Errorf("after %d vectors were stored: %w", n, err)
		if made && n == 0 { // of the next file it may not have the dimension
			dropped = true
			err = errors.Join(err, s.Drop(context.WithoutCancel(ctx), cmd.Collection))
		}
		return err
	}
	out.printf("stored %d vectors of %d dimensions in %s: %s\n", n, file.Dim(), cmd.Collection, timeText(time.Since(start)))
	if cmd.Prepare {
		return prepare(ctx, c, out)
	}
	return nil
}

func (cmd *importCommand) checkFile(file *dataset.Reader) error {
	if file.Dim() == 0 || file.Len() == 0 {
		return fmt.Errorf("%s holds no vectors", cmd.File)
	}
	if cmd.IDPrefix != "" && file.HasIDs() {
		return fmt.Errorf("--id-prefix %s: it is for row numbers, which are no ids of JSON lines", cmd.IDPrefix)
	}
	return nil
}

// collection opens the collection, or makes it, and says if it did. One that is there must be what the flags ask for.
func (cmd *importCommand) collection(ctx context.Context, s *store.Store, file *dataset.Reader) (c *store.Collection, made bool, err error) {
	params, err := cmd.metricParams()
	if err != nil {
		return nil, false, err
	}
	asked := store.Schema{Dim: file.Dim(), Kind: kindOf(file), Metric: cmd.Metric, Params: params, Codec: cmd.Codec, Index: cmd.params(cmd.Seed)}
	c, err = s.Collection(ctx, cmd.Collection)
	if errors.Is(err, store.ErrNotFound) {
		c, err = s.Create(ctx, cmd.Collection, asked)
		return c, err == nil, err
	}
	if err != nil {
		return nil, false, err
	}
	return c, false, cmd.compare(c.Schema(), asked)
}

// compare says what of a collection that is there is not as asked for.
func (cmd *importCommand) compare(there, asked store.Schema) error {
	if there.Kind != asked.Kind || there.Dim != asked.Dim {
		return fmt.Errorf("%s holds %s vectors of %d dimensions, collection %q %s ones of %d",
			cmd.File, asked.Kind, asked.Dim, cmd.Collection, there.Kind, there.Dim)
	}
	if cmd.Metric != "" || cmd.Params != "" {
		if asked.Metric == "" {
			asked.Metric = there.Metric
		}
		c, err := codec.Lookup(asked.Kind, asked.Dim, asked.Metric, asked.Params)
		if err != nil {
			return err
		}
		if c.Metric() != there.Metric {
			return fmt.Errorf("collection %q is there already, with the distance %s, not %s", cmd.Collection, there.Metric, c.Metric())
		}
		if cmd.Params != "" && !reflect.DeepEqual(c.Params(), there.Params) {
			return fmt.Errorf("collection %q is there already, with other parameters of the distance", cmd.Collection)
		}
	}
	if asked.Codec != "" && asked.Codec != there.Codec {
		return fmt.Errorf("collection %q is there already, with another codec", cmd.Collection)
	}
	if !reflect.DeepEqual(asked.Index, store.IndexParams{}) && !reflect.DeepEqual(asked.Index, there.Index) {
		return fmt.Errorf("collection %q is there already, with other index parameters; leave them out to keep its own", cmd.Collection)
	}
	return nil
}

// copy stores the rows of the file, batch after batch, and returns how many are stored.
func (cmd *importCommand) copy(ctx context.Context, c *store.Collection, file *dataset.Reader, out *console) (int64, error) {
	bar := out.progress()
	defer bar.end()
	var stored int64
	for {
		items, err := cmd.items(file, stored)
		if len(items) > 0 {
			if _, err := c.Upsert(ctx, items...); err != nil {
				return stored, locate(err, cmd.File, stored)
			}
			stored += int64(len(items))
			bar.show("storing", stored, file.Len())
		}
		if errors.Is(err, io.EOF) {
			return stored, nil
		}
		if err != nil {
			return stored, err
		}
	}
}

// items reads a batch. The rows read before an error come with it.
func (cmd *importCommand) items(file *dataset.Reader, first int64) ([]store.Item, error) {
	items := make([]store.Item, 0, min(cmd.Batch, 1024))
	for len(items) < cmd.Batch {
		row, err := file.Next()
		if err != nil {
			return items, err
		}
		item := itemOf(row)
		if !file.HasIDs() {
			item.ID = cmd.IDPrefix + strconv.FormatInt(first+int64(len(items)), 10)
		}
		items = append(items, item)
	}
	return items, nil
}
