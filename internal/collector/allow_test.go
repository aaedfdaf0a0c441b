package collector_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"andon/internal/adf"
	"andon/internal/collector"
	"andon/internal/emulator"
	"andon/internal/redact"
)

// TestOnlyAllowedMembersOfInputsAndOutputsAreStored collects the activities
// of runs with only one member allowed, and looks at every value that is stored.
func TestOnlyAllowedMembersOfInputsAndOutputsAreStored(t *testing.T) {
	t.Parallel()
	redactor, err := redact.New(redact.Patterns{OnlyAllowed: true, Allow: []string{"input.enableStaging"}})
	if err != nil {
		t.Fatal(err)
	}
	b := setup(t, emulator.Options{Seed: 1, Size: 300, Scenario: "hostile"})
	b.emulated.Factories = b.emulated.Factories[:1]
	id := adf.FactoryID(b.emulated.Factories[0])
	c := collector.New(collector.Options{
		Sources: []collector.Source{{Name: "test", Client: b.client, Factories: []adf.FactoryID{id}}}, Store: b.store, Poll: 200 * time.Millisecond, Redact: redactor,
		Activities: collector.NewActivityPolicies([]collector.ActivityPolicy{{Keep: collector.KeepNone}}),
	})
	if err := c.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	b.filled(t)
	at := short(t, b.store, id.Name())
	var truth struct{ Items []json.RawMessage }
	b.control(t, http.MethodGet, "/truth/activityRuns?factory="+url.QueryEscape(id.Name()), nil, &truth)
	read := map[string]bool{}
	for _, raw := range truth.Items {
		if runID, _ := object(t, raw)["pipelineRunId"].(string); len(read) < 20 {
			read[strings.ToLower(runID)] = true
		}
	}
	kept := map[string]int{}
	hidden := 0
	for runID := range read {
		if err := c.ReadActivities(t.Context(), at, runID); err != nil {
			t.Fatal(err)
		}
	}
	for runID := range read {
		var rows []adf.ActivityRun
		eventually(t, "the activities of "+runID, func() string {
			acts, err := b.store.Activities(t.Context(), at, runID)
			if err != nil {
				t.Fatal(err)
			}
			if rows = acts.Rows; len(rows) == 0 {
				return "none is stored"
			}
			return ""
		})
		for _, a := range rows {
			row := object(t, a.Raw)
			for _, part := range []string{"input", "output"} {
				walkScalars(row[part], part, func(path string, v any) {
					switch v {
					case redact.Marker:
						hidden++
					case nil, "":
					default:
						kept[path]++
					}
				})
			}
		}
	}
	if hidden < 20 || kept["output.rowsRead"] == 0 || kept["input.enableStaging"] == 0 {
		t.Errorf("%d values are hidden; kept are %v", hidden, kept)
	}
	for path := range kept {
		isSafe := path == "input.enableStaging"
		for _, safe := range redact.SafeMembers() {
			isSafe = isSafe || safe == path || strings.HasSuffix(safe, "*") && strings.HasPrefix(path, strings.TrimRight(safe, "*"))
		}
		if !isSafe {
			t.Errorf("%s is kept", path)
		}
	}
}

// walkScalars calls use with the path of each scalar in v. Elements of lists
// have the path of their list.
func walkScalars(v any, path string, use func(path string, v any)) {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			walkScalars(member, path+"."+name, use)
		}
	case []any:
		for _, element := range v {
			walkScalars(element, path, use)
		}
	default:
		use(path, v)
	}
}
