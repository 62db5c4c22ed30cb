package crashtest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/vicinaldb/store"
)

// The store under test. It is small, so that a child lives through many Prepares.
const (
	dim     = 16
	writers = 4   // goroutines that write; each has its own ids, so the order of writes to an id is known
	ids     = 160 // of one writer
	batch   = 8   // most items of one call
)

var schema = store.Schema{Dim: dim, Metric: "euclidean", Index: store.IndexParams{Neighbors: 10}}

// step names one operation: which child, which of its writers, the how-manieth of that writer.
type step struct{ life, writer, number int }

// operation is one call: an upsert of items, or a delete of ids when there are no items.
type operation struct {
	items   []store.Item
	deletes []string
}

// plan gives the operation of a step. Parent and child call it with the same seed and get the same.
func plan(seed uint64, s step) operation {
	rng := rand.New(rand.NewPCG(seed, uint64(s.life)<<40|uint64(s.writer)<<32|uint64(s.number)))
	touched := rng.Perm(ids)[:1+rng.IntN(batch)]
	var op operation
	remove := rng.IntN(4) == 0
	for _, i := range touched {
		id := fmt.Sprintf("writer-%d/%03d", s.writer, i)
		if remove {
			op.deletes = append(op.deletes, id)
		} else {
			op.items = append(op.items, randomItem(rng, id, s))
		}
	}
	return op
}

// randomItem makes an item that no other step makes. Its components are whole numbers below 256: so all distances are
// exact in float32, whatever the order of summing, and can be compared without a tolerance.
func randomItem(rng *rand.Rand, id string, s step) store.Item {
	return store.Item{
		ID:     id,
		Vector: randomVector(rng),
		Metadata: store.Metadata{
			"life":   int64(s.life),
			"step":   int64(s.number),
			"weight": rng.Float64(),
			"even":   s.number%2 == 0,
			"at":     time.Unix(rng.Int64N(4e9), rng.Int64N(1e9)).UTC(),
			"tags":   []string{"crash", fmt.Sprint(rng.IntN(10))},
		},
		Payload: randomPayload(rng),
	}
}

func randomVector(rng *rand.Rand) []float32 {
	v := make([]float32, dim)
	for i := range v {
		v[i] = float32(rng.IntN(256))
	}
	return v
}

// randomPayload gives up to 2 KB, half of them compressible, and sometimes none.
func randomPayload(rng *rand.Rand) []byte {
	if rng.IntN(4) == 0 {
		return nil
	}
	values := 256 >> (rng.IntN(2) * 6)
	p := make([]byte, 1+rng.IntN(2000))
	for i := range p {
		p[i] = byte(rng.IntN(values))
	}
	return p
}
