package store

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"andon/internal/adf"
)

// TestAHoleOfBeforeIsShown: what is wanted begins later with each start of the
// server, and a hole in what was read before stays one.
func TestAHoleOfBeforeIsShown(t *testing.T) {
	t.Parallel()
	windows := []Window{{From: 0, To: 100}, {From: 150, To: 400}}
	whole, half := 1.0, 0.5
	for _, c := range []struct {
		wanted adf.Time
		want   Coverage
	}{
		{300, Coverage{WantedFrom: 300, From: 0, To: 400, Complete: true, DoneShare: &whole, Gaps: []Window{{From: 100, To: 150}}}},
		{100, Coverage{WantedFrom: 100, From: 0, To: 400, DoneShare: new(250.0 / 300), Gaps: []Window{{From: 100, To: 150}}}},
		{-300, Coverage{WantedFrom: -300, From: 0, To: 400, DoneShare: &half, Gaps: []Window{{From: -300, To: 0}, {From: 100, To: 150}}}},
		{0, Coverage{From: 0, To: 400, Gaps: []Window{{From: 100, To: 150}}}},
	} {
		if diff := cmp.Diff(c.want, coverageOf(c.wanted, windows, 0)); diff != "" {
			t.Errorf("wanted from %d (-want +got):\n%s", c.wanted, diff)
		}
	}
}
