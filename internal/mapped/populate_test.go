package mapped_test

import (
	"errors"
	"testing"

	"github.com/vicinaldb/store/internal/mapped"
)

// After each step the caller is asked whether to go on.
func TestPopulate_Steps(t *testing.T) {
	b, stop := make([]byte, 100), errors.New("stop")
	for _, tc := range []struct{ step, stopAt, want int }{{100, 0, 1}, {99, 0, 2}, {1, 0, 100}, {30, 0, 4}, {30, 3, 3}, {200, 1, 1}} {
		calls := 0
		err := mapped.Populate(b, tc.step, func() error {
			if calls++; calls == tc.stopAt {
				return stop
			}
			return nil
		})
		if calls != tc.want || (err != nil) != (tc.stopAt > 0) || err != nil && !errors.Is(err, stop) {
			t.Errorf("%+v: %d calls, %v", tc, calls, err)
		}
	}
}
