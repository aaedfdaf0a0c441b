package collector

import (
	"context"
	"errors"
	"testing"
	"time"

	"andon/internal/adf"
	"andon/internal/store"
)

func TestOpenRunsAreAskedForLeastRecentlySeenFirst(t *testing.T) {
	t.Parallel()
	c := newClock()
	usual := map[string]time.Duration{"slow": 2 * time.Hour}
	f := &factory{now: c.now, openAsked: map[string]time.Time{}, usual: func(_ context.Context, key store.RunKey) (time.Duration, error) {
		if key == 7 {
			return usual["slow"], nil
		}
		return 0, nil
	}}
	due := func(open []store.RunRef, seen map[string]bool) []store.RunRef {
		t.Helper()
		got, err := f.dueOpenRuns(t.Context(), open, seen)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	slow := ref("slow", c.adf().Add(-2*time.Minute))
	slow.Key = 7
	open := []store.RunRef{ref("Young", c.adf().Add(-2*time.Minute)), ref("old", c.adf().Add(-5*time.Hour)), slow}
	if got := due(open, nil); len(got) > 0 {
		t.Errorf("%v are asked for though they were just seen", got)
	}
	c.pass(2 * time.Minute)
	if got := due(open, map[string]bool{"young": true}); len(got) > 0 {
		t.Errorf("%v are asked for though the window showed the young one, and the slow one usually takes two hours", got)
	}
	c.pass(11 * time.Minute)
	got := due(open, nil)
	if len(got) != 3 || got[2].RunID != "Young" {
		t.Errorf("due are %v, want the young one last: it was seen", got)
	}
	if got := due(open[:1], nil); len(got) != 1 || len(f.openAsked) != 1 {
		t.Errorf("%d due and %d remembered, of one open run", len(got), len(f.openAsked))
	}
	f.usual = func(context.Context, store.RunKey) (time.Duration, error) {
		return 0, errors.New("the store is closed")
	}
	if _, err := f.dueOpenRuns(t.Context(), open[:1], nil); err == nil {
		t.Error("an error of the store is lost")
	}
}

func TestARunOfAnUnknownPipelineCallsForDefinitionsOnce(t *testing.T) {
	t.Parallel()
	c := newClock()
	f := &factory{now: c.now, askedAround: make(chan struct{}, 1), calledFor: map[string]bool{}}
	called := func(name string) bool {
		f.callAround([]adf.PipelineRun{{PipelineName: "PL_known"}, {PipelineName: name}})
		select {
		case <-f.askedAround:
			return true
		default:
			return false
		}
	}
	if called("pl_new") {
		t.Error("called before any definition was read")
	}
	f.known.Store(&knownPipelines{at: c.now(), pipelines: map[string]bool{"pl_known": true}})
	if called("pl_new") {
		t.Error("called right after they were read")
	}
	c.pass(calledAgain + time.Second)
	for i, want := range []bool{true, false} {
		if got := called("PL_New"); got != want {
			t.Errorf("time %d: called %t", i+1, got)
		}
	}
	if called("pl_known") || !called("pl_other") {
		t.Error("called for a known pipeline, or not for another unknown one")
	}
}

func TestAnOpenRunIsAskedForByItsAgeAndUsualDuration(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ age, usual, want time.Duration }{
		{0, 0, time.Minute},
		{30 * time.Minute, 0, 3 * time.Minute},
		{day, 0, 10 * time.Minute},
		{5 * time.Minute, 9 * time.Minute, 4 * time.Minute}, // about when it should end
		{9 * time.Minute, 9 * time.Minute, time.Minute},     // any time now
		{5 * time.Minute, 3 * time.Hour, 10 * time.Minute},  // long before its end
	} {
		if got := againAfter(c.age, c.usual); got != c.want {
			t.Errorf("running for %s, usually %s: after %s, want %s", c.age, c.usual, got, c.want)
		}
	}
}

// A factory that discovery shows is marked before its loops begin: a first
// round that comes at once does not ask for it again.
func TestAFactoryIsMarkedAsShownBeforeItIsCollected(t *testing.T) {
	t.Parallel()
	for _, isShown := range []bool{true, false} {
		c := New(Options{Store: &store.Store{}})
		c.isIdle = true // no loop begins
		id := adf.FactoryID("/subscriptions/s/resourceGroups/rg/providers/Microsoft.DataFactory/factories/adf-shown")
		place := store.Place{ID: id, Name: id.Name(), Short: id.Name()}
		c.collect(t.Context(), newSource(c, Source{Name: "azure"}), place, isShown)
		if seen := c.factories[id.Key()].factsSeen.Load(); (seen != nil) != isShown {
			t.Errorf("shown %t: the factory was seen at %v", isShown, seen)
		}
	}
}
