package api_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"andon/internal/adf"
	"andon/internal/api"
	"andon/internal/store"
)

func TestCollectionShowsWhatItTakesAndHeals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	f, err := b.store.PutFactory(t.Context(), adf.Factory{ID: "/subscriptions/5ab1/resourceGroups/rg/providers/Microsoft.DataFactory/factories/adf-a", Name: "adf-a"}, "contoso")
	if err != nil {
		t.Fatal(err)
	}
	for _, asOf := range []adf.Time{at(time.Hour), at(50 * time.Minute), at(49 * time.Minute)} {
		w := store.Window{From: asOf.Add(-time.Hour), To: asOf}
		if _, err := b.store.WriteRuns(t.Context(), store.Page{Factory: f.Key, Completes: &w, AsOf: asOf}); err != nil {
			t.Fatal(err)
		}
	}
	used := map[store.UsageKey]store.Usage{
		{Factory: f.Key, Source: "contoso", Purpose: "news"}:    {Requests: 2, Records: 40_000, Throttled: 1},
		{Factory: f.Key, Source: "fabrikam", Purpose: "news"}:   {Requests: 1, Records: 10_000},
		{Factory: f.Key, Source: "contoso", Purpose: "history"}: {Requests: 40, Records: 100_000, Failed: 2},
		{Source: "contoso", Purpose: "discovery"}:               {Requests: 2},
		// A purpose of another version counts like all others.
		{Factory: f.Key, Source: "contoso", Purpose: "auditLogs"}: {Requests: 3, Records: 50_000},
	}
	if err := b.store.AddUsage(t.Context(), used); err != nil {
		t.Fatal(err)
	}
	sweep := store.Sweep{Kind: store.SweepHour, Window: store.Window{From: at(25 * time.Hour), To: at(time.Hour)}, Began: at(time.Hour), Ended: at(59 * time.Minute), Rows: 9, Missed: 2, Outdated: 1, Whole: true}
	if err := b.store.AddSweep(t.Context(), f.Key, sweep); err != nil {
		t.Fatal(err)
	}
	const want = `{
		"items": [{
			"factory": "adf-a",
			"usage": {"requests": 46, "records": 200000, "throttled": 1, "failed": 2, "costUsd": 1, "by": [
				{"purpose": "news", "label": "Polls", "requests": 3, "records": 50000, "throttled": 1, "failed": 0, "costUsd": 0.25},
				{"purpose": "history", "label": "History", "requests": 40, "records": 100000, "throttled": 0, "failed": 2, "costUsd": 0.5},
				{"purpose": "auditLogs", "label": "auditLogs", "requests": 3, "records": 50000, "throttled": 0, "failed": 0, "costUsd": 0.25}]},
			"corrected": {"sweeps": 1, "missed": 2, "outdated": 1, "lastAt": "2026-11-24T11:01:00Z"},
			"lags": [{"start": "2026-11-24T11:00:00Z", "seconds": 600}],
			"runs": null, "rereads": []
		}],
		"nextCursor": null,
		"usage": {"requests": 48, "records": 200000, "throttled": 1, "failed": 2, "costUsd": 1, "by": [
			{"purpose": "news", "label": "Polls", "requests": 3, "records": 50000, "throttled": 1, "failed": 0, "costUsd": 0.25},
			{"purpose": "discovery", "label": "Discovery", "requests": 2, "records": 0, "throttled": 0, "failed": 0, "costUsd": 0},
			{"purpose": "history", "label": "History", "requests": 40, "records": 100000, "throttled": 0, "failed": 2, "costUsd": 0.5},
				{"purpose": "auditLogs", "label": "auditLogs", "requests": 3, "records": 50000, "throttled": 0, "failed": 0, "costUsd": 0.25}]}
	}`
	if diff := cmp.Diff(parsed(t, want), parsed(t, b.get(t, "/api/v1/collection", http.StatusOK))); diff != "" {
		t.Errorf("collection (-want +got):\n%s", diff)
	}
}

// TestUsageCoversADayAtMost: usage is counted by the hour, and whoever divides
// it by 24 hours must not get more than that.
func TestUsageCoversADayAtMost(t *testing.T) {
	t.Parallel()
	for age, want := range map[time.Duration]float64{23 * time.Hour: 7, 24 * time.Hour: 7, 24*time.Hour + time.Minute: 0} {
		b := setup(t, func(o *api.Options) { o.Now = func() time.Time { return noon().Add(age) } })
		if err := b.store.AddUsage(t.Context(), map[store.UsageKey]store.Usage{{Source: "contoso", Purpose: "discovery"}: {Requests: 7}}); err != nil {
			t.Fatal(err)
		}
		if got := read[struct{ Usage object }](t, b, "/api/v1/collection").Usage["requests"]; got != want {
			t.Errorf("of what was used from noon on, %s after noon: %v requests, want %v", age, got, want)
		}
	}
}

func parsed(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return v
}

func TestAGapSaysWhyItIsThere(t *testing.T) {
	t.Parallel()
	left := int64(100_000)
	for want, c := range map[string]struct {
		state   store.FactoryState
		collect bool
		ended   time.Duration // how long ago the gap ended
	}{
		"it is being read":                          {store.FactoryState{State: store.StateFilling, Fill: &store.Fill{RecordsRead: 10, RecordsLeft: &left}}, true, time.Hour},
		"the ceiling of 300 records …":              {store.FactoryState{State: store.StateFresh, Fill: &store.Fill{Reason: "the ceiling of 300 records …", Ceiling: 300}}, true, time.Hour},
		"the identity may not":                      {store.FactoryState{State: store.StateRefused, Trouble: &store.Trouble{Kind: "forbidden", What: "the identity may not"}}, true, time.Hour},
		"collecting is off for this factory":        {store.FactoryState{State: store.StateFilling}, false, time.Hour},
		"Azure no longer lists this factory":        {store.FactoryState{State: store.StateGone}, true, time.Hour},
		"Azure keeps 45 days, and has forgotten it": {store.FactoryState{State: store.StateFresh, Trouble: &store.Trouble{Kind: "server", What: "503"}}, true, 46 * 24 * time.Hour},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			b := setup(t, func(o *api.Options) {
				if !c.collect {
					o.Collecting = nil
				}
			})
			f, err := b.store.PutFactory(t.Context(), adf.Factory{ID: "/subscriptions/5ab1/resourceGroups/rg/providers/Microsoft.DataFactory/factories/adf-a", Name: "adf-a"}, "contoso")
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range []store.Window{{From: at(c.ended + 48*time.Hour), To: at(c.ended + 47*time.Hour)}, {From: at(c.ended), To: at(0)}} {
				if _, err := b.store.WriteRuns(t.Context(), store.Page{Factory: f.Key, Completes: &w, AsOf: w.To}); err != nil {
					t.Fatal(err)
				}
			}
			if err := b.store.SetFactoryState(t.Context(), f.Key, c.state); err != nil {
				t.Fatal(err)
			}
			var got struct {
				Coverage struct{ Gaps []struct{ Reason string } }
				Fill     *struct{ CostLeftUSD *float64 }
			}
			if err := json.Unmarshal([]byte(b.get(t, "/api/v1/factories/adf-a", http.StatusOK)), &got); err != nil {
				t.Fatal(err)
			}
			if len(got.Coverage.Gaps) != 1 || got.Coverage.Gaps[0].Reason != want {
				t.Errorf("gaps %+v, want the reason %q", got.Coverage.Gaps, want)
			}
			if (got.Fill == nil) != (c.state.Fill == nil) {
				t.Errorf("fill %+v, stored %+v", got.Fill, c.state.Fill)
			}
			if c.state.Fill != nil && c.state.Fill.RecordsLeft != nil && (got.Fill.CostLeftUSD == nil || *got.Fill.CostLeftUSD != 0.5) {
				t.Errorf("fill %+v, want a cost of 0.5", got.Fill)
			}
		})
	}
}
