package emulator_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"andon/internal/emulator"
)

// createRun starts a run and returns its id.
func (b *bundle) createRun(path, body string, header ...string) string {
	b.t.Helper()
	var out struct{ RunID string }
	b.decode(b.arm("POST", path, body, header...), http.StatusOK, &out)
	return out.RunID
}

func (b *bundle) run(f, id string) row {
	b.t.Helper()
	var r row
	b.decode(b.arm("GET", f+"/pipelineruns/"+id, ""), http.StatusOK, &r)
	return r
}

func TestTheRunIDIsTheRequestsOwn(t *testing.T) { // azure.md §1.3: runId equals x-ms-client-request-id
	t.Parallel()
	b := setup(t, emulator.Options{})
	f := b.info.Factories[0]
	const id = "6a77747e-2301-11ef-afe3-c0180363c88e"
	if got := b.createRun(f+"/pipelines/pl_price_import/createRun", "", "x-ms-client-request-id", id); got != id {
		t.Errorf("runId is %s, want %s", got, id)
	}
	r := b.run(f, strings.ToUpper(id))
	if r["runId"] != id || r["status"] != "Queued" || r["message"] != nil || r["runStart"] == nil || r["isLatest"] != true {
		t.Errorf("the run is %v", r)
	}
}

func TestCreateRunDropsUndeclaredParameters(t *testing.T) { // azure.md §12: createRun drops undeclared parameters
	t.Parallel()
	b := setup(t, emulator.Options{})
	f := b.info.Factories[0]
	r := b.run(f, b.createRun(f+"/pipelines/PL_Price_Import/createRun", `{"currency":"DKK","tolerance":0.1,"OutputBlobName":"x"}`))
	parameters := r["parameters"].(map[string]any)
	if parameters["currency"] != "DKK" || parameters["tolerance"] != "0.1" || len(parameters) != 3 {
		t.Errorf("parameters are %v", parameters)
	}
}

func TestARerunInheritsTheGroupAndTakesIsLatestAway(t *testing.T) { // azure.md §1.3: older member flips, lastUpdated stays
	t.Parallel()
	c := stoppedClock()
	b := setup(t, emulator.Options{Now: c.now})
	f := b.info.Factories[0]
	create := f + "/pipelines/pl_price_import/createRun?api-version=2018-06-01"
	first := b.createRun(create, `{"currency":"DKK"}`)
	c.advance(2 * time.Hour)
	b.bearer = "" // the token has expired by then
	before := b.run(f, first)
	again := b.run(f, b.createRun(create+"&referencePipelineRunId="+strings.ToUpper(first)+"&isRecovery=true", "{}"))
	after := b.run(f, first)
	if again["runGroupId"] != first || again["parameters"].(map[string]any)["currency"] != "DKK" || again["isLatest"] != true {
		t.Errorf("the rerun is %v", again)
	}
	if before["isLatest"] != true || after["isLatest"] != false || after["lastUpdated"] != before["lastUpdated"] {
		t.Errorf("the first was %v, is %v", before, after)
	}
	var e armError
	b.decode(b.arm("POST", create+"&referencePipelineRunId=none&isRecovery=true", "{}"), http.StatusBadRequest, &e)
	if e.Error.Code != "ReferencedPipelineRunNotFound" {
		t.Errorf("unknown reference: %+v", e)
	}
	b.decode(b.arm("POST", create+"&referencePipelineRunId="+first+"&isRecovery=perhaps", "{}"), http.StatusBadRequest, &e)
	if !strings.Contains(e.Error.Message, "'perhaps'") {
		t.Errorf("isRecovery=perhaps: %+v", e)
	}
	b.decode(b.arm("POST", create+"&referencePipelineRunId="+first+"&isRecovery=true&startActivityName=none", "{}"), http.StatusBadRequest, &e)
	if !strings.Contains(e.Error.Message, "'none'") {
		t.Errorf("unknown activity: %+v", e)
	}
	b.decode(b.arm("POST", create, "[1]"), http.StatusBadRequest, &e)
	if e.Error.Code != "InvalidRequestContent" {
		t.Errorf("an array as body: %+v", e)
	}
}

func TestACancelledRunIsCancelingWithoutAnEndFirst(t *testing.T) { // azure.md §1.3: Canceling, runEnd null, later Cancelled
	t.Parallel()
	c := stoppedClock()
	b := setup(t, emulator.Options{Now: c.now})
	f := b.info.Factories[0]
	for _, path := range []string{"/pipelineruns/%s/cancel?api-version=2018-06-01&isRecursive=true", "/cancelpipelinerun/%s?api-version=2018-06-01"} {
		id := b.createRun(f+"/pipelines/pl_sales_forecast/createRun", "")
		c.advance(10 * time.Minute)
		a := b.arm("POST", f+strings.Replace(path, "%s", id, 1), "")
		if a.status != http.StatusOK || string(a.body) != `""` { // azure.md §12: the answer is "" from 2022
			t.Errorf("got %d %q", a.status, a.body)
		}
		if r := b.run(f, id); r["status"] != "Canceling" || r["runEnd"] != nil || r["durationInMs"] != nil {
			t.Errorf("at once the run is %v", r)
		}
		c.advance(10 * time.Second)
		if r := b.run(f, id); r["status"] != "Cancelled" || r["runEnd"] == nil || r["lastUpdated"] != r["runEnd"] {
			t.Errorf("later the run is %v", r)
		}
	}
}

