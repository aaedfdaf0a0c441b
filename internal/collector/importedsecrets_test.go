package collector_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"andon/internal/adf"
	"andon/internal/collector"
	"andon/internal/emulator"
	"andon/internal/redact"
	"andon/internal/store"
)

// importParents imports runs of pl_finance_nightly with their activities, which
// hand the value on. No run of the child is stored, as where its log names no
// parent.
func importParents(t *testing.T, s *store.Store, factory store.Place, n int) (runIDs []string) {
	t.Helper()
	var runs []adf.PipelineRun
	var activities []adf.ActivityRun
	for i := range n {
		id := fmt.Sprintf("11111111-1111-1111-1111-%012d", i)
		run, err := adf.DecodePipelineRun(fmt.Appendf(nil, `{"runId":%q,"pipelineName":"pl_finance_nightly","status":"Succeeded","runStart":"2024-01-05T01:00:00Z","lastUpdated":"2024-01-05T01:01:00Z"}`, id))
		if err != nil {
			t.Fatal(err)
		}
		activity, err := adf.DecodeActivityRun(fmt.Appendf(nil, `{"activityRunId":"a-%s","pipelineRunId":%q,"pipelineName":"pl_finance_nightly","activityName":"x","activityType":"ExecutePipeline","status":"Succeeded","activityRunStart":"2024-01-05T01:00:00Z","input":{"pipeline":{"referenceName":"pl_ap_invoices"},"parameters":{"archivePin":%q,"day":"legible"}}}`, id, id, pin))
		if err != nil {
			t.Fatal(err)
		}
		runIDs, runs, activities = append(runIDs, id), append(runs, run), append(activities, activity)
	}
	err := s.Import(t.Context(), nil, func(i *store.Importing) error {
		_, err := i.Write(t.Context(), store.Page{Factory: factory.Key, Origin: store.OriginLog, Runs: runs})
		if err != nil {
			return err
		}
		_, err = i.WriteActivities(t.Context(), factory.Key, activities)
		return errors.Join(err, i.End(t.Context(), 1, 0))
	})
	if err != nil {
		t.Fatal(err)
	}
	return runIDs
}

// TestImportedActivitiesAreCleanedWithoutChildRuns: both where the factory was
// never looked through, and where it was and the pipeline becomes secure.
func TestImportedActivitiesAreCleanedWithoutChildRuns(t *testing.T) {
	t.Parallel()
	for _, isMarked := range []bool{false, true} {
		t.Run(fmt.Sprintf("looked through %t", isMarked), func(t *testing.T) {
			t.Parallel()
			b, id := financeOnly(t, emulator.Options{Seed: 84, Size: 300})
			place, err := b.store.PutFactory(t.Context(), adf.Factory{ID: id, Name: id.Name()}, "test")
			if err != nil {
				t.Fatal(err)
			}
			const parents = 700 // more than a page
			runIDs := importParents(t, b.store, place, parents)
			if isMarked {
				if err := b.store.SetSurroundings(t.Context(), place.Key, store.SurroundingSecureParameters, 10, nil); err != nil {
					t.Fatal(err)
				}
			}
			collect(t, b.store, collector.Source{Name: "test", Client: b.client, Factories: []adf.FactoryID{id}})
			b.surrounded(t, id.Name())
			if b.around(t, id.Name())[store.SurroundingSecureParameters].AsOf.IsZero() {
				t.Error("the store would be looked through again")
			}
			left, hidden := 0, 0
			for _, runID := range runIDs {
				got, err := b.store.Activities(t.Context(), place.Short, runID)
				if err != nil || len(got.Rows) != 1 || !bytes.Contains(got.Rows[0].Input, []byte(`"legible"`)) {
					t.Fatalf("%+v, %v", got, err)
				}
				if bytes.Contains(got.Rows[0].Raw, []byte(pin)) {
					left++
				}
				if bytes.Contains(got.Rows[0].Input, []byte(`"archivePin":"`+redact.Marker+`"`)) {
					hidden++
				}
			}
			if left > 0 || hidden != parents {
				t.Errorf("of %d activities %d still have the value, %d are hidden", parents, left, hidden)
			}
		})
	}
}
