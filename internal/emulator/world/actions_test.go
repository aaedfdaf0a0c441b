package world_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"andon/internal/emulator/world"
)

func factoryNamed(tb testing.TB, w *world.World, name string) *world.Factory {
	tb.Helper()
	for _, f := range w.Factories() {
		if f.Name == name {
			return f
		}
	}
	tb.Fatalf("no factory %s", name)
	return nil
}

func create(tb testing.TB, w *world.World, f *world.Factory, c world.Creation) *world.Run {
	tb.Helper()
	r, err := w.CreateRun(f, c)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func TestACreatedRunTakesItsIDAndParametersAndDropsUndeclaredOnes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 2000)
	f := w.Factories()[0]
	const id = "3F2504E0-4F89-11D3-9A0C-0305E82C3301"
	r := create(t, w, f, world.Creation{Pipeline: "PL_PRICE_IMPORT", RunID: id, Parameters: map[string]json.RawMessage{"currency": json.RawMessage(`"NOK"`), "undeclared": json.RawMessage(`1`)}})
	if r.RunID() != id || w.Run(f, strings.ToLower(id)) != r {
		t.Errorf("the run's id is %s, or it is not found by it", r.RunID())
	}
	var parameters map[string]any
	if err := json.Unmarshal(r.Parameters(), &parameters); err != nil {
		t.Fatal(err)
	}
	if parameters["currency"] != "NOK" || parameters["tolerance"] != "0.05" && parameters["tolerance"] != 0.05 || parameters["undeclared"] != nil {
		t.Errorf("parameters are %s", r.Parameters())
	}
	if by := r.InvokedBy(); by.Name != "Manual" || by.InvokedByType != "Manual" {
		t.Errorf("invoked by %+v", by)
	}
	if again := create(t, w, f, world.Creation{Pipeline: "pl_price_import", RunID: id}); again.RunID() == id {
		t.Error("two runs have one id")
	}
	if _, err := w.CreateRun(f, world.Creation{Pipeline: "pl_none"}); !errors.Is(err, world.ErrNoPipeline) {
		t.Errorf("unknown pipeline: %v", err)
	}
	if _, err := w.CreateRun(f, world.Creation{Pipeline: "pl_price_import", Reference: "none"}); !errors.Is(err, world.ErrNoRun) {
		t.Errorf("unknown reference: %v", err)
	}
}

func TestARerunJoinsTheGroupAndTheEarlierRunIsNoLongerLatestWithoutBeingUpdated(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 2000)
	f := w.Factories()[0]
	first := create(t, w, f, world.Creation{Pipeline: "pl_price_import", Parameters: map[string]json.RawMessage{"currency": json.RawMessage(`"NOK"`)}})
	advance(t, w, 2*time.Hour)
	before := first.At(w.Now())
	again := create(t, w, f, world.Creation{Pipeline: "pl_price_import", Reference: first.RunID(), IsRecovery: true})
	after := first.At(w.Now())
	if again.RunGroupID() != first.RunID() || string(again.Parameters()) != string(first.Parameters()) {
		t.Errorf("group %s, parameters %s", again.RunGroupID(), again.Parameters())
	}
	if !before.IsLatest || after.IsLatest || !again.At(w.Now()).IsLatest || !after.LastUpdated.Equal(before.LastUpdated) {
		t.Errorf("before %+v, after %+v", before, after)
	}
	apart := create(t, w, f, world.Creation{Pipeline: "pl_price_import", Reference: first.RunID()})
	if apart.RunGroupID() != apart.RunID() || string(apart.Parameters()) != string(first.Parameters()) {
		t.Errorf("without recovery: group %s, parameters %s", apart.RunGroupID(), apart.Parameters())
	}
}

func TestARerunFromAnActivityRunsNothingBeforeIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 2000)
	f := w.Factories()[0]
	first := create(t, w, f, world.Creation{Pipeline: "pl_price_import"})
	advance(t, w, 2*time.Hour)
	again := create(t, w, f, world.Creation{Pipeline: "pl_price_import", Reference: first.RunID(), IsRecovery: true, StartActivity: "lkp_deviation"})
	advance(t, w, 2*time.Hour)
	names := map[string]bool{}
	for _, a := range again.Activities(w.Now()) {
		names[a.ActivityName] = true
	}
	if names["cp_price_list"] || !names["lkp_deviation"] || !names["sp_apply_prices"] {
		t.Errorf("ran %v", names)
	}
	if _, err := w.CreateRun(f, world.Creation{Pipeline: "pl_price_import", Reference: first.RunID(), IsRecovery: true, StartActivity: "none"}); !errors.Is(err, world.ErrNoActivity) {
		t.Errorf("unknown activity: %v", err)
	}
}

