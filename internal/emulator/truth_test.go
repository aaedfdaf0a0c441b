package emulator_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"andon/internal/emulator"
)

// items reads a truth.
func (b *bundle) items(path string) []row {
	b.t.Helper()
	var answer struct{ Items []row }
	b.decode(b.control("GET", path, ""), http.StatusOK, &answer)
	return answer.Items
}

func TestTheTruthOfActivitiesIsWhatTheQueryAnswers(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Now: stoppedClock().now})
	f := b.info.Factories[0]
	name := f[strings.LastIndex(f, "/")+1:]
	byRun := map[string][]row{}
	for _, a := range b.items("/truth/activityRuns?factory=" + name) {
		byRun[a["pipelineRunId"].(string)] = append(byRun[a["pipelineRunId"].(string)], a)
	}
	if len(byRun) < 50 {
		t.Fatalf("activities of %d runs only", len(byRun))
	}
	asked := 0
	for id, want := range byRun {
		if asked++; asked > 20 {
			break
		}
		var page struct{ Value []row }
		b.decode(b.arm("POST", f+"/pipelineruns/"+id+"/queryActivityruns", everything), http.StatusOK, &page)
		if diff := cmp.Diff(page.Value, want); diff != "" {
			t.Errorf("run %s (− query, + truth of the factory)\n%s", id, diff)
		}
		if diff := cmp.Diff(page.Value, b.items("/truth/activityRuns?runId="+strings.ToUpper(id))); diff != "" {
			t.Errorf("run %s (− query, + truth of the run)\n%s", id, diff)
		}
	}
}

func TestTheTruthOfTriggersIsWhatTheQueryAnswers(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Size: 3000, Now: stoppedClock().now})
	f := b.info.Factories[0]
	var queried []row
	for token := ""; ; {
		var page struct {
			Value             []row
			ContinuationToken string
		}
		b.decode(b.arm("POST", f+"/queryTriggerRuns", strings.TrimSuffix(everything, "}")+token+"}"), http.StatusOK, &page)
		queried = append(queried, page.Value...)
		if page.ContinuationToken == "" {
			break
		}
		token = `,"continuationToken":"` + page.ContinuationToken + `"`
	}
	if diff := cmp.Diff(queried, b.items("/truth/triggerRuns?factory="+f)); diff != "" || len(queried) < 200 {
		t.Errorf("%d trigger runs (− query, + truth)\n%s", len(queried), diff)
	}
}

func TestTheTruthOfFactoriesHoldsTheirResourcesAndStates(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Now: stoppedClock().now})
	all := b.items("/truth/factories")
	if len(all) != len(b.info.Factories) {
		t.Fatalf("%d factories, want %d", len(all), len(b.info.Factories))
	}
	for i, f := range all {
		if f["id"] != b.info.Factories[i] || f["tenantId"] != b.info.TenantID || int(f["runs"].(float64)) != len(b.truth(b.info.Factories[i])) {
			t.Errorf("factory %d is %v, %v, %v", i, f["id"], f["tenantId"], f["runs"])
		}
		for _, collection := range []string{"pipelines", "triggers", "linkedServices", "datasets", "integrationRuntimes"} {
			var list struct{ Value []row }
			b.decode(b.arm("GET", b.info.Factories[i]+"/"+collection, ""), http.StatusOK, &list)
			names := func(rows []row) (all []string) {
				for _, r := range rows {
					all = append(all, r["name"].(string))
				}
				return all
			}
			var known []row
			raw, err := json.Marshal(f[collection])
			if err != nil || json.Unmarshal(raw, &known) != nil || !slices.Equal(names(known), names(list.Value)[:len(known)]) && len(known) <= 50 {
				t.Errorf("%s of %v: %v, listed %v", collection, f["name"], names(known), names(list.Value))
			}
			for _, r := range known {
				if collection == "integrationRuntimes" && (r["state"] == "" || r["status"] == nil) {
					t.Errorf("runtime %v has no state", r["name"])
				}
			}
		}
	}
}

func TestQuestionsAboutTheTruthAreRefusedWithWhatIsAllowed(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	for path, want := range map[string]string{
		"/truth/activityRuns":                 "one of runId and factory is needed; allowed: ?runId={run}, ?factory={factory}, or both",
		"/truth/activityRuns?runId=none":      `no run "none" has started; GET /truth/runs lists them`,
		"/truth/activityRuns?factory=nowhere": `unknown factory "nowhere"; allowed: `,
		"/truth/triggerRuns?factory=nowhere":  `unknown factory "nowhere"`,
		"/truth/factories?factory=nowhere":    `unknown factory "nowhere"`,
		"/truth/pipelines":                    "GET /truth/pipelines is not a control; allowed: GET or POST /truth/runs, GET /truth/activityRuns, /truth/triggerRuns and /truth/factories",
	} {
		a := b.control("GET", path, "")
		if a.status < 400 || !strings.Contains(errorText(t, a), want) {
			t.Errorf("%s: %d %s, want %q", path, a.status, a.body, want)
		}
	}
}
