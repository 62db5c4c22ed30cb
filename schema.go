package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/metric"
	"github.com/vicinaldb/store/nnd"
)

// Kind says what the vectors of a collection consist of.
type Kind = codec.Kind

// The kinds of vectors.
const (
	Dense  = codec.KindDense  // Dim float32 components: Item.Vector
	Sparse = codec.KindSparse // those of Dim components that are not zero: Item.Sparse
	Bits   = codec.KindBits   // Dim bits, packed: Item.Bits
)

// The largest dimension of each kind. They keep a vector within 1 MiB, and the number of a feature within 31 bits.
const (
	MaxDim      = codec.MaxDim      // 131,072 components of a dense vector
	MaxFeatures = codec.MaxFeatures // 2,147,483,647 features that sparse vectors are over; one has at most 131,072 of them
	MaxBits     = codec.MaxBits     // 8,388,608 bits of a packed vector
)

// DiversifyMethod says how the edges of the search graph are chosen among those of the neighbor graph; see
// nnd.DiversifyMethod.
type DiversifyMethod string

// The methods.
const (
	DiversifyUnion         DiversifyMethod = "union"         // of neighbors and reverse neighbors, pruned together: the default
	DiversifyForward       DiversifyMethod = "forward"       // neighbors are pruned, their reverse is added: what PyNNDescent does
	DiversifyBidirectional DiversifyMethod = "bidirectional" // both are pruned, each by itself
)

// option is package nnd's value of a method. One that there is not is out of its range, and refused there.
func (m DiversifyMethod) option() nnd.DiversifyMethod {
	switch m {
	case "", DiversifyUnion:
		return nnd.DiversifyUnion
	case DiversifyForward:
		return nnd.DiversifyForward
	case DiversifyBidirectional:
		return nnd.DiversifyBidirectional
	default:
		return math.MaxUint8
	}
}

// Schema says what a collection holds. It is fixed when the collection is
// created and kept in its data file.
type Schema struct {
	// Dim is the number of components of every vector, of features of sparse ones, or of bits: 1 to MaxDim, MaxFeatures, or
	// MaxBits.
	Dim int `json:"dim"`
	// Kind is what vectors consist of. Default Dense.
	Kind Kind `json:"kind,omitempty"`
	// Metric is the name or an alias of a distance of package metric: of metric.Names, metric.SparseNames or
	// metric.BitsNames, or one that the program registered there. The canonical name is what is kept. Default "euclidean",
	// for bits "bit_hamming".
	Metric string `json:"metric"`
	// Params are the parameters of the metric, where it takes any. They are kept with the defaults filled in.
	Params metric.Params `json:"params,omitzero"`
	// Codec is the name of the codec of the index, that is what vectors are searched by: "float32", the vectors themselves or what
	// their metric is computed from, "float16", a half float for each component, or "uint8", a byte for each. Bytes are lossless
	// where all components are integers from 0 to 255 and the metric is one of their differences; other codes have an error, and the
	// vectors lie beside them, by which what the search has found is ranked. Results have exact distances in any case. Half floats
	// end at 65,504: where a component is larger, Prepare takes float32 and its statistics say so. Default: "uint8" where the metric
	// has such codes, they are shorter, and Prepare finds them fine enough for the vectors, else the codec of the kind.
	Codec string `json:"codec,omitempty"`
	// Index holds the dials of Prepare.
	Index IndexParams `json:"index"`
}

// IndexParams are the dials of the index, by PyNNDescent's names and meanings.
// The zero value takes every default. More neighbors or a larger degree buy
// recall for build time and memory.
type IndexParams struct {
	// Neighbors is how many neighbors of each item the neighbor graph keeps. Default 30; from 4,096 items on, or 20,000 where they are
	// not searched by codes of bytes, Prepare measures on a sample how hard neighbors are to find, and takes 20, 30, 40 or 60: see
	// PrepareStats.Dials. Who reads the neighbor graph and needs a certain number names it.
	Neighbors int `json:"neighbors,omitempty"`
	// DiversifyProb is the probability that an edge is dropped when a kept neighbor is
	// nearer to its end than the item itself. Default 1; 0 keeps all, for recall
	// beyond .999 at a lower speed.
	DiversifyProb *float64 `json:"diversify_prob,omitempty"`
	// PruningDegreeMultiplier times Neighbors bounds the edges of one item in the search graph. Default 1.5, or what
	// belongs to the Neighbors that Prepare takes, and to the length of codes.
	PruningDegreeMultiplier float64 `json:"pruning_degree_multiplier,omitempty"`
	// DiversifyMethod chooses the edges of the search graph. Default DiversifyUnion.
	DiversifyMethod DiversifyMethod `json:"diversify_method,omitempty"`
	// DegreeAware is how much more readily edges to items are dropped that are neighbors of very many; PyNNDescent's
	// strength is 1. Default 0, off.
	DegreeAware float64 `json:"degree_aware,omitempty"`
	// Alpha keeps an edge unless the other way is shorter by that factor. At least 1. Default 1.05, or what belongs to the
	// Neighbors that Prepare takes, and to the length of codes.
	Alpha float64 `json:"alpha,omitempty"`
	// Pivots is how many items every query is compared with to find where to begin. Default a quarter of
	// sqrt(items), at least 64; or twice sqrt(items) where Prepare finds that searches are better off starting from several of many.
	Pivots int `json:"pivots,omitempty"`
	// Trees, LeafSize and MaxTreeDepth shape the random projection forest that the build starts from. The first tree is the one by whose
	// leaves items are numbered. The defaults are package nnd's.
	Trees        int `json:"trees,omitempty"`
	LeafSize     int `json:"leaf_size,omitempty"`
	MaxTreeDepth int `json:"max_tree_depth,omitempty"`
	// RandomInit starts the build from random lists in place of trees: PyNNDescent's tree_init=False.
	RandomInit bool `json:"random_init,omitempty"`
	// SearchOnly leaves the neighbor lists out of the index, as PyNNDescent's compressed does: the file is smaller, there is
	// no NeighborGraph, and each Prepare starts from nothing.
	SearchOnly bool `json:"search_only,omitempty"`
	// MaxCandidates caps the new and the old candidates that one item joins in a round. Default min(60, Neighbors).
	MaxCandidates int `json:"max_candidates,omitempty"`
	// Iterations caps the rounds of NN-descent. Default max(5, log2 of the number of items).
	Iterations int `json:"iterations,omitempty"`
	// Delta ends the descent when a round changes at most this share of all neighbor lists. Default 0.01, and 0.035
	// where Prepare chooses the neighbors: searches are no faster for more.
	Delta float64 `json:"delta,omitempty"`
	// Seed decides all random choices. Equal items in equal order, parameters and seed give
	// byte-identical segment files on any number of threads.
	Seed uint64 `json:"seed,omitempty"`
}

