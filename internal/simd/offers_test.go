package simd_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/vicinaldb/store/internal/simd"
)

// offer is one of simd.Offers.
type offer struct {
	place uint32
	key   uint64
}

func (o offer) compare(p offer) int {
	return slices.Compare([]uint64{uint64(o.place), o.key}, []uint64{uint64(p.place), p.key})
}

// sortedOffers are all offers.
func sortedOffers(o *simd.Offers) (offers []offer) {
	for i, place := range o.Places() {
		offers = append(offers, offer{place, o.Key(i)})
	}
	slices.SortFunc(offers, offer.compare)
	return offers
}

// offerLengths are numbers of rows: small ones, and such around powers of two.
func offerLengths() []int {
	lengths := []int{255, 256, 257, 1023, 1024, 1025, 4095, 4096, 4097}
	for n := range 131 {
		lengths = append(lengths, n+1)
	}
	return lengths
}

// drawDistance draws one of a few distances, some of them extreme.
func drawDistance(r *rand.Rand) float32 {
	extreme := []float32{
		0, float32(math.Copysign(0, -1)), float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()), math.MaxFloat32, -math.MaxFloat32,
		math.SmallestNonzeroFloat32,
	}
	if r.IntN(4) == 0 {
		return extreme[r.IntN(len(extreme))]
	}
	return float32(r.IntN(9)) - 2
}

// TestIntroduce has limits that some distances are within, and such that all or nearly none are.
func TestIntroduce(t *testing.T) {
	infinity := float32(math.Inf(1))
	for name, limit := range map[string]func(r *rand.Rand) float32{
		"some": drawDistance, "all": func(*rand.Rand) float32 { return infinity }, "few": func(*rand.Rand) float32 { return -infinity },
	} {
		t.Run(name, func(t *testing.T) { testIntroduce(t, limit) })
	}
}

func testIntroduce(t *testing.T, limit func(r *rand.Rand) float32) {
	eachImplementation(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		for _, n := range offerLengths() {
			rows, limits := make([]uint32, n), make([]float32, n+3)[3:]
			for i := range rows {
				rows[i], limits[i] = r.Uint32(), limit(r)
				if limits[i] != limits[i] {
					limits[i] = float32(math.Inf(1))
				}
			}
			var o simd.Offers
			var want []offer
			for _, at := range []int{0, n / 2, max(n-2, 0), n - 1} {
				count, width := min(n-at, r.IntN(10)), n-at-1
				values := make([]float32, count*width+1)[1:]
				for i := range values {
					values[i] = drawDistance(r)
				}
				o.Introduce(rows, at, count, values, limits)
				for i := range count {
					want = append(want, wantedOffers(rows, at+i, values[i*width:][i:width], limits)...)
				}
			}
			slices.SortFunc(want, offer.compare)
			if got := sortedOffers(&o); !slices.Equal(got, want) {
				t.Fatalf("%d rows: %x, want %x", n, got, want)
			}
			if o.Clear(); len(o.Places()) > 0 {
				t.Fatal("there are offers left")
			}
		}
	})
}

// wantedOffers are what Introduce is to make for a row.
func wantedOffers(rows []uint32, at int, values, limits []float32) (want []offer) {
	for i, value := range values {
		other, distance := at+1+i, uint64(simd.SortableBits(value))<<32
		if value <= limits[at] {
			want = append(want, offer{uint32(at), distance | uint64((rows[other]-rows[at])*2+1)})
		}
		if value <= limits[other] {
			want = append(want, offer{uint32(other), distance | uint64((rows[at]-rows[other])*2+1)})
		}
	}
	return want
}

