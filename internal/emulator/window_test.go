package emulator_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"andon/internal/emulator"
)

// TestAnyWindowHoldsExactlyItsRuns compares random windows with the truth: the
// index may pass over runs, but never over one that the window holds.
func TestAnyWindowHoldsExactlyItsRuns(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Size: 4000, Now: stoppedClock().now})
	f := b.info.Factories[0]
	all := b.truth(f)
	updated := make([]time.Time, len(all))
	for i, r := range all {
		at, err := time.Parse(time.RFC3339Nano, r["lastUpdated"].(string))
		if err != nil {
			t.Fatal(err)
		}
		updated[i] = at
	}
	rapid.Check(t, func(t *rapid.T) {
		from := updated[rapid.IntRange(0, len(all)-1).Draw(t, "from")].Add(time.Duration(rapid.IntRange(-1, 1).Draw(t, "nudge")) * 100)
		to := from.Add(time.Duration(rapid.Int64Range(0, int64(12*time.Hour)).Draw(t, "length")))
		want := []string(nil)
		for i, at := range updated {
			if !at.Before(from) && !at.After(to) {
				want = append(want, all[i]["runId"].(string))
			}
		}
		body := fmt.Sprintf(`{"lastUpdatedAfter":%q,"lastUpdatedBefore":%q}`, from.Format(time.RFC3339Nano), to.Format(time.RFC3339Nano))
		if diff := cmp.Diff(want, runIDs(b.queryAll(f, body))); diff != "" {
			t.Fatalf("window %s (-truth +answers):\n%s", body, diff)
		}
	})
}
