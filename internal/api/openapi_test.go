package api_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"gotest.tools/v3/golden"

	"andon/internal/adf"
	"andon/internal/store"
)

const goldenDocument = "openapi.json"

// The browser UI's types are made from openapi.json, and clients elsewhere
// are written against it, so a change has to be meant and has to be numbered.
func TestOpenAPIGolden(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got := b.get(t, "/api/v1/openapi.json", http.StatusOK)
	want, err := os.ReadFile(goldenDocument)
	if err != nil && (!golden.FlagUpdate() || !errors.Is(err, fs.ErrNotExist)) {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	if !golden.FlagUpdate() {
		t.Fatalf("%s differs from the types (run with -update if the change is meant):\n%s", goldenDocument, cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")))
	}
	if len(want) > 0 && versionOf(t, got) == versionOf(t, string(want)) {
		t.Fatalf("the document has changed but not its version, %s: raise documentVersion", versionOf(t, got))
	}
	if err := os.WriteFile(goldenDocument, []byte(got), 0o600); err != nil {
		t.Fatal(err)
	}
}

func versionOf(t *testing.T, document string) string {
	t.Helper()
	var d struct{ Info struct{ Version string } }
	if err := json.Unmarshal([]byte(document), &d); err != nil {
		t.Fatal(err)
	}
	return d.Info.Version
}

// answers are paths of every operation, over the runs of filterRuns.
func answers() map[string][]string {
	return map[string][]string{
		"/api/v1/overview":                         {"/api/v1/overview", "/api/v1/overview?from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z"},
		"/api/v1/timeline":                         {"/api/v1/timeline", "/api/v1/timeline?bucket=1w&from=2026-01-01T00:00:00Z"},
		"/api/v1/runs":                             {"/api/v1/runs", "/api/v1/runs?include=parameters&limit=2", "/api/v1/runs?q=nothing"},
		"/api/v1/runs/facets":                      {"/api/v1/runs/facets", "/api/v1/runs/facets?q=limit"},
		"/api/v1/runs/{runId}":                     {"/api/v1/runs/" + runID(2), "/api/v1/runs/" + runID(3)},
		"/api/v1/runs/{runId}/activities":          {"/api/v1/runs/" + runID(1) + "/activities", "/api/v1/runs/" + runID(2) + "/activities"},
		"/api/v1/runs/{runId}/group":               {"/api/v1/runs/" + runID(5) + "/group"},
		"/api/v1/runs/{runId}/children":            {"/api/v1/runs/" + runID(1) + "/children"},
		"/api/v1/factories":                        {"/api/v1/factories"},
		"/api/v1/factories/{factory}":              {"/api/v1/factories/hr-prod"},
		"/api/v1/collection":                       {"/api/v1/collection"},
		"/api/v1/sources/{source}/check":           {"/api/v1/sources/contoso/check"},
		"/api/v1/factories/{factory}/rereads":      {"/api/v1/factories/hr-prod/rereads"},
		"/api/v1/factories/{factory}/surroundings": {"/api/v1/factories/hr-prod/surroundings"},

		"/healthz":       {"/healthz"},
		"/readyz":        {"/readyz"},
		"/api/v1/events": nil, // see TestEventsMatchTheDocument
	}
}

// schemas compiles the document's schemas.
type schemas struct {
	compiler *jsonschema.Compiler
	document struct {
		Paths map[string]struct{ Get, Post *operation }
	}
}

type operation struct {
	Responses map[string]struct{ Content map[string]any }
}

const documentURL = "https://andon.example/openapi.json"

func documentSchemas(t *testing.T, b *bundle) *schemas {
	t.Helper()
	text := b.get(t, "/api/v1/openapi.json", http.StatusOK)
	s := &schemas{compiler: jsonschema.NewCompiler()}
	if err := json.Unmarshal([]byte(text), &s.document); err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	s.compiler.AssertFormat()
	if err := s.compiler.AddResource(documentURL, document); err != nil {
		t.Fatal(err)
	}
	return s
}

// check validates text against the schema at a JSON pointer of the document.
func (s *schemas) check(t *testing.T, what, pointer, text string) {
	t.Helper()
	schema, err := s.compiler.Compile(documentURL + "#" + pointer)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if err := schema.Validate(value); err != nil {
		t.Errorf("%s is not what the document says: %v", what, err)
	}
}

func TestAnswersMatchTheDocument(t *testing.T) {
	t.Parallel()
	b := filterRuns(t)
	places, err := b.store.Places(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	trouble := &store.Trouble{Kind: "network", What: "no answer", Where: "token", Advice: "wait", At: at(0)}
	for _, place := range places {
		if err := b.store.SetFactoryState(t.Context(), place.Key, store.FactoryState{State: store.StateStale, WantedFrom: at(1000 * time.Hour), Trouble: trouble}); err != nil {
			t.Fatal(err)
		}
		if place.Short == "sales-prod" {
			if err := b.store.WriteActivities(t.Context(), place.Key, runID(1), []adf.ActivityRun{activityOf(t, nil), activityOf(t, object{"error": nil, "activityRunEnd": nil})}, true, at(0)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := b.store.SetSourceState(t.Context(), store.SourceState{Source: "contoso", State: "error", What: "no answer", At: at(0)}); err != nil {
		t.Fatal(err)
	}
	s := documentSchemas(t, b)
	posted := map[string]string{"/api/v1/sources/contoso/check": "", "/api/v1/factories/hr-prod/rereads": oneDay}
	for path, operations := range s.document.Paths {
		asked, known := answers()[path]
		if !known {
			t.Errorf("%s is in the document, and no answer of it is checked", path)
		}
		for _, one := range asked {
			pointer := "/paths/" + strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(path)
			if operations.Get != nil {
				s.check(t, "GET "+one, pointer+"/get/responses/200/content/application~1json/schema", b.get(t, one, http.StatusOK))
			}
			if operations.Post != nil {
				for status := range operations.Post.Responses {
					if status != "default" {
						s.check(t, "POST "+one, pointer+"/post/responses/"+status+"/content/application~1json/schema", b.post(t, one, posted[one]).body)
					}
				}
			}
		}
	}
	s.check(t, "a problem", "/components/schemas/Problem", b.get(t, "/api/v1/runs?from=x&limit=0", http.StatusBadRequest))
	s.check(t, "a problem", "/components/schemas/Problem", b.get(t, "/api/v1/none", http.StatusNotFound))
}

func TestEventsMatchTheDocument(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := documentSchemas(t, b)
	stream := b.follow(t, "", "")
	b.write(t, b.putFactory(t, "sales-prod"), sent(1, at(time.Hour), nil))
	seen := map[string]bool{}
	for len(seen) < 2 {
		e := stream.next(t)
		switch e.Name {
		case "run":
			s.check(t, "a run event", "/components/schemas/RunRow", e.Data)
			seen[e.Name] = true
		case "freshness":
			s.check(t, "a freshness event", "/components/schemas/Factory", e.Data)
			seen[e.Name] = true
		}
	}
}

// Every field is always there, so that whoever reads it need not ask; the
// three that include=parameters adds are the exception.
func TestFieldsAreNotOptional(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var document struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]any
				Required   []string
			}
		}
	}
	if err := json.Unmarshal([]byte(b.get(t, "/api/v1/openapi.json", http.StatusOK)), &document); err != nil {
		t.Fatal(err)
	}
	var optional []string
	for name, schema := range document.Components.Schemas {
		for field, about := range schema.Properties {
			if !slices.Contains(schema.Required, field) {
				optional = append(optional, name+"."+field)
			}
			if about.(map[string]any)["description"] == nil {
				t.Errorf("%s.%s is not explained", name, field)
			}
		}
	}
	slices.Sort(optional)
	if diff := cmp.Diff([]string{"RunRow.parameters", "RunRow.pipelineReturnValue", "RunRow.runDimension"}, optional); diff != "" {
		t.Errorf("optional fields (-want +got):\n%s", diff)
	}
}
