package intake_test

import (
	"fmt"
	"strings"
	"testing"

	"andon/internal/adf"
	"andon/internal/store"
)

// What the stored definitions declare as a SecureString is taken out of the
// imported runs of that pipeline, and of what logged activities hand to it. So are
// the input and output of an activity with secureInput or secureOutput.
func TestDeclaredSecretsOfAnImport(t *testing.T) {
	t.Parallel()
	const factory = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.DataFactory/factories/adf-declared"
	s := openStore(t)
	place, err := s.PutFactory(t.Context(), adf.Factory{ID: factory, Name: "adf-declared"}, "azure")
	if err != nil {
		t.Fatal(err)
	}
	d, err := adf.DecodePipelineDefinition([]byte(`{"name":"pl_child","properties":{"parameters":{"pin":{"type":"SecureString"},"site":{"type":"string"}},"activities":[
		{"name":"each","type":"ForEach","typeProperties":{"activities":[{"name":"Ask_Vault","type":"WebActivity","policy":{"secureInput":true,"secureOutput":true}}]}},
		{"name":"look","type":"Lookup","policy":{"secureOutput":true}}]}}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.PutDefinitions(t.Context(), store.Reading{Factory: place.Key, AsOf: 10}, []adf.PipelineDefinition{d}); err != nil {
		t.Fatal(err)
	}
	const times = `"start":"2024-01-05T01:00:00Z","end":"2024-01-05T01:01:00Z","status":"Succeeded","resourceId":"` + factory + `"`
	file := write(t, "logs.json", strings.Join([]string{
		`{"runId":"a1","pipelineName":"PL_child","parameters":{"pin":"canary-1","site":"north"},"runStart":"2024-01-05T01:00:00Z","lastUpdated":"2024-01-05T01:01:00Z","status":"Succeeded","id":"` + factory + `/pipelineruns/a1"}`,
		`{"category":"PipelineRuns","runId":"a2","pipelineName":"pl_child","properties":{"Parameters":{"pin":"canary-2","site":"south"}},` + times + `}`,
		`{"category":"PipelineRuns","runId":"a3","pipelineName":"pl_other","properties":{"Parameters":{"pin":"4713"}},` + times + `}`,
		`{"category":"ActivityRuns","activityRunId":"c1","pipelineRunId":"a2","activityName":"ask_vault","activityType":"WebActivity","pipelineName":"PL_child","properties":{"Input":{"url":"canary-4"},"Output":{"value":"canary-5"}},` + times + `}`,
		`{"category":"ActivityRuns","activityRunId":"c2","pipelineRunId":"a2","activityName":"look","activityType":"Lookup","pipelineName":"pl_child","properties":{"Input":{"query":"legible"},"Output":{"firstRow":"canary-6"}},` + times + `}`,
		`{"category":"ActivityRuns","activityRunId":"b1","pipelineRunId":"a3","activityName":"x","activityType":"ExecutePipeline","pipelineName":"pl_other","properties":{"Input":{"pipeline":{"referenceName":"pl_child"},"parameters":{"pin":"canary-3","site":"west"}}},` + times + `}`,
	}, "\n"))
	files, total := importPaths(t, s, "", file)
	if total.Taken != 3 || total.Activities.Taken != 3 {
		t.Errorf("%+v %+v", total, files)
	}
	want := map[string]string{"a1": `{"pin":"<redacted>","site":"north"}`, "a2": `{"pin":"<redacted>","site":"south"}`, "a3": `{"pin":"4713"}`}
	for _, r := range runs(t, s) {
		if string(r.Parameters) != want[r.RunID] || strings.Contains(string(r.Raw), "canary") {
			t.Errorf("run %s: %s", r.RunID, r.Raw)
		}
	}
	rows, err := s.Activities(t.Context(), "", "a3")
	if err != nil || len(rows.Rows) != 1 || strings.Contains(string(rows.Rows[0].Raw), "canary") || !strings.Contains(string(rows.Rows[0].Input), `"site":"west"`) {
		t.Errorf("%+v, %v", rows, err)
	}
	rows, err = s.Activities(t.Context(), "", "a2")
	if err != nil || len(rows.Rows) != 2 {
		t.Fatalf("%+v, %v", rows, err)
	}
	for _, a := range rows.Rows {
		want := map[string]string{"ask_vault": `"<redacted>" "<redacted>"`, "look": `{"query":"legible"} "<redacted>"`}[a.ActivityName]
		if got := string(a.Input) + " " + string(a.Output); got != want || strings.Contains(string(a.Raw), "canary") {
			t.Errorf("activity %s: %s", a.ActivityName, a.Raw)
		}
	}
}

// A secret that is the id of a run would leave the same id to all of them:
// "password=canary-1" and "password=canary-2" are both "password=<redacted>".
// Such rows are refused, as those of activity runs and trigger runs are.
func TestRunsWhoseIDHoldsASecretAreRefused(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	const row = `{"runId":"%s","pipelineName":"p","runStart":"2024-01-05T01:00:00Z","lastUpdated":"2024-01-05T01:01:00Z","status":"Succeeded","message":"password=canary-0","id":"/subscriptions/s/resourceGroups/rg/providers/Microsoft.DataFactory/factories/adf-ids/pipelineruns/x"}`
	var lines []string
	for _, id := range []string{"password=canary-1", "password=canary-2", "open"} {
		lines = append(lines, fmt.Sprintf(row, id))
	}
	files, total := importPaths(t, s, "", write(t, "runs.json", strings.Join(lines, "\n")))
	if total.Taken != 1 || total.Known != 0 || len(total.Refused) != 1 || total.Refused[0].Count != 2 || total.Refused[0].Reason != "rows whose id holds a secret" {
		t.Errorf("%+v %+v", total, files)
	}
	for _, r := range runs(t, s) {
		if r.RunID != "open" || strings.Contains(string(r.Raw), "canary") {
			t.Errorf("stored is %s", r.Raw)
		}
	}
}
