package azure_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"andon/internal/adf"
	"andon/internal/azure"
)

const goodRun = `{"runId":"good","pipelineName":"pl_good","status":"Succeeded"}`

// describeRun tells of a run what the odd payloads change.
func describeRun(r adf.PipelineRun) string {
	var parts []string
	add := func(name, value string) {
		if value != "" {
			parts = append(parts, name+"="+value)
		}
	}
	add("status", string(r.Status))
	add("parameters", string(r.Parameters))
	add("runDimension", string(r.RunDimension))
	if r.DurationInMs != nil {
		add("durationInMs", strconv.FormatInt(*r.DurationInMs, 10))
	}
	if r.Message != nil {
		add("message", *r.Message)
	}
	if r.InvokedBy != nil {
		add("invokedBy", *r.InvokedBy.Name)
	}
	if r.IsLatest != nil {
		add("isLatest", strconv.FormatBool(*r.IsLatest))
	}
	add("runStart", r.RunStart.String())
	add("runEnd", r.RunEnd.String())
	for _, o := range r.Odd {
		add("odd", o.Field)
	}
	return strings.Join(parts, " ")
}

// Each of these cost the official Go client the whole page, or changed what
// was in it; here it may cost its own field at most.
func TestOddRunsKeepTheirGoodFieldsAndTheirPage(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ fields, want string }{
		"a number as parameter":      {`"parameters":{"n":9007199254740993}`, `parameters={"n":9007199254740993}`},
		"a boolean as parameter":     {`"parameters":{"b":true}`, `parameters={"b":true}`},
		"an object as parameter":     {`"parameters":{"o":{"a":[1]}}`, `parameters={"o":{"a":[1]}}`},
		"an array as parameter":      {`"parameters":{"a":["x"]}`, `parameters={"a":["x"]}`},
		"null parameters":            {`"parameters":null`, `parameters=null`},
		"plural run dimensions":      {`"runDimensions":{"n":1}`, `runDimension={"n":1}`},
		"a duration beyond 32 bits":  {`"durationInMs":2147483648`, `durationInMs=2147483648`},
		"a duration with a fraction": {`"durationInMs":12.5`, `durationInMs=13`},
		"a whole duration as float":  {`"durationInMs":12.0`, `durationInMs=12`},
		"a duration as text":         {`"durationInMs":"42"`, `durationInMs=42`},
		"a duration that is none":    {`"durationInMs":"long"`, `odd=durationInMs`},
		"a null duration":            {`"durationInMs":null`, ``},
		"a status number":            {`"status":3`, `odd=status`},
		"an unknown status":          {`"status":"Pondering"`, `status=Pondering`},
		"an American status":         {`"status":"canceled"`, `status=Cancelled`},
		"a status with a blank":      {`"status":"In Progress"`, `status=InProgress`},
		"a message object":           {`"message":{"code":1}`, `odd=message`},
		"an empty message":           {`"message":"","runStart":"2026-11-24T02:00:03.1182931Z"`, `runStart=2026-11-24T02:00:03.1182931Z`},
		"invokedBy as text":          {`"invokedBy":"Manual"`, `odd=invokedBy`},
		"invokedBy with a number":    {`"invokedBy":{"id":7,"name":"tr"}`, `invokedBy=tr odd=invokedBy`},
		"isLatest as text":           {`"isLatest":"true"`, `isLatest=true`},
		"isLatest as number":         {`"isLatest":1`, `odd=isLatest`},
		"an empty date":              {`"runStart":""`, ``},
		"a date alone":               {`"runStart":"2026-11-24"`, `runStart=2026-11-24T00:00:00Z`},
		"an American date":           {`"runStart":"11/24/2026 2:00:03 AM"`, `odd=runStart`},
		"a date as number":           {`"runStart":1764000000`, `odd=runStart`},
		"a date with a zone":         {`"runStart":"2026-11-24T02:00:03+02:00"`, `runStart=2026-11-24T00:00:03Z`},
		"a date without a zone":      {`"runStart":"2026-11-24T02:00:03.5"`, `runStart=2026-11-24T02:00:03.5Z`},
		"a date with a blank":        {`"runStart":"2026-11-24 02:00:03Z"`, `runStart=2026-11-24T02:00:03Z`},
		"year one":                   {`"runStart":"0001-01-01T00:00:00Z"`, ``},
		"year 1601":                  {`"runEnd":"1601-01-01T00:00:00Z"`, ``},
		"invalid UTF-8":              {"\"message\":\"a\xffb\"", "message=a\ufffdb"},
		"unknown fields":             {`"cancelledBy":{},"futureField":[1,{"x":2}]`, ``},
		"a lone surrogate":           {`"message":"\ud800"`, "message=\ufffd"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			row := `{"runId":"odd",` + tc.fields + `}`
			page, err := azure.DecodeRunPage([]byte(`{"value":[` + row + `,` + goodRun + `]}`))
			if err != nil {
				t.Fatal(err)
			}
			if len(page.Runs) != 2 || page.Runs[1].RunID != "good" || len(page.Odd) != 0 {
				t.Fatalf("page = %+v, want both runs", page)
			}
			if diff := cmp.Diff(tc.want, describeRun(page.Runs[0])); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if !bytes.Equal(page.Runs[0].Raw, []byte(row)) {
				t.Errorf("raw = %s, want the bytes as they came", page.Runs[0].Raw)
			}
		})
	}
}

