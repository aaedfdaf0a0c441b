package world_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"andon/internal/emulator/world"
)

func TestLiveWorldStartsAndFailsRunsEveryMinute(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 20_000)
	w.AdvanceTo(worldStart().Add(time.Hour))
	started, failed := map[int]int{}, map[int]int{}
	for _, r := range allRuns(w) {
		started[int(r.RunStart().Sub(worldStart())/time.Minute)]++
		if s := r.At(w.Now()); s.Status == world.StatusFailed && s.LastUpdated.After(worldStart()) {
			failed[int(s.LastUpdated.Sub(worldStart())/time.Minute)]++
		}
	}
	total := 0
	for minute := range 60 {
		if started[minute] < 6 {
			t.Errorf("minute %d: %d runs started, want at least 6", minute, started[minute])
		}
		if failed[minute] < 1 {
			t.Errorf("minute %d: no run failed", minute)
		}
		total += failed[minute]
	}
	if total > 150 {
		t.Errorf("%d runs failed in an hour: a sea of red", total)
	}
	open, healed := healing(w, w.Now())
	before, _ := healing(newWorld(t, 1, 20_000), worldStart())
	t.Logf("after an hour: %d open (%d before), %d healed, %d failed", open, before, healed, total)
	if open > before+15 {
		t.Errorf("%d failures open after an hour, %d before", open, before)
	}
}

func TestEveryDayOfTheFutureIsPlanned(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 20_000)
	if err := w.Advance(36 * time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := w.SetNow(worldStart().Add(4 * 24 * time.Hour)); err != nil {
		t.Fatal(err)
	}
	perHour := map[int]int{}
	for _, f := range w.Factories() {
		var last time.Time
		for _, r := range w.Runs(f) {
			if r.RunStart().Before(last) || r.RunStart().After(w.Now()) {
				t.Fatalf("run of %v after one of %v", r.RunStart(), last)
			}
			last = r.RunStart()
			perHour[int(r.RunStart().Sub(worldStart())/time.Hour)]++
		}
	}
	for hour := range 4 * 24 {
		if perHour[hour] < 300 {
			t.Errorf("hour %d has %d runs", hour, perHour[hour])
		}
	}
}

func TestClockKeepsItsSpeedOverJumps(t *testing.T) {
	t.Parallel()
	w, err := world.New(world.Config{Seed: 1, Size: 200, Speed: 60, Start: worldStart()})
	if err != nil {
		t.Fatal(err)
	}
	w.AdvanceTo(worldStart().Add(10 * time.Second))
	if err := w.Advance(time.Hour); err != nil {
		t.Fatal(err)
	}
	w.AdvanceTo(worldStart().Add(5 * time.Second)) // late news: changes nothing
	w.AdvanceTo(worldStart().Add(11 * time.Second))
	if got, want := w.Now(), worldStart().Add(time.Hour+11*time.Minute); !got.Equal(want) {
		t.Errorf("the clock shows %v, want %v", got, want)
	}
	for name, err := range map[string]error{
		"back":    w.SetNow(worldStart()),
		"minus":   w.Advance(-time.Second),
		"too far": w.Advance(world.MaxAdvance + 1),
	} {
		if err == nil {
			t.Errorf("%s: the clock obeyed", name)
		}
	}
}

func TestStartRunEndsAsOrdered(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 500)
	f := w.Factories()[2]
	for _, c := range []struct {
		pipeline, status, message, shown string
		duration                         int64
	}{
		{"pl_md_products", world.StatusSucceeded, "", "", 1500},
		{"pl_md_products", world.StatusFailed, "Operation on target cp_products failed: no more disk", "Operation on target cp_products failed: no more disk", 0},
		{"pl_dw_nightly", world.StatusFailed, "something odd", "something odd", 90_000},
		{"pl_dw_nightly", world.StatusSucceeded, "", "", 90_000},
		{"pl_dw_quality_checks", world.StatusFailed, "Operation on target fe_checks failed: x", "Operation on target fe_checks failed: x", 4_000},
		{"pl of my own", world.StatusCancelled, "", "", 20_000},
		{"pl of my own", world.StatusFailed, "boom", "boom", 3_000_000_000},
	} {
		t.Run(fmt.Sprintf("%s %s", c.pipeline, c.status), func(t *testing.T) {
			t.Parallel()
			r, err := w.StartRun(f, c.pipeline, c.status, c.message, c.duration)
			if err != nil {
				t.Fatal(err)
			}
			if w.Run(f, r.RunID()) != r {
				t.Error("the run is not found by its id")
			}
			s := r.At(r.RunStart().Add(time.Duration(c.duration) * time.Millisecond))
			if s.Status != c.status || *s.Message != c.shown || *s.DurationInMs != c.duration || !s.IsLatest {
				t.Errorf("ended as %+v, message %q, after %d ms", s, *s.Message, *s.DurationInMs)
			}
			explained := c.status != world.StatusFailed
			for _, a := range r.Activities(r.SettledAt()) {
				explained = explained || a.Status == world.StatusFailed && strings.HasSuffix(c.shown, a.Error.Message)
				if a.ActivityRunEnd == nil || a.ActivityRunEnd.After(r.SettledAt()) {
					t.Errorf("activity %s ends at %v, the run at %v", a.ActivityName, a.ActivityRunEnd, r.SettledAt())
				}
			}
			if !explained {
				t.Error("no failed activity explains the message")
			}
		})
	}
}

func TestStartRunSaysWhatIsAllowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 200)
	f := w.Factories()[0]
	_, badStatus := w.StartRun(f, "p", "failed", "", 1)
	_, noName := w.StartRun(f, " ", world.StatusFailed, "", 1)
	_, negative := w.StartRun(f, "p", world.StatusFailed, "", -1)
	for want, err := range map[string]error{
		`status "failed": allowed are Succeeded, Failed, Cancelled`: badStatus,
		`the pipeline's name is missing`:                            noName,
		`durationInMs -1: allowed are 0 to 31622400000`:             negative,
	} {
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestReadersDoNotDisturbTheClock(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 2000)
	f := w.Factories()[0]
	var group sync.WaitGroup
	for reader := range 4 {
		group.Go(func() {
			for i := range 50 {
				w.AdvanceTo(worldStart().Add(time.Duration(reader*50+i) * time.Minute))
				runs := w.Runs(f)
				last := runs[len(runs)-1]
				if w.Run(f, last.RunID()) != last || len(last.Activities(w.Now())) > 100 {
					t.Errorf("run %s changed under the reader", last.RunID())
				}
				if _, err := w.StartRun(f, "pl_extra", world.StatusSucceeded, "", 10); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
}