// resolve checks a schema, fills in what follows from the rest, and replaces the metric's alias by its canonical name. The
// error wraps metric.ErrUnknown for a metric that is not registered.
func (s Schema) resolve() (Schema, codec.Codec, error) {
	vectors, err := codec.Lookup(s.Kind, s.Dim, s.Metric, s.Params)
	if err != nil {
		return s, nil, fmt.Errorf("schema: %w: %w", ErrInvalid, err)
	}
	if err := codec.CheckName(vectors, s.Codec); err != nil {
		return s, nil, fmt.Errorf("schema: %w: %w", ErrInvalid, err)
	}
	s.Kind, s.Metric, s.Params = vectors.Kind(), vectors.Metric(), vectors.Params()
	if err := s.Index.options(vectors).Validate(); err != nil {
		return s, nil, fmt.Errorf("schema: %w: %w", ErrInvalid, err)
	}
	return s, vectors, nil
}

// clone returns a copy that shares no memory with s.
func (s Schema) clone() Schema {
	s.Params = s.Params.Clone()
	if p := s.Index.DiversifyProb; p != nil {
		own := *p
		s.Index.DiversifyProb = &own
	}
	return s
}

// options translates the dials into package nnd's.
func (p IndexParams) options(vectors codec.Codec) nnd.Options {
	return nnd.Options{
		Neighbors:               p.Neighbors,
		DiversifyProb:           p.DiversifyProb,
		PruningDegreeMultiplier: p.PruningDegreeMultiplier,
		DiversifyMethod:         p.DiversifyMethod.option(),
		DegreeAware:             p.DegreeAware,
		Alpha:                   p.Alpha,
		Pivots:                  p.Pivots,
		Trees:                   p.Trees,
		LeafSize:                p.LeafSize,
		MaxTreeDepth:            p.MaxTreeDepth,
		RandomInit:              p.RandomInit,
		MaxCandidates:           p.MaxCandidates,
		Iterations:              p.Iterations,
		Delta:                   p.Delta,
		Seed:                    p.Seed,
		Stretch:                 vectors.StretchScore,
	}
}

// encodeSchema gives the JSON kept in data.bolt and MANIFEST.
func encodeSchema(s Schema) ([]byte, error) {
	b, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encoding schema: %w", err)
	}
	if len(b) > maxSchema {
		return nil, fmt.Errorf("schema takes %d bytes, at most %d are allowed: %w", len(b), maxSchema, ErrInvalid)
	}
	return b, nil
}

// maxSchema bounds an encoded schema: matrices of parameters can be large, and MANIFEST has the schema in it.
const maxSchema = 12 << 20

// decodeSchema is strict: a field it does not know may change the meaning of what it knows. A metric that is not registered
// leaves a codec that compares nothing, and unknown says so.
func decodeSchema(b []byte) (s Schema, vectors codec.Codec, unknown, err error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return s, nil, nil, fmt.Errorf("decoding schema: %w: %w", ErrCorrupt, err)
	}
	resolved, vectors, err := s.resolve()
	if errors.Is(err, metric.ErrUnknown) {
		return s, codec.NewPlain(s.Kind, s.Dim, s.Metric, s.Params), err, nil
	}
	return resolved, vectors, nil, err
}

// paramsDigest identifies the metric's parameters in segments, which do not repeat them; nil when there are none.
func (s Schema) paramsDigest() (json.RawMessage, error) {
	b, err := json.Marshal(s.Params)
	if err != nil || string(b) == "{}" {
		return nil, err
	}
	digest := sha256.Sum256(b)
	return json.Marshal("sha256:" + hex.EncodeToString(digest[:]))
}
