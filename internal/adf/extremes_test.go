package adf_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"andon/internal/adf"
)

// Sizes that ADF's own limits allow, or just not, are kept whole.
func TestExtremesAreKept(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat(`{"a":[`, 500) + `"x"` + strings.Repeat(`]}`, 500)
	name := strings.Repeat("ä", 260)
	run, err := adf.DecodePipelineRun([]byte(`{"runId":"r","pipelineName":"` + name + `","parameters":{"p":` + deep + `},"status":"Succeeded"}`))
	if err != nil || len(run.Odd) > 0 || run.PipelineName != name || string(run.Parameters) != `{"p":`+deep+`}` || run.Status != adf.StatusSucceeded {
		t.Errorf("%v, odd %v, %d characters of parameters", err, run.Odd, len(run.Parameters))
	}
	activity, err := adf.DecodeActivityRun([]byte(`{"activityRunId":"a","activityName":"` + name + `","input":` + deep + `,"output":` + deep + `}`))
	if err != nil || len(activity.Odd) > 0 || activity.ActivityName != name || string(activity.Input) != deep || string(activity.Output) != deep {
		t.Errorf("%v, odd %v", err, activity.Odd)
	}
	declared := map[string]map[string]any{}
	for i := range 300 {
		declared[fmt.Sprintf("p%03d", i)] = map[string]any{"type": "string", "defaultValue": i}
	}
	parameters, err := json.Marshal(declared)
	if err != nil {
		t.Fatal(err)
	}
	d, err := adf.DecodePipelineDefinition([]byte(`{"name":"` + name + `","properties":{"parameters":` + string(parameters) + `,"activities":[]}}`))
	if err != nil || len(d.Odd) > 0 || d.Name != name || string(d.Parameters) != string(parameters) {
		t.Errorf("%v, odd %v, %d characters of parameters", err, d.Odd, len(d.Parameters))
	}
}
