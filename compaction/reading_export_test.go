package compaction

// ReadingOthers is readingOthers, for tests.
var ReadingOthers = readingOthers
