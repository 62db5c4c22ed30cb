package dataset_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/vicinaldb/store/internal/dataset"
)

func TestBits(t *testing.T) {
	array := func(columns int, rows string) string {
		return npyFile(1, "|u1", false, fmt.Sprintf("(%d, %d)", len(rows)/columns, columns)) + rows
	}
	nine := "\x80\x00\x00\x00\x00\x00\x00\x01\xc0"
	for _, test := range []struct {
		reason  string
		content string
		dim     int
		form    dataset.BitForm
		want    [][]uint64
		fails   string
	}{
		{reason: "the first bit is the highest of a byte", content: array(1, "\x80\x03"), want: [][]uint64{{1}, {0xc0}}},
		{reason: "the first bit is the lowest of a byte", content: array(1, "\x80\x03"), form: dataset.PackedLittle, want: [][]uint64{{0x80}, {3}}},
		{reason: "a byte a bit", content: array(3, "\x00\x01\x01\x01\x00\x00"), form: dataset.Unpacked, want: [][]uint64{{6}, {1}}},
		{reason: "a truth value a bit", content: npyFile(1, "|b1", false, "(1, 2)") + "\x00\x01", form: dataset.Unpacked, want: [][]uint64{{2}}},
		{reason: "more than a word", content: array(9, nine), want: [][]uint64{{1 | 1<<63, 3}}},
		{reason: "more than a word, the other way", content: array(9, nine), form: dataset.PackedLittle, want: [][]uint64{{1<<7 | 1<<56, 0xc0}}},
		{reason: "padding of a byte", content: array(1, "\xe0"), dim: 3, want: [][]uint64{{7}}},
		{reason: "padding of a word and more", content: array(24, "\xff"+strings.Repeat("\x00", 23)), dim: 8, want: [][]uint64{{0xff}}},
		{reason: "a whole word, and padding", content: array(9, strings.Repeat("\xff", 8)+"\x00"), dim: 64, want: [][]uint64{{1<<64 - 1}}},
		{reason: "from a .bvecs file", content: "\x01\x00\x00\x00\x80", want: [][]uint64{{1}}},
		{reason: "an empty .bvecs file", content: ""},

		{reason: "padding that is set", content: array(1, "\xf0"), dim: 3, fails: "row 0: not a readable vector file: bits are set behind the first 3"},
		{reason: "padding that is set, the other way", content: array(1, "\x0f"), dim: 3, form: dataset.PackedLittle, fails: "bits are set behind the first 3"},
		{reason: "padding that is set in another word", content: array(9, nine), dim: 64, fails: "bits are set behind the first 64"},
		{reason: "unpacked padding that is set", content: array(3, "\x00\x00\x01"), dim: 2, form: dataset.Unpacked, fails: "bits are set behind the first 2"},
		{reason: "a bit that is 2", content: array(3, "\x00\x02\x01"), form: dataset.Unpacked, fails: "row 0: not a readable vector file: byte 1 is 2; an unpacked bit is 0 or 1"},
		{reason: "more bits than there are", content: array(1, "\x80"), dim: 9, fails: "room for 8 bits, not 9"},
		{reason: "more unpacked bits than there are", content: array(1, "\x01"), dim: 2, form: dataset.Unpacked, fails: "room for 1 bits, not 2"},
		{reason: "packed into larger numbers", content: npyFile(1, "<u2", false, "(1, 1)") + "\x00\x00", fails: "arrays of uint8"},
		{reason: "truth values taken for packed bits", content: npyFile(1, "|b1", false, "(1, 1)") + "\x01", fails: "arrays of uint8"},
		{reason: "a form that does not exist", content: array(1, "\x80"), form: 3, fails: "form 3"},
		{reason: "cut", content: array(2, "\x80\x80")[:129], fails: "row 0 at byte 128"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			rows, r, err := readAllAs("x.bvecs", test.content, dataset.Options{Kind: dataset.Bits, Dim: test.dim, BitForm: test.form})
			if test.fails != "" {
				if !errors.Is(err, dataset.ErrFormat) && !errors.Is(err, dataset.ErrOptions) || !strings.Contains(err.Error(), test.fails) {
					t.Fatalf("error %v; want one that says %q", err, test.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got [][]uint64
			for _, row := range rows {
				got = append(got, row.Bits)
			}
			if diff := cmp.Diff(test.want, got); diff != "" || r.Kind() != dataset.Bits {
				t.Errorf("%v rows differ (-want +got):\n%s", r.Kind(), diff)
			}
		})
	}
}

// Bits in each of the forms are read alike.
func TestBitsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dim := rapid.IntRange(1, 200).Draw(t, "dim")
		bits := rapid.SliceOfN(rapid.Bool(), dim, dim).Draw(t, "bits")
		form := rapid.SampledFrom([]dataset.BitForm{dataset.PackedBig, dataset.PackedLittle, dataset.Unpacked}).Draw(t, "form")
		raw := make([]byte, (dim+7)/8)
		if form == dataset.Unpacked {
			raw = make([]byte, dim)
		}
		for i, set := range bits {
			switch {
			case !set:
			case form == dataset.PackedBig:
				raw[i/8] |= 0x80 >> (i % 8)
			case form == dataset.PackedLittle:
				raw[i/8] |= 1 << (i % 8)
			default:
				raw[i] = 1
			}
		}
		content := npyFile(1, "|u1", false, fmt.Sprintf("(1, %d)", len(raw))) + string(raw)
		rows, _, err := readAllAs("x.npy", content, dataset.Options{Kind: dataset.Bits, Dim: dim, BitForm: form})
		if err != nil {
			t.Fatal(err)
		}
		for i, set := range bits {
			if rows[0].Bits[i/64]>>(i%64)&1 == 1 != set {
				t.Fatalf("bit %d is not %v", i, set)
			}
		}
	})
}

func FuzzBits(f *testing.F) {
	f.Add([]byte(npyFile(1, "|u1", false, "(2, 2)")+"\x01\x80\x00\x00"), 9, uint8(0))
	f.Add([]byte(npyFile(1, "|b1", false, "(1, 4)")+"\x01\x00\x00\x01"), 0, uint8(2))
	f.Add([]byte(vecsFile("b", []float32{1, 2}, []float32{3, 4})), 16, uint8(1))
	f.Fuzz(func(t *testing.T, content []byte, dim int, form uint8) {
		checkReader(t, "x.bvecs", content, dataset.Options{Kind: dataset.Bits, Dim: dim, BitForm: dataset.BitForm(form)})
	})
}