// BenchmarkIntroduce offers rows of which all, a tenth or none are near enough to one another, others each time.
func BenchmarkIntroduce(b *testing.B) {
	const count, others = 64, 60
	for _, near := range []float32{1, .1, 0} {
		for _, implementation := range []string{"purego", "avx2", "avx512"} {
			b.Run(fmt.Sprintf("near=%v/%s", near, implementation), func(b *testing.B) {
				before := simd.Implementation()
				defer simd.Use(before)
				if !simd.Use(implementation) {
					b.Skip("not here")
				}
				r := rand.New(rand.NewPCG(1, 2))
				rows, limits, values := make([]uint32, others+1), make([]float32, others+1), make([][]float32, count)
				for i := range rows {
					rows[i], limits[i] = r.Uint32(), near
				}
				for i := range values {
					for range others {
						values[i] = append(values[i], max(r.Float32(), math.SmallestNonzeroFloat32))
					}
				}
				var o simd.Offers
				for b.Loop() {
					for _, values := range values {
						o.Clear()
						o.Introduce(rows, 0, 1, values, limits)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(count*others), "ns/value")
			})
		}
	}
}

func TestIntroduceOutside(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		for _, test := range [][5]int{
			{3, 0, 1, 1, 3},
			{3, 0, 1, 3, 3},
			{3, 0, 1, 2, 2},
			{3, 1, 1, 2, 3},
			{3, 3, 1, 0, 3},
			{0, 0, 1, 0, 0},
			{3, 4, 1, 0, 3},
			{3, -1, 1, 2, 3},
			{3, 0, 2, 2, 3},
			{3, 0, 2, 3, 3},
			{3, 0, 2, 5, 3},
			{3, 0, 4, 8, 3},
			{3, 2, 2, 0, 3},
			{3, 0, -1, 0, 3},
		} {
			rows, values, limits := make([]uint32, test[0]), make([]float32, max(test[3], 0)), make([]float32, test[4])
			if !panics(func() { new(simd.Offers).Introduce(rows, test[1], test[2], values, limits) }) {
				t.Errorf("no panic: %d rows from %d on of %d, %d values, %d limits", test[2], test[1], test[0], test[3], test[4])
			}
		}
	})
}

// TestDropListed offers rows to one another, half of which are listed.
func TestDropListed(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		for _, length := range offerLengths() {
			const count = 9
			rows, limits := make([]uint32, count), make([]float32, count)
			for i, row := range r.Perm(count) {
				rows[i] = uint32(row)
			}
			var o simd.Offers
			for at := range rows {
				o.Introduce(rows, at, 1, make([]float32, count-at-1), limits)
			}
			lists := drawLists(r, &o, rows, length)
			var want []offer
			for _, offer := range sortedOffers(&o) {
				list := lists[int(rows[offer.place])*length:][:length]
				if !slices.ContainsFunc(list, func(name uint32) bool { return name|1 == uint32(offer.key)|1 }) {
					want = append(want, offer)
				}
			}
			o.DropListed(rows, lists, length)
			if got := sortedOffers(&o); !slices.Equal(got, want) {
				t.Fatalf("lists of %d: %x, want %x", length, got, want)
			}
		}
	})
}

// drawLists makes lists that have half of what is offered, at any place, and else names that are not. They begin where a line of the
// cache does not.
func drawLists(r *rand.Rand, o *simd.Offers, rows []uint32, length int) []uint32 {
	lists := make([]uint32, 1, len(rows)*length+1)[1 : len(rows)*length+1]
	for i := range lists {
		lists[i] = r.Uint32() | 1<<20
	}
	for i, place := range o.Places() {
		if r.IntN(2) == 0 {
			lists[int(rows[place])*length+r.IntN(length)] = uint32(o.Key(i)) ^ r.Uint32N(2)
		}
	}
	return lists
}

func TestDropListedOutside(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		lists := make([]uint32, 60)
		for _, test := range []struct {
			rows   []uint32
			length int
		}{{[]uint32{0, 1, 6}, 10}, {[]uint32{0, 1, 3}, 16}, {[]uint32{0, 0, 0}, 61}, {[]uint32{0, math.MaxUint32, 0}, 10}, {[]uint32{0, 1, 2}, 0}, {[]uint32{0, 1, 2}, -1}, {[]uint32{0, 1}, 10}} {
			var o simd.Offers
			o.Introduce([]uint32{1, 2, 3}, 0, 1, make([]float32, 2), make([]float32, 3))
			if !panics(func() { o.DropListed(test.rows, lists, test.length) }) {
				t.Errorf("no panic: rows %d of lists of %d names", test.rows, test.length)
			}
		}
		new(simd.Offers).DropListed(nil, nil, 0) // there is nothing to look for
	})
}

// BenchmarkDropListed looks for names of which half are listed, in lists of 64 that are in the second cache.
func BenchmarkDropListed(b *testing.B) {
	for _, implementation := range []string{"purego", "avx2", "avx512"} {
		b.Run(fmt.Sprint(implementation), func(b *testing.B) {
			before := simd.Implementation()
			defer simd.Use(before)
			if !simd.Use(implementation) {
				b.Skip("not here")
			}
			const count, length = 100, 64
			r := rand.New(rand.NewPCG(1, 2))
			rows, limits := make([]uint32, count), make([]float32, count)
			for i := range rows {
				rows[i] = uint32(i)
			}
			var o simd.Offers
			introduce := func() {
				o.Clear()
				for at := range 4 {
					o.Introduce(rows, at, 1, make([]float32, count-at-1), limits)
				}
			}
			introduce()
			lists, offers := drawLists(r, &o, rows, length), len(o.Places())
			for b.Loop() {
				introduce()
				o.DropListed(rows, lists, length)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(offers), "ns/offer")
		})
	}
}
