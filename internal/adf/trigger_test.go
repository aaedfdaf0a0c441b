package adf_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"andon/internal/adf"
)

func mustTime(t *testing.T, text string) adf.Time {
	t.Helper()
	at, err := adf.ParseTime(text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestDecodeTrigger(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		raw  string
		want adf.Trigger
	}{
		"a schedule": {
			`{"id":"/x","name":"tr","properties":{"type":"ScheduleTrigger","runtimeState":"Started","description":"d","annotations":[],
				"pipelines":[{"pipelineReference":{"type":"PipelineReference","referenceName":"a"},"parameters":{"p":1}},{"pipelineReference":{"referenceName":"a"}}],
				"typeProperties":{"recurrence":{"frequency":"Week","interval":1,"startTime":"2023-02-15T19:32:00","endTime":"2024-06-05T06:55:00.1234567Z","timeZone":"FLE Standard Time",
					"schedule":{"minutes":[11],"hours":[5,"6"],"weekDays":["Thursday"],"monthDays":[-1],"monthlyOccurrences":[{"day":"Monday","occurrence":1}]}}}},"etag":"e"}`,
			adf.Trigger{
				Resource: adf.Resource{ID: new("/x"), Name: "tr", Type: "ScheduleTrigger", ETag: "e"}, RuntimeState: adf.TriggerStarted, Description: new("d"),
				Annotations: json.RawMessage(`[]`), Pipelines: []adf.TriggerPipeline{{"a", json.RawMessage(`{"p":1}`)}, {"a", nil}},
				Recurrence: &adf.Recurrence{
					Frequency: "Week", Interval: new(int64(1)), StartTime: mustTime(t, "2023-02-15T19:32:00Z"), StartIsLocal: true,
					EndTime: mustTime(t, "2024-06-05T06:55:00.1234567Z"), TimeZone: "FLE Standard Time", Minutes: []int64{11}, Hours: []int64{5, 6},
					WeekDays: []string{"Thursday"}, MonthDays: []int64{-1}, MonthlyOccurrences: json.RawMessage(`[{"day":"Monday","occurrence":1}]`),
				},
			},
		},
		"a tumbling window": {
			`{"name":"tr","properties":{"type":"TumblingWindowTrigger","pipeline":{"pipelineReference":{"referenceName":"a"}},
				"typeProperties":{"frequency":"Minute","interval":5,"startTime":"2024-06-05T05:55:00Z","delay":"00:00:00","maxConcurrency":50,"retryPolicy":{"intervalInSeconds":30},"dependsOn":[]}}}`,
			adf.Trigger{
				Resource: adf.Resource{Name: "tr", Type: "TumblingWindowTrigger"}, Pipelines: []adf.TriggerPipeline{{PipelineName: "a"}},
				Recurrence: &adf.Recurrence{Frequency: "Minute", Interval: new(int64(5)), StartTime: mustTime(t, "2024-06-05T05:55:00Z"), Delay: "00:00:00", MaxConcurrency: new(int64(50))},
			},
		},
		"no pipeline at all":     {`{"name":"tr","properties":{"type":"T","pipelines":[],"pipeline":{}}}`, adf.Trigger{Resource: adf.Resource{Name: "tr", Type: "T"}}},
		"an event has no rhythm": {`{"name":"tr","properties":{"type":"BlobEventsTrigger","typeProperties":{"scope":"/s"}}}`, adf.Trigger{Resource: adf.Resource{Name: "tr", Type: "BlobEventsTrigger"}}},
	} {
		got, err := adf.DecodeTrigger([]byte(tc.raw))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if string(got.Raw) != tc.raw || len(got.Odd) != 0 {
			t.Errorf("%s: raw %s, odd %v", name, got.Raw, got.Odd)
		}
		if diff := cmp.Diff(tc.want, got, cmpopts.IgnoreFields(adf.Resource{}, "Raw", "Properties"), cmpopts.IgnoreFields(adf.Trigger{}, "TypeProperties")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestOddPartsOfATrigger(t *testing.T) {
	t.Parallel()
	for properties, want := range map[string]string{
		`"runtimeState":7`:                        "properties.runtimeState",
		`"pipelines":"p"`:                         "properties.pipelines",
		`"pipelines":["p"]`:                       "properties.pipelines[0]",
		`"pipelines":[{"pipelineReference":"p"}]`: "properties.pipelines[0].pipelineReference",
		`"typeProperties":{"recurrence":{"frequency":"Day","startTime":"soon"}}`:  "properties.typeProperties.recurrence.startTime",
		`"typeProperties":{"recurrence":{"schedule":{"hours":["five"]}}}`:         "properties.typeProperties.recurrence.schedule.hours[0]",
		`"typeProperties":{"recurrence":{"schedule":{"weekDays":["Monday",{}]}}}`: "properties.typeProperties.recurrence.schedule.weekDays[1]",
	} {
		tr, err := adf.DecodeTrigger([]byte(`{"name":"tr","properties":{"type":"kept",` + properties + `}}`))
		if err != nil || tr.Type != "kept" || len(tr.Odd) != 1 || tr.Odd[0].Field != want {
			t.Errorf("%s: %v, odd %v, want %s alone", properties, err, tr.Odd, want)
		}
	}
}

func TestRealTriggersAreRead(t *testing.T) {
	t.Parallel()
	for name, raw := range definitions(t, "trigger") {
		tr, err := adf.DecodeTrigger(raw)
		if err != nil || len(tr.Odd) != 0 || tr.Recurrence == nil || tr.Recurrence.Frequency == "" || tr.Recurrence.StartTime.IsZero() || tr.RuntimeState == "" {
			t.Errorf("%s: %v, %+v", name, err, tr)
		}
		if isLocal := name == "trigger-without-pipeline"; tr.Recurrence.StartIsLocal != isLocal {
			t.Errorf("%s: the start is local: %t", name, tr.Recurrence.StartIsLocal)
		}
	}
}

func TestDecodeTriggerRun(t *testing.T) {
	t.Parallel()
	raw := []byte(`{"triggerName":"tr","triggerRunId":"08586001811587302486644506085CU07","triggerType":"TumblingWindowTrigger","triggerRunTimestamp":"2020-09-30T00:28:46.7490539Z",
		"status":"Inprogress","message":null,"properties":{"TriggerTime":"9/30/2020 12:28:46 AM","windowStartTime":"06/05/2024 13:55:00","windowEndTime":"9/10/2019 1:15:00 PM"},
		"triggeredPipelines":{"b":"922ded02","a":"396085db"},"groupId":"08586001811587302486644506085CU07","dependencyStatus":{},"runDimension":{"k":"v"}}`)
	got, err := adf.DecodeTriggerRun(raw)
	if err != nil {
		t.Fatal(err)
	}
	want := adf.TriggerRun{
		TriggerName: "tr", TriggerRunID: "08586001811587302486644506085CU07", TriggerType: "TumblingWindowTrigger", TriggerRunTimestamp: mustTime(t, "2020-09-30T00:28:46.7490539Z"),
		Status: adf.StatusInProgress, Properties: got.Properties, TriggeredPipelines: []adf.TriggeredPipeline{{"b", "922ded02"}, {"a", "396085db"}},
		GroupID: new("08586001811587302486644506085CU07"), DependencyStatus: json.RawMessage(`{}`), RunDimension: json.RawMessage(`{"k":"v"}`),
		TriggerTime: mustTime(t, "2020-09-30T00:28:46Z"), WindowStart: mustTime(t, "2024-06-05T13:55:00Z"), WindowEnd: mustTime(t, "2019-09-10T13:15:00Z"), Raw: raw,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestOddPartsOfATriggerRun(t *testing.T) {
	t.Parallel()
	for fields, want := range map[string]string{
		`"triggerRunTimestamp":7`: "triggerRunTimestamp",
		`"message":{}`:            "message",
		`"properties":[]`:         "properties",
		`"properties":{"ScheduleTime":"31/31/2020 1:00"}`:     "properties.ScheduleTime",
		`"properties":{"TriggerTime":7,"EventPayload":{}}`:    "properties.TriggerTime",
		`"triggeredPipelines":"p"`:                            "triggeredPipelines",
		`"triggeredPipelines":{"a":{"runId":"x"},"b":"kept"}`: "triggeredPipelines",
	} {
		r, err := adf.DecodeTriggerRun([]byte(`{"triggerRunId":"r","status":"Waiting",` + fields + `}`))
		if err != nil || r.Status != adf.StatusWaiting || len(r.Odd) != 1 || r.Odd[0].Field != want {
			t.Errorf("%s: %v, odd %v, want %s alone", fields, err, r.Odd, want)
		}
	}
	for _, raw := range []string{``, `null`, `[]`, `{`, `{}`, `{"triggerRunId":""}`, `{"triggerRunId":7}`} {
		if r, err := adf.DecodeTriggerRun([]byte(raw)); err == nil {
			t.Errorf("a trigger run from %q: %+v", raw, r)
		}
	}
}

// A date of the properties is read in both forms that the service has written.
func TestDatesOfPropertiesInEitherForm(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		at := adf.Time(rapid.Int64Range(15_000_000_000_000_000, 20_000_000_000_000_000).Draw(t, "ticks") / adf.TicksPerSecond * adf.TicksPerSecond)
		for _, form := range []string{"1/2/2006 3:04:05 PM", "01/02/2006 15:04:05", "2006-01-02T15:04:05Z"} {
			text := at.Time().Format(form)
			r, err := adf.DecodeTriggerRun([]byte(`{"triggerRunId":"r","properties":{"ScheduleTime":"` + text + `"}}`))
			if err != nil || r.ScheduleTime != at || len(r.Odd) != 0 {
				t.Errorf("%s is %s, want %s; odd %v, %v", text, r.ScheduleTime, at, r.Odd, err)
			}
		}
	})
}

func FuzzDecodeTrigger(f *testing.F) {
	f.Add([]byte(`{"name":"tr","properties":{"type":"ScheduleTrigger","pipelines":[{"pipelineReference":{"referenceName":"p"}}],"typeProperties":{"recurrence":{"interval":1e3,"startTime":"2020-01-01","schedule":{"hours":[1]}}}}}`))
	f.Add([]byte(`{"name":"\ud800","properties":{"pipeline":{},"typeProperties":{"frequency":"Hour"}}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		tr, err := adf.DecodeTrigger(raw)
		if err != nil {
			return
		}
		if !json.Valid(raw) || tr.Name == "" {
			t.Errorf("a trigger from %q: %+v", raw, tr)
		}
		for _, p := range tr.Pipelines {
			if p.PipelineName == "" || p.Parameters != nil && !json.Valid(p.Parameters) {
				t.Errorf("%+v", p)
			}
		}
	})
}

func FuzzDecodeTriggerRun(f *testing.F) {
	f.Add([]byte(`{"triggerRunId":"r","properties":{"TriggerTime":"9/30/2020 12:28:46 AM"},"triggeredPipelines":{"p":"x","\u0000":null}}`))
	f.Add([]byte(" {\n\"triggerRunId\"\t: \"\\ud800\" , \"message\":\"\xff\"}\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := adf.DecodeTriggerRun(raw)
		if err != nil {
			return
		}
		if !json.Valid(raw) || r.TriggerRunID == "" {
			t.Errorf("a trigger run from %q: %+v", raw, r)
		}
		for _, part := range []json.RawMessage{r.Properties, r.DependencyStatus, r.RunDimension} {
			if part != nil && !json.Valid(part) {
				t.Errorf("%q is not JSON", part)
			}
		}
		if n := strings.Count(string(raw), ":"); len(r.TriggeredPipelines) > n {
			t.Errorf("%d pipelines of at most %d members", len(r.TriggeredPipelines), n)
		}
	})
}
