package emulator_test

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"andon/internal/emulator"
)

// The tests of this file state facts about Azure with the words and values of
// their evidence, so that client and emulator cannot merely agree with each
// other. FIDELITY.md lists which test holds which fact.

func TestAPageOfRunsHolds100AndTheLastHasNoToken(t *testing.T) { // azure.md §1.1 [D] [R]: page size 100, continuationToken absent on the last page
	t.Parallel()
	b := setup(t, emulator.Options{Now: stoppedClock().now})
	path := b.info.Factories[0] + "/queryPipelineRuns"
	pages := b.chain(path, strings.TrimSuffix(everything, "}")+`,"top":7,"maxResults":7}`) // members that do not exist set nothing
	for i, ids := range pages {
		if last := i == len(pages)-1; len(ids) > 100 || !last && len(ids) != 100 {
			t.Errorf("page %d holds %d rows", i, len(ids))
		}
	}
	body := string(b.arm("POST", path, `{"lastUpdatedAfter":"2026-01-01T00:00:00Z","lastUpdatedBefore":"2026-01-01T00:00:01Z"}`).body)
	if len(pages) < 2 || body != `{"value":[]}` {
		t.Errorf("%d pages; an empty one is %s", len(pages), body)
	}
}

func TestRunIDIsNoFilterAndRunGroupIDTakesOneValue(t *testing.T) { // azure.md §1.1 [D]: azure-sdk-for-net#22025; the typing error is the service's
	t.Parallel()
	b := setup(t, emulator.Options{})
	path := b.info.Factories[0] + "/queryPipelineRuns"
	filter := func(text string) string { return strings.TrimSuffix(everything, "}") + `,"filters":[` + text + `]}` }
	var e armError
	b.decode(b.arm("POST", path, filter(`{"operand":"RunId","operator":"Equals","values":["x"]}`)), http.StatusBadRequest, &e)
	if !strings.Contains(e.Error.Message, "RunId") {
		t.Errorf("RunId: %+v", e)
	}
	b.decode(b.arm("POST", path, filter(`{"operand":"RunGroupId","operator":"In","values":["a","b"]}`)), http.StatusBadRequest, &e)
	if e.Error.Message != "Filter operand 'RunGroupId' does not support and array of values. Make sure to provide only one." {
		t.Errorf("RunGroupId: %+v", e)
	}
}

func TestLatestOnlyIsTheBooleanAndATextIsPassedOver(t *testing.T) { // azure.md §1.1 [D]: Azure-DataFactory#639
	t.Parallel()
	c := stoppedClock()
	b := setup(t, emulator.Options{Now: c.now})
	f := b.info.Factories[0]
	create := f + "/pipelines/pl_price_import/createRun?api-version=2018-06-01"
	first := b.createRun(create, "")
	c.advance(50 * time.Minute)
	b.createRun(create+"&isRecovery=true&referencePipelineRunId="+first, "")
	holds := func(value string) bool {
		body := strings.TrimSuffix(everything, "}") + `,"filters":[{"operand":"LatestOnly","operator":"Equals","values":[` + value + `]}]}`
		return slices.Contains(slices.Concat(b.chain(f+"/queryPipelineRuns", body)...), first)
	}
	if holds("true") || !holds(`"true"`) || !holds(`"True"`) {
		t.Errorf("with true %t, with \"true\" %t, with \"True\" %t", holds("true"), holds(`"true"`), holds(`"True"`))
	}
}

