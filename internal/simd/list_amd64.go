//go:build amd64 && !purego

package simd

func enter(names, distances []uint32, keys []uint64) {
	switch {
	case hasAVX512:
		enterAVX512(names, distances, keys)
	case hasAVX2 && hasPopcount:
		enterAVX2(names, distances, keys)
	default:
		enterGo(names, distances, keys)
	}
}

func enterAVX512(names, distances []uint32, keys []uint64) {
	switch blocks := len(names) / ListBlock; blocks {
	case 1:
		enterOneAVX512((*[16]uint32)(names), (*[16]uint32)(distances), keys)
	case 2:
		enterTwoAVX512((*[32]uint32)(names), (*[32]uint32)(distances), keys)
	case 3:
		enterThreeAVX512((*[48]uint32)(names), (*[48]uint32)(distances), keys)
	case 4:
		enterFourAVX512((*[64]uint32)(names), (*[64]uint32)(distances), keys)
	default:
		enterGo(names, distances, keys)
	}
}

func enterAVX2(names, distances []uint32, keys []uint64) {
	switch blocks := len(names) / ListBlock; blocks {
	case 1:
		enterOneAVX2((*[16]uint32)(names), (*[16]uint32)(distances), keys)
	case 2:
		enterTwoAVX2((*[32]uint32)(names), (*[32]uint32)(distances), keys)
	case 3:
		enterThreeAVX2((*[48]uint32)(names), (*[48]uint32)(distances), keys)
	case 4:
		enterFourAVX2((*[64]uint32)(names), (*[64]uint32)(distances), keys)
	default:
		enterGo(names, distances, keys)
	}
}
