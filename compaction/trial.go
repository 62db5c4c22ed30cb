package compaction

// trial is what is known of codes of bytes that were too coarse.
type trial struct {
	stats CodeStats
	dials DialStats // of a trial of this very job
}

// trialGrowth is by what factor the rows must have grown before codes that were too coarse are tried again.
const trialGrowth = 2

// triedBefore is what the segment before says of codes of bytes, nothing if it has been outgrown.
func (job Job) triedBefore() (*trial, error) {
	before := job.Before.Codes
	if !before.Coarse || before.Of == 0 || job.Codes != "" {
		return new(trial), nil
	}
	live, err := job.live()
	if err != nil || live >= trialGrowth*before.Of {
		return new(trial), err
	}
	return &trial{stats: before}, nil
}

// fail notes that codes were too coarse.
func (t *trial) fail(rows *loaded, g *graphs) {
	t.stats, t.dials = g.stats, g.dials
	t.stats.Of = rows.len()
}
