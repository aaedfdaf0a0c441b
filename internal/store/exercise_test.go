package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"andon/internal/adf"
	"andon/internal/store"
)

// opener opens a new, empty store.
type opener func(testing.TB) *store.Store

// TestSQLite runs the suite that every database has to pass.
func TestSQLite(t *testing.T) {
	t.Parallel()
	exercise(t, openStore)
}

// suite holds the tests that every database has to pass.
type suite struct{ open opener }

func exercise(t *testing.T, open opener) {
	t.Helper()
	x := suite{open}
	t.Run("agrees with a plain model", x.model)
	t.Run("a run is read back as ADF sent it", x.exact)
	t.Run("short ids are unique and stable", x.shortIDs)
	t.Run("coverage merges windows", x.coverage)
	t.Run("a window counts with its last page", x.window)
	t.Run("activities are read once per finished run", x.activities)
	t.Run("activities read early are offered again", x.earlyActivities)
	t.Run("activities read by a clock ahead are replaced", x.activitiesOfAClockAhead)
	t.Run("activities that no policy keeps are not offered", x.skippedActivities)
	t.Run("an end without a time is the newest", x.undatedEnd)
	t.Run("an end is not held back by an update that lay ahead", x.updateAhead)
	t.Run("an imported run becomes Azure's", x.imported)
	t.Run("an imported failure counts once Azure shows it", x.importedFailure)
	t.Run("logs never overrule the API", x.logsAndAnswers)
	t.Run("an undone import leaves nothing", x.undoneExactly)
	t.Run("an import is undone once", x.undoneTwice)
	t.Run("an undone success leaves a failure open", x.undoneSuccess)
	t.Run("a rehearsed import stores nothing", x.rehearsed)
	t.Run("activities of logs are shown until Azure gives them", x.importedActivities)
	t.Run("activities of logs come in any order", x.importedActivitiesInAnyOrder)
	t.Run("a rehearsed import of activities stores nothing", x.rehearsedActivities)
	t.Run("activities of logs can be rewritten", x.importedActivitiesAreRewritten)
	t.Run("imported activities are rewritten in pages", x.importedActivitiesAreRewrittenInPages)
	t.Run("trigger runs of logs are shown until Azure shows them", x.importedTriggerRuns)
	t.Run("a factory of imported trigger runs goes with them", x.importedTriggerRunsOfAFactory)
	t.Run("a forgotten run is not asked for again", x.gone)
	t.Run("a run that was updated ahead is forgotten too", x.goneAhead)
	t.Run("a run has its surroundings", x.surroundings)
	t.Run("a run of another time has its surroundings", x.surroundingsOfOddTimes)
	t.Run("a run says how it is compared and what became of it", x.explained)
	t.Run("an unfinished run that would recover a failed one is named", x.running)
	t.Run("failed runs are announced with the run that would recover them", x.runningAnnounced)
	t.Run("a forgotten run would recover nothing", x.runningForgotten)
	t.Run("one run announces so many failed runs", x.runningBounded)
	t.Run("changes show what a list shows", x.followed)
	t.Run("recovery does not depend on the order of arrival", x.anyOrder)
	t.Run("the overview counts what is there", x.overview)
	t.Run("coverage marks the timeline", x.timelineCoverage)
	t.Run("bad arguments are refused", x.invalid)
	t.Run("cursors stay right while runs arrive", x.cursorWhileWriting)
	t.Run("collectors may write at once", x.concurrentWriters)
	t.Run("a bad page does not spoil those beside it", x.groupCommitIsolation)
	t.Run("changes are delivered after their commit", x.changes)
	t.Run("a late subscriber catches up or gets a gap", x.lateSubscriber)
	t.Run("a check after searches finds nothing", x.checkAfterSearch)
	t.Run("rebuilt roll-ups are the same", x.rebuild)
	t.Run("factories and sources keep what was said", x.states)
	t.Run("late rows are counted", x.lateness)
	t.Run("usage is summed by the hour", x.usage)
	t.Run("sweeps are remembered", x.sweeps)
	t.Run("the usual duration is the median of successes", x.usual)
	t.Run("lags are the worst of their slot", x.lags)
	t.Run("the fill keeps what was said", x.fill)
	t.Run("unknown statuses are counted in their own word", x.unknownStatus)
	t.Run("times that can't be disturb nothing", x.impossible)
	t.Run("what started a run has a name or none", x.invokers)
	exerciseAround(t, x)
	exerciseProblems(t, x)
}

