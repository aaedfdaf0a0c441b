package collector_test

import (
	"fmt"
	"testing"
	"time"

	"andon/internal/emulator"
	"andon/internal/store"
)

// TestWhatAzureForgotStaysAGap: a factory is refused for two months under a
// running server. What nobody can read any more does not count as covered.
func TestWhatAzureForgotStaysAGap(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Seed: 64, Size: 100, Scenario: "quiet"})
	b.emulated.Factories = b.emulated.Factories[:1]
	b.collect(t)
	b.filled(t)
	b.fault(t, map[string]any{"call": "queryPipelineRuns", "fault": "500"})
	name := b.only().Name()
	eventually(t, "the trouble", func() string {
		if f := b.known(t, name)[0]; f.LastError == nil {
			return "is not seen"
		}
		return ""
	})
	lost := b.known(t, name)[0].AsOf
	for range 60 {
		b.advance(t, 24*time.Hour)
	}
	b.control(t, "DELETE", "/faults", nil, nil)
	now := b.worldNow(t)
	var f store.Factory
	eventually(t, "the fill", func() string {
		f = b.known(t, name)[0]
		if f.State != store.StateFresh || f.AsOf < now || len(f.Coverage.Gaps) != 1 {
			return fmt.Sprintf("%s as of %s, %+v", f.State, f.AsOf, f.Coverage)
		}
		return ""
	})
	gap := f.Coverage.Gaps[0]
	if gap.From.Sub(lost).Abs() > time.Hour || now.Sub(gap.To) < 45*24*time.Hour || now.Sub(gap.To) > 47*24*time.Hour {
		t.Errorf("the gap is %v; the last row came at %s, and now is %s", gap, lost, now)
	}
}
