package world_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"andon/internal/emulator/world"
)

func idsOf(runs []world.TriggerRun) []string {
	var ids []string
	for i := range runs {
		ids = append(ids, runs[i].ID())
	}
	return ids
}

func TestTriggerRunsOfAWindowAreThoseOfTheWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 5, 20_000)
	begin := worldStart().Add(-45 * 24 * time.Hour)
	whole := map[*world.Factory][]world.TriggerRun{}
	for _, f := range w.Factories() {
		whole[f] = w.TriggerRuns(f, begin, worldStart().Add(time.Hour))
		if !slices.IsSortedFunc(whole[f], byStamp) {
			t.Errorf("the trigger runs of %s are out of order", f.Name)
		}
		ids := idsOf(whole[f])
		slices.Sort(ids)
		if n := len(slices.Compact(ids)); n != len(whole[f]) {
			t.Errorf("%s: %d trigger runs have %d ids", f.Name, len(whole[f]), n)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.SampledFrom(w.Factories()).Draw(t, "factory")
		after := begin.Add(time.Duration(rapid.Int64Range(0, int64(45*24*time.Hour)).Draw(t, "after")))
		before := after.Add(time.Duration(rapid.Int64Range(0, int64(30*time.Hour)).Draw(t, "length")))
		if rapid.Bool().Draw(t, "edges") && len(whole[f]) > 0 { // both bounds are inclusive
			i := rapid.IntRange(0, len(whole[f])-1).Draw(t, "first")
			j := rapid.IntRange(i, min(i+50, len(whole[f])-1)).Draw(t, "last")
			after, before = whole[f][i].Timestamp(), whole[f][j].Timestamp()
		}
		var want []string
		for i := range whole[f] {
			if at := whole[f][i].Timestamp(); !at.Before(after) && !at.After(before) {
				want = append(want, whole[f][i].ID())
			}
		}
		if got := idsOf(w.TriggerRuns(f, after, before)); !slices.Equal(got, want) {
			t.Fatalf("%s from %v to %v: %d trigger runs, want %d", f.Name, after, before, len(got), len(want))
		}
	})
}

// azure.md §2.3 [R1]: Running, Waiting and WaitingOnDependency occur besides the three ends; §12 [R]: a waiting one has
// started nothing, and its timestamp stays.
func TestTriggerRunsGoThroughTheirStatuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 5, 20_000)
	order := []string{world.StatusWaitingOnDependency, world.StatusWaiting, world.StatusRunning, world.StatusSucceeded, world.StatusFailed, world.StatusCancelled}
	seen := map[string]int{}
	for _, f := range w.Factories() {
		for _, run := range w.TriggerRuns(f, worldStart().Add(-45*24*time.Hour), worldStart()) {
			last := 0
			for _, after := range []time.Duration{0, 3 * time.Minute, 20 * time.Minute, time.Hour, 3 * time.Hour, 20 * time.Hour, 40 * time.Hour} {
				when := run.Timestamp().Add(after)
				s := run.At(when)
				seen[s.TriggerType+" "+s.Status]++
				i := slices.Index(order, s.Status)
				if i < last || !s.TriggerRunTimestamp.Equal(run.Timestamp()) {
					t.Fatalf("%s: %s after %s, stamped %v", s.TriggerRunID, s.Status, order[last], s.TriggerRunTimestamp)
				}
				last = i
				waiting := s.Status == world.StatusWaiting || s.Status == world.StatusWaitingOnDependency
				nothing := waiting || s.Message != nil || s.Status == world.StatusCancelled && len(run.Runs(when)) == 0
				if (len(s.TriggeredPipelines) == 0) != nothing || len(s.TriggeredPipelines) != len(run.Runs(when)) {
					t.Fatalf("%s is %s and has started %v", s.TriggerRunID, s.Status, s.TriggeredPipelines)
				}
				if s.GroupID != s.TriggerRunID || s.DependencyStatus == nil {
					t.Fatalf("%+v", s)
				}
			}
		}
	}
	for _, want := range []string{
		"TumblingWindowTrigger WaitingOnDependency", "TumblingWindowTrigger Waiting", "TumblingWindowTrigger Running", "TumblingWindowTrigger Succeeded",
		"TumblingWindowTrigger Failed", "TumblingWindowTrigger Cancelled", "ScheduleTrigger Succeeded", "BlobEventsTrigger Succeeded",
		"CustomEventsTrigger Succeeded", "CustomEventsTrigger Failed",
	} {
		if seen[want] == 0 {
			t.Errorf("no trigger run: %s (%v)", want, seen)
		}
	}
}

