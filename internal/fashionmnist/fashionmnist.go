// Package fashionmnist carries the test set of Fashion-MNIST: 10,000 pictures of clothes, 28 by 28 gray pixels each,
// with a label of one of ten classes. The files are the original ones, gzipped idx, embedded into the binary; their
// license (MIT, Zalando SE) stands beside them in LICENSE. Examples and tests use it as real data that needs no
// download.
//
// Source: Han Xiao, Kashif Rasul, Roland Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine
// Learning Algorithms", arXiv:1708.07747.
package fashionmnist

import (
	"bytes"
	"compress/gzip"
	_ "embed" // the two files below
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const (
	// Count is the number of images.
	Count = 10_000
	// Side is the width and the height of an image in pixels.
	Side = 28
	// Dim is the number of pixels of an image, and so the dimension of its vector.
	Dim = Side * Side
)

// The idx format's first four bytes: two zeros, the type (8: unsigned byte), the number of dimensions.
const (
	imagesMagic = 0x0803
	labelsMagic = 0x0801
)

//go:embed t10k-images-idx3-ubyte.gz
var imagesFile []byte

//go:embed t10k-labels-idx1-ubyte.gz
var labelsFile []byte

var errFormat = errors.New("not the idx file of the Fashion-MNIST test set")

// classNames has the name of each label.
var classNames = [...]string{
	"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
}

// ClassName returns what the label means, such as "Ankle boot" for 9, and "" when it is not one of the ten labels.
func ClassName(label uint8) string {
	if int(label) >= len(classNames) {
		return ""
	}
	return classNames[label]
}

// Images returns the Count images in the order of the file. An image has Dim bytes, row by row from the top left,
// 0 for the black background up to 255. The caller owns them; they share one array.
func Images() ([][]byte, error) {
	pixels, err := idx(imagesFile, imagesMagic, Count, Side, Side)
	if err != nil {
		return nil, fmt.Errorf("reading the images: %w", err)
	}
	images := make([][]byte, Count)
	for i := range images {
		images[i] = pixels[i*Dim : (i+1)*Dim : (i+1)*Dim]
	}
	return images, nil
}

// Labels returns the label of each image, 0 to 9, in the order of Images. The caller owns it.
func Labels() ([]byte, error) {
	labels, err := idx(labelsFile, labelsMagic, Count)
	if err != nil {
		return nil, fmt.Errorf("reading the labels: %w", err)
	}
	return labels, nil
}

// Vector returns an image as a vector of Dim floats, 0 to 255.
func Vector(image []byte) []float32 {
	vector := make([]float32, len(image))
	for i, pixel := range image {
		vector[i] = float32(pixel)
	}
	return vector
}

// idx returns the bytes behind the header of a gzipped idx file that must have exactly these dimensions.
func idx(file []byte, magic uint32, dims ...uint32) ([]byte, error) {
	unzipped, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	size := uint32(1)
	for i, want := range append([]uint32{magic}, dims...) {
		var got uint32
		if err := binary.Read(unzipped, binary.BigEndian, &got); err != nil {
			return nil, fmt.Errorf("header: %w", err)
		}
		if got != want {
			return nil, fmt.Errorf("header word %d is %d, want %d: %w", i, got, want, errFormat)
		}
		if i > 0 {
			size *= want
		}
	}
	data := make([]byte, size)
	if _, err := io.ReadFull(unzipped, data); err != nil {
		return nil, err
	}
	// Reading on to the end makes gzip compare its checksum.
	n, err := io.Copy(io.Discard, unzipped)
	if err != nil {
		return nil, err
	}
	if n != 0 {
		return nil, fmt.Errorf("%d bytes behind the data: %w", n, errFormat)
	}
	return data, nil
}
