package shares_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/vicinaldb/store/internal/shares"
)

func TestDo(t *testing.T) {
	for _, threads := range []int{0, 1, 3, 100} {
		done := make([]int, 50)
		if err := shares.Do(t.Context(), threads, len(done), func(piece int) error {
			done[piece]++
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if slices.Min(done) != 1 || slices.Max(done) != 1 {
			t.Errorf("on %d threads pieces were done %v times", threads, done)
		}
	}
}

// Whoever waits for the work learns of a panic, and can recover it.
func TestDo_Panic(t *testing.T) {
	defer func() {
		if value := recover(); value != "mine" {
			t.Errorf("recovered %v", value)
		}
	}()
	err := shares.Do(t.Context(), 2, 9, func(piece int) error {
		if piece == 4 {
			panic("mine")
		}
		return nil
	})
	t.Errorf("nothing came out, the error is %v", err)
}

func TestDo_Cancel(t *testing.T) {
	because := errors.New("because")
	ctx, cancel := context.WithCancelCause(t.Context())
	last := 0
	err := shares.Do(ctx, 1, 9, func(piece int) error {
		if last = piece; piece == 4 {
			cancel(because)
		}
		return nil
	})
	if !errors.Is(err, because) || last != 4 {
		t.Errorf("cancelled at piece 4: the last was %d, the error is %v", last, err)
	}
}

func TestDo_Error(t *testing.T) {
	because := errors.New("because")
	for _, threads := range []int{1, 3} {
		var begun atomic.Int64
		err := shares.Do(t.Context(), threads, 1000, func(piece int) error {
			begun.Add(1)
			if piece >= 4 {
				return because
			}
			return nil
		})
		if most := int64(4 + threads); !errors.Is(err, because) || begun.Load() > most {
			t.Errorf("%d threads: %d pieces begun, at most %d should be, and error %v", threads, begun.Load(), most, err)
		}
	}
}
