package collector_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"andon/internal/adf"
	"andon/internal/collector"
	"andon/internal/emulator"
	"andon/internal/redact"
	"andon/internal/store"
)

// canary is in every secret that the hostile world holds.
const canary = "CANARY"

// TestNoSecretReachesTheStore collects a world whose runs and activities hold
// secrets, and demands that the store has all of them but the secrets.
func TestNoSecretReachesTheStore(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Seed: 1, Size: 3000, Scenario: "hostile"})
	b.emulated.Factories = b.emulated.Factories[:1]
	id := adf.FactoryID(b.emulated.Factories[0])
	c := collector.New(collector.Options{
		Sources: []collector.Source{{Name: "test", Client: b.client, Factories: []adf.FactoryID{id}}}, Store: b.store, Poll: 200 * time.Millisecond,
		Activities: collector.NewActivityPolicies([]collector.ActivityPolicy{{Keep: collector.KeepNone}}),
	})
	if err := c.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	b.filled(t)
	at := short(t, b.store, id.Name())
	stored := map[string]store.Run{}
	for _, r := range allRuns(t, b.store, id.Name()) {
		if bytes.Contains(r.Raw, []byte(canary)) || r.Message != nil && strings.Contains(*r.Message, canary) {
			t.Errorf("stored is %s", r.Raw)
		}
		stored[strings.ToLower(r.RunID)] = r
	}
	redactor := redact.Default()
	var runs struct{ Items []json.RawMessage }
	b.control(t, http.MethodGet, "/truth/runs?factory="+url.QueryEscape(id.Name()), nil, &runs)
	secrets := 0
	for _, raw := range runs.Items {
		if !bytes.Contains(raw, []byte(canary)) {
			continue
		}
		secrets++
		clean, _ := redactor.JSON(raw)
		want := object(t, clean)
		got := stored[strings.ToLower(fmt.Sprint(want["runId"]))]
		if diff := cmp.Diff(want, object(t, got.Raw)); diff != "" {
			t.Errorf("run %s differs from the truth without its secrets (-want +got):\n%s", got.RunID, diff)
		}
	}
	var activities struct{ Items []json.RawMessage }
	b.control(t, http.MethodGet, "/truth/activityRuns?factory="+url.QueryEscape(id.Name()), nil, &activities)
	want := map[string]int{}
	for _, raw := range activities.Items {
		if bytes.Contains(raw, []byte(canary)) {
			want[strings.ToLower(fmt.Sprint(object(t, raw)["pipelineRunId"]))]++
		}
	}
	if secrets < 3 || len(want) < 2 {
		t.Fatalf("%d runs and activities of %d runs hold a secret: too few to show anything", secrets, len(want))
	}
	for runID := range want {
		if err := c.ReadActivities(t.Context(), at, runID); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the activities with secrets", func() string {
		for runID, n := range want {
			acts, err := b.store.Activities(t.Context(), at, runID)
			if err != nil {
				t.Fatal(err)
			}
			hidden := 0
			for _, a := range acts.Rows {
				if bytes.Contains(a.Raw, []byte(canary)) {
					t.Fatalf("stored is %s", a.Raw)
				}
				if bytes.Contains(a.Raw, []byte(redact.Marker)) {
					hidden++
				}
			}
			if hidden < n {
				return fmt.Sprintf("run %s with %d of %d", runID, hidden, n)
			}
		}
		return ""
	})
	t.Logf("%d runs and activities of %d runs held secrets", secrets, len(want))
}
