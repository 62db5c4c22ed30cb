package dataset_test

import "testing"

func TestIDX(t *testing.T) {
	image := "\x00\x00\x08\x03\x00\x00\x00\x02\x00\x00\x00\x02\x00\x00\x00\x02" + "\x01\x02\x03\x04\x05\x06\x07\xff"
	pictures := [][]float32{{1, 2, 3, 4}, {5, 6, 7, 255}}
	for _, f := range []file{
		{content: image, want: pictures, reason: "images are flattened"},
		{content: zip(image), want: pictures, reason: "as MNIST ships them, compressed"},
		{content: "\x00\x00\x08\x02" + big(uint32(1), uint32(2)) + "\x07\x08", want: [][]float32{{7, 8}}, reason: "a plain matrix"},
		{content: "\x00\x00\x09\x02" + big(uint32(1), uint32(2), int8(-7), int8(8)), want: [][]float32{{-7, 8}}, reason: "signed bytes"},
		{content: "\x00\x00\x0b\x02" + big(uint32(1), uint32(2), int16(-7), int16(300)), want: [][]float32{{-7, 300}}, reason: "16 bits"},
		{content: "\x00\x00\x0c\x02" + big(uint32(1), uint32(2), int32(-7), int32(70000)), want: [][]float32{{-7, 70000}}, reason: "32 bits"},
		{content: "\x00\x00\x0d\x02" + big(uint32(1), uint32(2), float32(-0.5), float32(8)), want: [][]float32{{-0.5, 8}}, reason: "float32"},
		{content: "\x00\x00\x0e\x02" + big(uint32(1), uint32(2), -0.5, 8.0), want: [][]float32{{-0.5, 8}}, reason: "float64"},

		{content: "\x00\x00\x08\x01" + big(uint32(2)) + "\x01\x02", fails: "labels", reason: "the file of the labels, often taken by mistake"},
		{content: "\x00\x00\x08\x03\x00\x00", fails: "ends too early", reason: "cut in the header"},
		{content: image[:22], fails: "row 1 at byte 20", reason: "cut in a row"},
		{content: image + "\x00", fails: "goes on after the 2 rows", reason: "more than declared"},
		{content: "\x00\x00\x08\x07" + big([]uint32{1, 2, 13, 419, 691, 823, 2977518503}) + "0123456789", fails: "components", reason: "lengths whose product is 10 modulo 2 to the 64"},
		{content: "\x00\x00\x08\x02" + big([]uint32{5, 0}), fails: "0 components", reason: "rows of nothing"},
		{content: "\x00\x00\x07\x02" + big([]uint32{1, 1}) + "x", fails: "by its first bytes", reason: "a type that does not exist"},
	} {
		f.name = "t10k-images-idx3-ubyte"
		f.test(t)
	}
}

func FuzzIDX(f *testing.F) {
	f.Add([]byte("\x00\x00\x08\x03\x00\x00\x00\x02\x00\x00\x00\x02\x00\x00\x00\x01\x01\x02\x03\x04"))
	f.Add([]byte("\x00\x00\x0d\x02\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x80\x3f"))
	f.Fuzz(func(t *testing.T, content []byte) { checkReader(t, "images-idx3-ubyte", content) })
}
