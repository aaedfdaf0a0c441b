package collector

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"andon/internal/adf"
	"andon/internal/store"
)

// TestSweepsLeaveNoMomentOut: while a moment is in reach, a sweep of each kind
// that comes on time reads it, though the range moves on meanwhile and ends
// where the last poll did.
func TestSweepsLeaveNoMomentOut(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]struct {
		sweeping
		late  time.Duration // by how much a sweep may be off its rhythm
		least int           // how often a moment is read
	}{
		"hourly": {sweeping{store.SweepHour, hourlyReach, hourlySlices, time.Hour}, 0, 1},
		"daily":  {sweeping{store.SweepDay, dailyReach, dailySlices, dailyEvery}, time.Hour - 1, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				// Anywhere in the rhythm, but for its last hour, which the daily sweep may slip into.
				begin := at(0).Add(time.Duration(rapid.Int64Range(0, int64(kind.every-kind.late)-1).Draw(t, "begin")))
				moment := at(0).Add(time.Duration(rapid.Int64Range(0, int64(kind.every)).Draw(t, "moment")))
				read, total := 0, time.Duration(0)
				for i := range int64(kind.reach/kind.every) + 2 {
					began := begin.Add(time.Duration(i)*kind.every + time.Duration(rapid.Int64Range(0, int64(kind.late)).Draw(t, "late")))
					lag := time.Duration(rapid.Int64Range(0, int64(time.Minute)).Draw(t, "lag"))
					for _, w := range kind.slicesDue(store.Window{From: began.Add(-kind.reach), To: began.Add(-lag)}, began) {
						total += w.To.Sub(w.From)
						if w.From <= moment && moment < w.To {
							read++
						}
					}
				}
				if read < kind.least {
					t.Fatalf("%s was read %d times, want %d", moment, read, kind.least)
				}
				if most := time.Duration(int64(kind.reach/kind.every)+2) * kind.reach / time.Duration(kind.slices); total > most+time.Second {
					t.Fatalf("%s was read, want at most a slice a sweep, which is %s", total, most)
				}
			})
		})
	}
}

// TestTheSliceThatIsDueDoesNotDependOnMemory: it goes by the clock.
func TestTheSliceThatIsDueDoesNotDependOnMemory(t *testing.T) {
	t.Parallel()
	s := sweeping{store.SweepHour, hourlyReach, hourlySlices, time.Hour}
	w := func(now adf.Time) store.Window { return store.Window{From: now.Add(-hourlyReach), To: now} }
	now := at(30 * time.Minute)
	got := s.slicesDue(w(now), now)
	want := store.Window{From: at(-12 * time.Hour), To: at(-11 * time.Hour)}
	if len(got) != 1 || got[0] != want {
		t.Errorf("at %s: %v, want %v", now, got, want)
	}
}
