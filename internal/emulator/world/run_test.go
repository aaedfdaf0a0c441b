package world_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"andon/internal/emulator/world"
)

// rank orders the statuses in which a run can follow another.
func rank(status string) int {
	return slices.Index([]string{world.StatusQueued, world.StatusInProgress, world.StatusCanceling, world.StatusSucceeded, world.StatusFailed, world.StatusCancelled}, status)
}

func TestARunNeverGoesBack(t *testing.T) {
	t.Parallel()
	runs := allRuns(newWorld(t, 3, 5000))
	rapid.Check(t, func(t *rapid.T) {
		r := rapid.SampledFrom(runs).Draw(t, "run")
		span := int64(r.SettledAt().Sub(r.RunStart())) * 5 / 4
		times := rapid.SliceOfN(rapid.Int64Range(0, span), 2, 8).Draw(t, "times")
		slices.Sort(times)
		var before world.RunState
		for i, ns := range times {
			when := r.RunStart().Add(time.Duration(ns))
			now := r.At(when)
			checkState(t, r, now, when)
			if i > 0 && (rank(now.Status) < rank(before.Status) || before.Terminal() && now.Status != before.Status || now.LastUpdated.Before(before.LastUpdated)) {
				t.Fatalf("went from %s (%v) to %s (%v)", before.Status, before.LastUpdated, now.Status, now.LastUpdated)
			}
			before = now
		}
	})
}

func checkState(t *rapid.T, r *world.Run, s world.RunState, when time.Time) {
	if s.LastUpdated.After(when) || s.LastUpdated.Before(r.RunStart()) {
		t.Fatalf("at %v, lastUpdated is %v, runStart %v", when, s.LastUpdated, r.RunStart())
	}
	if s.LastUpdated.Nanosecond()%100 != 0 {
		t.Fatalf("lastUpdated %v is finer than 100 ns", s.LastUpdated)
	}
	switch s.Status {
	case world.StatusQueued:
		if s.Message != nil {
			t.Fatalf("queued, message %q", *s.Message)
		}
	case world.StatusInProgress, world.StatusCanceling:
		if s.Message == nil || *s.Message != "" {
			t.Fatalf("%s, message not empty", s.Status)
		}
	case world.StatusSucceeded, world.StatusCancelled:
		if isManual := r.InvokedBy().InvokedByType == "Manual"; isManual != (s.Message != nil) || isManual && *s.Message != "" {
			t.Fatalf("%s, message %v of a run that %s started", s.Status, s.Message, r.InvokedBy().InvokedByType)
		}
	case world.StatusFailed:
		if (s.Message == nil || *s.Message == "") && r.PipelineName() != "pl_ap_scans" { // whose runs meet a limit
			t.Fatal("failed without a message")
		}
	}
	if s.Terminal() {
		if !s.LastUpdated.Equal(r.SettledAt()) {
			t.Fatalf("settled at %v, lastUpdated %v", r.SettledAt(), s.LastUpdated)
		}
		least, most := time.Duration(0), 300*time.Microsecond
		if r.InvokedBy().InvokedByType == "PipelineActivity" {
			least, most = 300*time.Microsecond, 1800*time.Microsecond
		}
		if s.RunEnd == nil && s.Status != world.StatusCancelled || s.RunEnd != nil && (s.LastUpdated.Sub(*s.RunEnd) < least || s.LastUpdated.Sub(*s.RunEnd) > most) {
			t.Fatalf("%s with end %v, lastUpdated %v", s.Status, s.RunEnd, s.LastUpdated)
		}
	} else if s.RunEnd != nil || s.DurationInMs != nil {
		t.Fatalf("%s has an end", s.Status)
	}
}

func TestOneRunOfAGroupIsTheLatest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2, 20_000)
	groups := map[string][]*world.Run{}
	for _, r := range allRuns(w) {
		groups[r.RunGroupID()] = append(groups[r.RunGroupID()], r)
	}
	several := 0
	for id, group := range groups {
		if len(group) > 1 {
			several++
		}
		for i, member := range group {
			when := member.RunStart()
			for j, other := range group[:i+1] {
				if latest := other.At(when).IsLatest; latest != (j == i) {
					t.Fatalf("group %s at %v: member %d of %d latest: %v", id, when, j, i, latest)
				}
			}
			if member.PipelineName() != group[0].PipelineName() || string(member.Parameters()) != string(group[0].Parameters()) {
				t.Fatalf("group %s: a rerun of another pipeline or with other parameters", id)
			}
			if i == 0 && member.RunID() != id {
				t.Fatalf("group %s is not named after its first run", id)
			}
			if i > 0 && member.InvokedBy().InvokedByType != "Manual" {
				t.Fatalf("group %s: rerun started by %s", id, member.InvokedBy().InvokedByType)
			}
		}
	}
	if several < 20 {
		t.Errorf("%d groups with reruns, want at least 20", several)
	}
}

func TestIsLatestFlipsWithoutLastUpdated(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2, 20_000)
	flips := 0
	for _, r := range allRuns(w) {
		if r.RunGroupID() == r.RunID() {
			continue
		}
		first := w.Run(r.Factory(), r.RunGroupID())
		before, after := first.At(first.SettledAt()), first.At(r.RunStart())
		if !before.IsLatest || after.IsLatest || !before.LastUpdated.Equal(after.LastUpdated) {
			t.Fatalf("run %s before its rerun %+v, after %+v", first.RunID(), before, after)
		}
		flips++
	}
	if flips == 0 {
		t.Error("nothing was rerun")
	}
}
