package compaction

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"sync"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/nnd"
	"github.com/vicinaldb/store/storage"
)

const (
	// sampleRows is how many rows the depth is measured on.
	sampleRows = 256
	// sampleBlock is how many of them a thread takes at a time. Most of their time goes into reading vectors again.
	sampleBlock = 8
	// sampleNearest is how many nearest rows of each must be among the candidates.
	sampleNearest = 10
	// sampleSpare is how many more candidates must be ranked than a surplus says. What would need more of them may as well miss rows
	// that were not ranked.
	sampleSpare = 16
	// mostLost is the share of the nearest rows that may rank farther by codes than the candidates reach.
	mostLost = 0.001
	// leastDeviations and sampleMargin say how many standard deviations codes may be off, at least and beyond the worst of the sample.
	leastDeviations, sampleMargin = 4, 1.125
)

// sampleDepths are how many candidates of each are ranked by their vectors: the first is enough for most codes. With the surplus that the
// second allows, of codes of 400 bytes beside vectors of 1,500, a search takes 0.6 times as long as one by the vectors; with one of 180,
// which the third allows, half as long, since few candidates can be so near that their vectors are read.
var sampleDepths = [...]int{64, 128, 256}

// errCoarse says that codes lose too much.
var errCoarse = errors.New("codes are too coarse")

// measure finds how many candidates must be ranked by their vectors so that hardly any of the nearest is lost by the error of the
// codes: for a sample of rows, those near them by the neighbor graph are ranked by their codes and by their vectors. When there is
// a proxy, it is what is compared: what the proxy loses is not the fault of the codes.
func (job Job) measure(ctx context.Context, points nnd.Points, rows *loaded, g *graphs) (CodeStats, error) {
	stats := CodeStats{Codec: rows.codec.Name(), Beyond: rows.beyond}
	if stats.Codec == job.Codec.Name() {
		return stats, nil
	}
	if stats.Lossless = !rows.codec.Reranked(); stats.Lossless {
		return stats, nil
	}
	var enough bool
	for i, depth := range sampleDepths {
		s := sampler{job: job, points: points, rows: rows, graphs: g, ranks: make([]int, depth)}
		s.blur, s.blurred = codec.BlurOf(rows.codec, 0)
		if err := s.addAll(ctx); err != nil {
			return stats, err
		}
		stats.Surplus, stats.Lost = s.surplus()
		stats.Deviations = s.deviations()
		if i > 0 {
			depth = min(depth, s.compared/s.sampled) // codes that tell next to nothing make small neighborhoods
		}
		if enough = sampleNearest+stats.Surplus+sampleSpare <= depth; enough {
			break
		}
	}
	if stats.Coarse = !enough; stats.Coarse && job.Codes == "" {
		return stats, errCoarse
	}
	return stats, nil
}

// sampler ranks the neighborhoods of some rows.
type sampler struct {
	job    Job
	points nnd.Points
	rows   *loaded
	graphs *graphs

	near  []uint32
	ranks []int // how many of the nearest had each rank by their codes
	total int

	sampled, compared int // rows, and candidates of them

	blur    codec.Blur
	blurred bool    // there is one
	worst   float64 // deviations of a candidate
}

// addAll ranks the neighborhoods of a sample of the rows, on all threads.
func (s *sampler) addAll(ctx context.Context) error {
	n := len(s.graphs.order)
	count := min(sampleRows, n)
	var merging sync.Mutex
	return share(ctx, s.job.Index.EnsureDefaults(n).Threads, (count+sampleBlock-1)/sampleBlock, func(piece int) error {
		part := s.empty()
		for i := piece * sampleBlock; i < min((piece+1)*sampleBlock, count); i++ {
			if err := part.add(uint32(i * n / count)); err != nil {
				return err
			}
		}
		merging.Lock()
		defer merging.Unlock()
		s.merge(part)
		return nil
	})
}

// empty is a sampler of the same rows that has seen none of them.
func (s *sampler) empty() *sampler {
	return &sampler{
		job: s.job, points: s.points, rows: s.rows, graphs: s.graphs, ranks: make([]int, len(s.ranks)), blur: s.blur, blurred: s.blurred,
	}
}

// merge adds what another sampler has seen.
func (s *sampler) merge(other *sampler) {
	for rank, count := range other.ranks {
		s.ranks[rank] += count
	}
	s.total += other.total
	s.sampled, s.compared = s.sampled+other.sampled, s.compared+other.compared
	s.worst = max(s.worst, other.worst)
}

