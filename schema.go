package store

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/vicinaldb/store/metric"
	"github.com/vicinaldb/store/nnd"
)

// Schema says what a collection holds. It is fixed when the collection is
// created and kept in its data file.
type Schema struct {
	// Dim is the number of components of every vector, 1 to MaxDim.
	Dim int `json:"dim"`
	// Metric is the name or an alias of a distance of package metric; the canonical
	// name is what is kept. Default "euclidean".
	Metric string `json:"metric"`
	// Index holds the dials of Prepare.
	Index IndexParams `json:"index"`
}

// IndexParams are the dials of the index, by PyNNDescent's names and meanings.
// The zero value takes every default. More neighbors or a larger degree buy
// recall for build time and memory.
type IndexParams struct {
	// Neighbors is how many neighbors of each item the neighbor graph keeps. Default 30.
	Neighbors int `json:"neighbors,omitempty"`
	// DiversifyProb is the probability that an edge is dropped when a kept neighbor is
	// nearer to its end than the item itself. Default 1; 0 keeps all, for recall
	// beyond .999 at a lower speed.
	DiversifyProb *float64 `json:"diversify_prob,omitempty"`
	// PruningDegreeMultiplier times Neighbors bounds the edges of one item in the search graph. Default 1.5.
	PruningDegreeMultiplier float64 `json:"pruning_degree_multiplier,omitempty"`
	// Trees and LeafSize shape the random projection forest that the build starts from.
	// The defaults are package nnd's.
	Trees    int `json:"trees,omitempty"`
	LeafSize int `json:"leaf_size,omitempty"`
	// MaxCandidates caps the new and the old candidates that one item joins in a round. Default min(60, Neighbors).
	MaxCandidates int `json:"max_candidates,omitempty"`
	// Iterations caps the rounds of NN-descent. Default max(5, log2 of the number of items).
	Iterations int `json:"iterations,omitempty"`
	// Delta ends the descent when a round changes at most this share of all neighbor lists. Default 0.001.
	Delta float64 `json:"delta,omitempty"`
	// Seed decides all random choices. Equal items in equal order, parameters and seed give
	// byte-identical segment files on any number of threads.
	Seed uint64 `json:"seed,omitempty"`
}

// resolve checks a schema and replaces the metric's alias by its canonical name.
func (s Schema) resolve() (Schema, *metric.Dense, error) {
	if s.Dim < 1 || s.Dim > MaxDim {
		return s, nil, fmt.Errorf("schema: dim is %d, must be 1 to %d: %w", s.Dim, MaxDim, ErrInvalid)
	}
	if s.Metric == "" {
		s.Metric = "euclidean"
	}
	m, err := metric.Lookup(s.Metric)
	if err != nil {
		return s, nil, fmt.Errorf("schema: %w: %w", ErrInvalid, err)
	}
	s.Metric = m.Name()
	if err := m.CheckDim(s.Dim); err != nil {
		return s, nil, fmt.Errorf("schema: %w: %w", ErrInvalid, err)
	}
	if err := s.Index.options(m).Validate(); err != nil {
		return s, nil, fmt.Errorf("schema: %w: %w", ErrInvalid, err)
	}
	return s, m, nil
}

// options translates the dials into package nnd's.
func (p IndexParams) options(m *metric.Dense) nnd.Options {
	return nnd.Options{
		Neighbors:               p.Neighbors,
		DiversifyProb:           p.DiversifyProb,
		PruningDegreeMultiplier: p.PruningDegreeMultiplier,
		Trees:                   p.Trees,
		LeafSize:                p.LeafSize,
		MaxCandidates:           p.MaxCandidates,
		Iterations:              p.Iterations,
		Delta:                   p.Delta,
		Seed:                    p.Seed,
		Stretch:                 m.Stretch,
	}
}

// encodeSchema gives the JSON kept in data.bolt and MANIFEST.
func encodeSchema(s Schema) ([]byte, error) {
	b, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encoding schema: %w", err)
	}
	return b, nil
}

// decodeSchema is strict: a field it does not know may change the meaning of what it knows.
func decodeSchema(b []byte) (Schema, *metric.Dense, error) {
	var s Schema
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return s, nil, fmt.Errorf("decoding schema: %w: %w", ErrCorrupt, err)
	}
	return s.resolve()
}