func TestRunRowsAreWrittenAsTheLiveServiceWritesThem(t *testing.T) { // azure.md §2.1 [R]
	t.Parallel()
	b := setup(t, emulator.Options{Now: stoppedClock().now})
	f := b.info.Factories[0]
	body := string(b.arm("POST", f+"/queryPipelineRuns", everything).body)
	upper := regexp.MustCompile(`"id":"(/SUBSCRIPTIONS/[0-9A-F-]{36}/RESOURCEGROUPS/[^a-z"]+/PROVIDERS/MICROSOFT\.DATAFACTORY/FACTORIES/[^a-z"]+)/pipelineruns/[0-9a-f-]{36}"`)
	stamps := regexp.MustCompile(`"(?:runStart|runEnd|lastUpdated)":"([^"]*)"`)
	if n := len(upper.FindAllString(body, -1)); n != 100 {
		t.Errorf("%d of 100 ids are upper-case up to the runs", n)
	}
	form := regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,6}[1-9])?Z$`)
	digits := map[int]bool{}
	for _, m := range stamps.FindAllStringSubmatch(body, -1) {
		if !form.MatchString(m[1]) {
			t.Errorf("time %q", m[1])
		}
		_, fraction, _ := strings.Cut(m[1], ".")
		digits[len(strings.TrimSuffix(fraction, "Z"))] = true
	}
	if !digits[7] || !digits[6] {
		t.Errorf("fractions have %v digits, want 6 and 7 among them", digits)
	}
	for _, text := range []string{`"debugRunId":null`, `"runDimension":{`, `"invokedBy":{"id":"`, `"isLatest":true`} {
		if !strings.Contains(body, text) {
			t.Errorf("no %s", text)
		}
	}
	if strings.Contains(body, `"runDimensions"`) {
		t.Error("runDimensions is the specification's spelling")
	}
}

func TestInvokedByNamesTriggerParentOrManual(t *testing.T) { // azure.md §2.4 [R] [S] [K]
	t.Parallel()
	b := setup(t, emulator.Options{Size: 3000, Now: stoppedClock().now})
	manual := regexp.MustCompile(`^[0-9a-f]{32}$`)
	guid := regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	triggered := regexp.MustCompile(`^\d{29}CU\d{2,3}$`)
	seen := map[string]int{}
	for _, f := range b.info.Factories {
		ids := map[string]row{}
		rows := b.truth(f)
		for _, r := range rows {
			ids[r["runId"].(string)] = r
		}
		for _, r := range rows {
			by := r["invokedBy"].(row)
			id, kind := by["id"].(string), by["invokedByType"].(string)
			seen[kind]++
			switch kind {
			case "Manual":
				if by["name"] != "Manual" || !manual.MatchString(id) {
					t.Errorf("manual: %v", by)
				}
			case "PipelineActivity":
				parent := ids[by["pipelineRunId"].(string)]
				if parent == nil || parent["pipelineName"] != by["pipelineName"] {
					t.Errorf("child without a parent: %v", by)
				}
				if !guid.MatchString(id) || by["name"] != id { // azure.md §14
					t.Errorf("child: %v, want one GUID as id and name", by)
				}
			default:
				if !triggered.MatchString(id) || by["name"] == "" {
					t.Errorf("triggered: %v", by)
				}
			}
		}
	}
	for _, kind := range []string{"Manual", "ScheduleTrigger", "TumblingWindowTrigger", "BlobEventsTrigger", "CustomEventsTrigger", "PipelineActivity"} {
		if seen[kind] == 0 {
			t.Errorf("no run is invoked by %s: %v", kind, seen)
		}
	}
}

func TestAnActivityInProgressHasNeitherEndNorOutputNorDetails(t *testing.T) { // azure.md §12: error lacks details, output null; Wait runs nowhere
	t.Parallel()
	c := stoppedClock()
	b := setup(t, emulator.Options{Now: c.now})
	f := b.info.Factories[0]
	id := b.createRun(f+"/pipelines/pl_sales_forecast/createRun", "")
	c.advance(time.Minute)
	var page struct{ Value []row }
	b.decode(b.arm("POST", f+"/pipelineruns/"+id+"/queryActivityruns", everything), http.StatusOK, &page)
	if len(page.Value) != 1 {
		t.Fatalf("%d activities run", len(page.Value))
	}
	a := page.Value[0]
	failure := a["error"].(row)
	if _, has := failure["details"]; has || a["status"] != "InProgress" || a["activityRunEnd"] != nil || a["durationInMs"] != nil || a["output"] != nil || a["linkedServiceName"] != "" {
		t.Errorf("got %v", a)
	}
	for _, member := range []string{"errorCode", "message", "failureType"} {
		if failure[member] != "" {
			t.Errorf("error.%s is %v", member, failure[member])
		}
	}
	names := a["integrationRuntimeNames"].([]any)
	if len(names) != 1 || names[0] != strings.ToLower(names[0].(string)) {
		t.Errorf("runtimes %v, want one in lower case", names)
	}
}

