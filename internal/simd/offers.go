package simd

import (
	"fmt"
	"slices"
)

//go:generate sh -c "cd _asm && go run ./offers -out ../offers_kernels_amd64.s -stubs ../offers_kernels_amd64.go -pkg simd"

// Offers are neighbors to be entered in the lists of some rows. The zero value has none. They are for one goroutine at a time.
//
// An offer has the place among the rows of the one whose list it is for, and a key: the [SortableBits] of the distance above the name, which
// is twice the offset of the neighbor from the list's own row, modulo 2^32, plus one.
type Offers struct {
	count                    int
	places, names, distances []uint32
	beyond                   int // more than all places
}

// Places are those of all offers. They are the caller's to read until more are made.
func (o *Offers) Places() []uint32 { return o.places[:o.count] }

// Key is that of the i-th offer.
func (o *Offers) Key(i int) uint64 { return uint64(o.distances[i])<<32 | uint64(o.names[i]) }

// Clear leaves no offers.
func (o *Offers) Clear() { o.count, o.beyond = 0, 0 }

// Introduce offers so many rows, from a place on, to those behind each, and them to it, as far as they are near enough. values are
// the distances of the first of them to all behind it, then as many for the next one, and so on; those to rows that are not behind a row are
// not looked at. limits are what distances may be at most for the lists of rows; what is NaN is offered to nobody. Offers come in no
// particular order. It panics if limits and values do not belong to rows.
func (o *Offers) Introduce(rows []uint32, at, count int, values, limits []float32) {
	own := rows[at:]
	others := len(own) - 1
	if count < 0 || count > len(own) || len(values) != count*others || len(limits) != len(rows) {
		panic(fmt.Sprintf("simd: %d values and %d limits of %d rows, %d of them from %d on", len(values), len(limits), len(rows), count, at))
	}
	o.reserve(2*len(values) + offersBlock)
	o.count += introduce(o.places[o.count:], o.names[o.count:], o.distances[o.count:], own, values, limits[at:], at, count)
	o.beyond = max(o.beyond, len(rows))
}

// offersBlock is how many offers are written at a time, so there must be room for.
const offersBlock = 16

// reserve makes room for so many more.
func (o *Offers) reserve(more int) {
	if room := o.count + more; room > len(o.places) {
		for _, s := range []*[]uint32{&o.places, &o.names, &o.distances} {
			*s = slices.Grow((*s)[:o.count], more)[:room]
		}
	}
}

// introduceEach offers one row after the other, where no kernel takes several.
func introduceEach(places, names, distances, rows []uint32, values, limits []float32, at, count int) (offers int) {
	width := len(rows) - 1
	for i := range count {
		values := values[i*width:][i:width]
		offers += introduceRow(places[offers:], names[offers:], distances[offers:], rows[i:], values, limits[i:], at+i)
	}
	return offers
}

// introduceRowGo is the Go twin, which offers the first row to the others, and them to it. Few values are near enough to anybody; for
// which of the two those are, no branch would foresee.
func introduceRowGo(places, names, distances, rows []uint32, values, limits []float32, at int) int {
	row, limit, count := rows[0], limits[0], 0
	for i, value := range values {
		other, most := rows[i+1], limits[i+1]
		if !(value <= max(limit, most)) {
			continue
		}
		bits := SortableBits(value)
		places[count], names[count], distances[count] = uint32(at), (other-row)<<1|1, bits
		count += one(value <= limit)
		places[count], names[count], distances[count] = uint32(at+1+i), (row-other)<<1|1, bits
		count += one(value <= most)
	}
	return count
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// DropListed leaves the offers whose names, but for their lowest bits, are not in the lists that they are for. Lists lie one behind the
// other in lists, by row, of so many names each. It panics when there are offers for more than these rows, or a list reaches beyond lists.
// The caller prefetches lists, by PrefetchRows.
//
// Where [ListsUnlocked], others may meanwhile enter neighbors in lists, by [Enter]. What is left may be listed then, but what is left
// out was listed.
func (o *Offers) DropListed(rows, lists []uint32, length int) {
	if o.count == 0 {
		return
	}
	if o.beyond > len(rows) {
		panic(fmt.Sprintf("simd: offers for %d of %d rows", o.beyond, len(rows)))
	}
	if last := largestRow(rows); length <= 0 || uint64(last) >= uint64(len(lists)/length) {
		panic(fmt.Sprintf("simd: list %d of %d names is outside of %d", last, length, len(lists)))
	}
	o.count = unlisted(o.places[:o.count], o.names[:o.count], o.distances[:o.count], rows, lists, length)
}

// unlistedGo is the Go twin.
func unlistedGo(places, names, distances, rows, lists []uint32, length int) int {
	kept := 0
	for i, place := range places {
		if !listed(lists[int(rows[place])*length:][:length], names[i]) {
			places[kept], names[kept], distances[kept] = place, names[i], distances[i]
			kept++
		}
	}
	return kept
}

func listed(list []uint32, name uint32) bool {
	for _, other := range list {
		if other|1 == name|1 {
			return true
		}
	}
	return false
}
