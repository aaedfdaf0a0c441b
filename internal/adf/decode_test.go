package adf_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"andon/internal/adf"
)

func TestDecodePipelineRunReadsEveryField(t *testing.T) {
	t.Parallel()
	raw := []byte(`{"id":"/SUBSCRIPTIONS/S/pipelineruns/r","runId":"r","debugRunId":null,"runGroupId":"g","pipelineName":"pl \"é\" \u003cx\u003e",
		"parameters":{"day":"2026-03-01"},"invokedBy":{"id":"08CU04","name":"tr","invokedByType":"ScheduleTrigger","pipelineName":null,"pipelineRunId":"p"},
		"runStart":"2026-03-01T02:00:03.1182931Z","runEnd":"2026-03-01T02:07:41.98337Z","durationInMs":458865,"status":"Failed","message":"line\r\nbreak",
		"pipelineReturnValue":{},"lastUpdated":"2026-03-01T02:07:41.98337Z","annotations":["sales",7],"runDimension":{"a":"b"},"isLatest":true,"cancelledBy":null}`)
	got, err := adf.DecodePipelineRun(raw)
	if err != nil {
		t.Fatal(err)
	}
	at := func(s string) adf.Time {
		v, err := adf.ParseTime(s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	want := adf.PipelineRun{
		ID: new("/SUBSCRIPTIONS/S/pipelineruns/r"), RunID: "r", RunGroupID: new("g"), PipelineName: `pl "é" <x>`,
		Parameters: json.RawMessage(`{"day":"2026-03-01"}`),
		InvokedBy:  &adf.InvokedBy{ID: new("08CU04"), Name: new("tr"), InvokedByType: new("ScheduleTrigger"), PipelineRunID: new("p")},
		RunStart:   at("2026-03-01T02:00:03.1182931Z"), RunEnd: at("2026-03-01T02:07:41.98337Z"), DurationInMs: new(int64(458865)),
		Status: adf.StatusFailed, Message: new("line\r\nbreak"), PipelineReturnValue: json.RawMessage(`{}`),
		LastUpdated: at("2026-03-01T02:07:41.98337Z"), Annotations: json.RawMessage(`["sales",7]`), RunDimension: json.RawMessage(`{"a":"b"}`),
		IsLatest: new(true), CancelledBy: json.RawMessage(`null`), Raw: raw,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAFieldKeepsAbsentNullAndEmptyApart(t *testing.T) {
	t.Parallel()
	absent, err := adf.DecodePipelineRun([]byte(`{"runId":"r"}`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(adf.PipelineRun{RunID: "r", Raw: absent.Raw}, absent); diff != "" {
		t.Errorf("absent (-want +got):\n%s", diff)
	}
	empty, err := adf.DecodePipelineRun([]byte(`{"runId":"r","message":"","parameters":{},"runGroupId":""}`))
	if err != nil {
		t.Fatal(err)
	}
	if empty.Message == nil || *empty.Message != "" || string(empty.Parameters) != "{}" || empty.RunGroupID == nil {
		t.Errorf("empty = %+v, want pointers to empty texts", empty)
	}
}

func TestNamesThatDifferInCaseOnly(t *testing.T) {
	t.Parallel()
	// PowerShell's objects are in Pascal case; where both spellings stand,
	// ADF's own counts.
	r, err := adf.DecodePipelineRun([]byte(`{"Status":"wrong","RunId":"r","status":"Failed","PIPELINENAME":"p","run\u0047roupId":"escaped"}`))
	if err != nil {
		t.Fatal(err)
	}
	if r.RunID != "r" || r.Status != adf.StatusFailed || r.PipelineName != "p" {
		t.Errorf("got %q, %q, %q", r.RunID, r.Status, r.PipelineName)
	}
}

func TestManualStartOf2018GetsItsType(t *testing.T) {
	t.Parallel()
	r, err := adf.DecodePipelineRun([]byte(`{"runId":"r","invokedBy":{"id":"x","name":"Manual"}}`))
	if err != nil {
		t.Fatal(err)
	}
	if r.InvokedBy == nil || r.InvokedBy.InvokedByType == nil || *r.InvokedBy.InvokedByType != adf.InvokedManually {
		t.Errorf("invokedBy = %+v, want type Manual", r.InvokedBy)
	}
}

func TestProblemsNeverQuoteValues(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	r, err := adf.DecodePipelineRun([]byte(`{"runId":"r","runStart":"` + secret + `","durationInMs":"` + secret + `","isLatest":"` + secret + `","message":{"k":"` + secret + `"},"invokedBy":["` + secret + `"]}`))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Odd) != 5 {
		t.Errorf("odd = %v, want five fields", r.Odd)
	}
	for _, o := range r.Odd {
		if o.Field == "" || o.Problem == "" || strings.Contains(o.Problem, secret) {
			t.Errorf("odd field %+v", o)
		}
	}
}

func TestWhatIsNoRowIsAnError(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{``, `null`, `[]`, `"x"`, `7`, `{`, `{"runId":"r"`, `{"runId":}`, `{"runId":"r"}x`, "{\"runId\":\"r\"}\v", `{}`, `{"runId":""}`, `{"runId":7}`} {
		if r, err := adf.DecodePipelineRun([]byte(raw)); err == nil {
			t.Errorf("a run from %q: %+v", raw, r)
		}
		if a, err := adf.DecodeActivityRun([]byte(raw)); err == nil {
			t.Errorf("an activity from %q: %+v", raw, a)
		}
		if f, err := adf.DecodeFactory([]byte(raw)); err == nil {
			t.Errorf("a factory from %q: %+v", raw, f)
		}
	}
}

func TestDecodeFactory(t *testing.T) {
	t.Parallel()
	raw := []byte(`{"name":"adf-Sales","id":"/subscriptions/s/resourceGroups/g/providers/Microsoft.DataFactory/factories/adf-sales","location":"East US","tags":{"a":"b"},"properties":{"version":"2018-06-01"},"identity":null}`)
	got, err := adf.DecodeFactory(raw)
	if err != nil {
		t.Fatal(err)
	}
	want := adf.Factory{
		ID: "/subscriptions/s/resourceGroups/g/providers/Microsoft.DataFactory/factories/adf-sales", Name: "adf-Sales", Location: "East US",
		Tags: json.RawMessage(`{"a":"b"}`), Properties: json.RawMessage(`{"version":"2018-06-01"}`), Raw: raw,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// jsonValue draws any JSON value of a little depth.
func jsonValue(depth int) *rapid.Generator[any] {
	leaves := []*rapid.Generator[any]{
		rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.Int64().AsAny(), rapid.Float64Range(-1e300, 1e300).AsAny(), rapid.String().AsAny(),
	}
	if depth > 0 {
		leaves = append(leaves,
			rapid.SliceOfN(jsonValue(depth-1), 0, 4).AsAny(),
			rapid.MapOfN(rapid.String(), jsonValue(depth-1), 0, 4).AsAny())
	}
	return rapid.OneOf(leaves...)
}

// Whatever ADF puts into a field, the row with a runId survives, every raw
// field is byte for byte what stood there, and texts are what encoding/json
// reads.
func TestAnyFieldValuesKeepTheRow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		fields := map[string]any{}
		for _, name := range []string{"id", "parameters", "invokedBy", "runStart", "runEnd", "durationInMs", "status", "message", "lastUpdated", "annotations", "isLatest", "x\"y\\"} {
			if rapid.Bool().Draw(t, "has "+name) {
				fields[name] = jsonValue(2).Draw(t, name)
			}
		}
		fields["runId"] = "r"
		raw, err := json.MarshalIndent(fields, "", rapid.SampledFrom([]string{"", " ", "\t\t"}).Draw(t, "indent"))
		if err != nil {
			t.Fatal(err)
		}
		r, err := adf.DecodePipelineRun(raw)
		if err != nil || r.RunID != "r" {
			t.Fatalf("%s: %v", raw, err)
		}
		var reference struct {
			Parameters  json.RawMessage `json:"parameters"`
			Annotations json.RawMessage `json:"annotations"`
			Message     any             `json:"message"`
		}
		if err := json.Unmarshal(raw, &reference); err != nil {
			t.Fatal(err)
		}
		if string(reference.Parameters) != string(r.Parameters) || string(reference.Annotations) != string(r.Annotations) {
			t.Errorf("raw fields %s and %s, want %s and %s", r.Parameters, r.Annotations, reference.Parameters, reference.Annotations)
		}
		if text, ok := reference.Message.(string); ok != (r.Message != nil) || (ok && text != *r.Message) {
			t.Errorf("message %v, want %v", r.Message, reference.Message)
		}
	})
}

func FuzzDecodePipelineRun(f *testing.F) {
	f.Add([]byte(`{"runId":"r","runStart":"2026-03-01T02:00:03.1182931Z","parameters":{"a":["\\\"",{}]},"durationInMs":1e3}`))
	f.Add([]byte(" {\n\"runId\"\t: \"\\u0000\" , \"message\":\"\xff\"}\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := adf.DecodePipelineRun(raw)
		if err != nil {
			return
		}
		if !json.Valid(raw) {
			t.Errorf("a run from what is not JSON: %+v", r)
		}
		for _, part := range []json.RawMessage{r.Parameters, r.Annotations, r.RunDimension, r.PipelineReturnValue, r.CancelledBy} {
			if part != nil && !json.Valid(part) {
				t.Errorf("%q is not JSON", part)
			}
		}
	})
}
