package compaction

// Share is share, for tests.
var Share = share
