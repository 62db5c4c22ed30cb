package metric

// What Stretch of a cosine computes with.
var (
	MinusLog    = minusLog
	OneMinusExp = oneMinusExp
)
