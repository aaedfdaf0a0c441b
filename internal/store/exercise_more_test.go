package store_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"andon/internal/adf"
	"andon/internal/store"
)

// nextChange waits for a change.
func nextChange(t *testing.T, sub *store.Subscription) store.Change {
	t.Helper()
	select {
	case c, ok := <-sub.C():
		if !ok {
			t.Fatal("the subscription ended")
		}
		return c
	case <-time.After(10 * time.Second):
		t.Fatal("no change came")
	}
	return store.Change{}
}

func (x suite) changes(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	sub := s.Subscribe(0)
	defer sub.Close()
	write(t, s, f, row{ID: guid(1), Pipeline: "p", Status: "Failed", Start: hour(1), Ms: 1})
	c := nextChange(t, sub)
	runs, err := s.RunsByKey(t.Context(), c.Runs)
	if err != nil || c.Kind != store.ChangeRun || c.Factory != f || !slices.Equal(ids(runs), []string{guid(1)}) || runs[0].Recovery.State != store.RecoveryOpen {
		t.Errorf("%+v %v", c, err)
	}
	// The failure that a success heals has changed too.
	write(t, s, f, row{ID: guid(2), Pipeline: "p", Status: "Succeeded", Start: hour(2), Ms: 1})
	recovered := nextChange(t, sub)
	runs, err = s.RunsByKey(t.Context(), recovered.Runs)
	if err != nil || !slices.Equal(ids(runs), []string{guid(2), guid(1)}) || runs[1].Recovery.State != store.Recovered || recovered.Seq != c.Seq+1 {
		t.Errorf("%+v %v", recovered, err)
	}
	// A page that changes nothing is silent; the end of a window is news.
	write(t, s, f, row{ID: guid(2), Pipeline: "p", Status: "Succeeded", Start: hour(2), Ms: 1})
	if _, err := s.WriteRuns(t.Context(), store.Page{Factory: f.Key, Completes: &store.Window{From: hour(0), To: hour(3)}, AsOf: hour(3)}); err != nil {
		t.Fatal(err)
	}
	if c := nextChange(t, sub); c.Kind != store.ChangeFreshness || c.Factory != f {
		t.Errorf("%+v", c)
	}
}

func (x suite) lateSubscriber(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	state := func(n int) {
		for range n {
			if err := s.SetFactoryState(t.Context(), f.Key, store.FactoryState{State: store.StateFresh}); err != nil {
				t.Fatal(err)
			}
		}
	}
	state(5)
	sub := s.Subscribe(2)
	defer sub.Close()
	for want := uint64(3); want <= 6; want++ { // the factory itself was the first change
		if c := nextChange(t, sub); c.Seq != want || c.Kind != store.ChangeFreshness {
			t.Errorf("got %+v, want %d", c, want)
		}
	}
	unknown := s.Subscribe(1_000_000)
	defer unknown.Close()
	if c := nextChange(t, unknown); c.Kind != store.ChangeGap || c.Seq != 6 {
		t.Errorf("%+v", c)
	}
	// A subscriber that doesn't read holds up nobody, and is told what it missed.
	state(600)
	last := uint64(0)
	gap := false
	for last < 606 {
		c := nextChange(t, sub)
		gap = gap || c.Kind == store.ChangeGap
		last = c.Seq
	}
	if !gap {
		t.Error("600 changes waited for a slow subscriber")
	}
}

