package collector

import (
	"fmt"
	"strings"
	"testing"

	"andon/internal/adf"
	"andon/internal/azure"
	"andon/internal/declared"
	"andon/internal/redact"
)

func decodedRun(t *testing.T, raw string) adf.PipelineRun {
	t.Helper()
	r, err := adf.DecodePipelineRun([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRunsLoseTheirSecretsBeforeTheyAreWritten(t *testing.T) {
	t.Parallel()
	runs := []adf.PipelineRun{
		decodedRun(t, `{"runId":"a","status":"Succeeded","parameters":{"day":"2026-11-24"}}`),
		decodedRun(t, `{"runId":"b","status":"Failed","parameters":{"apiKey":"CANARY1"},"message":"Login with Password=CANARY2; failed","future":{"token":"CANARY3"}}`),
		decodedRun(t, `{"runId":"password=CANARY4","status":"Succeeded"}`),
	}
	untouched := &runs[0].Raw[0]
	clean, lost := redactRuns(redact.Default(), runs)
	if len(clean) != 3 || len(lost) != 0 || &clean[0].Raw[0] != untouched {
		t.Fatalf("%d runs, %d lost", len(clean), len(lost))
	}
	got := fmt.Sprintf("%s %s %s %s", clean[1].Raw, clean[1].Parameters, *clean[1].Message, clean[2].RunID)
	if strings.Contains(got, "CANARY") || strings.Count(got, redact.Marker) != 6 {
		t.Errorf("kept is %s", got)
	}
}

func TestActivitiesLoseTheirSecretsBeforeTheyAreWritten(t *testing.T) {
	t.Parallel()
	row, err := adf.DecodeActivityRun([]byte(`{"activityName":"a","input":{"headers":{"Authorization":"CANARY"}},"output":{"rows":1}}`))
	if err != nil {
		t.Fatal(err)
	}
	clean := redactActivities(redact.Default(), []adf.ActivityRun{row})
	if len(clean) != 1 || string(clean[0].Input) != `{"headers":{"Authorization":"<redacted>"}}` || string(clean[0].Output) != `{"rows":1}` {
		t.Errorf("kept is %s", clean[0].Raw)
	}
}

// TestWhatADefinitionCallsSecureIsNotKept, whatever Azure sends of it.
func TestWhatADefinitionCallsSecureIsNotKept(t *testing.T) {
	t.Parallel()
	definition, err := adf.DecodePipelineDefinition([]byte(`{"name":"pl_A","properties":{"activities":[
		{"name":"open","type":"Copy"},
		{"name":"each","type":"ForEach","typeProperties":{"activities":[
			{"name":"Both","type":"WebActivity","policy":{"secureInput":true,"secureOutput":true}},
			{"name":"by expression","type":"Lookup","policy":{"secureOutput":{"value":"@true","type":"Expression"},"secureInput":false}}]}}]}}`))
	if err != nil {
		t.Fatal(err)
	}
	secrets := declared.New(redact.Default(), []adf.PipelineDefinition{definition})
	f := &factory{redact: redact.Default()}
	clean := func(rows []adf.ActivityRun) adf.ActivityRun {
		rows, _ = f.secrets.Load().Activities(redactActivities(f.redact, rows))
		return rows[0]
	}
	row := func(activity string) []adf.ActivityRun {
		r, err := adf.DecodeActivityRun([]byte(`{"pipelineName":"PL_a","activityName":"` + activity + `","input":{"a":1},"output":{"b":2}}`))
		if err != nil {
			t.Fatal(err)
		}
		return []adf.ActivityRun{r}
	}
	for _, c := range []struct{ activity, input, output string }{
		{"open", `{"a":1}`, `{"b":2}`},
		{"both", `"<redacted>"`, `"<redacted>"`},
		{"By Expression", `{"a":1}`, `"<redacted>"`},
		{"of another version", `{"a":1}`, `{"b":2}`},
	} {
		f.secrets.Store(secrets)
		got := clean(row(c.activity))
		if string(got.Input) != c.input || string(got.Output) != c.output {
			t.Errorf("%s: input %s, output %s", c.activity, got.Input, got.Output)
		}
	}
	f.secrets.Store(nil)
	if got := clean(row("both")); string(got.Input) != `{"a":1}` {
		t.Errorf("before any definition was read: %s", got.Input)
	}
}

// BenchmarkDecodeAndRedact reads a page of 100 runs without secrets, as most
// are, and says what redacting it adds.
func BenchmarkDecodeAndRedact(b *testing.B) {
	row := `{"id":"/SUBSCRIPTIONS/1111/RESOURCEGROUPS/RG-DATA/PROVIDERS/MICROSOFT.DATAFACTORY/FACTORIES/ADF-SALES-PROD/pipelineruns/6d1f0c52-7c3e-4c7d-9c0a-%012d",` +
		`"runId":"6d1f0c52-7c3e-4c7d-9c0a-%012d","debugRunId":null,"runGroupId":"6d1f0c52-7c3e-4c7d-9c0a-0b8f4b1c9a01","pipelineName":"pl_load_orders",` +
		`"parameters":{"day":"2026-03-01","tables":"[\"orders\",\"lines\"]"},"invokedBy":{"id":"08584612345678901234567890123CU04","name":"tr_nightly","invokedByType":"ScheduleTrigger"},` +
		`"runStart":"2026-03-01T02:00:03.1182931Z","runEnd":"2026-03-01T02:07:41.98337Z","durationInMs":458865,"status":"Succeeded","message":"",` +
		`"pipelineReturnValue":{},"lastUpdated":"2026-03-01T02:07:41.98337Z","annotations":["sales"],"runDimension":{},"isLatest":true}`
	var rows []string
	for i := range 100 {
		rows = append(rows, fmt.Sprintf(row, i, i))
	}
	body := []byte(`{"value":[` + strings.Join(rows, ",") + `]}`)
	r := redact.Default()
	for _, redacts := range []bool{false, true} {
		b.Run(fmt.Sprintf("redacts=%t", redacts), func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				page, err := azure.DecodeRunPage(body)
				if err != nil {
					b.Fatal(err)
				}
				if redacts {
					redactRuns(r, page.Runs)
				}
			}
		})
	}
}
