// Package params has what kernels reach their parameters by when there are no registers left to keep these in.
package params

import (
	"github.com/mmcloughlin/avo/gotypes"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// At returns where a parameter lies.
func At(component gotypes.Component) Mem {
	basic, err := component.Resolve()
	if err != nil {
		panic(err)
	}
	return basic.Addr
}

// Row emits the address of the row whose number lies at a place in memory, by the parameters base and stride.
func Row(number Mem) Register {
	row := GP64()
	MOVL(number, row.As32())
	IMULQ(At(Param("stride")), row)
	ADDQ(At(Param("base").Base()), row)
	return row
}
