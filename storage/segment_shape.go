package storage

import "math"

// sectionNames are the sections that this version knows, with their names in FORMAT.md. Which of them a segment has, its
// parameters decide: see Params.shapes.
var sectionNames = map[Tag]string{
	TagParams:            "params",
	TagCodes:             "codes",
	TagCodeOffsets:       "code offsets",
	TagVectors:           "vectors",
	TagAdjacency:         "adjacency",
	TagPivotRows:         "pivot rows",
	TagPivotCodes:        "pivot codes",
	TagNeighborRows:      "neighbor rows",
	TagNeighborDistances: "neighbor distances",
	TagIDOffsets:         "id offsets",
	TagIDBytes:           "id bytes",
	TagIDOrder:           "id order",
	TagRecordBlocks:      "record blocks",
	TagRecordIndex:       "record index",
}

// sectionName names a section in errors, also one that this version does not know.
func sectionName(tag Tag) string {
	if name, ok := sectionNames[tag]; ok {
		return name
	}
	return "section " + tag.String()
}

// shape is what a section must be like.
type shape struct {
	tag         Tag
	elementSize uint32
	count       uint64 // of elements
}

// anyCount stands for any number of elements.
const anyCount = math.MaxUint64

// shapes returns the sections that a segment with these parameters consists of, all of them and no others, in the order in
// which they are written.
func (p Params) shapes() []shape {
	var shapes []shape
	add := func(tag Tag, elementSize int, count uint64) {
		shapes = append(shapes, shape{tag, uint32(elementSize), count})
	}
	rows, pivots := uint64(p.Rows), uint64(p.Pivots)
	equalCodes, vectorsBeside := p.CodecStride > 0, p.VectorStride > 0

	add(TagParams, 1, anyCount)
	if equalCodes {
		add(TagCodes, p.CodecStride, rows)
	} else {
		add(TagCodes, 1, anyCount)
		add(TagCodeOffsets, 8, rows+1)
	}
	if vectorsBeside {
		add(TagVectors, p.VectorStride, rows)
	}

	add(TagAdjacency, 4, rows*uint64(p.AdjacencyStride))
	add(TagPivotRows, 4, pivots)
	if equalCodes {
		add(TagPivotCodes, p.CodecStride, pivots)
	}
	add(TagNeighborRows, 4, rows*uint64(p.Neighbors))
	add(TagNeighborDistances, 4, rows*uint64(p.Neighbors))

	add(TagIDOffsets, 8, rows+1)
	add(TagIDBytes, 1, anyCount)
	add(TagIDOrder, 4, rows)
	add(TagRecordBlocks, 1, anyCount)
	add(TagRecordIndex, recordEntrySize, anyCount)
	return shapes
}