func TestActionsCountAsWrites(t *testing.T) { // azure.md §3: true actions carry the writes header
	t.Parallel()
	c := stoppedClock()
	b := setup(t, emulator.Options{Limits: "real", Now: c.now})
	f := b.info.Factories[0]
	a := b.arm("POST", f+"/pipelines/pl_price_import/createRun", "{}")
	if a.header.Get("X-Ms-Ratelimit-Remaining-Subscription-Writes") != "199" || a.header.Get("X-Ms-Ratelimit-Remaining-Subscription-Reads") != "" {
		t.Errorf("headers of createRun: %v", a.header)
	}
	for range 199 {
		a = b.arm("POST", f+"/pipelineruns/none/cancel", "")
	}
	if a.status != http.StatusBadRequest {
		t.Errorf("the 200th write: %d", a.status)
	}
	a = b.arm("POST", f+"/pipelineruns/none/cancel", "")
	if a.status != http.StatusTooManyRequests || !strings.Contains(string(a.body), "Number of 'write' requests for subscription") {
		t.Errorf("the 201st write: %d %s", a.status, a.body)
	}
	if a := b.arm("GET", f, ""); a.status != http.StatusOK {
		t.Errorf("reads are refused with the writes: %d", a.status)
	}
}

func TestResourceGroupsHoldTheFactories(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	seg := strings.Split(b.info.Factories[0], "/")
	var list struct {
		Value []struct{ ID, Name, Type, Location string }
	}
	b.decode(b.arm("GET", "/subscriptions/"+seg[2]+"/resourcegroups?api-version=2021-04-01", ""), http.StatusOK, &list)
	if len(list.Value) == 0 || list.Value[0].Name != seg[4] || list.Value[0].Type != "Microsoft.Resources/resourceGroups" || list.Value[0].Location != "westeurope" {
		t.Errorf("got %+v", list)
	}
	var one struct{ ID, Name string }
	b.decode(b.arm("GET", strings.ToUpper(list.Value[0].ID)+"?api-version=2021-04-01", ""), http.StatusOK, &one)
	if one.ID != list.Value[0].ID {
		t.Errorf("got %+v", one)
	}
}

func TestResourceGraphAnswersTheFactoriesQuery(t *testing.T) { // azure.md §5: discovery across subscriptions
	t.Parallel()
	b := setup(t, emulator.Options{})
	const path = "/providers/Microsoft.ResourceGraph/resources?api-version=2021-03-01"
	const query = `"query":"Resources | where type =~ 'Microsoft.DataFactory/factories' | project id,name,location,resourceGroup,subscriptionId,tags,properties"`
	type answer struct {
		TotalRecords, Count int
		ResultTruncated     string
		SkipToken           string `json:"$skipToken"`
		Data                []map[string]any
	}
	var all answer
	b.decode(b.arm("POST", path, `{`+query+`,"options":{"resultFormat":"objectArray","$top":1000,"$skipToken":null}}`), http.StatusOK, &all)
	if all.TotalRecords != len(b.info.Factories) || all.Count != len(all.Data) || all.ResultTruncated != "false" || all.SkipToken != "" || len(all.Data[0]) != 7 {
		t.Errorf("got %+v", all)
	}
	var ids []any
	skip := "null"
	for range all.Data {
		var page answer
		b.decode(b.arm("POST", path, `{`+query+`,"options":{"$top":1,"$skipToken":`+skip+`}}`), http.StatusOK, &page)
		ids = append(ids, page.Data[0]["id"])
		skip = `"` + page.SkipToken + `"`
	}
	for i, row := range all.Data {
		if ids[i] != row["id"] || row["id"] != b.info.Factories[i] {
			t.Errorf("row %d: %v, by pages %v, the emulator says %s", i, row["id"], ids[i], b.info.Factories[i])
		}
	}
	var one answer
	b.decode(b.arm("POST", path, `{`+query+`,"subscriptions":["`+strings.Split(b.info.Factories[0], "/")[2]+`"]}`), http.StatusOK, &one)
	if one.Count == 0 || one.Count == all.Count {
		t.Errorf("of one subscription there are %d", one.Count)
	}
	for body, want := range map[string]string{
		`{"query":"resources | summarize count()"}`:                                                "The emulator answers one query",
		`{"query":"resources | where type =~ 'microsoft.datafactory/factories' | project secret"}`: "The emulator answers one query",
		`{"query":"resources | where type =~ 'microsoft.web/sites'"}`:                              "The emulator answers one query",
		`{"query":"resourcecontainers"}`:                                                           "The emulator answers one query",
		`{}`:                                                                                       "The query is missing.",
		`{` + query + `,"options":{"$top":0}}`:                                                     "must be between 1 and 1000",
		`{` + query + `,"options":{"$skipToken":"x"}}`:                                             "$skipToken is not valid",
		`{` + query + `,"options":{"resultFormat":"table"}}`:                                       "objectArray only",
	} {
		var e armError
		a := b.arm("POST", path, body)
		b.decode(a, a.status, &e)
		if a.status < 400 || !strings.Contains(e.Error.Message, want) {
			t.Errorf("%s: %d %+v, want %q", body, a.status, e, want)
		}
	}
}
