package metric

import "errors"

// The sentinels of the package. Its errors wrap one of them and add what was wrong and where.
var (
	// ErrUnknown marks a name that no metric is registered under.
	ErrUnknown = errors.New("unknown metric")

	// ErrDefinition marks a metric that cannot be defined or registered as asked.
	ErrDefinition = errors.New("invalid metric definition")

	// ErrParams marks parameters that a metric lacks, does not take, or cannot have.
	ErrParams = errors.New("invalid metric parameters")

	// ErrNotFinite marks a vector with a component that is NaN or infinite.
	ErrNotFinite = errors.New("component is not finite")

	// ErrDomain marks a vector that the metric has no distances for.
	ErrDomain = errors.New("vector is outside of the metric's domain")
)
