package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"andon/internal/adf"
	"andon/internal/store"
)

// lateness: only rows that are new within what was covered are late.
func (x suite) lateness(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f, other := putFactory(t, s, "adf"), putFactory(t, s, "other")
	page := func(covered *store.Window, rows ...row) store.Changes {
		t.Helper()
		p := store.Page{Factory: f.Key, Origin: store.OriginAzure, Covered: covered}
		for _, r := range rows {
			p.Runs = append(p.Runs, r.run())
		}
		c, err := s.WriteRuns(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	at := func(minute float64) adf.Time { return hour(minute / 60) }
	run := func(n int, status string, updated adf.Time) row {
		return row{ID: guid(n), Pipeline: "p", Status: status, Start: at(0), Updated: updated}
	}
	page(nil, run(1, "InProgress", at(0)), run(2, "Succeeded", at(50)))
	covered := &store.Window{From: at(0), To: at(60)}
	got := page(
		covered,
		run(2, "Succeeded", at(50)),    // known
		run(1, "Succeeded", at(59.5)),  // its end is 30 s late
		run(3, "InProgress", at(59)),   // a minute late
		run(4, "Failed", at(30)),       // half an hour
		run(5, "Failed", at(60)),       // in time
		run(6, "Succeeded", at(60.25)), // in time
		run(7, "Succeeded", at(-1)),    // of a time that was not covered
	)
	want := store.Changes{Inserted: 5, Updated: 1, Unchanged: 1, LateInserted: 2, LateUpdated: 1}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if again := page(covered, run(4, "Failed", at(30))); again.LateInserted+again.LateUpdated != 0 {
		t.Errorf("the same row again: %+v", again)
	}
	histogram, err := s.Lateness(t.Context(), f.Key, adf.TimeOf(clock()).Add(-24*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]store.Late{{32 * time.Second, 1}, {64 * time.Second, 1}, {2048 * time.Second, 1}}, histogram); diff != "" {
		t.Errorf("histogram (-want +got):\n%s", diff)
	}
	for what, since := range map[store.FactoryKey]adf.Time{f.Key: adf.TimeOf(clock()).Add(24 * time.Hour), other.Key: 0} {
		if histogram, err := s.Lateness(t.Context(), what, since); err != nil || len(histogram) > 0 {
			t.Errorf("factory %d since %s: %v %v", what, since, histogram, err)
		}
	}
}

func (x suite) usage(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	news, list := store.UsageKey{Factory: f.Key, Source: "contoso", Purpose: "news"}, store.UsageKey{Source: "contoso", Purpose: "discovery"}
	for _, used := range []map[store.UsageKey]store.Usage{
		nil, {news: {Requests: 2, Records: 130, Throttled: 1}}, {news: {Requests: 1, Records: 1, Failed: 1}, list: {Requests: 1}},
	} {
		if err := s.AddUsage(t.Context(), used); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.UsageSince(t.Context(), adf.TimeOf(clock()).Add(-time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	want := map[store.UsageKey]store.Usage{news: {Requests: 3, Records: 131, Throttled: 1, Failed: 1}, list: {Requests: 1}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("usage (-want +got):\n%s", diff)
	}
	if later, err := s.UsageSince(t.Context(), adf.TimeOf(clock()).Add(time.Hour)); err != nil || len(later) > 0 {
		t.Errorf("an hour later: %v %v", later, err)
	}
}

func (x suite) sweeps(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	sweep := func(ended adf.Time) store.Sweep {
		return store.Sweep{
			Kind: store.SweepHour, Window: store.Window{From: ended.Add(-24 * time.Hour), To: ended}, Began: ended.Add(-time.Second), Ended: ended,
			Rows: 240, Missed: 2, Outdated: 1, Whole: true,
		}
	}
	all := []store.Sweep{sweep(hour(-500 * 24)), sweep(hour(1)), sweep(hour(2)), sweep(hour(3))}
	all[3].Kind, all[3].Whole = store.SweepAsked, false
	for _, sw := range all {
		if err := s.AddSweep(t.Context(), f.Key, sw); err != nil {
			t.Fatal(err)
		}
	}
	corrected, err := s.CorrectedSince(t.Context(), hour(2))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[store.FactoryKey]store.Corrected{f.Key: {Sweeps: 2, Missed: 4, Outdated: 2, Last: hour(3)}}, corrected); diff != "" {
		t.Errorf("corrected (-want +got):\n%s", diff)
	}
	for _, c := range []struct {
		since adf.Time
		limit int
		want  []store.Sweep
	}{
		{0, 10, []store.Sweep{all[3], all[2], all[1]}}, // the first one is older than what is kept
		{hour(2), 10, []store.Sweep{all[3], all[2]}},
		{0, 1, all[3:]},
	} {
		got, err := s.Sweeps(t.Context(), f.Key, c.since, c.limit)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("since %s, %d (-want +got):\n%s", c.since, c.limit, diff)
		}
	}
}

// fill: what the collector says of the first reading stays until it says more.
func (x suite) fill(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	left := int64(1200)
	fill := &store.Fill{Reason: "", RecordsRead: 300, RecordsLeft: &left, Ceiling: 5000}
	for _, state := range []store.FactoryState{{State: store.StateFilling, Fill: fill}, {State: store.StateStale}} {
		if err := s.SetFactoryState(t.Context(), f.Key, state); err != nil {
			t.Fatal(err)
		}
		got, err := s.Factory(t.Context(), f.Short)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(fill, got.Fill); diff != "" || got.State != state.State {
			t.Errorf("%s (-want +got):\n%s", got.State, diff)
		}
	}
}

func (x suite) usual(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	usual := func(pipeline string) time.Duration {
		t.Helper()
		page, err := s.Runs(t.Context(), store.RunQuery{RunFilter: store.RunFilter{Pipelines: []string{pipeline}}, Limit: 1})
		if err != nil || len(page.Runs) != 1 {
			t.Fatal(page, err)
		}
		d, err := s.UsualDuration(t.Context(), page.Runs[0].Key)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for i, ms := range []int64{1000, 3000, 2000, 9_000_000, 4000} {
		write(t, s, f, row{ID: guid(i), Pipeline: "p", Status: "Succeeded", Start: hour(float64(i)), Ms: ms})
	}
	write(
		t, s, f, row{ID: guid(20), Pipeline: "p", Status: "Failed", Start: hour(9), Ms: 1}, row{ID: guid(21), Pipeline: "p", Status: "InProgress", Start: hour(10)},
		row{ID: guid(22), Pipeline: "rare", Status: "Succeeded", Start: hour(1), Ms: 5000},
	)
	if got := usual("p"); got != 3*time.Second {
		t.Errorf("usually %s, want the median of the successes, 3 s", got)
	}
	if got := usual("rare"); got != 0 {
		t.Errorf("one run makes %s usual", got)
	}
}

func (x suite) lags(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f, other := putFactory(t, s, "adf"), putFactory(t, s, "other")
	poll := func(f store.Place, at float64) {
		t.Helper()
		w := store.Window{From: hour(at - 0.1), To: hour(at)}
		if _, err := s.WriteRuns(t.Context(), store.Page{Factory: f.Key, Completes: &w, AsOf: w.To}); err != nil {
			t.Fatal(err)
		}
	}
	poll(other, 100)
	poll(f, 0) // the first one was not late: nothing was promised
	for _, at := range []float64{0.01, 0.1, 0.11, 0.05, 0.3, 2, 2.01} {
		poll(f, at)
	}
	got, err := s.Lags(t.Context(), hour(0))
	if err != nil {
		t.Fatal(err)
	}
	want := map[store.FactoryKey][]store.Lag{f.Key: {
		{hour(0), 324 * time.Second}, {hour(0.25), 684 * time.Second}, {hour(2), 6120 * time.Second},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lags (-want +got):\n%s", diff)
	}
	poll(f, 9*24) // what is over a week old is forgotten
	if got, err := s.Lags(t.Context(), hour(0)); err != nil || len(got[f.Key]) != 1 {
		t.Errorf("nine days later: %v %v", got, err)
	}
}
