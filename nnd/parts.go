package nnd

// parts are a division of rows into sets that grow together: a forest of rows that point to an earlier one of their set, the
// first row of which points to itself (Galler and Fischer, "An improved equivalence algorithm", CACM 1964).
type parts []uint32

// newParts has every row in a set of its own.
func newParts(n int) parts {
	p := make(parts, n)
	for row := range p {
		p[row] = uint32(row)
	}
	return p
}

// first is the first row of a row's set. On the way it lets rows point farther ahead, which keeps ways short.
func (p parts) first(row uint32) uint32 {
	for p[row] != row {
		p[row] = p[p[row]]
		row = p[row]
	}
	return row
}

// unite makes one set of those of two rows, and says whether they were two.
func (p parts) unite(a, b uint32) bool {
	a, b = p.first(a), p.first(b)
	if a == b {
		return false
	}
	p[max(a, b)] = min(a, b)
	return true
}

// number gives every row the number of its set. Sets are numbered by their first rows.
func (p parts) number() (of []uint32, count int) {
	of = make([]uint32, len(p))
	for row := range p {
		if first := p.first(uint32(row)); first < uint32(row) {
			of[row] = of[first]
			continue
		}
		of[row] = uint32(count)
		count++
	}
	return of, count
}