func (x suite) rebuild(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	var rows []row
	for i := range 60 {
		rows = append(rows, row{ID: guid(i), Pipeline: fmt.Sprint("p", i%3), Status: []string{"Succeeded", "Failed", "Paused", "Queued"}[i%4], Start: hour(float64(i * 20))})
	}
	// Before 1970, units of time have to be divided downwards.
	rows = append(rows, row{ID: guid(99), Pipeline: "p0", Status: "Failed", Start: adf.TimeOf(time.Date(1969, 12, 31, 23, 59, 59, 5e8, time.UTC))})
	write(t, s, f, rows...)
	before, err := s.Factories(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Rebuild(t.Context()); err != nil {
		t.Fatal(err)
	}
	after, err := s.Factories(t.Context())
	if diff := cmp.Diff(before, after); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func (x suite) states(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	trouble := store.Trouble{Kind: "forbidden", What: "Azure refuses.", Where: "queryPipelineRuns", Advice: "Grant it.", Command: "az role assignment create", At: hour(1)}
	if err := s.SetFactoryState(t.Context(), f.Key, store.FactoryState{State: store.StateRefused, WantedFrom: hour(0), Trouble: &trouble}); err != nil {
		t.Fatal(err)
	}
	got, err := s.Factory(t.Context(), "adf")
	if diff := cmp.Diff(&trouble, got.LastError); diff != "" || err != nil || got.State != store.StateRefused {
		t.Error(diff, err, got.State)
	}
	if err := s.SetFactoryState(t.Context(), f.Key, store.FactoryState{State: store.StateFresh}); err != nil {
		t.Fatal(err)
	}
	if got, err = s.Factory(t.Context(), "adf"); err != nil || got.LastError != nil || got.Coverage.WantedFrom != hour(0) {
		t.Errorf("%+v %v", got, err)
	}
	n := 3
	want := []store.SourceState{{Source: "main", State: "ok", At: hour(2), Subscriptions: &n}, {Source: "other", State: "error", What: "w", Advice: "a", Command: "c", At: hour(1)}}
	for _, st := range want {
		if err := s.SetSourceState(t.Context(), st); err != nil {
			t.Fatal(err)
		}
	}
	sources, err := s.Sources(t.Context())
	if diff := cmp.Diff(want, sources); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if _, err := s.Factory(t.Context(), "nope"); err == nil {
		t.Error("an unknown factory was found")
	}
}

func (x suite) unknownStatus(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	write(t, s, f,
		row{ID: guid(1), Pipeline: "p", Status: "Paused", Start: hour(1)}, row{ID: guid(2), Pipeline: "p", Status: "Paused", Start: hour(30)},
		row{ID: guid(3), Pipeline: "p", Status: "Frozen", Start: hour(2)}, row{ID: guid(4), Pipeline: "p", Status: "Succeeded", Start: hour(3)})
	got, err := s.Factory(t.Context(), "adf")
	if diff := cmp.Diff(map[adf.Status]int64{"Paused": 2, "Frozen": 1, "Succeeded": 1}, got.Counts); diff != "" || err != nil {
		t.Error(diff, err)
	}
	statuses, err := s.Statuses(t.Context())
	if diff := cmp.Diff(append(adf.KnownStatuses(), "Paused", "Frozen"), statuses); diff != "" || err != nil {
		t.Error(diff, err)
	}
	tl, err := s.Timeline(t.Context(), store.TimelineQuery{From: hour(0), To: hour(48), Bucket: 24 * time.Hour})
	if err != nil || tl.Items[0].Counts["Frozen"] != 1 || tl.Items[1].Counts["Paused"] != 1 {
		t.Errorf("%+v %v", tl.Items, err)
	}
}

// checkAfterSearch has connections that searched before much was written: the
// check must not take their picture of the text index for the store's.
func (x suite) checkAfterSearch(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	for round := range 8 {
		if _, err := s.Runs(t.Context(), store.RunQuery{RunFilter: store.RunFilter{Q: "host"}}); err != nil {
			t.Fatal(err)
		}
		for n := range 20 {
			write(t, s, f, row{ID: guid(n), Pipeline: "p", Status: "Failed", Start: hour(float64(n)), Updated: hour(float64(100 + round)), Message: fmt.Sprint("host ", round, " word", n)})
		}
		if err := s.Check(t.Context()); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
	}
}

// offered returns the runs whose activities are to be read, of those that did
// not end within settling.
func offered(t *testing.T, s *store.Store, f store.Place, settling store.Window) []string {
	t.Helper()
	refs, err := s.RunsWithoutActivities(t.Context(), f.Key, settling, 10)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, r := range refs {
		out = append(out, r.RunID+" "+string(r.Activities))
	}
	return out
}

func (x suite) earlyActivities(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	const minute = 60_000
	write(t, s, f,
		row{ID: guid(1), Pipeline: "p", Status: "Failed", Start: hour(1), Ms: minute},
		row{ID: guid(2), Pipeline: "p", Status: "Succeeded", Start: hour(2), Ms: minute},
		row{ID: guid(3), Pipeline: "p", Status: "Succeeded", Start: hour(400), Ms: minute}, // its end lies far ahead
	)
	put := func(n int, at adf.Time) {
		t.Helper()
		if err := s.WriteActivities(t.Context(), f.Key, guid(n), []adf.ActivityRun{activityRow(1, hour(1))}, true, at); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(settling store.Window, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, offered(t, s, f, settling)); diff != "" {
			t.Errorf("offered: %s", diff)
		}
	}
	end := hour(1).Add(time.Minute)
	put(1, end.Add(store.LateRows-1))
	put(2, hour(2).Add(time.Minute+store.LateRows))
	put(3, hour(3))
	expect(store.Window{}, guid(1)+" complete")
	expect(store.Window{From: end.Add(-time.Minute), To: end.Add(time.Minute)})
	expect(store.Window{From: end.Add(time.Minute), To: end.Add(2 * time.Minute)}, guid(1)+" complete")
	put(1, end.Add(store.LateRows))
	expect(store.Window{})
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// activitiesOfAClockAhead: Azure's clock was an hour ahead when the activities
// of a run were read first. What is read once it is right counts all the same,
// else the run would be offered for an hour.
func (x suite) activitiesOfAClockAhead(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	put := func(n int, complete bool, at adf.Time, rows ...adf.ActivityRun) {
		t.Helper()
		if err := s.WriteActivities(t.Context(), f.Key, guid(n), rows, complete, at); err != nil {
			t.Fatal(err)
		}
	}
	end := hour(1).Add(time.Minute)
	run := func(n int, status string) row {
		return row{ID: guid(n), Pipeline: "p", Status: status, Start: hour(1), Ms: 60_000}
	}
	write(t, s, f, run(1, "InProgress"), run(2, "Succeeded"))
	put(1, false, end.Add(time.Hour))           // partial
	put(2, true, end.Add(time.Minute))          // early
	put(2, true, end, activityRow(1, hour(1)))  // early again, by a clock that was set back
	put(1, false, end, activityRow(9, hour(1))) // older, and not complete either
	write(t, s, f, run(1, "Succeeded"))         // it ends
	put(1, true, end.Add(2*time.Minute), activityRow(1, hour(1)))
	for n, want := range map[int]store.Activities{
		1: {Rows: []adf.ActivityRun{activityRow(1, hour(1))}, State: store.ActivitiesComplete, AsOf: end.Add(2 * time.Minute), Origin: store.OriginAzure},
		2: {Rows: []adf.ActivityRun{activityRow(1, hour(1))}, State: store.ActivitiesComplete, AsOf: end, Origin: store.OriginAzure},
	} {
		got, err := s.Activities(t.Context(), "", guid(n))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("activities of run %d: %s", n, diff)
		}
	}
	if diff := cmp.Diff([]string{guid(2) + " complete"}, offered(t, s, f, store.Window{})); diff != "" {
		t.Errorf("offered: %s", diff)
	}
}

func (x suite) skippedActivities(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	write(t, s, f,
		row{ID: guid(1), Pipeline: "p", Status: "Succeeded", Start: hour(1), Ms: 1},
		row{ID: guid(2), Pipeline: "p", Status: "Succeeded", Start: hour(2), Ms: 1},
		row{ID: guid(3), Pipeline: "p", Status: "InProgress", Start: hour(3)},
	)
	if err := s.WriteActivities(t.Context(), f.Key, guid(2), nil, true, hour(9)); err != nil {
		t.Fatal(err)
	}
	if err := s.SkipActivities(t.Context(), f.Key, []string{guid(1), guid(2), guid(3), guid(4)}); err != nil {
		t.Fatal(err)
	}
	state := func(n int, want store.ActivityState) {
		t.Helper()
		got, err := s.Run(t.Context(), "", guid(n))
		if err != nil || got.Activities != want {
			t.Errorf("run %d is %s, %v; want %s", n, got.Activities, err, want)
		}
	}
	state(1, store.ActivitiesNotKept)
	state(2, store.ActivitiesComplete)
	state(3, store.ActivitiesNone)
	if got := offered(t, s, f, store.Window{}); got != nil {
		t.Errorf("offered are %q", got)
	}
	factories, err := s.Factories(t.Context())
	if err != nil || factories[0].Coverage.ActivitiesPending != 0 {
		t.Errorf("%d are pending, %v", factories[0].Coverage.ActivitiesPending, err)
	}
	// A version of the same kind changes nothing; another end is another run to decide about.
	write(t, s, f, row{ID: guid(1), Pipeline: "p", Status: "Succeeded", Start: hour(1), Ms: 1, Updated: hour(4)})
	state(1, store.ActivitiesNotKept)
	write(t, s, f, row{ID: guid(1), Pipeline: "p", Status: "Failed", Start: hour(1), Ms: 1, Updated: hour(5)})
	state(1, store.ActivitiesNone)
	if diff := cmp.Diff([]string{guid(1) + " none"}, offered(t, s, f, store.Window{})); diff != "" {
		t.Error(diff)
	}
	// A person asked for them all the same.
	if err := s.SkipActivities(t.Context(), f.Key, []string{guid(1)}); err != nil {
		t.Fatal(err)
	}
	if err := s.WriteActivities(t.Context(), f.Key, guid(1), nil, true, hour(9)); err != nil {
		t.Fatal(err)
	}
	state(1, store.ActivitiesComplete)
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func (x suite) groupCommitIsolation(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	var wg sync.WaitGroup
	var mu sync.Mutex
	failed := 0
	for i := range 30 {
		wg.Go(func() {
			p := store.Page{Factory: f.Key, Runs: []adf.PipelineRun{row{ID: guid(i), Pipeline: fmt.Sprint("p", i), Status: "Succeeded", Start: hour(float64(i))}.run()}}
			if i%3 == 0 {
				p.Completes = &store.Window{From: hour(2), To: hour(1)}
			}
			if _, err := s.WriteRuns(context.Background(), p); err != nil {
				mu.Lock()
				failed++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	got, err := s.Factory(t.Context(), "adf")
	if err != nil || failed != 10 || got.Runs != 20 {
		t.Errorf("%d pages failed, %d runs are stored, %v", failed, got.Runs, err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}
