package fashionmnist_test

import (
	"testing"

	"github.com/vicinaldb/store/internal/fashionmnist"
)

// firstImageSum is the sum of the first image's pixels, computed from the original file by another program.
const firstImageSum = 33_456

func TestImagesAreTheOriginalOnes(t *testing.T) {
	images, err := fashionmnist.Images()
	if err != nil {
		t.Fatal(err)
	}
	if len(images) != fashionmnist.Count {
		t.Fatalf("%d images, want %d", len(images), fashionmnist.Count)
	}
	sum := 0
	for _, pixel := range images[0] {
		sum += int(pixel)
	}
	if len(images[0]) != fashionmnist.Dim || sum != firstImageSum {
		t.Errorf("first image has %d pixels that sum to %d, want %d and %d", len(images[0]), sum, fashionmnist.Dim, firstImageSum)
	}
	vector := fashionmnist.Vector(images[0])
	for i, pixel := range images[0] {
		if vector[i] != float32(pixel) {
			t.Fatalf("vector[%d] is %v, want %d", i, vector[i], pixel)
		}
	}
}

func TestLabelsAreBalanced(t *testing.T) {
	labels, err := fashionmnist.Labels()
	if err != nil {
		t.Fatal(err)
	}
	if name := fashionmnist.ClassName(labels[0]); name != "Ankle boot" {
		t.Errorf("the first image is a %q, want an ankle boot", name)
	}
	// The data set's authors drew 1,000 test images from each class.
	count := map[string]int{}
	for _, label := range labels {
		count[fashionmnist.ClassName(label)]++
	}
	if len(count) != 10 {
		t.Errorf("%d classes, want 10", len(count))
	}
	for name, n := range count {
		if name == "" || n != 1000 {
			t.Errorf("%d images of class %q, want 1000", n, name)
		}
	}
	if name := fashionmnist.ClassName(10); name != "" {
		t.Errorf("label 10 is named %q, want no name", name)
	}
}
