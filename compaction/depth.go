package compaction

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"sync"

	"github.com/vicinaldb/store/codec"
	"github.com/vicinaldb/store/internal/shares"
	"github.com/vicinaldb/store/nnd"
	"github.com/vicinaldb/store/storage"
)

const (
	// sampleRows is how many rows the depth is measured on. One row in fifty of text has others by the hundred that are nearly as near as
	// its nearest, so 256 rows asked for a surplus of anything from 12 to 268.
	sampleRows = 512
	// sampleBlock is how many of them a thread takes at a time. Most of their time goes into reading vectors again.
	sampleBlock = 8
	// sampleNearest is how many nearest rows of each must be among the candidates.
	sampleNearest = 10
	// sampleSpare is how many more candidates must be ranked than a surplus says. What would need more of them may as well miss rows
	// that were not ranked.
	sampleSpare = 16
	// mostLost is the share of the nearest rows that may rank farther by codes than the candidates reach, and mostLostAtAll where they
	// reach as far as they can: vectors themselves would lose nothing, but are searched in twice the time. The nearest of one row of
	// the sample are less than that, so that none decides alone: texts have a few in a hundred that a great many others nearly equal.
	mostLost, mostLostAtAll = 0.001, 0.005
	// sampleChunk is how many vectors are read at a time. No more are when by so many standard deviations none can be among the nearest.
	sampleChunk, sampleReach = 16, 16
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
	if compact, ok := rows.codec.(*codec.Uint8); ok {
		stats.Turned = compact.CodeParams().Turned
	}
	stats.Coarse = true
	for i := 0; i < len(sampleDepths) && stats.Coarse; i++ {
		s := sampler{job: job, points: points, rows: rows, graphs: g, ranks: make([]int, sampleDepths[i])}
		s.blur, s.blurred = codec.BlurOf(rows.codec, 0)
		s.reach, _ = codec.BlurOf(rows.codec, sampleReach)
		if err := s.addAll(ctx); err != nil {
			return stats, err
		}
		stats.Deviations = s.deviations()
		stats.Surplus, stats.Lost, stats.Coarse = s.choose(i > 0, i == len(sampleDepths)-1)
	}
	if stats.Coarse && job.Codes == "" {
		return stats, errCoarse
	}
	return stats, nil
}

// choose finds the surplus, and tells whether codes are too coarse for any that was measured.
func (s *sampler) choose(deep, deepest bool) (surplus int, lost float64, coarse bool) {
	depth := len(s.ranks)
	if deep {
		depth = min(depth, s.compared/s.sampled) // codes that tell next to nothing make small neighborhoods
	}
	most := depth - sampleNearest - sampleSpare
	surplus = s.surplus()
	if surplus > most && deepest && depth == len(s.ranks) && s.lost(most) <= mostLostAtAll {
		surplus = most
	}
	return surplus, s.lost(surplus), surplus > most
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
	reach   codec.Blur // of as many deviations as no score is off by
	blurred bool       // there are these
	worst   float64    // deviations of a candidate
}

// addAll ranks the neighborhoods of a sample of the rows, on all threads.
func (s *sampler) addAll(ctx context.Context) error {
	n := len(s.graphs.order)
	count := min(sampleRows, n)
	var merging sync.Mutex
	return shares.Do(ctx, s.job.Index.EnsureDefaults(n).Threads, (count+sampleBlock-1)/sampleBlock, func(piece int) error {
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
		job: s.job, points: s.points, rows: s.rows, graphs: s.graphs, ranks: make([]int, len(s.ranks)),
		blur: s.blur, reach: s.reach, blurred: s.blurred,
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
	s.blame(candidates[:len(exact)], exact)
	order := make([]int, len(exact))
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

// exact gives the distances of a row and its candidates by their vectors, which are read again: of all, or of those first ones beyond which
// there are none of the nearest. Rows that died meanwhile are infinitely far; of a row that did there are none.
func (s *sampler) exact(row uint32, candidates []nnd.Candidate) (distances []float32, err error) {
	table, err := s.job.Codec.NewTable(len(candidates) + 1)
	if err != nil {
		return nil, err
	}
	err = s.job.Data.View(func(v *storage.View) error {
		if found, err := s.append(v, table, row); !found {
			return err
		}
		for left := candidates; len(left) > 0 && !s.beyond(left[0].Distance, distances); {
			chunk := left[:min(sampleChunk, len(left))]
			if distances, err = s.read(v, table, chunk, distances); err != nil {
				return err
			}
			left = left[len(chunk):]
		}
		return nil
	})
	return distances, err
}

// beyond tells whether a row with this score is farther than enough others.
func (s *sampler) beyond(score float32, distances []float32) bool {
	if !s.blurred || len(distances) < sampleNearest {
		return false
	}
	sorted := slices.Sorted(slices.Values(distances))
	return score > s.reach.Most(sorted[sampleNearest-1])
}

// read appends the distances of candidates from the first vector of a table, and their vectors to the table.
func (s *sampler) read(v *storage.View, table codec.Table, candidates []nnd.Candidate, distances []float32) ([]float32, error) {
	var distance [1]float32
	for _, candidate := range candidates {
		found, err := s.append(v, table, candidate.Row)
		if err != nil {
			return nil, err
		}
		if distance[0] = float32(math.Inf(1)); found {
			table.Rows().Distances(distance[:], 0, []uint32{uint32(table.Len() - 1)})
		}
		distances = append(distances, distance[0])
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

// surplus is how many candidates more than the nearest are enough.
func (s *sampler) surplus() int {
	surplus := len(s.ranks) - sampleNearest
	for surplus > 0 && s.lost(surplus-1) <= mostLost {
		surplus--
	}
	return surplus
}

// lost is the share of the nearest that are farther than a surplus reaches.
func (s *sampler) lost(surplus int) float64 {
	farther := 0
	for _, count := range s.ranks[sampleNearest+surplus:] {
		farther += count
	}
	return float64(farther) / float64(max(s.total, 1))
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
