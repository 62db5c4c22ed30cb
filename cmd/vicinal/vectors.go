package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/vicinaldb/store"
	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/internal/dataset"
	"github.com/vicinaldb/store/metric"
)

// bitFlags say how a file holds bits.
type bitFlags struct {
	BitForm string `enum:"big,little,unpacked" default:"big" help:"How a matrix of bytes holds bits: packed with the highest bit of a byte first, as numpy.packbits does, packed with the lowest first, or one a byte." placeholder:"FORM"`
}

func (f bitFlags) form() dataset.BitForm {
	return map[string]dataset.BitForm{"big": dataset.PackedBig, "little": dataset.PackedLittle, "unpacked": dataset.Unpacked}[f.BitForm]
}

// vectorFlags say what the vectors of a file are.
type vectorFlags struct {
	Kind string `enum:",dense,sparse,bits" default:"" help:"Kind of the vectors: dense, sparse or bits (default what the file holds; a matrix of bytes holds bits only when this says so)." placeholder:"KIND"`
	Dim  int    `help:"Dimension of the vectors (default that of the file; JSON lines of sparse vectors do not tell it)." placeholder:"N"`
	bitFlags
	Params string `help:"Parameters of the distance as a JSON object, such as {\"p\": 3} of minkowski or {\"proxy\": \"hellinger\"} of any dense one." placeholder:"JSON"`
}

// open opens a file of vectors.
func (f vectorFlags) open(path string) (*dataset.Reader, error) {
	kinds := map[string]dataset.Kind{"": dataset.Any, "dense": dataset.Dense, "sparse": dataset.Sparse, "bits": dataset.Bits}
	r, err := dataset.OpenAs(path, dataset.Options{Kind: kinds[f.Kind], Dim: f.Dim, BitForm: f.form()})
	if errors.Is(err, dataset.ErrDim) {
		err = fmt.Errorf("%w with --dim", err)
	}
	return r, err
}

// metricParams reads --params.
func (f vectorFlags) metricParams() (params metric.Params, err error) {
	if f.Params == "" {
		return params, nil
	}
	d := json.NewDecoder(bytes.NewReader([]byte(f.Params)))
	d.DisallowUnknownFields()
	if err := d.Decode(&params); err != nil {
		return params, fmt.Errorf("--params: %w", err)
	}
	end := d.InputOffset()
	if _, err := d.Token(); err != io.EOF {
		return params, fmt.Errorf("--params: something follows the first %d bytes", end)
	}
	return params, nil
}

// kindOf names the kind of a file's vectors as a schema does.
func kindOf(file *dataset.Reader) store.Kind { return store.Kind(file.Kind().String()) }

// itemOf makes an item of a row.
func itemOf(row dataset.Row) store.Item {
	return store.Item{ID: row.ID, Vector: row.Vector, Sparse: row.Sparse, Bits: row.Bits, Metadata: row.Metadata}
}

// vectorOf is the vector of an item, of whatever kind.
func vectorOf(item store.Item) codec.Vector {
	return codec.Vector{Dense: item.Vector, Sparse: item.Sparse, Bits: item.Bits}
}

// locate says where in a file an item stands that was refused, when the items begin with row first of it.
func locate(err error, path string, first int64) error {
	var refused *store.ItemError
	if errors.As(err, &refused) {
		return fmt.Errorf("%s: row %d: %w", path, first+int64(refused.Index), refused.Err)
	}
	return err
}

// readItems reads a whole file, or its first rows when most is not 0.
func readItems(open func() (*dataset.Reader, error), most int) (items []store.Item, err error) {
	r, err := open()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	for most == 0 || len(items) < most {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		items = append(items, itemOf(row))
	}
	return items, nil
}

// ask queries with the vector of an item.
func ask(ctx context.Context, c *store.Collection, item store.Item, k int, options ...store.QueryOption) ([]store.Result, error) {
	switch c.Schema().Kind {
	case store.Sparse:
		return c.QuerySparse(ctx, item.Sparse, k, options...)
	case store.Bits:
		return c.QueryBits(ctx, item.Bits, k, options...)
	default:
		return c.Query(ctx, item.Vector, k, options...)
	}
}

// askAll queries with the vectors of items, all at once.
func askAll(ctx context.Context, c *store.Collection, items []store.Item, k int, options ...store.QueryOption) ([][]store.Result, error) {
	dense, sparse, bits := make([][]float32, len(items)), make([]store.SparseVector, len(items)), make([][]uint64, len(items))
	for i, item := range items {
		dense[i], sparse[i], bits[i] = item.Vector, item.Sparse, item.Bits
	}
	switch c.Schema().Kind {
	case store.Sparse:
		return c.QuerySparseBatch(ctx, sparse, k, options...)
	case store.Bits:
		return c.QueryBitsBatch(ctx, bits, k, options...)
	default:
		return c.QueryBatch(ctx, dense, k, options...)
	}
}