// azure.md §13 Triggers: an event whose payload lacks a key makes the trigger run fail, and no pipeline run exists.
func TestAnEventWithoutItsKeyFailsInTheTriggerAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 5, 20_000)
	for _, f := range []*world.Factory{w.Factories()[0], w.Factories()[3]} {
		runs := map[string]bool{}
		for _, r := range w.Runs(f) {
			runs[r.InvokedBy().ID] = true
		}
		failed := 0
		for _, run := range w.TriggerRuns(f, worldStart().Add(-45*24*time.Hour), worldStart()) {
			s := run.At(worldStart())
			if s.TriggerType != "CustomEventsTrigger" || s.Status != world.StatusFailed {
				continue
			}
			failed++
			_, after, _ := strings.Cut(*s.Message, "triggerBody().event.data.")
			key, _, _ := strings.Cut(after, "'")
			event := parse[struct{ Data map[string]any }](t, []byte(s.Properties["EventPayload"]))
			if _, there := event.Data[key]; there || key == "" || runs[run.ID()] || len(s.TriggeredPipelines) > 0 {
				t.Fatalf("%s: %s, of the event %v", run.ID(), *s.Message, event.Data)
			}
		}
		if failed < 5 {
			t.Errorf("%s: %d trigger runs failed alone, want at least 5", f.Name, failed)
		}
	}
}

// azure.md §12 [R]: the dates of properties are written 06/05/2024 06:04:15 today, and mean the universal time.
func TestDatesOfPropertiesAreTodays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 5, 20_000)
	seen := map[string]int{}
	for _, run := range w.TriggerRuns(w.Factories()[0], worldStart().Add(-48*time.Hour), worldStart()) {
		s := run.At(worldStart())
		for name, value := range s.Properties {
			if !strings.Contains(name, "Time") {
				continue
			}
			seen[name]++
			when, err := time.Parse("01/02/2006 15:04:05", value)
			if err != nil || when.After(run.Timestamp()) || run.Timestamp().Sub(when) > 70*time.Minute {
				t.Fatalf("%s of %v: %s is %q", s.TriggerName, run.Timestamp(), name, value)
			}
		}
	}
	for _, name := range []string{"TriggerTime", "ScheduleTime", "windowStartTime", "windowEndTime"} {
		if seen[name] == 0 {
			t.Errorf("no %s", name)
		}
	}
}

func TestTriggerRunsComeAsTheClockMoves(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 5, 20_000)
	f := w.Factories()[0]
	if got := w.TriggerRuns(f, worldStart().Add(time.Millisecond), worldStart().Add(time.Hour)); len(got) > 0 {
		t.Fatalf("%d trigger runs of the future", len(got))
	}
	seen := map[string]time.Time{}
	for range 60 { // what was seen once stays where it was
		if err := w.Advance(time.Minute); err != nil {
			t.Fatal(err)
		}
		now := w.TriggerRuns(f, worldStart(), w.Now())
		for i := range now {
			if at, known := seen[now[i].ID()]; known && !at.Equal(now[i].Timestamp()) {
				t.Fatalf("%s moved from %v to %v", now[i].ID(), at, now[i].Timestamp())
			}
			seen[now[i].ID()] = now[i].Timestamp()
		}
		if len(now) != len(seen) {
			t.Fatalf("%d trigger runs, %d were seen", len(now), len(seen))
		}
	}
	waited := 0
	for _, run := range w.TriggerRuns(f, worldStart(), w.Now()) {
		if r := run.Runs(w.Now()); len(r) > 0 && r[0].RunStart().After(run.Timestamp()) {
			waited++
		}
	}
	if waited == 0 {
		t.Error("no trigger run was there before its pipeline run")
	}
}

func TestUnknownTriggerRunsAreNotFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 5, 2000)
	f, other := w.Factories()[0], w.Factories()[1]
	run := w.TriggerRuns(f, worldStart().Add(-24*time.Hour), worldStart())[0]
	if got := w.TriggerRunByID(f, run.ID()); got == nil || got.ID() != run.ID() {
		t.Errorf("%s: %v", run.ID(), got)
	}
	for _, id := range []string{
		"", "CU", "x", "08584840394298588566218403359CU37", strings.Repeat("9", 29) + "CU00", strings.Repeat("0", 29) + "CU00", strings.Repeat("-", 29) + "CU00", run.ID() + "0",
	} {
		if got := w.TriggerRunByID(f, id); got != nil {
			t.Errorf("%q: found %s", id, got.ID())
		}
	}
	if w.TriggerRunByID(other, run.ID()) != nil {
		t.Error("a trigger run is found in another factory")
	}
}

func BenchmarkTriggerRunsOfAnHourInAMillion(b *testing.B) {
	w := newWorld(b, 1, 1_000_000)
	f := w.Factories()[0]
	before := worldStart().Add(-100 * time.Hour)
	for b.Loop() {
		if len(w.TriggerRuns(f, before.Add(-time.Hour), before)) == 0 {
			b.Fatal("nothing was triggered")
		}
	}
}
