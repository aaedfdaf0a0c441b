package adf_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"andon/internal/adf"
)

const somePipeline = `{"id":"/subscriptions/s/pipelines/pl load","name":"pl load","type":"Microsoft.DataFactory/factories/pipelines",
	"properties":{"description":"d","concurrency":2,"annotations":["sales"],"folder":{"name":"sales/daily"},"parameters":{"day":{"type":"string"}},
	"activities":[
		{"name":"Look up","type":"Lookup","dependsOn":[],"state":"Inactive","onInactiveMarkAs":"Skipped"},
		{"name":"Each","type":"ForEach","dependsOn":[{"activity":"Look up","dependencyConditions":["Succeeded","Skipped"]}],
		 "typeProperties":{"isSequential":true,"activities":[{"name":"Which","type":"Switch","typeProperties":{
			"cases":[{"value":"a","activities":[{"name":"A","type":"Wait"}]},{"value":"b","activities":[]}],
			"defaultActivities":[{"name":"None","type":"Fail"}]}}]}},
		{"name":"If","type":"IfCondition","typeProperties":{"ifTrueActivities":[{"name":"Yes","type":"Copy"}],"ifFalseActivities":[{"name":"No","type":"Copy"}]}}
	],"lastPublishTime":"2024-06-05T05:55:28Z","lastModifiedByObjectId":"80311eb5"},"etag":"9d05"}`

