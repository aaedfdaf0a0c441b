package store_test

import (
	"fmt"
	"testing"

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
