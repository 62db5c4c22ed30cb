package simd

// JensenShannonTerm is what one bin adds to JensenShannon.
var JensenShannonTerm = jensenShannonTerm

// LargestRow is what checks of rows go by.
var LargestRow = largestRow

// HadamardGo is the twin of the transform.
var HadamardGo = hadamardGo