// ctxOf is the context of a property test.
func ctxOf(t *rapid.T) context.Context { return t.Context() }

func bucketsOf() []time.Duration {
	return []time.Duration{5 * time.Minute, 15 * time.Minute, time.Hour, 24 * time.Hour, 7 * 24 * time.Hour}
}

func (x suite) exact(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	r := row{ID: "ABCDEF01-0000-4000-8000-00000000000F", Pipeline: "Ünïcode", Status: "Failed", Start: hour(1) + 1, Ms: 1 << 32, Message: "", Extra: map[string]any{
		"parameters": map[string]any{"a": []int{1}, "b": nil}, "pipelineReturnValue": nil, "id": nil, "runGroupId": nil, "annotations": []any{"x", 1, nil}, "later": "field",
	}}
	write(t, s, f, r)
	want := r.run()
	got, err := s.Run(t.Context(), "adf", "abcdef01-0000-4000-8000-00000000000f")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got.PipelineRun); diff != "" {
		t.Errorf("-sent +read\n%s", diff)
	}
	if string(got.Raw) != string(r.json()) {
		t.Errorf("raw: %s", got.Raw)
	}
}

func (x suite) shortIDs(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	put := func(id, name string) store.Place {
		p, err := s.PutFactory(t.Context(), adf.Factory{ID: adf.FactoryID(id), Name: name}, "")
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	a := put("/subscriptions/1/resourceGroups/g/providers/Microsoft.DataFactory/factories/ADF-Sales", "ADF-Sales")
	b := put("/subscriptions/2/resourceGroups/g/providers/Microsoft.DataFactory/factories/adf-sales", "adf-sales")
	again := put("/SUBSCRIPTIONS/1/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.DATAFACTORY/FACTORIES/ADF-SALES", "ADF-Sales")
	if a.Short != "adf-sales" || again.Key != a.Key || again.Short != a.Short || b.Key == a.Key {
		t.Errorf("%+v %+v %+v", a, again, b)
	}
	if len(b.Short) != len("adf-sales-0000") || b.Short[:10] != "adf-sales-" {
		t.Errorf("second short id: %s", b.Short)
	}
	places, err := s.Places(t.Context())
	if err != nil || len(places) != 2 {
		t.Errorf("%v %v", places, err)
	}
}

// coverage merges random windows and compares with marked hours.
func (x suite) coverage(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		f, err := s.PutFactory(t.Context(), adf.Factory{ID: adf.FactoryID(fmt.Sprintf("%sc%d", testFactory, n))}, "")
		if err != nil {
			t.Fatal(err)
		}
		var marked [40]bool // second i to i+1, closed
		for range rapid.IntRange(1, 8).Draw(t, "windows") {
			from := rapid.IntRange(0, 38).Draw(t, "from")
			to := rapid.IntRange(from+1, 39).Draw(t, "to")
			for i := from; i < to; i++ {
				marked[i] = true
			}
			w := store.Window{From: day0 + adf.Time(from), To: day0 + adf.Time(to)}
			if _, err := s.WriteRuns(t.Context(), store.Page{Factory: f.Key, Completes: &w}); err != nil {
				t.Fatal(err)
			}
		}
		var want []store.Window
		for i := 0; i < len(marked); i++ {
			from := i
			for i < len(marked) && marked[i] {
				i++
			}
			if i == from {
				continue
			}
			w := store.Window{From: day0 + adf.Time(from), To: day0 + adf.Time(i)}
			// Ticks are whole: windows a tick apart have nothing between them.
			if last := len(want) - 1; last >= 0 && want[last].To+1 >= w.From {
				want[last].To = w.To
			} else {
				want = append(want, w)
			}
		}
		got, err := s.Coverage(t.Context(), f.Key)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func (x suite) window(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	page := store.Page{Factory: f.Key, Runs: []adf.PipelineRun{row{ID: guid(1), Pipeline: "p", Status: "Succeeded", Start: hour(1)}.run()}, AsOf: hour(5)}
	check := func(want adf.Time, windows int) {
		t.Helper()
		at, err := s.Watermark(t.Context(), f.Key)
		if err != nil || at != want {
			t.Errorf("watermark %s, want %s, %v", at, want, err)
		}
		c, err := s.Coverage(t.Context(), f.Key)
		if err != nil || len(c) != windows {
			t.Errorf("%d windows, want %d, %v", len(c), windows, err)
		}
	}
	for _, step := range []struct {
		completes *store.Window
		asOf      adf.Time
		want      adf.Time
		windows   int
	}{
		{nil, hour(5), 0, 0},
		{&store.Window{From: hour(0), To: hour(5)}, hour(5), hour(5), 1},
		{&store.Window{From: hour(-9), To: hour(-5)}, 0, hour(5), 2},
		{&store.Window{From: hour(-5), To: hour(1)}, hour(1), hour(5), 1},
	} {
		page.Completes, page.AsOf = step.completes, step.asOf
		if _, err := s.WriteRuns(t.Context(), page); err != nil {
			t.Fatal(err)
		}
		check(step.want, step.windows)
	}
	if err := s.SetFactoryState(t.Context(), f.Key, store.FactoryState{State: store.StateFilling, WantedFrom: hour(-19)}); err != nil {
		t.Fatal(err)
	}
	got, err := s.Factory(t.Context(), "adf")
	if err != nil {
		t.Fatal(err)
	}
	share := 14.0 / 24
	want := store.Coverage{From: hour(-9), To: hour(5), Gaps: []store.Window{{From: hour(-19), To: hour(-9)}}, ActivitiesPending: 1, WantedFrom: hour(-19), DoneShare: &share}
	if diff := cmp.Diff(want, got.Coverage, cmpopts.EquateApprox(0, 1e-9)); diff != "" {
		t.Error(diff)
	}
}

func activityRow(n int, start adf.Time) adf.ActivityRun {
	raw := fmt.Appendf(nil, `{"activityName":"a%d","activityRunId":"%s","activityRunStart":"%s","status":"Succeeded","output":{"rowsCopied":%d}}`, n, guid(n), start, n)
	a, err := adf.DecodeActivityRun(raw)
	if err != nil {
		panic(err)
	}
	return a
}

func (x suite) activities(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	write(t, s, f,
		row{ID: guid(1), Pipeline: "p", Status: "Succeeded", Start: hour(1), Ms: 1},
		row{ID: guid(2), Pipeline: "p", Status: "Failed", Start: hour(2), Ms: 1},
		row{ID: guid(3), Pipeline: "p", Status: "Cancelled", Start: hour(3), Ms: 1},
		row{ID: guid(4), Pipeline: "p", Status: "InProgress", Start: hour(4)},
		row{ID: guid(5), Pipeline: "p", Status: "Failed", Start: hour(5), Ms: 1},
	)
	unread := func(want ...int) {
		t.Helper()
		refs, err := s.RunsWithoutActivities(t.Context(), f.Key, store.Window{}, 10)
		if err != nil {
			t.Fatal(err)
		}
		got, wantIDs := []string{}, []string{}
		for _, r := range refs {
			got = append(got, r.RunID)
		}
		for _, n := range want {
			wantIDs = append(wantIDs, guid(n))
		}
		if diff := cmp.Diff(wantIDs, got); diff != "" {
			t.Errorf("to be read: %s", diff)
		}
	}
	put := func(n int, complete bool, at adf.Time, rows ...adf.ActivityRun) {
		t.Helper()
		if err := s.WriteActivities(t.Context(), f.Key, guid(n), rows, complete, at); err != nil {
			t.Fatal(err)
		}
	}
	unread(5, 2, 3, 1)
	put(4, false, hour(5), activityRow(1, hour(4)))
	put(5, true, hour(6), activityRow(2, hour(6)), activityRow(1, hour(5)), activityRow(3, 0))
	put(5, false, hour(7), activityRow(9, hour(6)))
	put(1, true, hour(6))
	put(1, true, hour(5), activityRow(9, hour(6)))
	for range store.MaxActivityMisses {
		if err := s.MissActivities(t.Context(), f.Key, guid(3)); err != nil {
			t.Fatal(err)
		}
	}
	unread(2)
	write(t, s, f, row{ID: guid(4), Pipeline: "p", Status: "Succeeded", Start: hour(4), Ms: 7_200_000})
	unread(2, 4)
	for n, want := range map[int]store.Activities{
		5: {Rows: []adf.ActivityRun{activityRow(1, hour(5)), activityRow(2, hour(6)), activityRow(3, 0)}, State: store.ActivitiesComplete, AsOf: hour(6), Origin: store.OriginAzure},
		4: {Rows: []adf.ActivityRun{activityRow(1, hour(4))}, State: store.ActivitiesPartial, AsOf: hour(5), Origin: store.OriginAzure},
		2: {State: store.ActivitiesNone, Origin: store.OriginAzure},
		1: {State: store.ActivitiesComplete, AsOf: hour(6), Origin: store.OriginAzure},
	} {
		got, err := s.Activities(t.Context(), "", guid(n))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("activities of run %d: %s", n, diff)
		}
	}
}

func (x suite) imported(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	r := row{ID: guid(1), Pipeline: "p", Status: "Succeeded", Start: hour(1), Ms: 1}
	page := store.Page{Factory: f.Key, Runs: []adf.PipelineRun{r.run()}, Origin: store.OriginFile}
	for _, step := range []struct {
		origin store.Origin
		want   store.Origin
		unread int
	}{{store.OriginFile, store.OriginFile, 0}, {store.OriginAzure, store.OriginAzure, 1}, {store.OriginFile, store.OriginAzure, 1}} {
		page.Origin = step.origin
		if _, err := s.WriteRuns(t.Context(), page); err != nil {
			t.Fatal(err)
		}
		refs, err := s.RunsWithoutActivities(t.Context(), f.Key, store.Window{}, 10)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Run(t.Context(), "", guid(1))
		if err != nil || got.Origin != step.want || len(refs) != step.unread {
			t.Errorf("after %s: origin %s, %d to read, %v", step.origin, got.Origin, len(refs), err)
		}
	}
}

func (x suite) gone(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	write(t, s, f, row{ID: guid(1), Pipeline: "p", Status: "InProgress", Start: hour(1)}, row{ID: guid(2), Pipeline: "p", Status: "Queued", Start: hour(2), Extra: map[string]any{"runStart": nil}})
	openRuns := func() []store.RunRef {
		refs, err := s.OpenRuns(t.Context(), f.Key)
		if err != nil {
			t.Fatal(err)
		}
		for i := range refs {
			refs[i].Key = 0
		}
		return refs
	}
	want := []store.RunRef{
		{RunID: guid(1), PipelineName: "p", RunStart: hour(1), LastUpdated: hour(1), Status: adf.StatusInProgress, Activities: store.ActivitiesNone},
		{RunID: guid(2), PipelineName: "p", LastUpdated: hour(2), Status: adf.StatusQueued, Activities: store.ActivitiesNone},
	}
	if diff := cmp.Diff(want, openRuns()); diff != "" {
		t.Error(diff)
	}
	if err := s.MarkGone(t.Context(), f.Key, guid(1), hour(9)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want[1:], openRuns()); diff != "" {
		t.Error(diff)
	}
	write(t, s, f, row{ID: guid(1), Pipeline: "p", Status: "InProgress", Start: hour(1), Updated: hour(10)})
	// It turned up after ADF had said it was gone.
	if err := s.MarkGone(t.Context(), f.Key, guid(1), hour(9)); err != nil {
		t.Fatal(err)
	}
	if got := openRuns(); len(got) != 2 {
		t.Errorf("open: %v", got)
	}
}

func (x suite) surroundings(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f, other := putFactory(t, s, "adf"), putFactory(t, s, "other")
	write(t, s, f,
		row{ID: guid(2), Pipeline: "p", Status: "Failed", Start: hour(2), Ms: 3_600_000},
		row{ID: guid(1), Pipeline: "p", Status: "Succeeded", Start: hour(1)},
		row{ID: guid(3), Pipeline: "p", Status: "Succeeded", Start: hour(3), Group: guid(2)},
		row{ID: guid(4), Pipeline: "child", Status: "Succeeded", Start: hour(2.5), Parent: guid(2)},
		row{ID: guid(5), Pipeline: "child", Status: "Failed", Start: hour(2.2), Parent: guid(2)},
	)
	write(t, s, other, row{ID: guid(2), Pipeline: "q", Status: "Succeeded", Start: hour(1.5)}, row{ID: guid(6), Pipeline: "q", Status: "Succeeded", Start: hour(2.5), Parent: guid(2)})
	d, err := s.Run(t.Context(), "", guid(2))
	if err != nil {
		t.Fatal(err)
	}
	if d.Place != f || d.Latest || d.Recovery.State != store.Recovered || d.Recovery.Rule != "rerun" || d.Recovery.By.RunID != guid(3) || d.Recovery.By.RunEnd != hour(3) || d.GroupSize != 2 || d.ChildCount != 2 || d.PreviousRunID != guid(1) || d.NextRunID != guid(3) {
		t.Errorf("%+v", d)
	}
	if diff := cmp.Diff([]store.Elsewhere{{Place: other, RunStart: hour(1.5)}}, d.AlsoIn); diff != "" {
		t.Error(diff)
	}
	if d, err := s.Run(t.Context(), "other", guid(2)); err != nil || d.Place != other || d.ChildCount != 1 || d.PreviousRunID != "" {
		t.Errorf("%+v %v", d, err)
	}
	group, err := s.Group(t.Context(), "", guid(3))
	if diff := cmp.Diff([]string{guid(2), guid(3)}, ids(group)); diff != "" || err != nil {
		t.Error(diff, err)
	}
	children, err := s.Children(t.Context(), "adf", guid(2))
	if diff := cmp.Diff([]string{guid(5), guid(4)}, ids(children)); diff != "" || err != nil {
		t.Error(diff, err)
	}
	_, err = s.Run(t.Context(), "", guid(77))
	if want := "no run " + guid(77) + " here: history reaches back to 2026-10-01T01:00:00Z"; err == nil || err.Error() != want {
		t.Errorf("\ngot:  %v\nwant: %s", err, want)
	}
}

func (x suite) overview(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f, other := putFactory(t, s, "adf"), putFactory(t, s, "other")
	write(t, s, f,
		row{ID: guid(1), Pipeline: "load", Status: "Failed", Start: hour(-3), Ms: 1, Message: "a"},
		row{ID: guid(2), Pipeline: "load", Status: "Failed", Start: hour(2), Ms: 1, Message: "b"},
		row{ID: guid(3), Pipeline: "flaky", Status: "Failed", Start: hour(3), Ms: 1, Message: "c"},
		row{ID: guid(4), Pipeline: "flaky", Status: "Succeeded", Start: hour(4), Ms: 1},
		row{ID: guid(5), Pipeline: "good", Status: "Succeeded", Start: hour(5), Ms: 1},
		row{ID: guid(6), Pipeline: "good", Status: "InProgress", Start: hour(-50)},
	)
	write(t, s, other, row{ID: guid(7), Pipeline: "load", Status: "Queued", Start: hour(7)}, row{ID: guid(8), Pipeline: "load", Status: "Failed", Start: hour(8), Ms: 1})
	o, err := s.Overview(t.Context(), store.OverviewQuery{From: hour(0), To: hour(24), Factories: []string{"adf"}, OlderAfter: 100 * 24 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	half := 0.5
	if diff := cmp.Diff(store.Period{From: hour(0), To: hour(24), Counts: map[adf.Status]int64{"Failed": 2, "Succeeded": 2}, SuccessRate: &half}, o.Period); diff != "" {
		t.Error(diff)
	}
	if o.Previous.Counts != nil || o.Previous.Reason == "" {
		t.Errorf("the period before is not covered: %+v", o.Previous)
	}
	if o.RunningCount != 1 || !slices.Equal(ids(o.Running), []string{guid(6)}) || *o.RecoveredRuns != 1 || *o.NotRedoneRuns != 0 {
		t.Errorf("running %d %v, recovered %d", o.RunningCount, ids(o.Running), *o.RecoveredRuns)
	}
	p := o.Problems
	if p.Pipelines != 1 || p.Runs != 2 || p.Oldest != hour(-3) || p.Before != 1 || len(p.Items) != 1 || p.Items[0].Last.RunID != guid(2) || p.Items[0].Runs != 2 || p.Items[0].Spark[2] != 1 {
		t.Errorf("%+v", p)
	}
	if !slices.Equal(ids(o.NewestFailure), []string{guid(3), guid(2)}) {
		t.Errorf("newest failures %v", ids(o.NewestFailure))
	}
	if len(o.Worst) != 2 || o.Worst[0].PipelineName != "load" || o.Worst[0].Runs != 1 || o.Worst[0].Open != 1 || len(o.Worst[0].Strip) != 2 || o.Worst[1].PipelineName != "flaky" || *o.Worst[1].SuccessRate != 0.5 {
		t.Errorf("%+v", o.Worst)
	}
	all, err := s.Overview(t.Context(), store.OverviewQuery{From: hour(0), To: hour(24), OlderAfter: 100 * 24 * time.Hour})
	if err != nil || all.RunningCount != 2 || all.Problems.Pipelines != 2 || all.Problems.Items[0].Place != other {
		t.Errorf("%+v %v", all.Problems, err)
	}
}

func (x suite) timelineCoverage(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	_, err := s.WriteRuns(t.Context(), store.Page{
		Factory: f.Key, Runs: []adf.PipelineRun{row{ID: guid(1), Pipeline: "p", Status: "Succeeded", Start: hour(1)}.run()},
		Completes: &store.Window{From: hour(3), To: hour(6) - 10}, AsOf: hour(6) - 10,
	})
	if err != nil {
		t.Fatal(err)
	}
	tl, err := s.Timeline(t.Context(), store.TimelineQuery{From: hour(0.5), To: hour(8), Bucket: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	var got []store.Covered
	for _, it := range tl.Items {
		got = append(got, it.Covered)
	}
	want := []store.Covered{"no", "partly", "no", "yes", "yes", "yes", "no", "no"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if tl.Items[0].Start != hour(0.5) || tl.Items[0].End != hour(1) || tl.AsOf != hour(6)-10 {
		t.Errorf("%+v %s", tl.Items[0], tl.AsOf)
	}
}

func (x suite) invalid(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	var rows []row
	for i := range 3 {
		rows = append(rows, row{ID: guid(i), Pipeline: "p", Status: "Succeeded", Start: hour(float64(i))})
	}
	write(t, s, f, rows...)
	page, err := s.Runs(t.Context(), store.RunQuery{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	for name, q := range map[string]store.RunQuery{
		`cursor is not one of this list: give nextCursor of the page before, with the same filter and sort`: {Limit: 1, Cursor: page.NextCursor, Sort: store.SortOldest},
		`limit is 1 to 500, not 501`: {Limit: 501},
		`sort "status" is not known; allowed: -runStart, runStart, -durationInMs, durationInMs`: {Sort: "status"},
		`factory "nope" is not known; allowed: adf`:                                             {RunFilter: store.RunFilter{Factories: []string{"nope"}}},
	} {
		if _, err := s.Runs(t.Context(), q); err == nil || err.Error() != name {
			t.Errorf("\ngot:  %v\nwant: %s", err, name)
		}
	}
	for _, cursor := range []string{"x", "AQ", page.NextCursor[:len(page.NextCursor)-2], page.NextCursor + "AA", "!!"} {
		if _, err := s.Runs(t.Context(), store.RunQuery{Limit: 1, Cursor: cursor}); err == nil {
			t.Errorf("cursor %q is taken", cursor)
		}
	}
	_, err = s.Timeline(t.Context(), store.TimelineQuery{From: hour(0), To: hour(24 * 30), Bucket: 5 * time.Minute})
	if want := "bucket gives 8640 buckets, more than 2000; the smallest that fits is 1h"; err == nil || err.Error() != want {
		t.Errorf("\ngot:  %v\nwant: %s", err, want)
	}
}

// cursorWhileWriting pages while other runs arrive, change and move: the
// runs that are left alone appear exactly once.
func (x suite) cursorWhileWriting(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	rnd := rand.New(rand.NewPCG(5, 6))
	f := putFactory(t, s, "adf")
	next := 1000
	still := map[string]bool{}
	for i := range 200 {
		still[guid(i)] = true
		write(t, s, f, row{ID: guid(i), Pipeline: "p", Status: "Succeeded", Start: hour(float64(rnd.IntN(30))), Ms: int64(rnd.IntN(20))})
	}
	for _, by := range []store.Sort{store.SortNewest, store.SortOldest, store.SortLongest, store.SortShortest} {
		got := map[string]int{}
		q := store.RunQuery{Sort: by, Limit: 7}
		for {
			page, err := s.Runs(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, id := range ids(page.Runs) {
				got[id]++
			}
			if page.NextCursor == "" {
				break
			}
			q.Cursor = page.NextCursor
			var rows []row
			for range 5 {
				next++
				rows = append(rows, row{ID: guid(1000 + rnd.IntN(next-999)), Pipeline: "p", Status: "Succeeded", Start: hour(float64(rnd.IntN(30))), Updated: hour(float64(next)), Ms: int64(rnd.IntN(20))})
			}
			write(t, s, f, rows...)
		}
		for id := range still {
			if got[id] != 1 {
				t.Errorf("%s: %s appears %d times", by, id, got[id])
			}
		}
	}
}

func (x suite) concurrentWriters(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	var wg sync.WaitGroup
	for i := range 8 {
		f := putFactory(t, s, fmt.Sprintf("adf-%d", i))
		wg.Go(func() {
			for n := range 10 {
				p := store.Page{Factory: f.Key, Origin: store.OriginAzure}
				for k := range 20 {
					p.Runs = append(p.Runs, row{ID: guid(n*15 + k), Pipeline: fmt.Sprint("p", k%3), Status: []string{"Succeeded", "Failed"}[k%2], Start: hour(float64(n*15 + k)), Message: "m"}.run())
				}
				if _, err := s.WriteRuns(context.Background(), p); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	factories, err := s.Factories(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range factories {
		if f.Runs != 155 {
			t.Errorf("%s has %d runs, want 155", f.Short, f.Runs)
		}
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}
