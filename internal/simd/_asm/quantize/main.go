// Command quantize writes the AVX2 functions of package simd that make codes of bytes of float32, and the sums of codes. Run it by
// go generate in the directory of the package.
//
// Steps are computed in float64 by the operations of the Go twin, one by one, so that both give the same bits. Where codes are lossless there
// is nothing to compute, if components are what they have to be.
package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const blockBytes = 64 // what the length of a code is a multiple of

func main() {
	ConstraintExpr("amd64,!purego")
	quantize()
	center()
	bytesOfFloats()
	sums()
	Generate()
}

// constant emits a register with a number in its four lanes.
func constant(name string, x float64) VecVirtual {
	data := GLOBL(name, RODATA|NOPTR)
	DATA(0, U64(math.Float64bits(x))) // as bits: a whole float64 would be written as an integer
	all := YMM()
	VBROADCASTSD(data, all)
	return all
}

// quantize emits the conversion of eight components at a time.
func quantize() {
	TEXT("quantizeU8AVX2", NOSPLIT, "func(dst []byte, src []float32, offset, scale float64) (within, exact bool)")
	Doc("quantizeU8AVX2 is quantizeU8Go for as many components as there are in src, a multiple of 8. It checks no bounds.")
	Pragma("noescape")
	dst := Load(Param("dst").Base(), GP64())
	src := Load(Param("src").Base(), GP64())
	n := Load(Param("src").Len(), GP64())
	offset, scale := YMM(), YMM()
	VBROADCASTSD(address("offset"), offset)
	VBROADCASTSD(address("scale"), scale)
	half, zero, end, most := constant("half", 0.5), YMM(), constant("end", 256), constant("most", 255.5)
	VXORPD(zero, zero, zero)
	within, exact := YMM(), YMM()
	VPCMPEQD(within, within, within)
	VPCMPEQD(exact, exact, exact)
	at := GP64()
	XORQ(at, at)
	JMP(LabelRef("Next"))
	Label("Eight")
	var codes [2]VecVirtual
	for i := range codes {
		t, steps, compared, code := YMM(), YMM(), YMM(), XMM()
		VCVTPS2PD(Mem{Base: src, Index: at, Scale: 4, Disp: 16 * i}, t)
		VSUBPD(offset, t, t)
		VDIVPD(scale, t, t)
		VADDPD(half, t, steps)
		VCMPPD(Imm(13), zero, steps, compared) // not below, false for NaN
		VANDPD(compared, within, within)
		VCMPPD(Imm(1), end, steps, compared) // below
		VANDPD(compared, within, within)
		VMAXPD(zero, steps, steps) // the second, zero, where one is NaN
		VMINPD(most, steps, steps)
		VCVTTPD2DQY(steps, code)
		VCVTDQ2PD(code, steps)
		VCMPPD(Imm(0), t, steps, compared)
		VANDPD(compared, exact, exact)
		codes[i] = code
	}
	VPACKUSDW(codes[1], codes[0], codes[0])
	VPACKUSWB(codes[0], codes[0], codes[0])
	VMOVQ(codes[0], Mem{Base: dst, Index: at, Scale: 1})
	ADDQ(Imm(8), at)
	Label("Next")
	CMPQ(at, n)
	JB(LabelRef("Eight"))
	for i, all := range []VecVirtual{within, exact} {
		mask, result := GP32(), GP8()
		VMOVMSKPD(all, mask)
		CMPL(mask, Imm(15))
		SETEQ(result)
		Store(result, ReturnIndex(i))
	}
	VZEROUPPER()
	RET()
}

// center emits the conversion of eight components at a time to steps around 128, in float32.
func center() {
	TEXT("centerU8AVX2", NOSPLIT, "func(dst []byte, src []float32, factor float32) bool")
	Doc("centerU8AVX2 is centerU8Go for as many components as there are in src, a multiple of 8. It checks no bounds.")
	Pragma("noescape")
	dst := Load(Param("dst").Base(), GP64())
	src := Load(Param("src").Base(), GP64())
	n := Load(Param("src").Len(), GP64())
	factor, zero, within, at := YMM(), YMM(), YMM(), GP64()
	VBROADCASTSS(address("factor"), factor)
	half, end, most := float("centerHalf", 128.5), float("centerEnd", 256), float("centerMost", 255.5)
	VXORPS(zero, zero, zero)
	VPCMPEQD(within, within, within)
	XORQ(at, at)
	JMP(LabelRef("NextCentered"))
	Label("Centered")
	steps, compared, codes, upper := YMM(), YMM(), YMM(), XMM()
	VMULPS(Mem{Base: src, Index: at, Scale: 4}, factor, steps)
	VADDPS(half, steps, steps)
	VCMPPS(Imm(13), zero, steps, compared) // not below, false for NaN
	VANDPS(compared, within, within)
	VCMPPS(Imm(1), end, steps, compared) // below
	VANDPS(compared, within, within)
	VMAXPS(zero, steps, steps) // the second, zero, where one is NaN
	VMINPS(most, steps, steps)
	VCVTTPS2DQ(steps, codes)
	VEXTRACTI128(Imm(1), codes, upper)
	VPACKUSDW(upper, codes.AsX(), upper)
	VPACKUSWB(upper, upper, upper)
	VMOVQ(upper, Mem{Base: dst, Index: at, Scale: 1})
	ADDQ(Imm(8), at)
	Label("NextCentered")
	CMPQ(at, n)
	JB(LabelRef("Centered"))
	mask, result := GP32(), GP8()
	VMOVMSKPS(within, mask)
	CMPL(mask, Imm(255))
	SETEQ(result)
	Store(result, ReturnIndex(0))
	VZEROUPPER()
	RET()
}

