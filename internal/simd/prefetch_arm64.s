//go:build arm64 && !purego

#include "textflag.h"

// func prefetchRows(base *byte, stride, length int, rows []uint32)
TEXT ·prefetchRows(SB), NOSPLIT, $0-48
	MOVD base+0(FP), R0
	MOVD stride+8(FP), R1
	MOVD length+16(FP), R2
	MOVD rows_base+24(FP), R3
	MOVD rows_len+32(FP), R4
	ADD  R4<<2, R3, R4

row:
	MOVWU.P 4(R3), R5
	MUL     R1, R5, R5
	ADD     R0, R5, R5
	ADD     R2, R5, R6
	AND     $~63, R5, R5

line:
	PRFM (R5), PLDL2KEEP
	ADD  $64, R5
	CMP  R6, R5
	BLO  line
	CMP  R4, R3
	BLO  row
	RET
