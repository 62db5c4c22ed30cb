package main

import (
	"bufio"
	"cmp"
	"errors"
	"math/rand"
	"os"
	"slices"

	"github.com/coder/hnsw"
)

// coder is github.com/coder/hnsw. Its search ends when no neighbor is nearer, whatever EfSearch says, so the dial is how many
// results are asked for; the nearest of these count.
type coder struct{ graph *hnsw.Graph[int32] }

func newCoder(metric string, b build) (*coder, error) {
	distance := hnsw.EuclideanDistance
	switch metric {
	case "euclidean":
	case "cosine":
		distance = hnsw.CosineDistance
	default:
		return nil, errors.New("coder/hnsw has no metric " + metric)
	}
	graph := hnsw.NewGraph[int32]()
	graph.Distance = distance
	graph.M, graph.EfSearch = b.M, b.Ef
	graph.Rng = rand.New(rand.NewSource(1))
	return &coder{graph}, nil
}

func (c *coder) build(rows [][]float32) error {
	for i, row := range rows {
		c.graph.Add(hnsw.MakeNode(int32(i), row))
	}
	return nil
}

func (c *coder) save(path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(file)
	return errors.Join(c.graph.Export(w), w.Flush(), file.Close())
}

func (c *coder) open(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(c.graph.Import(bufio.NewReader(file)), file.Close())
}

func (c *coder) query(vector []float32, k int, dial float64) ([]int32, error) {
	c.graph.EfSearch = int(dial)
	nodes := c.graph.Search(vector, max(k, int(dial)))
	type near struct {
		row      int32
		distance float32
	}
	found := make([]near, len(nodes))
	for i, node := range nodes {
		found[i] = near{node.Key, c.graph.Distance(node.Value, vector)}
	}
	slices.SortFunc(found, func(a, b near) int { return cmp.Compare(a.distance, b.distance) })
	rows := make([]int32, min(k, len(found)))
	for i := range rows {
		rows[i] = found[i].row
	}
	return rows, nil
}