// float emits a register with a number in its eight lanes.
func float(name string, x float32) VecVirtual {
	data := GLOBL(name, RODATA|NOPTR)
	DATA(0, U32(math.Float32bits(x)))
	all := YMM()
	VBROADCASTSS(data, all)
	return all
}

// bytesOfFloats emits the conversion of 32 components at a time that have to be bytes already.
func bytesOfFloats() {
	TEXT("bytesOfFloatsAVX2", NOSPLIT, "func(dst []byte, src []float32) bool")
	Doc(
		"bytesOfFloatsAVX2 makes bytes of the components of src, a multiple of 32 of them, and tells whether these are integers from 0 to 255.",
		"If not, the bytes may be any. It checks no bounds.",
	)
	Pragma("noescape")
	dst := Load(Param("dst").Base(), GP64())
	src := Load(Param("src").Base(), GP64())
	n := Load(Param("src").Len(), GP64())
	exact, bits, order := YMM(), YMM(), YMM()
	VPCMPEQD(exact, exact, exact)
	VPXOR(bits, bits, bits)
	VMOVDQU(quarters(), order)
	at := GP64()
	XORQ(at, at)
	JMP(LabelRef("NextBytes"))
	Label("Bytes")
	var codes [4]VecVirtual
	for i := range codes {
		code, back := YMM(), YMM()
		VCVTTPS2DQ(Mem{Base: src, Index: at, Scale: 4, Disp: 32 * i}, code) // what does not fit is -1<<31
		VCVTDQ2PS(code, back)
		VCMPPS(Imm(0), Mem{Base: src, Index: at, Scale: 4, Disp: 32 * i}, back, back)
		VANDPS(back, exact, exact)
		VPOR(code, bits, bits)
		codes[i] = code
	}
	VPACKUSDW(codes[1], codes[0], codes[0])
	VPACKUSDW(codes[3], codes[2], codes[2])
	VPACKUSWB(codes[2], codes[0], codes[0])
	VPERMD(codes[0], order, codes[0])
	VMOVDQU(codes[0], Mem{Base: dst, Index: at, Scale: 1})
	ADDQ(Imm(32), at)
	Label("NextBytes")
	CMPQ(at, n)
	JB(LabelRef("Bytes"))
	VPSRLD(Imm(8), bits, bits) // beyond a byte
	zero, mask, result := YMM(), GP32(), GP8()
	VPXOR(zero, zero, zero)
	VPCMPEQD(zero, bits, bits)
	VPAND(bits, exact, exact)
	VMOVMSKPS(exact, mask)
	CMPL(mask, Imm(255))
	SETEQ(result)
	Store(result, ReturnIndex(0))
	VZEROUPPER()
	RET()
}

// quarters emits the order in which packing, which treats halves of a register by themselves, has left fours of bytes.
func quarters() Mem {
	data := GLOBL("quarters", RODATA|NOPTR)
	for i, quarter := range []uint32{0, 4, 1, 5, 2, 6, 3, 7} {
		DATA(4*i, U32(quarter))
	}
	return data
}

func address(name string) Mem {
	basic, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return basic.Addr
}

// sums emits the sum of bytes and that of their squares.
func sums() {
	TEXT("sumsU8AVX2", NOSPLIT, "func(row []byte) (sum, squares uint32)")
	Doc("sumsU8AVX2 returns the sum of bytes and that of their squares. The length of row is a multiple of 64.")
	Pragma("noescape")
	row := Load(Param("row").Base(), GP64())
	end := Load(Param("row").Len(), GP64())
	ADDQ(row, end)
	zero, sum, squares := YMM(), YMM(), YMM()
	VPXOR(zero, zero, zero)
	VPXOR(sum, sum, sum)
	VPXOR(squares, squares, squares)
	JMP(LabelRef("NextBlock"))
	Label("Block")
	for i := range blockBytes / 32 {
		x, low, high := YMM(), YMM(), YMM()
		VMOVDQU(Mem{Base: row, Disp: 32 * i}, x)
		VPUNPCKLBW(zero, x, low)
		VPUNPCKHBW(zero, x, high)
		VPMADDWD(low, low, low)
		VPMADDWD(high, high, high)
		VPSADBW(zero, x, x)
		VPADDD(x, sum, sum)
		VPADDD(low, squares, squares)
		VPADDD(high, squares, squares)
	}
	ADDQ(Imm(blockBytes), row)
	Label("NextBlock")
	CMPQ(row, end)
	JB(LabelRef("Block"))
	for i, lanes := range []VecVirtual{sum, squares} {
		upper, total := XMM(), GP32()
		VEXTRACTI128(Imm(1), lanes, upper)
		VPADDD(lanes.AsX(), upper, upper)
		other := XMM()
		VPSHUFD(Imm(0x4e), upper, other)
		VPADDD(other, upper, upper)
		VPSHUFD(Imm(0xb1), upper, other)
		VPADDD(other, upper, upper)
		VMOVD(upper, total)
		Store(total, ReturnIndex(i))
	}
	VZEROUPPER()
	RET()
}
