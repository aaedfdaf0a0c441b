package store_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"andon/internal/store"
)

// tumbling is a trigger run of a tumbling window of one hour.
func tumbling(id string, window int, runID string) triggerRow {
	return triggerRow{ID: id, Trigger: "tw", Fired: hour(float64(window)), Runs: map[string]string{"load": runID}, Extra: map[string]any{
		"triggerType": "TumblingWindowTrigger",
		"properties":  map[string]string{"windowStartTime": hour(float64(window)).String(), "windowEndTime": hour(float64(window + 1)).String()},
	}}
}

// runningOf returns the runId of the unfinished run that would recover a failed
// one, "" for none.
func runningOf(t *testing.T, s *store.Store, failed string) string {
	t.Helper()
	d, err := s.Run(t.Context(), "", failed)
	if err != nil {
		t.Fatal(err)
	}
	if d.Recovery == nil || d.Recovery.Running == nil {
		return ""
	}
	return d.Recovery.Running.RunID
}

func orders(date int) map[string]any {
	return map[string]any{"table": "orders", "date": fmt.Sprintf("2026-10-%02d", date)}
}

// running names by each rule the unfinished run that would recover a failed
// run.
func (x suite) running(t *testing.T) {
	t.Parallel()
	failed := row{ID: guid(1), Pipeline: "load", Status: "Failed", Start: hour(1), Ms: 1000, Params: orders(1)}
	unfinished := row{ID: guid(2), Pipeline: "load", Status: "InProgress", Start: hour(2), Params: orders(2)}
	with := func(r row, change func(*row)) row { change(&r); return r }
	parent := func(n int, status string, start float64) row {
		return row{ID: guid(n), Pipeline: "night", Status: status, Start: hour(start), Ms: 2000, Params: map[string]any{"day": "2026-10-01"}}
	}
	below := func(n int) func(*row) { return func(r *row) { r.Parent = guid(n) } }
	for _, tt := range []struct {
		name     string
		rows     []row
		triggers []triggerRow
		want     string
	}{
		{"other work", []row{failed, unfinished}, nil, ""},
		{"a rerun", []row{failed, with(unfinished, func(r *row) { r.Group = guid(1) })}, nil, guid(2)},
		{"the same trigger window", []row{failed, unfinished}, []triggerRow{tumbling("A", 0, guid(1)), tumbling("B", 0, guid(2))}, guid(2)},
		{"another trigger window", []row{failed, unfinished}, []triggerRow{tumbling("A", 0, guid(1)), tumbling("B", 1, guid(2))}, ""},
		{"equal parameters", []row{failed, with(unfinished, func(r *row) { r.Params = orders(1) })}, nil, guid(2)},
		{"a parameter more", []row{failed, with(unfinished, func(r *row) { r.Params = map[string]any{"table": "orders", "date": "2026-10-01", "day": "x"} })}, nil, guid(2)},
		{"a parameter more, and another date", []row{failed, with(unfinished, func(r *row) { r.Params = map[string]any{"table": "orders", "date": "2026-10-02", "day": "x"} })}, nil, ""},
		{"it began before the failed run ended", []row{failed, with(unfinished, func(r *row) { r.Params, r.Start = orders(1), hour(1) })}, nil, ""},
		{"queued", []row{failed, with(unfinished, func(r *row) { r.Params, r.Status = orders(1), "Queued" })}, nil, guid(2)},
		{
			"below the run that recovered the parent",
			[]row{parent(10, "Failed", 1), parent(11, "Succeeded", 2), with(failed, below(10)), with(unfinished, below(11))},
			nil,
			guid(2),
		},
		{
			"below the unfinished run that would recover the parent",
			[]row{parent(10, "Failed", 1), parent(11, "InProgress", 2), with(failed, below(10)), with(unfinished, below(11))},
			nil,
			guid(2),
		},
		{
			"below it, but another table",
			[]row{parent(10, "Failed", 1), parent(11, "InProgress", 2), with(failed, below(10)), with(unfinished, func(r *row) { r.Parent, r.Params = guid(11), map[string]any{"table": "customers"} })},
			nil,
			"",
		},
		{
			"two generations below a rerun",
			[]row{
				parent(8, "Failed", 1), with(parent(9, "InProgress", 2), func(r *row) { r.Group = guid(8) }),
				with(row{ID: guid(10), Pipeline: "area", Status: "Failed", Start: hour(1), Ms: 2000}, below(8)), with(row{ID: guid(11), Pipeline: "area", Status: "InProgress", Start: hour(2)}, below(9)),
				with(failed, below(10)), with(unfinished, below(11)),
			},
			nil,
			guid(2),
		},
		{
			"the rerun before an earlier run with equal parameters",
			[]row{failed, with(unfinished, func(r *row) { r.Params = orders(1) }), with(unfinished, func(r *row) { r.ID, r.Group, r.Start = guid(3), guid(1), hour(3) })},
			nil,
			guid(3),
		},
		{
			"the trigger window before equal parameters",
			[]row{failed, with(unfinished, func(r *row) { r.Params = orders(1) }), with(unfinished, func(r *row) { r.ID, r.Start = guid(3), hour(3) })},
			[]triggerRow{tumbling("A", 0, guid(1)), tumbling("B", 0, guid(3))},
			guid(3),
		},
	} {
		s := x.open(t)
		f := putFactory(t, s, "adf")
		write(t, s, f, tt.rows...)
		if tt.triggers != nil {
			writeTriggerRuns(t, s, f, hour(9), tt.triggers...)
		}
		if got := runningOf(t, s, guid(1)); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// runningAnnounced: a failed run is announced whenever the unfinished run that it
// names comes, ends otherwise than by success, or is forgotten.
func (x suite) runningAnnounced(t *testing.T) {
	t.Parallel()
	failed := row{ID: guid(1), Pipeline: "load", Status: "Failed", Start: hour(1), Ms: 1000, Params: orders(1)}
	unfinished := row{ID: guid(2), Pipeline: "load", Status: "InProgress", Start: hour(2), Params: orders(1)}
	other := row{ID: guid(3), Pipeline: "load", Status: "Failed", Start: hour(1), Ms: 1000, Params: orders(2)}
	with := func(r row, change func(*row)) row { change(&r); return r }
	ended := func(status string) func(*row) {
		return func(r *row) { r.Status, r.Ms = status, 60_000 }
	}
	night := func(n int, status string, start float64) row {
		return row{ID: guid(n), Pipeline: "night", Status: status, Start: hour(start), Ms: 2000, Params: map[string]any{"day": "2026-10-01"}}
	}
	below10 := func(r *row) { r.Parent = guid(10) }
	for _, tt := range []struct {
		name   string
		stored []row
		pages  [][]row
		want   [][]string // of each page, the runs that are announced
	}{
		{
			"by parameters, and it fails",
			[]row{failed, other},
			[][]row{{unfinished}, {with(unfinished, ended("Failed"))}},
			[][]string{{guid(1), guid(2)}, {guid(1), guid(2)}},
		},
		{
			"by parameters, and it is cancelled",
			[]row{failed, other},
			[][]row{{unfinished}, {with(unfinished, ended("Cancelled"))}},
			[][]string{{guid(1), guid(2)}, {guid(1), guid(2)}},
		},
		{
			"by parameters, and it succeeds",
			[]row{failed},
			[][]row{{unfinished}, {with(unfinished, ended("Succeeded"))}},
			[][]string{{guid(1), guid(2)}, {guid(1), guid(2)}},
		},
		{
			"queued, then in progress: its status is shown",
			[]row{failed},
			[][]row{{with(unfinished, func(r *row) { r.Status = "Queued" })}, {with(unfinished, func(r *row) { r.Updated = hour(2.1) })}, {with(unfinished, func(r *row) { r.Updated = hour(2.2) })}},
			[][]string{{guid(1), guid(2)}, {guid(1), guid(2)}, {guid(2)}},
		},
		{"other work", []row{failed}, [][]row{{with(unfinished, func(r *row) { r.Params = orders(2) })}}, [][]string{{guid(2)}}},
		{"by a parameter more", []row{failed}, [][]row{{with(unfinished, func(r *row) { r.Params = map[string]any{"table": "orders", "date": "2026-10-01", "day": "x"} })}}, [][]string{{guid(1), guid(2)}}},
		{"a rerun", []row{failed, other}, [][]row{{with(unfinished, func(r *row) { r.Params, r.Group = orders(3), guid(1) })}}, [][]string{{guid(1), guid(2)}}},
		{
			"below a parent that would recover the failed one's",
			[]row{night(10, "Failed", 1), with(failed, below10), with(other, below10)},
			[][]row{
				{night(11, "InProgress", 2)},
				{with(unfinished, func(r *row) { r.Parent, r.Params = guid(11), orders(9) })},
				{with(night(11, "InProgress", 2), ended("Failed"))},
			},
			[][]string{{guid(10), guid(11)}, {guid(1), guid(2), guid(3)}, {guid(1), guid(10), guid(11), guid(3)}},
		},
		{
			"the child comes before its parent",
			[]row{night(10, "Failed", 1), with(failed, below10)},
			[][]row{{with(unfinished, func(r *row) { r.Parent, r.Params = guid(11), orders(9) })}, {night(11, "InProgress", 2)}},
			[][]string{{guid(2)}, {guid(1), guid(10), guid(11)}},
		},
		{
			"below the run that recovered the parent",
			[]row{night(10, "Failed", 1), night(11, "Succeeded", 2), with(failed, below10)},
			[][]row{{with(unfinished, func(r *row) { r.Parent, r.Params = guid(11), orders(9) })}},
			[][]string{{guid(1), guid(2)}},
		},
	} {
		s := x.open(t)
		f := putFactory(t, s, "adf")
		write(t, s, f, tt.stored...)
		sub := s.Subscribe(0)
		for i, page := range tt.pages {
			write(t, s, f, page...)
			if diff := cmp.Diff(sorted(tt.want[i]), announced(t, s, sub)); diff != "" {
				t.Errorf("%s, page %d (-want +got):\n%s", tt.name, i+1, diff)
			}
		}
		sub.Close()
	}
}

// runningForgotten: what Azure forgot recovers nothing until Azure shows it
// again, and a trigger window that becomes known later names what it would.
func (x suite) runningForgotten(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	unfinished := row{ID: guid(2), Pipeline: "load", Status: "InProgress", Start: hour(2), Updated: hour(2.1), Params: orders(2)}
	write(t, s, f, row{ID: guid(1), Pipeline: "load", Status: "Failed", Start: hour(1), Ms: 1000, Params: orders(1)}, unfinished)
	sub := s.Subscribe(0)
	defer sub.Close()
	writeTriggerRuns(t, s, f, hour(9), tumbling("A", 0, guid(1)), tumbling("B", 0, guid(2)))
	if got, want := announced(t, s, sub), []string{guid(1)}; !slices.Equal(got, want) {
		t.Errorf("the trigger window announces %v, want %v", got, want)
	}
	if c := nextChange(t, sub); c.Kind != store.ChangeResource {
		t.Errorf("%+v", c)
	}
	if err := s.MarkGone(t.Context(), f.Key, guid(2), hour(10)); err != nil {
		t.Fatal(err)
	}
	if got, want := announced(t, s, sub), sorted([]string{guid(1), guid(2)}); !slices.Equal(got, want) {
		t.Errorf("a forgotten run announces %v, want %v", got, want)
	}
	if got := runningOf(t, s, guid(1)); got != "" {
		t.Errorf("a forgotten run is named: %s", got)
	}
	if c := write(t, s, f, unfinished); c.Unchanged != 1 { // Azure shows it again
		t.Errorf("%+v", c)
	}
	if got, want := announced(t, s, sub), sorted([]string{guid(1), guid(2)}); !slices.Equal(got, want) {
		t.Errorf("a run that is not forgotten any more announces %v, want %v", got, want)
	}
	if got := runningOf(t, s, guid(1)); got != guid(2) {
		t.Errorf("it is not named again: %q", got)
	}
}

// runningBounded: one run announces the 100 newest failed runs, and all of them
// name it.
func (x suite) runningBounded(t *testing.T) {
	t.Parallel()
	s := x.open(t)
	f := putFactory(t, s, "adf")
	var rows []row
	for n := range 150 {
		rows = append(rows, row{ID: guid(n + 10), Pipeline: "load", Status: "Failed", Start: hour(float64(n) / 100), Ms: 1000, Params: orders(1)})
	}
	write(t, s, f, rows...)
	sub := s.Subscribe(0)
	defer sub.Close()
	write(t, s, f, row{ID: guid(2), Pipeline: "load", Status: "InProgress", Start: hour(9), Params: orders(1)})
	want := []string{guid(2)}
	for n := 50; n < 150; n++ {
		want = append(want, guid(n+10))
	}
	if diff := cmp.Diff(sorted(want), announced(t, s, sub)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := runningOf(t, s, guid(10)); got != guid(2) {
		t.Errorf("the oldest failed run names %q", got)
	}
}

// announced returns the runs of the next change, in order of their runIds.
func announced(t *testing.T, s *store.Store, sub *store.Subscription) []string {
	t.Helper()
	c := nextChange(t, sub)
	if c.Kind != store.ChangeRun {
		t.Fatalf("%+v", c)
	}
	runs, err := s.RunsByKey(t.Context(), c.Runs)
	if err != nil {
		t.Fatal(err)
	}
	return sorted(ids(runs))
}

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }
