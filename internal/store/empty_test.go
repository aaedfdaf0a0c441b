package store_test

import (
	"testing"

	"andon/internal/adf"
	"andon/internal/store"
)

// TestWithoutRunsEveryQuestionHasAnAnswer asks everything of a store as it is
// at the first start, and of one whose only factory has no runs yet: a hint to
// use an index that an empty list makes useless would be an error.
func TestWithoutRunsEveryQuestionHasAnAnswer(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	filters := map[string]store.RunFilter{
		"none": {}, "status": {Statuses: []adf.Status{adf.StatusFailed}}, "running": {Statuses: []adf.Status{adf.StatusInProgress, adf.StatusQueued}},
		"pipeline": {Pipelines: []string{"p"}}, "trigger": {Triggers: []string{"t"}}, "invokedBy": {InvokedBy: []string{"Manual"}},
		"annotation": {Annotations: []string{"a"}}, "latest": {LatestOnly: true}, "open": {Open: &yes}, "not open": {Open: &no},
		"long": {MinDurationMs: 1000}, "q": {Q: "word"}, "range": {From: hour(0), To: hour(24)},
	}
	for _, factories := range [][]string{nil, {"adf"}} {
		s := openStore(t)
		if factories != nil {
			putFactory(t, s, "adf")
		}
		for name, f := range filters {
			f.Factories = factories
			for _, sort := range []store.Sort{store.SortNewest, store.SortOldest, store.SortLongest, store.SortShortest} {
				if page, err := s.Runs(t.Context(), store.RunQuery{RunFilter: f, Sort: sort}); err != nil || len(page.Runs) > 0 || page.NextCursor != "" {
					t.Errorf("runs by %s, %s of %v: %v %v", name, sort, factories, page, err)
				}
			}
			if facets, err := s.Facets(t.Context(), f); err != nil || facets.Total == nil || *facets.Total != 0 {
				t.Errorf("facets of %s of %v: %v %v", name, factories, facets, err)
			}
		}
		if o, err := s.Overview(t.Context(), store.OverviewQuery{From: hour(0), To: hour(24), Factories: factories}); err != nil || len(o.Worst) > 0 || o.Problems.Pipelines != 0 {
			t.Errorf("overview of %v: %v %v", factories, o, err)
		}
		if tl, err := s.Timeline(t.Context(), store.TimelineQuery{From: hour(0), To: hour(24), Factories: factories}); err != nil || len(tl.Items) == 0 {
			t.Errorf("timeline of %v: %v %v", factories, tl, err)
		}
		if list, err := s.TriggerRuns(t.Context(), store.TriggerRunQuery{TriggerRunFilter: store.TriggerRunFilter{Factories: factories}}); err != nil || len(list.TriggerRuns) > 0 || list.NextCursor != "" {
			t.Errorf("trigger runs of %v: %v %v", factories, list, err)
		}
		if list, err := s.Triggers(t.Context(), factories); err != nil || len(list) > 0 {
			t.Errorf("triggers of %v: %v %v", factories, list, err)
		}
		if list, err := s.Runtimes(t.Context(), factories); err != nil || len(list) > 0 {
			t.Errorf("runtimes of %v: %v %v", factories, list, err)
		}
		if list, err := s.Factories(t.Context()); err != nil || len(list) != len(factories) {
			t.Errorf("factories: %v %v", list, err)
		}
	}
}
