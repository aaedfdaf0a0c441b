package redact_test

import (
	"strings"
	"testing"

	"andon/internal/redact"
)

func onlyAllowed(t *testing.T, allow ...string) *redact.Redactor {
	t.Helper()
	r, err := redact.New(redact.Patterns{OnlyAllowed: true, Allow: allow})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestOnlyWhatIsAllowedIsKept(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		allow    []string
		in, want string
	}{
		"nothing but ADF's own": {
			nil,
			`{"activityName":"a","input":{"source":{"type":"AzureSqlSource","sqlReaderQuery":"select 1"},"x":[1,true,null,"",{}]},"output":{"rowsRead":12,"dataRead":3,"effectiveIntegrationRuntime":"AutoResolveIntegrationRuntime (West Europe)","firstRow":{"name":"Ann","n":1}},"error":{"message":"stays"}}`,
			`{"activityName":"a","input":{"source":{"type":"AzureSqlSource","sqlReaderQuery":"<redacted>"},"x":["<redacted>","<redacted>",null,"",{}]},"output":{"rowsRead":12,"dataRead":3,"effectiveIntegrationRuntime":"AutoResolveIntegrationRuntime (West Europe)","firstRow":{"name":"<redacted>","n":"<redacted>"}},"error":{"message":"stays"}}`,
		},
		"a count must be a number": {
			nil, `{"output":{"rowsRead":"Ann","copyDuration":7,"errorCode":"2200","pipelineRunId":"a \"b\" c","deep":{"rowsRead":1}}}`,
			`{"output":{"rowsRead":"<redacted>","copyDuration":7,"errorCode":"2200","pipelineRunId":"<redacted>","deep":{"rowsRead":"<redacted>"}}}`,
		},
		"a member": {[]string{"Output.firstRow.NAME"}, `{"Output":{"FirstRow":{"name":"Ann","age":5}}}`, `{"Output":{"FirstRow":{"name":"Ann","age":"<redacted>"}}}`},
		"a pattern": {
			[]string{"output.firstRow.*_id", "output.value.*"},
			`{"output":{"firstRow":{"order_id":5,"a":{"order_id":1}},"value":[{"a":1},{"b":{"c":2}}]}}`,
			`{"output":{"firstRow":{"order_id":5,"a":{"order_id":"<redacted>"}},"value":[{"a":1},{"b":{"c":"<redacted>"}}]}}`,
		},
		"all below a member":             {[]string{"input.source.**", "output.**.id"}, `{"input":{"source":{"a":{"b":["x"]}}},"output":{"id":1,"a":{"b":{"id":2,"x":3}}}}`, `{"input":{"source":{"a":{"b":["x"]}}},"output":{"id":1,"a":{"b":{"id":2,"x":"<redacted>"}}}}`},
		"a secret that is allowed":       {[]string{"output.**"}, `{"output":{"password":"p1","m":"Pwd=p1;","n":1}}`, `{"output":{"password":"<redacted>","m":"Pwd=<redacted>;","n":1}}`},
		"an input that is no object":     {nil, `{"input":"x","output":[1]}`, `{"input":"<redacted>","output":["<redacted>"]}`},
		"input below another member":     {nil, `{"userProperties":{"input":{"a":1}}}`, `{"userProperties":{"input":{"a":1}}}`},
		"JSON in a string is one value":  {[]string{"output.a.b"}, `{"output":{"a":"{\"b\":1}"}}`, `{"output":{"a":"<redacted>"}}`},
		"what is nested without an end":  {nil, `{"output":` + strings.Repeat(`{"a":`, 70) + `1` + strings.Repeat(`}`, 71), `{"output":` + strings.Repeat(`{"a":`, 63) + `"<too deep>"` + strings.Repeat(`}`, 64)},
		"a row that is no object at all": {nil, `[{"output":1}]`, `[{"output":1}]`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := onlyAllowed(t, c.allow...)
			got, changed := r.ActivityRun([]byte(c.in), redact.Options{})
			if string(got) != c.want || changed != (c.in != c.want) {
				t.Errorf("%s\nbecame %s\nwant   %s", c.in, got, c.want)
			}
			if again, changed := r.ActivityRun(got, redact.Options{}); changed {
				t.Errorf("%s\nbecame %s the second time", got, again)
			}
			if got, changed := r.JSON([]byte(`{"output":{"a":1}}`)); changed {
				t.Errorf("what is no activity run became %s", got)
			}
		})
	}
}

func TestPathsThatCannotBeAllowed(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"rowsRead":                           `allow[0]: "rowsRead" does not begin with input or output: write the path of a member, such as output.rowsRead or output.firstRow.*`,
		"input":                              `allow[0]: "input" names no member: write input.name, or input.** for all of it`,
		"output.":                            `allow[0]: "output." has an empty name between two dots`,
		"output.a**":                         `allow[0]: "output.a**" has ** beside other text: ** alone is any number of members, * is any text in one name`,
		"output.**.a.**":                     `allow[0]: "output.**.a.**" has ** more than once`,
		"output." + strings.Repeat("x", 200): "allow[0]: is 207 bytes long: at most 200 are allowed",
	} {
		if _, err := redact.New(redact.Patterns{OnlyAllowed: true, Allow: []string{path}}); err == nil || err.Error() != want {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := redact.New(redact.Patterns{OnlyAllowed: true, Allow: make([]string, 201)}); err == nil || err.Error() != "allow: 201 paths are too many: at most 200 are allowed" {
		t.Error(err)
	}
	for _, path := range redact.SafeMembers() {
		if err := redact.CheckAllowed(path); err != nil {
			t.Error(err)
		}
	}
}