// add ranks the neighborhood of a row.
func (s *sampler) add(row uint32) error {
	candidates := s.candidates(row)
	s.sampled, s.compared = s.sampled+1, s.compared+len(candidates)
	exact, err := s.exact(row, candidates)
	if err != nil {
		return err
	}
	s.blame(candidates, exact)
	order := make([]int, len(candidates))
	for i := range order {
		order[i] = i
	}
	// Among rows at equal distances the one is as good as the other: those that rank first by codes count.
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(exact[a], exact[b]) })
	for _, rank := range order[:min(sampleNearest, len(order))] {
		s.ranks[rank]++
		s.total++
	}
	return nil
}

// candidates are the rows nearest to a row by their codes, among its neighbors and theirs.
func (s *sampler) candidates(row uint32) []nnd.Candidate {
	s.near = s.near[:0]
	neighbors, _ := s.graphs.neighbors.Neighbors(row)
	s.near = append(s.near, neighbors...)
	for _, neighbor := range neighbors {
		further, _ := s.graphs.neighbors.Neighbors(neighbor)
		s.near = append(s.near, further...)
	}
	slices.Sort(s.near)
	s.near = slices.Compact(s.near)
	s.near = slices.DeleteFunc(s.near, func(other uint32) bool { return other == row })
	scores := make([]float32, len(s.near))
	s.points.Distances(scores, row, s.near)
	candidates := make([]nnd.Candidate, len(s.near))
	for i, other := range s.near {
		candidates[i] = nnd.Candidate{Row: other, Distance: scores[i]}
	}
	slices.SortFunc(candidates, func(a, b nnd.Candidate) int {
		return cmp.Or(cmp.Compare(a.Distance, b.Distance), cmp.Compare(a.Row, b.Row))
	})
	return candidates[:min(len(s.ranks), len(candidates))]
}

// exact gives the distances of a row and its candidates by their vectors, which are read again. Rows that died meanwhile are
// infinitely far.
func (s *sampler) exact(row uint32, candidates []nnd.Candidate) ([]float32, error) {
	table, err := s.job.Codec.NewTable(len(candidates) + 1)
	if err != nil {
		return nil, err
	}
	distances := make([]float32, len(candidates))
	var there []int
	err = s.job.Data.View(func(v *storage.View) error {
		if found, err := s.append(v, table, row); !found {
			return err
		}
		for i, candidate := range candidates {
			found, err := s.append(v, table, candidate.Row)
			if err != nil {
				return err
			}
			if distances[i] = float32(math.Inf(1)); found {
				there = append(there, i)
			}
		}
		return nil
	})
	if err != nil || len(there) == 0 {
		return distances, err
	}
	read, numbers := make([]float32, len(there)), make([]uint32, len(there))
	for i := range numbers {
		numbers[i] = uint32(i + 1)
	}
	table.Rows().Distances(read, 0, numbers)
	for i, at := range there {
		distances[at] = read[i]
	}
	return distances, nil
}

// append reads the vector of a row of the segment again.
func (s *sampler) append(v *storage.View, table codec.Table, row uint32) (found bool, err error) {
	record, err := v.Row(s.rows.sequences[s.graphs.order[row]])
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	if err == nil {
		err = table.AppendPlain(record.Vector)
	}
	return err == nil, err
}

// surplus is how many candidates more than the nearest are enough, and what share of the nearest is farther.
func (s *sampler) surplus() (surplus int, lost float64) {
	missing := 0
	for depth := len(s.ranks); depth > sampleNearest; depth-- {
		if float64(missing+s.ranks[depth-1]) > mostLost*float64(s.total) {
			return depth - sampleNearest, float64(missing) / float64(s.total)
		}
		missing += s.ranks[depth-1]
	}
	if s.total > 0 {
		lost = float64(missing) / float64(s.total)
	}
	return 0, lost
}

// blame notes how far the scores of candidates are from their distances.
func (s *sampler) blame(candidates []nnd.Candidate, exact []float32) {
	for i, candidate := range candidates {
		if s.blurred && !math.IsInf(float64(exact[i]), 1) {
			s.worst = max(s.worst, s.blur.Deviations(candidate.Distance, exact[i]))
		}
	}
}

// deviations is how many standard deviations are enough for what was sampled, and for the little more that others will need: errors
// that are as random as the blur takes them for pass four of them once in thirty thousand times.
func (s *sampler) deviations() float64 {
	if !s.blurred {
		return 0
	}
	return min(max(leastDeviations, math.Ceil(16*sampleMargin*s.worst)/16), storage.MaxDegree)
}
