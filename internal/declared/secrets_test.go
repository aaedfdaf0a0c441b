package declared_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"andon/internal/adf"
	"andon/internal/declared"
	"andon/internal/redact"
)

func savedCase(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "adf", "testdata", "cases", name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func secureOfDefinitions(t *testing.T, raws ...string) *declared.Secrets {
	t.Helper()
	var all []adf.PipelineDefinition
	for _, raw := range raws {
		d, err := adf.DecodePipelineDefinition([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, d)
	}
	return declared.New(redact.Default(), all)
}

// The parent's activity of a public report: pin is redacted, site legible.
func TestASecureStringInAParentsActivityIsRedacted(t *testing.T) {
	t.Parallel()
	s := secureOfDefinitions(t, string(savedCase(t, "securestring-definition.json")))
	page, err := adf.SplitPage(savedCase(t, "securestring-parent-activity.json"))
	if err != nil {
		t.Fatal(err)
	}
	elements, _ := page.Elements("value")
	row, err := elements[0].ActivityRun()
	if err != nil {
		t.Fatal(err)
	}
	clean, changed := s.Activities([]adf.ActivityRun{row})
	var input struct{ Parameters map[string]string }
	if err := json.Unmarshal(clean[0].Input, &input); err != nil {
		t.Fatal(err)
	}
	if !changed || input.Parameters["pin"] != redact.Marker || input.Parameters["site"] != "north" || strings.Contains(string(clean[0].Raw), "canary-4711") {
		t.Errorf("%s", clean[0].Raw)
	}
	if _, again := s.Activities(clean); again {
		t.Error("redacting twice changes something")
	}
}

func TestSecureStringsByTheDefinition(t *testing.T) {
	t.Parallel()
	const definition = `{"name":"pl_Child","properties":{"parameters":{"Pin":{"type":"SecureString","defaultValue":"canary-0"},"key":{"type":"securestring"},"status":{"type":"SECURESTRING"},"site":{"type":"string","defaultValue":"north"}}}}`
	s := secureOfDefinitions(t, definition, `{"name":"other","properties":{"parameters":{"pin":{"type":"string"}}}}`)
	for raw, want := range map[string]string{
		`{"runId":"r","status":"Succeeded","parameters":{"pin":"canary-1","site":"north"}}`: `{"runId":"r","status":"Succeeded","parameters":{"pin":"<redacted>","site":"north"}}`,
		`{"status":"Failed","parameters":{"status":"canary-2"}}`:                            `{"status":"Failed","parameters":{"status":"<redacted>"}}`, // the run's own status stays
		`{"parameters":{"KEY":4711,"x":{"pin":"canary-3"}}}`:                                `{"parameters":{"KEY":"<redacted>","x":{"pin":"canary-3"}}}`,
		`{"parameters":"{\"pin\":\"canary-4\",\"site\":\"north\"}"}`:                        `{"parameters":"{\"pin\":\"<redacted>\",\"site\":\"north\"}"}`,
		`{"parameters":{"pin":"@pipeline().parameters.x"}}`:                                 `{"parameters":{"pin":"<redacted>"}}`, // in a run that is the value itself
		`{"parameters":{"pin":"**********","key":null,"status":""}}`:                        `{"parameters":{"pin":"**********","key":null,"status":""}}`,
		`{"parameters":{}}`:   `{"parameters":{}}`,
		`{"parameters":null}`: `{"parameters":null}`,
		`{"pin":"kept"}`:      `{"pin":"kept"}`,
	} {
		if got, changed := s.Run("PL_CHILD", []byte(raw)); string(got) != want || changed != (raw != want) {
			t.Errorf("%s\n gives %s (%t)\n want  %s", raw, got, changed, want)
		}
		if got, changed := s.Run("other", []byte(raw)); changed {
			t.Errorf("%s of another pipeline becomes %s", raw, got)
		}
	}
	clean, changed := s.Definition("pl_child", []byte(definition))
	if want := strings.Replace(definition, "canary-0", redact.Marker, 1); !changed || string(clean) != want {
		t.Errorf("definition %s", clean)
	}
	const parent = `{"name":"p","properties":{"activities":[{"name":"a","type":"ForEach","typeProperties":{"activities":[{"name":"x","type":"ExecutePipeline","typeProperties":{
		"pipeline":{"referenceName":"pl_child","type":"PipelineReference"},"parameters":{"pin":"canary-5","key":{"value":"@pipeline().parameters.k","type":"Expression"},"status":"@item().s","site":"north"}}}]}}]}}`
	clean, changed = s.Definition("p", []byte(parent))
	if want := strings.Replace(parent, "canary-5", redact.Marker, 1); !changed || string(clean) != want {
		t.Errorf("parent's definition %s", clean)
	}
	const trigger = `{"name":"tr","properties":{"pipelines":[{"pipelineReference":{"referenceName":"pl_child"},"parameters":{"pin":"canary-6","status":"@trigger().outputs.x"}},{"pipelineReference":{"referenceName":"other"},"parameters":{"pin":"4"}}]}}`
	clean, changed = s.HandedOn([]byte(trigger), true)
	if want := strings.Replace(trigger, "canary-6", redact.Marker, 1); !changed || string(clean) != want {
		t.Errorf("trigger %s", clean)
	}
}

// A pipeline with 300 secure parameters, names of 260 characters, parameters
// nested 1,000 deep: what is secret goes, all else stays.
func TestSecureStringsOfExtremes(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ä", 260)
	specs, values := map[string]any{}, map[string]any{"open": "legible"}
	for i := range 300 {
		name := fmt.Sprintf("%s%03d", long, i)
		specs[name], values[name] = map[string]any{"type": "securestring"}, fmt.Sprintf("canary-%d", i)
	}
	text := func(v any) string {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	s := secureOfDefinitions(t, `{"name":"`+long+`","properties":{"parameters":`+text(specs)+`}}`)
	clean, _ := s.Run(long, []byte(`{"runId":"r","parameters":`+text(values)+`}`))
	if n := strings.Count(string(clean), redact.Marker); n != 300 || strings.Contains(string(clean), "canary") || !strings.Contains(string(clean), `"open":"legible"`) {
		t.Errorf("%d values are hidden, want 300: %.300s", n, clean)
	}
	deep := strings.Repeat(`{"a":[`, 500) + `"x"` + strings.Repeat(`]}`, 500)
	for name, raw := range map[string]string{
		"of a run":       `{"runId":"r","pipelineName":"p","parameters":{"v":` + deep + `}}`,
		"of an activity": `{"activityRunId":"a","input":{"pipeline":{"referenceName":"q"},"parameters":{"v":` + deep + `}},"output":` + deep + `}`,
	} {
		for what, edit := range map[string]func(string, []byte) ([]byte, bool){
			"run": s.Run, "handed on": func(_ string, raw []byte) ([]byte, bool) { return s.HandedOn(raw, false) }, "definition": s.Definition,
		} {
			if got, changed := edit("p", []byte(raw)); changed || string(got) != raw {
				t.Errorf("parameters %s, nested 1,000 deep, are changed by %s", name, what)
			}
		}
	}
}

// Of a parameter and of an activity the newest version that has it decides.
func TestEachVersionOfADefinitionSaysWhatIsSecret(t *testing.T) {
	t.Parallel()
	version := func(parameters, activities string) string {
		return `{"name":"pl_child","properties":{"parameters":` + parameters + `,"activities":` + activities + `}}`
	}
	first := secureOfDefinitions(t, version(`{"Pin":{"type":"SecureString"},"key":{"type":"SecureString"}}`,
		`[{"name":"old","policy":{"secureInput":true}},{"name":"changed","policy":{"secureInput":true}}]`))
	newer, err := adf.DecodePipelineDefinition([]byte(version(`{"code":{"type":"SecureString"},"KEY":{"type":"String"}}`,
		`[{"name":"Changed","policy":{"secureOutput":true}},{"name":"new","policy":{"secureInput":true}}]`)))
	if err != nil {
		t.Fatal(err)
	}
	both := first.With([]adf.PipelineDefinition{newer})
	const run = `{"parameters":{"pin":"1","key":"2","code":"3"}}`
	for want, s := range map[string]*declared.Secrets{
		`{"parameters":{"pin":"<redacted>","key":"<redacted>","code":"3"}}`: first,
		`{"parameters":{"pin":"<redacted>","key":"2","code":"<redacted>"}}`: both,
	} {
		if got, _ := s.Run("pl_child", []byte(run)); string(got) != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	const activity = `{"input":"1","output":"2"}`
	for name, want := range map[string]string{
		"old": `{"input":"<redacted>","output":"2"}`, "changed": `{"input":"1","output":"<redacted>"}`, "new": `{"input":"<redacted>","output":"2"}`, "open": activity,
	} {
		if got, _ := both.Activity("PL_Child", name, []byte(activity)); string(got) != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if got, _ := both.ActivityRow([]byte(`{"pipelineName":"PL_child","activityName":"OLD","input":"1"}`)); string(got) != `{"pipelineName":"PL_child","activityName":"OLD","input":"<redacted>"}` {
		t.Errorf("a row by itself: %s", got)
	}
	for _, c := range []struct {
		older *declared.Secrets
		want  string
	}{{nil, "[pl_child] true"}, {first, "[pl_child] true"}, {both, "[] false"}} {
		pipelines, hasActivities := both.Beyond(c.older)
		if got := fmt.Sprint(pipelines, hasActivities); got != c.want {
			t.Errorf("beyond %v: %s, want %s", c.older, got, c.want)
		}
	}
	if got := both.With(nil); fmt.Sprint(got) != fmt.Sprint(both) {
		t.Error("without newer ones it changes")
	}
	var none *declared.Secrets
	if got, changed := none.Activity("p", "a", []byte(activity)); changed || string(got) != activity {
		t.Errorf("without definitions: %s", got)
	}
}