func decodePipeline(t *testing.T, raw []byte) adf.PipelineDefinition {
	t.Helper()
	d, err := adf.DecodePipelineDefinition(raw)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// outline writes activities one a line: nesting, name, type and where it
// stands.
func outline(list []adf.Activity, indent string) []string {
	var out []string
	for _, a := range list {
		line := indent + a.Name + " (" + a.Type + ")"
		if a.Container != "" {
			line += " in " + a.Container + "." + a.Branch
		}
		if a.Branch == "cases" {
			line += "=" + a.Case
		}
		out = append(append(out, line), outline(a.Inner, indent+"  ")...)
	}
	return out
}

func TestDecodePipelineDefinition(t *testing.T) {
	t.Parallel()
	d := decodePipeline(t, []byte(somePipeline))
	published, err := adf.ParseTime("2024-06-05T05:55:28Z")
	if err != nil {
		t.Fatal(err)
	}
	want := adf.PipelineDefinition{
		Resource:    adf.Resource{ID: new("/subscriptions/s/pipelines/pl load"), Name: "pl load", ETag: "9d05", Properties: d.Properties, Raw: []byte(somePipeline)},
		Description: new("d"), Folder: "sales/daily", Concurrency: new(int64(2)), Annotations: json.RawMessage(`["sales"]`),
		Parameters: json.RawMessage(`{"day":{"type":"string"}}`), LastPublishTime: published, LastModifiedBy: new("80311eb5"), Activities: d.Activities,
	}
	if diff := cmp.Diff(want, d); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	tree := []string{
		"Look up (Lookup)",
		"Each (ForEach)",
		"  Which (Switch) in Each.activities",
		"    None (Fail) in Which.defaultActivities",
		"    A (Wait) in Which.cases=a",
		"If (IfCondition)",
		"  Yes (Copy) in If.ifTrueActivities",
		"  No (Copy) in If.ifFalseActivities",
	}
	if diff := cmp.Diff(tree, outline(d.Activities, "")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	each, lookup := d.Activities[1], d.Activities[0]
	if diff := cmp.Diff([]adf.Dependency{{Activity: "Look up", Conditions: []string{"Succeeded", "Skipped"}}}, each.DependsOn); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if lookup.State != "Inactive" || lookup.OnInactiveMarkAs != "Skipped" || !strings.HasPrefix(string(lookup.Raw), `{"name":"Look up"`) || !json.Valid(each.Raw) {
		t.Errorf("%+v", lookup)
	}
}

// Publishing a pipeline again as it was changes its etag, its time and who
// did it, and not its content; the rest can be had back of the content.
func TestContentOutlastsPublishing(t *testing.T) {
	t.Parallel()
	d := decodePipeline(t, []byte(somePipeline))
	again := decodePipeline(t, []byte(strings.NewReplacer("2024-06-05", "2025-01-01", "80311eb5", "other", "9d05", "9d06").Replace(somePipeline)))
	if string(d.Content()) != string(again.Content()) {
		t.Errorf("content differs:\n%s\n%s", d.Content(), again.Content())
	}
	changed := decodePipeline(t, []byte(strings.Replace(somePipeline, `"concurrency":2`, `"concurrency":3`, 1)))
	if string(d.Content()) == string(changed.Content()) {
		t.Error("another concurrency has the same content")
	}
	back, err := adf.RestorePipelineDefinition(d.Name, d.ETag, d.LastPublishTime, d.LastModifiedBy, d.Content())
	if err != nil {
		t.Fatal(err)
	}
	ignoreRaw := cmp.FilterPath(func(p cmp.Path) bool {
		name := p.Last().String()
		return name == ".Raw" || name == ".Properties" || name == ".ID"
	}, cmp.Ignore())
	if diff := cmp.Diff(d, back, ignoreRaw); diff != "" {
		t.Errorf("(-had +restored):\n%s", diff)
	}
	if string(back.Content()) != string(d.Content()) || !json.Valid(back.Raw) {
		t.Errorf("restored as %s", back.Raw)
	}
	if _, err := adf.RestorePipelineDefinition("p", "", 0, nil, []byte("[]")); err == nil {
		t.Error("a definition of a content that is none")
	}
	empty := decodePipeline(t, []byte(`{"name":"p"}`))
	if got := string(empty.Content()); got != "{}" {
		t.Errorf("content of a pipeline without properties: %s", got)
	}
}

// Each field that can't be read costs itself and is named by its path, never
// with its value.
func TestOddPartsOfADefinition(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	for fields, want := range map[string]string{
		`"concurrency":"` + secret + `"`:                                            "properties.concurrency",
		`"folder":"` + secret + `"`:                                                 "properties.folder",
		`"folder":{"name":7}`:                                                       "properties.folder.name",
		`"lastPublishTime":"` + secret + `"`:                                        "properties.lastPublishTime",
		`"activities":{"k":"` + secret + `"}`:                                       "properties.activities",
		`"activities":[null,"` + secret + `"]`:                                      "properties.activities[1]",
		`"activities":[{"type":"Wait"}]`:                                            "properties.activities[0].name",
		`"activities":[{"name":"a","dependsOn":[{"dependencyConditions":[7]}]}]`:    "properties.activities[0].dependsOn[0].dependencyConditions[0]",
		`"activities":[{"name":"a","typeProperties":{"cases":["` + secret + `"]}}]`: "properties.activities[0].typeProperties.cases[0]",
	} {
		d := decodePipeline(t, []byte(`{"name":"p","properties":{"description":"kept",`+fields+`}}`))
		if len(d.Odd) != 1 || d.Odd[0].Field != want || d.Odd[0].Problem == "" || strings.Contains(d.Odd[0].Problem, secret) {
			t.Errorf("%s: odd %v, want %s alone", fields, d.Odd, want)
		}
		if d.Description == nil || *d.Description != "kept" {
			t.Errorf("%s: the description is lost", fields)
		}
	}
}

func TestNestingEndsSomewhere(t *testing.T) {
	t.Parallel()
	const deep = 1000
	raw := `{"name":"p","properties":` + strings.Repeat(`{"activities":[{"name":"a","typeProperties":`, deep) + `{}` + strings.Repeat(`}]}`, deep) + `}`
	d := decodePipeline(t, []byte(raw))
	if len(d.Odd) != 1 || !strings.Contains(d.Odd[0].Problem, "deeper than Data Factory allows") || len(d.Activities) != 1 {
		t.Errorf("odd %v", d.Odd)
	}
}

// definitions reads definitions nested as people write them, by their kind.
func definitions(t *testing.T, kind string) map[string]json.RawMessage {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "definitions", kind+"-*.json"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatalf("testdata/definitions has no %s", kind)
	}
	all := map[string]json.RawMessage{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var d struct {
			Body json.RawMessage `json:"body"`
		}
		if err := json.Unmarshal(text, &d); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all[strings.TrimSuffix(filepath.Base(file), ".json")] = d.Body
	}
	return all
}

// namesIn finds every activity the plain way: what stands in an array that
// is called activities of some kind.
func namesIn(v any, isActivity bool) (names []string) {
	switch v := v.(type) {
	case map[string]any:
		if name, ok := v["name"].(string); ok && isActivity {
			names = append(names, name)
		}
		for key, inner := range v {
			_, isList := inner.([]any)
			names = append(names, namesIn(inner, isList && strings.HasSuffix(strings.ToLower(key), "activities"))...)
		}
	case []any:
		for _, inner := range v {
			names = append(names, namesIn(inner, isActivity)...)
		}
	}
	return names
}

func TestRealPipelinesLoseNoActivity(t *testing.T) {
	t.Parallel()
	for name, raw := range definitions(t, "pipeline") {
		d := decodePipeline(t, raw)
		if len(d.Odd) != 0 {
			t.Errorf("%s: odd %v", name, d.Odd)
		}
		var plain struct {
			Properties any `json:"properties"`
		}
		if err := json.Unmarshal(raw, &plain); err != nil {
			t.Fatal(err)
		}
		want := map[string]bool{}
		for _, n := range namesIn(plain.Properties, false) {
			want[n] = true
		}
		got := map[string]bool{}
		var walk func(list []adf.Activity, container string)
		walk = func(list []adf.Activity, container string) {
			for _, a := range list {
				got[a.Name] = true
				if a.Container != container || a.Type == "" {
					t.Errorf("%s: %s stands in %q, want %q", name, a.Name, a.Container, container)
				}
				for _, dep := range a.DependsOn {
					if dep.Activity == "" || len(dep.Conditions) == 0 {
						t.Errorf("%s: %s depends on %+v", name, a.Name, dep)
					}
				}
				walk(a.Inner, a.Name)
			}
		}
		walk(d.Activities, "")
		if diff := cmp.Diff(want, got); diff != "" || len(got) == 0 {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Whatever stands in a definition, one with a name survives, and its content
// restores to itself.
func TestAnyDefinitionRestores(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		properties := map[string]any{}
		for _, name := range []string{"activities", "folder", "concurrency", "lastPublishTime", "lastModifiedByObjectId", "a\"b", "description"} {
			if rapid.Bool().Draw(t, "has "+name) {
				properties[name] = jsonValue(3).Draw(t, name)
			}
		}
		raw, err := json.Marshal(map[string]any{"name": "p", "etag": "e", "properties": properties})
		if err != nil {
			t.Fatal(err)
		}
		d, err := adf.DecodePipelineDefinition(raw)
		if err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		back, err := adf.RestorePipelineDefinition(d.Name, d.ETag, d.LastPublishTime, d.LastModifiedBy, d.Content())
		if err != nil || !json.Valid(back.Raw) || string(back.Content()) != string(d.Content()) || back.LastPublishTime != d.LastPublishTime {
			t.Errorf("%s restores to %s, %v", raw, back.Raw, err)
		}
	})
}

func FuzzDecodePipelineDefinition(f *testing.F) {
	f.Add([]byte(somePipeline))
	f.Add([]byte(`{"name":"p","properties":{"activities":[{"name":"\u0000","typeProperties":{"cases":[{"value":1,"activities":[null]}]}}],"lastPublishTime":"0001-01-01T00:00:00Z"}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := adf.DecodePipelineDefinition(raw)
		if err != nil {
			return
		}
		if !json.Valid(raw) || d.Name == "" {
			t.Errorf("a pipeline from %q: %+v", raw, d)
		}
		if content := d.Content(); !json.Valid(content) {
			t.Errorf("the content %q is not JSON", content)
		}
		var walk func([]adf.Activity)
		walk = func(list []adf.Activity) {
			for _, a := range list {
				if !json.Valid(a.Raw) {
					t.Errorf("%q is not JSON", a.Raw)
				}
				walk(a.Inner)
			}
		}
		walk(d.Activities)
	})
}
