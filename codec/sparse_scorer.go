package codec

// Scorer returns a scorer for queries against the rows. Before Prepare all its distances are NaN.
func (r *SparseRows) Scorer() Scorer {
	return &SparseScorer{rows: r, table: newSparseTable(r.metric)}
}

// SparseScorer compares one query at a time with rows. It is reusable, and not for concurrent use.
type SparseScorer struct {
	rows  *SparseRows
	table *sparseTable
	valid bool // there is a query, and it is a vector
}

// Prepare makes query the one that Score compares. It keeps a copy. A query whose features do not ascend, or go beyond the
// metric's, has the distance NaN to all rows.
func (s *SparseScorer) Prepare(query Vector) {
	s.table.unload()
	v := query.Sparse
	s.valid = len(v.Indices) == len(v.Values) && ascending(v.Indices, s.rows.metric.Dim())
	if s.valid {
		s.table.load(v, s.rows.metric.Summarize(v))
	}
}

// Over has the scorer compare its query with other rows of the same codec from now on.
func (s *SparseScorer) Over(rows Rows) { s.rows = rows.(*SparseRows) }

// Score sets dst[i] to the fast form of the distance between the query and rows[i], NaN when that is no vector: bit for bit
// what Distances gives for a row with the query's features. It allocates nothing. Every row must be below Len.
func (s *SparseScorer) Score(dst []float32, rows []uint32) {
	dst = dst[:len(rows)]
	switch query := s.table.vector; {
	case !s.valid:
		fillNaN(dst)
	case tabled(s.rows.metric, len(query.Indices)):
		s.rows.look(dst, s.table, rows)
	default:
		s.rows.merge(dst, query, s.table.summary, rows)
	}
}

// Exact is Score.
func (s *SparseScorer) Exact(dst []float32, rows []uint32) { s.Score(dst, rows) }