func TestOddActivitiesKeepTheirGoodFieldsAndTheirPage(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fields string
		odd    []string
	}{
		"texts for objects":         {`"input":"@{a=1}","output":"b","error":"@{errorCode=}"`, nil},
		"nulls for objects":         {`"input":null,"output":null,"error":null,"userProperties":null`, nil},
		"a linked service object":   {`"linkedServiceName":{"referenceName":"ls"}`, []string{"linkedServiceName"}},
		"a duration beyond 32 bits": {`"durationInMs":3000000000`, nil},
		"a retry as text":           {`"retryAttempt":"2"`, nil},
		"a retry that is none":      {`"retryAttempt":{}`, []string{"retryAttempt"}},
		"a start that is none":      {`"activityRunStart":"soon"`, []string{"activityRunStart"}},
		"numbers for texts":         {`"iterationHash":7,"recoveryStatus":false`, []string{"iterationHash", "recoveryStatus"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			row := `{"activityRunId":"odd","activityName":"a","status":"Failed",` + tc.fields + `}`
			page, err := azure.DecodeActivityPage([]byte(`{"value":[` + row + `,{"activityName":"good"}],"continuationToken":"t"}`))
			if err != nil {
				t.Fatal(err)
			}
			if len(page.Activities) != 2 || page.Activities[0].Status != adf.StatusFailed || page.Next != "t" {
				t.Fatalf("page = %+v, want both activities", page)
			}
			var odd []string
			for _, o := range page.Activities[0].Odd {
				odd = append(odd, o.Field)
			}
			if diff := cmp.Diff(tc.odd, odd); diff != "" {
				t.Errorf("odd fields (-want +got):\n%s", diff)
			}
			if !bytes.Equal(page.Activities[0].Raw, []byte(row)) {
				t.Errorf("raw = %s, want the bytes as they came", page.Activities[0].Raw)
			}
		})
	}
}

