package main

import (
	"context"
	"errors"
	"runtime"
	"strconv"

	"github.com/philippgille/chromem-go"
)

// exhaustive is github.com/philippgille/chromem-go, which compares every row, by cosine.
type exhaustive struct {
	db         *chromem.DB
	collection *chromem.Collection
}

func newChromem(metric string) (*exhaustive, error) {
	if metric != "cosine" {
		return nil, errors.New("chromem-go has no metric " + metric)
	}
	return &exhaustive{db: chromem.NewDB()}, nil
}

func embedNothing(context.Context, string) ([]float32, error) {
	return nil, errors.New("there are no texts to embed")
}

func (e *exhaustive) build(rows [][]float32) (err error) {
	if e.collection, err = e.db.CreateCollection("rows", nil, embedNothing); err != nil {
		return err
	}
	documents := make([]chromem.Document, len(rows))
	for i, row := range rows {
		documents[i] = chromem.Document{ID: strconv.Itoa(i), Embedding: row}
	}
	return e.collection.AddDocuments(context.Background(), documents, runtime.GOMAXPROCS(0))
}

func (e *exhaustive) save(path string) error { return e.db.ExportToFile(path, false, "") }

func (e *exhaustive) open(path string) error {
	if err := e.db.ImportFromFile(path, ""); err != nil {
		return err
	}
	if e.collection = e.db.GetCollection("rows", embedNothing); e.collection == nil {
		return errors.New("the collection is not in the file")
	}
	return nil
}

func (e *exhaustive) query(vector []float32, k int, _ float64) ([]int32, error) {
	results, err := e.collection.QueryEmbedding(context.Background(), vector, k, nil, nil)
	if err != nil {
		return nil, err
	}
	rows := make([]int32, len(results))
	for i, result := range results {
		row, err := strconv.Atoi(result.ID)
		if err != nil {
			return nil, err
		}
		rows[i] = int32(row)
	}
	return rows, nil
}
