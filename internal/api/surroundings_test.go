package api_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"andon/internal/adf"
	"andon/internal/api"
	"andon/internal/store"
)

// TestSurroundingsAreShownAndAskedFor: every kind says until when it is known,
// or why not; who looks can have them read now.
func TestSurroundingsAreShownAndAskedFor(t *testing.T) {
	t.Parallel()
	var asked []string
	var refusal error
	b := setup(t, func(o *api.Options) {
		o.Collecting.ReadSurroundings = func(factory string) error {
			asked = append(asked, factory)
			return refusal
		}
	})
	f := b.putFactory(t, "sales-prod")
	for kind, trouble := range map[store.SurroundingKind]*store.Trouble{
		store.SurroundingPipelines: nil,
		store.SurroundingTriggers:  {Kind: "forbidden", What: "the identity may not read triggers", Where: "triggers", Advice: "grant it", Command: "az role", At: at(0)},
	} {
		if err := b.store.SetSurroundings(t.Context(), f.Key, kind, map[bool]adf.Time{true: at(time.Minute)}[trouble == nil], trouble); err != nil {
			t.Fatal(err)
		}
	}
	const path = "/api/v1/factories/sales-prod/surroundings"
	const want = `{"items":[
		{"kind":"factory","asOf":null,"trouble":null},
		{"kind":"pipelines","asOf":"2026-11-24T11:59:00Z","trouble":null},
		{"kind":"triggers","asOf":null,"trouble":{"kind":"forbidden","what":"the identity may not read triggers","where":"triggers","advice":"grant it","command":"az role","at":"2026-11-24T12:00:00Z","retryAt":null}},
		{"kind":"triggerRuns","asOf":null,"trouble":null},
		{"kind":"integrationRuntimes","asOf":null,"trouble":null}],"nextCursor":null}`
	if diff := cmp.Diff(parsed(t, want), parsed(t, b.get(t, path, http.StatusOK))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if asked != nil {
		t.Error("looking alone asks Azure")
	}
	got := b.post(t, path, "")
	if diff := cmp.Diff(parsed(t, want), parsed(t, got.body)); got.status != http.StatusAccepted || diff != "" {
		t.Errorf("%d (-want +got):\n%s", got.status, diff)
	}
	if diff := cmp.Diff([]string{"sales-prod"}, asked); diff != "" {
		t.Error(diff)
	}
	refusal = errors.New(`factory "sales-prod" is not collected by this server`)
	if got := b.post(t, path, ""); got.status != http.StatusConflict || !strings.Contains(got.body, `Factory \"sales-prod\" is not collected by this server.`) {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := b.post(t, "/api/v1/factories/nowhere/surroundings", ""); got.status != http.StatusNotFound {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestNobodyReadsSurroundingsWhereNobodyCollects(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *api.Options) { o.Collecting = nil })
	b.putFactory(t, "sales-prod")
	if got := b.post(t, "/api/v1/factories/sales-prod/surroundings", ""); got.status != http.StatusConflict || !strings.Contains(got.body, "Nobody collects") {
		t.Errorf("%d %s", got.status, got.body)
	}
}
