package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// floats emits the conversion of bytes to float32, eight at a time.
func floats() {
	TEXT("floatsOfBytesAVX2", NOSPLIT, "func(dst []float32, src []byte)")
	Doc("floatsOfBytesAVX2 sets dst[i] to src[i]. The length of src is a multiple of 64. It checks no bounds.")
	Pragma("noescape")
	dst := Load(Param("dst").Base(), GP64())
	src := Load(Param("src").Base(), GP64())
	n := Load(Param("src").Len(), GP64())
	TESTQ(n, n)
	JZ(LabelRef("Return"))
	LEAQ(Mem{Base: dst, Index: n, Scale: 4}, dst)
	ADDQ(n, src)
	NEGQ(n)
	Label("Next")
	for i := range blockBytes / 8 {
		x := YMM()
		VPMOVZXBD(Mem{Base: src, Index: n, Scale: 1, Disp: 8 * i}, x)
		VCVTDQ2PS(x, x)
		VMOVUPS(x, Mem{Base: dst, Index: n, Scale: 4, Disp: 32 * i})
	}
	ADDQ(Imm(blockBytes), n)
	JNZ(LabelRef("Next"))
	VZEROUPPER()
	Label("Return")
	RET()
}
