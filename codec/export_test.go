package codec

// Adjust is how codes come to have their length.
var Adjust = adjust
