package adf_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"andon/internal/adf"
)

func TestSecureParametersAreThoseDeclaredSo(t *testing.T) {
	t.Parallel()
	d, err := adf.DecodePipelineDefinition([]byte(`{"name":"p","properties":{"parameters":{
		"pin":{"type":"securestring"},"a":{"type":"SecureString","defaultValue":"x"},"b":{"type":"SECURESTRING"},"site":{"type":"string"},"c":{"type":7},"d":"securestring","e":null}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"pin", "a", "b"}, d.SecureParameters()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, parameters := range []string{`{}`, `null`, `[]`, `"x"`} {
		d, err := adf.DecodePipelineDefinition([]byte(`{"name":"p","properties":{"parameters":` + parameters + `}}`))
		if err != nil || d.SecureParameters() != nil {
			t.Errorf("%s: %v, %v", parameters, d.SecureParameters(), err)
		}
	}
}

func TestParametersBesideAReferenceAreEdited(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`{"input" : {"pipeline":{"referenceName":"c","type":"PipelineReference"}, "parameters" : {"a":1} }}`: `{"input" : {"pipeline":{"referenceName":"c","type":"PipelineReference"}, "parameters" : "c!" }}`,
		`{"parameters":{},"pipeline":{"referenceName":"c"}}`:                                                 `{"parameters":"c!","pipeline":{"referenceName":"c"}}`,
		`{"pipelines":[{"pipelineReference":{"referenceName":"a"},"parameters":{"x":[1,{"y":2}]}},{"pipelineReference":{"referenceName":"b"},"parameters":null}]}`: `{"pipelines":[` +
			`{"pipelineReference":{"referenceName":"a"},"parameters":"a!"},{"pipelineReference":{"referenceName":"b"},"parameters":"b!"}]}`,
		`{"pipeline":{"pipelineReference":{"referenceName":"w"},"parameters":{}}}`: `{"pipeline":{"pipelineReference":{"referenceName":"w"},"parameters":"w!"}}`,
		`{"Pipeline":{"ReferenceName":"c"},"Parameters":1}`:                        `{"Pipeline":{"ReferenceName":"c"},"Parameters":"c!"}`,
		`{"pipeline":{"referenceName":"c\u00e4"},"parameters":1}`:                  `{"pipeline":{"referenceName":"c\u00e4"},"parameters":"cä!"}`,
		// No reference, or one that only an expression knows.
		`{"parameters":{"a":1}}`: `{"parameters":{"a":1}}`,
		`{"pipeline":{"referenceName":{"value":"@x"}},"parameters":{"a":1}}`: `{"pipeline":{"referenceName":{"value":"@x"}},"parameters":{"a":1}}`,
		`{"pipeline":"c","parameters":{"a":1}}`:                              `{"pipeline":"c","parameters":{"a":1}}`,
		`[]`:                                                                 `[]`,
		`"x"`:                                                                `"x"`,
	} {
		got, changed := adf.EditParameters([]byte(raw), func(name string, _ json.RawMessage) (json.RawMessage, bool) {
			return json.RawMessage(`"` + name + `!"`), true
		})
		if string(got) != want || changed != (raw != want) {
			t.Errorf("%s\n gives %s, %t\n want  %s", raw, got, changed, want)
		}
	}
}

func TestAMemberIsEdited(t *testing.T) {
	t.Parallel()
	double := func(v json.RawMessage) (json.RawMessage, bool) { return json.RawMessage("[" + string(v) + "]"), true }
	for raw, want := range map[string]string{
		` {"a" : 1, "Parameters" : {"x":"}"} , "b":2}`: ` {"a" : 1, "Parameters" : [{"x":"}"}] , "b":2}`,
		`{"parameters":1,"PARAMETERS":2}`:              `{"parameters":[1],"PARAMETERS":[2]}`,
		`{"b":{"parameters":1}}`:                       `{"b":{"parameters":1}}`,
		`[1]`:                                          `[1]`,
		`{}`:                                           `{}`,
	} {
		if got, changed := adf.EditMember([]byte(raw), "parameters", double); string(got) != want || changed != (raw != want) {
			t.Errorf("%s gives %s, %t, want %s", raw, got, changed, want)
		}
	}
}

func FuzzEditParameters(f *testing.F) {
	f.Add([]byte(`{"input":{"pipeline":{"referenceName":"c"},"parameters":{"a":[{"pipeline":{"referenceName":"d"},"parameters":1}]}}}`))
	f.Add([]byte(strings.Repeat(`{"pipeline":{"referenceName":"c"},"x":[`, 70) + strings.Repeat(`]}`, 70)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if !json.Valid(raw) {
			return
		}
		same, changed := adf.EditParameters(raw, func(_ string, v json.RawMessage) (json.RawMessage, bool) {
			if !json.Valid(v) {
				t.Errorf("%q is not JSON", v)
			}
			return v, true
		})
		if string(same) != string(raw) {
			t.Errorf("%q became %q (%t) though nothing was to change", raw, same, changed)
		}
	})
}
