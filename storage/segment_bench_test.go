package storage_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/vicinaldb/store/storage"
)

var benchShape = sampleShape{rows: 20_000, stride: 512, degree: 32, neighbors: 30, pivots: 256, payload: 200}

func BenchmarkWriteSegment(b *testing.B) {
	s := newSample(benchShape, 1)
	dir := b.TempDir()
	_, info, err := s.write(dir)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(info.Size)
	for b.Loop() {
		if err := os.Remove(filepath.Join(dir, "s.seg")); err != nil {
			b.Fatal(err)
		}
		if _, _, err := s.write(dir); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpenSegment(b *testing.B) {
	path, info, err := newSample(benchShape, 1).write(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		s, err := storage.OpenSegment(path, info)
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	s := newSample(benchShape, 1).open(b)
	b.SetBytes(s.Size())
	for b.Loop() {
		if err := s.Verify(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFind(b *testing.B) {
	sample := newSample(benchShape, 1)
	s := sample.open(b)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i = (i + 7919) % len(sample.ids)
		if _, ok, err := s.Find(sample.ids[i]); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}

func BenchmarkRecord(b *testing.B) {
	sample := newSample(benchShape, 1)
	s := sample.open(b)
	for name, step := range map[string]int{"scattered": 7919, "in order": 1} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				i = (i + step) % s.Rows()
				if _, _, err := s.Record(uint32(i)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