func TestPagesWithElementsThatAreNoRows(t *testing.T) {
	t.Parallel()
	body := `{"value":[null,7,"x",[],{},{"runId":null},{"runId":5},` + goodRun + `],"continuationToken":""}`
	page, err := azure.DecodeRunPage([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Runs) != 1 || len(page.Odd) != 6 || page.Next != "" {
		t.Errorf("%d runs, %d odd rows, token %q; want 1, 6 and none", len(page.Runs), len(page.Odd), page.Next)
	}
	for _, o := range page.Odd {
		if len(o.Raw) == 0 || o.Problem == "" {
			t.Errorf("odd row %+v lacks its bytes or its problem", o)
		}
	}
}

func TestOnlyWhatIsNoPageIsAnError(t *testing.T) {
	t.Parallel()
	for body, wantError := range map[string]bool{
		`{"value":[]}`:                            false,
		`{"value":[],"continuationToken":null}`:   false,
		`{"value":null}`:                          false,
		"\ufeff" + `{"value":[` + goodRun + `]}`:  false,
		`{}`:                                      true,
		`{"error":{"code":"x"}}`:                  true,
		`{"value":{}}`:                            true,
		`{"value":[],"continuationToken":7}`:      true,
		`{"value":[` + goodRun + `],"continuatio`: true,
		`{"value":[` + goodRun:                    true,
		`{"value":[{]}`:                           true,
		`[]`:                                      true,
		`null`:                                    true,
		``:                                        true,
		`<html>`:                                  true,
	} {
		_, err := azure.DecodeRunPage([]byte(body))
		if (err != nil) != wantError {
			t.Errorf("%q: got %v, want an error: %t", body, err, wantError)
		}
	}
}

func FuzzDecodeRunPage(f *testing.F) {
	f.Add([]byte(`{"value":[` + goodRun + `],"continuationToken":"t"}`))
	f.Add([]byte(`{"value":[null,{"runId":"a","durationInMs":1e99,"runStart":"9999-12-31T23:59:59.9999999Z","invokedBy":{"name":1}}]}`))
	f.Add([]byte(`{"value":[{"runId":"\ud800","message":"` + "\xff" + `"}]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		page, err := azure.DecodeRunPage(body)
		if err != nil {
			if len(page.Runs)+len(page.Odd) != 0 {
				t.Errorf("rows beside the error %v", err)
			}
			return
		}
		var all struct {
			Value []json.RawMessage `json:"value"`
		}
		if err := json.Unmarshal(bytes.TrimPrefix(body, []byte("\ufeff")), &all); err != nil {
			t.Fatalf("a page was read from what is not one: %v", err)
		}
		nulls := 0
		for _, raw := range all.Value {
			if string(raw) == "null" {
				nulls++
			}
		}
		if got := len(page.Runs) + len(page.Odd) + nulls; got != len(all.Value) {
			t.Errorf("%d of %d elements are accounted for", got, len(all.Value))
		}
		for _, r := range page.Runs {
			if r.RunID == "" || !utf8.ValidString(r.RunID) || !bytes.Contains(body, r.Raw) {
				t.Errorf("run %q from %q", r.RunID, r.Raw)
			}
		}
	})
}

// fullPage is 100 runs as ADF writes them.
func fullPage() []byte {
	var b bytes.Buffer
	b.WriteString(`{"value":[`)
	for i := range 100 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id":"/SUBSCRIPTIONS/51111111-0000-0000-0000-000000000001/RESOURCEGROUPS/RG-DATA/PROVIDERS/MICROSOFT.DATAFACTORY/FACTORIES/ADF-SALES-PROD/pipelineruns/6d1f0c52-7c3e-4c7d-9c0a-0b8f4b1c9%03d","runId":"6d1f0c52-7c3e-4c7d-9c0a-0b8f4b1c9%03d","debugRunId":null,"runGroupId":"6d1f0c52-7c3e-4c7d-9c0a-0b8f4b1c9%03d","pipelineName":"pl_load_orders","parameters":{"day":"2026-03-01","tables":"[\"orders\",\"lines\"]"},"invokedBy":{"id":"08584612345678901234567890123CU04","name":"tr_nightly","invokedByType":"ScheduleTrigger"},"runStart":"2026-03-01T02:00:03.1182931Z","runEnd":"2026-03-01T02:07:41.98337Z","durationInMs":458865,"status":"Succeeded","message":"","pipelineReturnValue":{},"lastUpdated":"2026-03-01T02:07:41.98337Z","annotations":["sales"],"runDimension":{},"isLatest":true}`, i, i, i)
	}
	b.WriteString(`],"continuationToken":"opaque"}`)
	return b.Bytes()
}

func BenchmarkDecodeRunPage(b *testing.B) {
	body := fullPage()
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	runs := 0
	for b.Loop() {
		page, err := azure.DecodeRunPage(body)
		if err != nil {
			b.Fatal(err)
		}
		runs += len(page.Runs)
	}
	b.ReportMetric(float64(runs)/b.Elapsed().Seconds(), "runs/s")
}
