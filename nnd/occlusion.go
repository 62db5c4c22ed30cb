package nnd

import (
	"math"
	"sort"
)

// occlusion tells how near a kept row must be to the end of an edge to occlude that. To stretch a distance may take long, and it would be
// done for most pairs of a vertex's neighbors: so for lengths that differ in their last bits alone, bounds are found once.
type occlusion struct {
	options Options
	hubs    *hubs
	known   [1 << 8]*[1 << 8]knownBounds // by the first bits of a length
}

// occlusionBounds are distances up to which a row occludes an edge for certain, and at most. They are NaN where there are none.
type occlusionBounds struct{ sure, most float32 }

type knownBounds struct {
	occlusionBounds
	known bool
}

func newOcclusion(d *diversifier) *occlusion { return &occlusion{options: d.options, hubs: d.hubs} }

// bounds are those of an edge to id, of some length.
func (o *occlusion) bounds(id uint32, length float32) occlusionBounds {
	reach, b := o.hubs.reach(id, length), o.of(length)
	if reach != length {
		b.most = o.of(reach).most
	}
	b.sure, b.most = min(b.sure, reach), min(b.most, reach)
	return b
}

// of are the bounds of all lengths with the first bits of one.
func (o *occlusion) of(length float32) occlusionBounds {
	bits := sortable(length)
	some := &o.known[bits>>24]
	if *some == nil {
		*some = new([1 << 8]knownBounds)
	}
	b := &(*some)[bits>>16&0xff]
	if !b.known {
		first, last := distanceOf(uint64(bits&^0xffff)<<32), distanceOf(uint64(bits|0xffff)<<32)
		if last != last {
			last = float32(math.Inf(1)) // there is nothing beyond
		}
		*b = knownBounds{occlusionBounds{o.below(first), o.below(last)}, true}
	}
	return b.occlusionBounds
}

// below is the greatest distance that, stretched, is below a length; NaN if there is none. Those above it are not, since stretching
// keeps the order.
func (o *occlusion) below(length float32) float32 {
	least, greatest := float32(math.Inf(-1)), min(length, 0)
	if length > 0 && o.stretch(0) < length {
		least, greatest = 0, length
	}
	first, last := sortable(least), sortable(greatest) // less than 2^31 apart
	count := sort.Search(int(last-first)+1, func(i int) bool {
		return !(o.stretch(distanceOf(uint64(first+uint32(i))<<32)) < length)
	})
	if count == 0 {
		return float32(math.NaN())
	}
	return distanceOf(uint64(first+uint32(count-1)) << 32)
}

func (o *occlusion) stretch(distance float32) float32 {
	return o.options.Stretch(distance, float32(o.options.Alpha-1))
}

// occludes says whether a kept edge of some length occludes one to id, at most within its bounds: whether the distance of their ends is less
// than the other's length by the factor alpha, and by less when that leads to a hub. A row at distance zero does occlude, so that of
// many duplicates one is kept; but a duplicate of the vertex itself occludes nothing else, since all rows are as far from the one as
// from the other.
func (o *occlusion) occludes(kept, distance float32, id uint32, length float32) bool {
	stretched := o.stretch(distance)
	return stretched < length || stretched == 0 && length == 0 || kept != 0 && stretched < o.hubs.reach(id, length)
}