func TestACancelledRunIsCancelingFirstAndItsActivitiesEndWithIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 2000)
	f := w.Factories()[0]
	r := create(t, w, f, world.Creation{Pipeline: "pl_sales_forecast"})
	advance(t, w, 30*time.Minute)
	if err := w.Cancel(f, r.RunID(), false); err != nil {
		t.Fatal(err)
	}
	asked := w.Now()
	if s := r.At(asked); s.Status != world.StatusCanceling || s.RunEnd != nil || s.DurationInMs != nil || !s.LastUpdated.Equal(asked) {
		t.Errorf("at the cancel: %+v", s)
	}
	if s := r.At(asked.Add(-time.Second)); s.Status != world.StatusInProgress {
		t.Errorf("a reader of a second before sees %+v", s)
	}
	advance(t, w, time.Minute)
	s := r.At(w.Now())
	if s.Status != world.StatusCancelled || s.RunEnd == nil || !r.SettledAt().Equal(s.LastUpdated) || !s.LastUpdated.After(asked) {
		t.Errorf("a minute later: %+v", s)
	}
	states := map[string]int{}
	for _, a := range r.Activities(w.Now()) {
		states[a.Status]++
		if a.ActivityRunEnd == nil || a.ActivityRunEnd.After(*s.RunEnd) || a.ActivityRunStart.After(asked) {
			t.Errorf("activity %+v", a)
		}
	}
	if states[world.StatusCancelled] != 1 {
		t.Errorf("activities ended as %v, want one cancelled", states)
	}
	if err := w.Cancel(f, r.RunID(), false); err != nil || r.At(w.Now()).LastUpdated != s.LastUpdated {
		t.Errorf("a second cancel: %v", err)
	}
	if err := w.Cancel(f, "none", false); !errors.Is(err, world.ErrNoRun) {
		t.Errorf("unknown run: %v", err)
	}
}

// children are the runs that r has started by now.
func children(w *world.World, r *world.Run) []*world.Run {
	var all []*world.Run
	for _, c := range w.Runs(r.Factory()) {
		if c.InvokedBy().PipelineRunID == r.RunID() {
			all = append(all, c)
		}
	}
	return all
}

func TestARecursiveCancelTakesTheChildrenAndAPlainOneLetsThemEnd(t *testing.T) {
	t.Parallel()
	for _, isRecursive := range []bool{true, false} {
		w := newWorld(t, 1, 2000)
		f := factoryNamed(t, w, "adf-nordhem-dw-prod")
		r := create(t, w, f, world.Creation{Pipeline: "pl_dw_load_facts"})
		for len(children(w, r)) < 3 {
			advance(t, w, 100*time.Millisecond)
		}
		if err := w.Cancel(f, r.RunID(), isRecursive); err != nil {
			t.Fatal(err)
		}
		started := children(w, r)
		advance(t, w, 12*time.Hour)
		if later := children(w, r); len(later) != len(started) {
			t.Errorf("recursive %t: %d children started after the cancel", isRecursive, len(later)-len(started))
		}
		for _, c := range started {
			if s := c.At(w.Now()); (s.Status == world.StatusCancelled) != isRecursive {
				t.Errorf("recursive %t: child %s ended as %s", isRecursive, c.PipelineName(), s.Status)
			}
		}
		if s := r.At(w.Now()); s.Status != world.StatusCancelled {
			t.Errorf("recursive %t: the parent ended as %s", isRecursive, s.Status)
		}
	}
}

func TestAParentFailsWithTheChildThatWasCancelled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 2000)
	f := factoryNamed(t, w, "adf-nordhem-dw-prod")
	r := create(t, w, f, world.Creation{Pipeline: "pl_dw_load_facts"})
	for len(children(w, r)) == 0 {
		advance(t, w, time.Second)
	}
	child := children(w, r)[0]
	if err := w.Cancel(f, child.RunID(), false); err != nil {
		t.Fatal(err)
	}
	advance(t, w, time.Minute)
	s := r.At(w.Now())
	if s.Status != world.StatusFailed || !strings.Contains(*s.Message, "fe_facts") || !strings.Contains(*s.Message, child.RunID()) {
		t.Errorf("the parent is %s: %q", s.Status, *s.Message)
	}
	failed := map[string]bool{}
	for _, a := range r.Activities(w.Now()) {
		if a.Status == world.StatusFailed {
			failed[a.ActivityName] = true
		}
	}
	if !failed["fe_facts"] || !failed["exec_fact"] {
		t.Errorf("failed activities: %v", failed)
	}
}

func TestAStoppedTriggerStartsNothingUntilItIsStarted(t *testing.T) {
	t.Parallel()
	w, undisturbed := newWorld(t, 1, 20_000), newWorld(t, 1, 20_000)
	count := func(w *world.World) (n int) {
		for _, r := range w.Runs(w.Factories()[0]) {
			if r.InvokedBy().Name == "tr_clickstream" {
				n++
			}
		}
		return n
	}
	f := w.Factories()[0]
	setTrigger := func(name string, isStarted bool) {
		if err := w.SetTrigger(f, name, isStarted); err != nil {
			t.Fatal(err)
		}
	}
	setTrigger("TR_clickstream", false)
	before := count(w)
	advance(t, w, 30*time.Hour)
	advance(t, undisturbed, 30*time.Hour)
	if n := count(w); n != before || count(undisturbed) < before+20 {
		t.Errorf("a stopped trigger started %d runs, another %d", n-before, count(undisturbed)-before)
	}
	missed := count(undisturbed) - before
	setTrigger("tr_clickstream", true)
	advance(t, w, 6*time.Hour)
	advance(t, undisturbed, 6*time.Hour)
	if n := count(w); n == before || n != count(undisturbed)-missed {
		t.Errorf("started again it brought %d runs in 6 hours, want %d", n-before, count(undisturbed)-before-missed)
	}
	if err := w.SetTrigger(f, "tr_none", true); !errors.Is(err, world.ErrNoTrigger) {
		t.Errorf("unknown trigger: %v", err)
	}
}

func advance(tb testing.TB, w *world.World, d time.Duration) {
	tb.Helper()
	if err := w.Advance(d); err != nil {
		tb.Fatal(err)
	}
}
