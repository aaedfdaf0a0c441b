package api_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"andon/internal/adf"
	"andon/internal/api"
	"andon/internal/store"
)

// importActivities imports rows of activity runs as an import of logs does.
func importActivities(t *testing.T, s *store.Store, factory store.FactoryKey, rows ...adf.ActivityRun) {
	t.Helper()
	err := s.Import(t.Context(), []string{"logs"}, func(i *store.Importing) error {
		_, err := i.WriteActivities(t.Context(), factory, rows)
		return errors.Join(err, i.End(t.Context(), 1, 0))
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestActivitiesOfLogsAreShownAndSaidToBe(t *testing.T) {
	t.Parallel()
	const fromLogs = "These come from imported logs, which may lack activities and details."
	ask := func(context.Context, string, string) error { return nil }
	for name, c := range map[string]struct {
		read          func(context.Context, string, string) error
		origin        store.Origin
		notKept       bool
		query         string
		state, reason string
		asked         bool
	}{
		"of an imported run":                    {ask, store.OriginLog, false, "", "imported", fromLogs, false},
		"of a run of Azure":                     {ask, store.OriginAzure, false, "", "reading", fromLogs, true},
		"of a run that Azure refuses":           {func(context.Context, string, string) error { return errors.New("azure refused") }, store.OriginAzure, false, "", "imported", "Azure refused. " + fromLogs, true},
		"of a run that no policy keeps":         {ask, store.OriginAzure, true, "", "imported", fromLogs, false},
		"of a run that no policy keeps, wanted": {ask, store.OriginAzure, true, "?read=true", "reading", fromLogs, true},
		"where Azure is not asked":              {nil, store.OriginAzure, false, "", "imported", fromLogs, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := false
			b := setup(t, func(o *api.Options) {
				if c.read == nil {
					o.Collecting = nil
					return
				}
				o.Collecting.ReadActivities = func(ctx context.Context, factory, runID string) error {
					asked = true
					return c.read(ctx, factory, runID)
				}
			})
			place := b.putFactory(t, "sales-prod")
			importActivities(t, b.store, place.Key, activityOf(t, object{"durationComputed": true}))
			b.writePage(t, store.Page{Factory: place.Key, Origin: c.origin}, sent(1, at(time.Hour), nil))
			if c.notKept {
				if err := b.store.SkipActivities(t.Context(), place.Key, []string{runID(1)}); err != nil {
					t.Fatal(err)
				}
			}
			got := read[struct {
				Items  []object
				State  string
				Reason *string
			}](t, b, "/api/v1/runs/"+runID(1)+"/activities"+c.query)
			reason := ""
			if got.Reason != nil {
				reason = *got.Reason
			}
			if got.State != c.state || reason != c.reason || asked != c.asked || len(got.Items) != 1 || got.Items[0]["durationComputed"] != true {
				t.Errorf("asked %v, %s: %q, %v", asked, got.State, reason, got.Items)
			}
			if row := read[object](t, b, "/api/v1/runs/"+runID(1)); row["activities"] != "imported" {
				t.Errorf("the run says its activities are %v", row["activities"])
			}
		})
	}
}

// TestTheCauseOfAnImportedRunIsThatOfItsActivities takes the cause of a failed run
// without a message from its imported activities.
func TestTheCauseOfAnImportedRunIsThatOfItsActivities(t *testing.T) {
	t.Parallel()
	b := setup(t)
	place := b.putFactory(t, "sales-prod")
	failed := activityOf(t, object{"status": "Failed", "error": object{"errorCode": "2200", "message": deadlock, "failureType": "UserError", "target": "cp_orders"}})
	importActivities(t, b.store, place.Key, failed)
	row := sent(1, at(time.Hour), object{"status": "Failed"})
	delete(row, "message")
	b.writePage(t, store.Page{Factory: place.Key, Origin: store.OriginLog}, row)
	got := read[object](t, b, "/api/v1/runs/"+runID(1))["cause"].(object)
	if got["text"] != "SQL 1205: Process 7 was chosen as the deadlock victim" || got["code"] != "2200" || got["activity"] != "cp_orders" {
		t.Errorf("%v", got)
	}
}