func TestATriggerRunIsCancelledWhileItWaitsOnly(t *testing.T) { // azure.md §1.3 [R]
	t.Parallel()
	b := setup(t, emulator.Options{Size: 3000, Now: stoppedClock().now})
	f := b.info.Factories[0]
	var page struct {
		Value []struct{ TriggerName, TriggerRunID, GroupID string }
	}
	b.decode(b.arm("POST", f+"/queryTriggerRuns", strings.TrimSuffix(everything, "}")+`,"filters":[{"operand":"Status","operator":"Equals","values":["Succeeded"]}]}`), http.StatusOK, &page)
	one := page.Value[0]
	a := b.arm("POST", f+"/triggers/"+one.TriggerName+"/triggerRuns/"+one.TriggerRunID+"/cancel", "")
	want := `{"error":{"code":"BadRequest","message":"Trigger run ` + one.TriggerRunID + ` is not in WaitingOnDependency state","target":"` + one.TriggerName + `","details":null}}`
	if a.status != http.StatusBadRequest || string(a.body) != want {
		t.Errorf("got %d %s, want %s", a.status, a.body, want)
	}
	if one.GroupID != one.TriggerRunID {
		t.Errorf("groupId is %s, of the first run of a window its own id is %s", one.GroupID, one.TriggerRunID)
	}
}

func TestTagsOfFactoriesAreQuotedAndOfTheirPartsNot(t *testing.T) { // azure.md §2.6 [R]: eTag with a capital T and quotes; children have etag
	t.Parallel()
	b := setup(t, emulator.Options{})
	f := b.info.Factories[0]
	factory, pipeline := string(b.arm("GET", f, "").body), string(b.arm("GET", f+"/pipelines/pl_price_import", "").body)
	if !regexp.MustCompile(`"eTag":"\\"[0-9a-f-]+\\""`).MatchString(factory) || !regexp.MustCompile(`"etag":"[0-9a-f-]+"`).MatchString(pipeline) {
		t.Errorf("factory %s\npipeline %s", factory, pipeline)
	}
	if !strings.Contains(pipeline, `"lastPublishTime":"`) {
		t.Errorf("no lastPublishTime in %s", pipeline)
	}
	last := f[strings.LastIndex(f, "/")+1:]
	if !strings.Contains(factory, `"name":"adf-nordhem-sales-prod"`) || last != strings.ToLower(last) {
		t.Errorf("the id's last segment is %s in %s", last, factory) // azure.md §12
	}
}

// TestEveryFactNamesATestThatExists keeps the table of FIDELITY.md true.
func TestEveryFactNamesATestThatExists(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("FIDELITY.md")
	if err != nil {
		t.Fatal(err)
	}
	var sources strings.Builder
	for _, pattern := range []string{"*_test.go", "world/*_test.go", "entra/*_test.go", "access/*_test.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			sources.Write(source)
		}
	}
	named := regexp.MustCompile("`(Test[A-Za-z0-9]+)`").FindAllStringSubmatch(string(text), -1)
	if len(named) < 40 {
		t.Errorf("only %d tests are named", len(named))
	}
	for _, m := range named {
		if !strings.Contains(sources.String(), "func "+m[1]+"(") {
			t.Errorf("no test is called %s", m[1])
		}
	}
}
