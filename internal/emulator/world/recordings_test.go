package world_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"andon/internal/emulator/world"
)

// recorded is the body of a recorded answer.
func recorded(t *testing.T, name string) map[string]any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "adf", "testdata", "recordings", name))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Response struct {
			Body map[string]any `json:"body"`
		} `json:"response"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	return file.Response.Body
}

// first is the first element of a recorded page.
func first(t *testing.T, body map[string]any) map[string]any {
	t.Helper()
	row, ok := body["value"].([]any)[0].(map[string]any)
	if !ok {
		t.Fatalf("no row in %v", body)
	}
	return row
}

// missing are the members that want has and got has not, as paths; deeper ones only of the members named in deep.
func missing(want, got map[string]any, deep ...string) []string {
	var all []string
	for member, value := range want {
		if _, ok := got[member]; !ok {
			all = append(all, member)
			continue
		}
		for _, d := range deep {
			w, isObject := value.(map[string]any)
			g, both := got[member].(map[string]any)
			if d != member || !isObject || !both {
				continue
			}
			for _, m := range missing(w, g, deep...) {
				all = append(all, member+"."+m)
			}
		}
	}
	return all
}

// generic is v as a client without types reads it.
func generic(t *testing.T, v any) map[string]any {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return parse[map[string]any](t, raw)
}

// asARM is a resource as the HTTP side writes it.
func asARM(t *testing.T, r world.Resource) map[string]any {
	t.Helper()
	return generic(t, map[string]any{"id": r.ID, "name": r.Name, "type": r.Type, "etag": r.ETag, "properties": r.Properties})
}

func resourceNamed(t *testing.T, all []world.Resource, name string) world.Resource {
	t.Helper()
	for _, r := range all {
		if r.Name == name {
			return r
		}
	}
	t.Fatalf("no resource %s", name)
	return world.Resource{}
}

// azure.md §2.6 [R] and the recorded answers.
func TestResourcesHaveTheMembersOfTheRecordedOnes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 200)
	f := w.Factories()[0]
	pipeline := asARM(t, resourceNamed(t, f.PipelineResources(), "pl_load_orders"))
	for _, name := range []string{"pipelines-list-001.json", "pipelines-list-002.json"} {
		row := first(t, recorded(t, name))
		properties, _ := row["properties"].(map[string]any)
		for _, optional := range []string{"description", "policy", "runDimensions"} { // some pipelines have them, see below
			delete(properties, optional)
		}
		if m := missing(row, pipeline, "properties"); len(m) > 0 {
			t.Errorf("a pipeline lacks %v of %s", m, name)
		}
		if row["type"] != pipeline["type"] {
			t.Errorf("type %v, recorded %v", pipeline["type"], row["type"])
		}
	}
	triggers := f.TriggerResources()
	for name, want := range map[string]map[string]any{
		"tw_pos_receipts": recorded(t, "triggers-get-001.json"), "tr_clickstream": first(t, recorded(t, "triggers-list-001.json")), "tr_morning": recorded(t, "triggers-get-002.json"),
	} {
		got := asARM(t, resourceNamed(t, triggers, name))
		properties, _ := want["properties"].(map[string]any)
		delete(properties, "description")
		if of, ok := properties["typeProperties"].(map[string]any); ok {
			delete(of, "endTime")
			if r, ok := of["recurrence"].(map[string]any); ok {
				delete(r, "endTime")
			}
		}
		if m := missing(want, got, "properties", "typeProperties", "recurrence", "retryPolicy"); len(m) > 0 {
			t.Errorf("trigger %s lacks %v", name, m)
		}
	}
	found := map[string]bool{}
	for _, f := range w.Factories() {
		for _, r := range f.PipelineResources() {
			for member := range parse[map[string]any](t, r.Properties) {
				found[member] = true
			}
		}
	}
	for _, member := range []string{"description", "policy", "runDimensions", "concurrency", "folder", "annotations", "variables", "parameters"} {
		if !found[member] {
			t.Errorf("no pipeline has a %s", member)
		}
	}
}

// azure.md §2.3 [R1], §12 and the recorded answers.
func TestTriggerRunsHaveTheMembersOfTheRecordedOnes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 20_000)
	kinds := map[string]string{"TumblingWindowTrigger": "triggerruns-query-002.json", "ScheduleTrigger": "triggerruns-query-005.json"}
	for _, run := range w.TriggerRuns(w.Factories()[0], worldStart().Add(-48*time.Hour), worldStart()) {
		state := run.At(worldStart())
		name, wanted := kinds[state.TriggerType]
		if !wanted {
			continue
		}
		delete(kinds, state.TriggerType)
		want, got := first(t, recorded(t, name)), generic(t, state)
		if m := missing(want, got, "properties"); len(m) > 0 {
			t.Errorf("a run of a %s lacks %v", state.TriggerType, m)
		}
		if id := "08584840394298588566218403359CU37"; len(state.TriggerRunID) != len(id) {
			t.Errorf("trigger run id %s, recorded %s", state.TriggerRunID, id)
		}
	}
	if len(kinds) > 0 {
		t.Errorf("no trigger run of %v", kinds)
	}
}

// azure.md §2.5 [S][R2] and the recorded answers.
func TestRuntimesHaveTheMembersOfTheRecordedOnes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, 200)
	sales, finance, dev := w.Factories()[0], w.Factories()[1], w.Factories()[4]
	need := parse[map[string]any](t, dev.RuntimeStatus("shir-SRVDEV01", worldStart()))
	if m := missing(recorded(t, "integrationruntimes-status-001.json"), need, "properties", "typeProperties"); len(m) > 0 {
		t.Errorf("a status without nodes lacks %v", m)
	}
	if m := missing(parse[map[string]any](t, dev.RuntimeStatus("shir-SRVDEV01", worldStart())), recorded(t, "integrationruntimes-status-001.json"), "properties", "typeProperties"); len(m) > 0 {
		t.Errorf("a status without nodes has %v, which the recorded one has not", m)
	}
	online := parse[map[string]any](t, sales.RuntimeStatus("SHIR-srvpos04", worldStart()))
	want := recorded(t, "integrationruntimes-status-002.json")
	if m := missing(want, online, "properties", "typeProperties"); len(m) > 0 {
		t.Errorf("a status with nodes lacks %v", m)
	}
	node := func(status map[string]any) map[string]any {
		properties, _ := status["properties"].(map[string]any)
		of, _ := properties["typeProperties"].(map[string]any)
		return of["nodes"].([]any)[0].(map[string]any)
	}
	if m := missing(node(want), node(online), "capabilities"); len(m) > 0 {
		t.Errorf("a node lacks %v", m)
	}
	monitoring := parse[map[string]any](t, sales.RuntimeMonitoring("shir-SRVPOS04", worldStart()))
	if m := missing(recorded(t, "integrationruntimes-monitoring-002.json")["nodes"].([]any)[0].(map[string]any), monitoring["nodes"].([]any)[0].(map[string]any)); len(m) > 0 {
		t.Errorf("a node's monitoring data lack %v", m)
	}
	ssis := asARM(t, resourceNamed(t, finance.RuntimeResources(worldStart()), "ir-ssis"))
	if m := missing(recorded(t, "integrationruntimes-get-001.json"), ssis, "properties", "typeProperties", "computeProperties", "ssisProperties"); len(m) > 0 {
		t.Errorf("an SSIS runtime lacks %v", m)
	}
	if want := recorded(t, "integrationruntimes-get-001.json")["type"]; ssis["type"] != want {
		t.Errorf("type %v, recorded %v", ssis["type"], want)
	}
}
