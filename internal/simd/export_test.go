package simd

// JensenShannonTerm is what one bin adds to JensenShannon.
var JensenShannonTerm = jensenShannonTerm
