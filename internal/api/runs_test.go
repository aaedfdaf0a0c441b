package api_test

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"andon/internal/adf"
	"andon/internal/api"
	"andon/internal/store"
)

// TestARowOfALogSaysSo shows a run that only a log has shown.
func TestARowOfALogSaysSo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	place := b.putFactory(t, "Sales-Prod")
	run, err := adf.DecodePipelineRun([]byte(`{"runId":"a","pipelineName":"pl","status":"Succeeded","runStart":"2024-03-05T10:00:00Z","runEnd":"2024-03-05T10:00:01Z","durationInMs":1000,"durationComputed":true}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.store.WriteRuns(t.Context(), store.Page{Factory: place.Key, Origin: store.OriginLog, Runs: []adf.PipelineRun{run}}); err != nil {
		t.Fatal(err)
	}
	got := list(t, b, "/api/v1/runs")[0]
	for field, want := range map[string]any{"origin": "log", "durationComputed": true, "durationInMs": 1000.0, "lastUpdated": nil, "parameters": nil} {
		if got[field] != want {
			t.Errorf("%s is %v, want %v", field, got[field], want)
		}
	}
}

func TestARowIsWhatADFSent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	place := b.putFactory(t, "Sales-Prod")
	row := sent(1, at(2*time.Hour)+7, object{
		"message": "Operation on target <copy> failed: \"x\" & more\nsecond line", "status": "Failed",
		"invokedBy": object{"id": "a1", "name": "run_child", "invokedByType": "PipelineActivity", "pipelineName": "pl_all", "pipelineRunId": runID(77)},
	})
	b.write(t, place, row)

	got := list(t, b, "/api/v1/runs")
	want := maps.Clone(row)
	for _, whole := range []string{"parameters", "runDimension", "pipelineReturnValue"} {
		delete(want, whole)
	}
	maps.Copy(want, object{
		"cause":   causeOf(object{"text": `"x" & more second line`, "activity": "<copy>"}),
		"factory": "sales-prod", "factoryName": "Sales-Prod", "factoryId": string(place.ID), "cancelledBy": nil, "startedBy": "pl_all",
		"recovery": object{"state": "open", "rule": nil, "by": nil, "running": nil}, "recoveryReason": nil, "endUnknown": nil, "activities": "none", "odd": []any{}, "sortTime": row["runStart"],
		"origin": "api", "durationComputed": nil,
	})
	if diff := cmp.Diff([]object{plain(t, want)}, got); diff != "" {
		t.Errorf("the row (-want +got):\n%s", diff)
	}

	got = list(t, b, "/api/v1/runs?include=parameters")
	maps.Copy(want, row)
	if diff := cmp.Diff([]object{plain(t, want)}, got); diff != "" {
		t.Errorf("the row with parameters (-want +got):\n%s", diff)
	}
}

// plain returns v as it looks after a trip through JSON.
func plain(t *testing.T, v object) object {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out object
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAnOddRowIsShownWithItsGoodFields(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.write(t, b.putFactory(t, "sales-prod"), object{
		"runId": runID(1), "runStart": "not a time", "lastUpdated": at(time.Hour), "status": "Succeeded", "pipelineName": "pl_orders",
		"durationInMs": "soon", "annotations": "none", "invokedBy": 7,
	})
	got := list(t, b, "/api/v1/runs?include=parameters")[0]
	for field, want := range map[string]any{
		"runStart": nil, "durationInMs": nil, "message": nil, "id": nil, "invokedBy": nil, "parameters": nil, "cancelledBy": nil,
		"status": "Succeeded", "annotations": []any{},
	} {
		value, there := got[field]
		if diff := cmp.Diff(want, value); diff != "" || !there {
			t.Errorf("%s (-want +got):\n%s", field, diff)
		}
	}
	var odd []any
	for _, o := range got["odd"].([]any) {
		odd = append(odd, o.(object)["field"])
	}
	if diff := cmp.Diff([]any{"invokedBy", "runStart", "durationInMs"}, odd); diff != "" {
		t.Errorf("odd fields (-want +got):\n%s", diff)
	}
}

func TestNullAndEmptyMessagesStayApart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.write(t, b.putFactory(t, "sales-prod"),
		sent(1, at(3*time.Hour), nil),
		sent(2, at(2*time.Hour), object{"message": nil, "status": "Queued", "runEnd": nil, "durationInMs": nil}))
	if diff := cmp.Diff([]any{nil, ""}, column(list(t, b, "/api/v1/runs"), "message")); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

// filterRuns are runs of which each differs in one thing that can be
// filtered.
func filterRuns(t *testing.T) *bundle {
	t.Helper()
	b := setup(t)
	sales, hr := b.putFactory(t, "sales-prod"), b.putFactory(t, "hr-prod")
	b.write(t, sales,
		sent(1, at(60*time.Minute), nil),
		sent(2, at(50*time.Minute), object{"status": "Failed", "message": "The request limit has been reached", "pipelineName": "pl_stock"}),
		sent(3, at(40*time.Minute), object{"invokedBy": object{"name": "Manual"}, "annotations": []string{}}),
		sent(4, at(30*time.Minute), object{"invokedBy": object{"name": "parent", "invokedByType": "PipelineActivity", "pipelineRunId": runID(1)}, "durationInMs": 300_000}),
		sent(5, at(20*time.Minute), object{"status": "InProgress", "runEnd": nil, "durationInMs": nil, "runGroupId": runID(1)}),
	)
	b.write(t, hr, sent(6, at(10*time.Minute), object{"annotations": []string{"tier-2"}, "invokedBy": object{"name": "tr_blob", "invokedByType": "BlobEventsTrigger"}}))
	return b
}

func TestFiltersPickRuns(t *testing.T) {
	t.Parallel()
	b := filterRuns(t)
	for query, want := range map[string][]int{
		"":                                       {6, 5, 4, 3, 2, 1},
		"?from=2026-11-24T11:30:00Z":             {6, 5, 4},
		"?to=2026-11-24T11:30:00Z":               {3, 2, 1},
		"?from=2026-11-24T12:20:00%2B01:00":      {4 + 1 + 1, 5, 4, 3},
		"?status=failed":                         {2},
		"?status=Failed&status=inprogress":       {5, 2},
		"?factory=hr-prod":                       {6},
		"?factory=hr-prod&factory=sales-prod":    {6, 5, 4, 3, 2, 1},
		"?pipeline=PL_STOCK":                     {2},
		"?trigger=tr_blob":                       {6},
		"?trigger=Manual":                        {},
		"?invokedBy=Manual":                      {3},
		"?invokedBy=pipelineactivity":            {4},
		"?annotation=tier-2":                     {6},
		"?group=latest":                          {6, 5, 4, 3, 2},
		"?open=true":                             {2},
		"?open=false":                            {6, 5, 4, 3, 1},
		"?minDuration=2m":                        {4},
		"?q=limit":                               {2},
		"?q=STOCK":                               {2},
		"?q=" + runID(3):                         {3},
		"?sort=runStart":                         {1, 2, 3, 4, 5, 6},
		"?sort=-durationInMs&limit=1":            {4},
		"?limit=2":                               {6, 5},
		"?status=Succeeded&pipeline=pl_stock":    {},
		"?status=Succeeded&factory=hr-prod":      {6},
		"?pipeline=pl_stock&open=true&q=reached": {2},
		"?annotation=tier-1&annotation=tier-2&to=2026-11-24T11:51:00Z": {6, 5, 4, 2, 1},
	} {
		items := list(t, b, "/api/v1/runs"+query)
		wantIDs := []any{}
		for _, n := range want {
			wantIDs = append(wantIDs, runID(n))
		}
		if diff := cmp.Diff(wantIDs, column(items, "runId")); diff != "" {
			t.Errorf("runs%s (-want +got):\n%s", query, diff)
		}
	}
}

func TestFacetsCountWhatOtherFiltersLeave(t *testing.T) {
	t.Parallel()
	b := filterRuns(t)
	got := read[object](t, b, "/api/v1/runs/facets?factory=sales-prod&status=Failed")
	delete(got, "basis") // see TestNoAnswerClaimsWhatIsNotCovered
	want := object{
		"total": 1.0, "open": 1.0, "notRedone": nil, "recovered": nil, "recoveryReason": nil, "reason": nil, // of what is being read a zero is not known
		"recovery":   []any{object{"value": "open", "count": 1.0}},
		"status":     []any{object{"value": "Succeeded", "count": 3.0}, object{"value": "Failed", "count": 1.0}, object{"value": "InProgress", "count": 1.0}},
		"factory":    []any{object{"value": "sales-prod", "name": "sales-prod", "count": 1.0}},
		"invokedBy":  []any{object{"value": "ScheduleTrigger", "count": 1.0}},
		"trigger":    []any{object{"value": "tr_hourly", "count": 1.0}},
		"parent":     []any{},
		"pipeline":   []any{object{"value": "pl_stock", "count": 1.0}},
		"annotation": []any{object{"value": "tier-1", "count": 1.0}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("facets (-want +got):\n%s", diff)
	}
}

// TestFacetsCountWhatIsChosen: a pipeline with too few runs for the 50 that are
// listed has a count when it is chosen.
func TestFacetsCountWhatIsChosen(t *testing.T) {
	t.Parallel()
	b := setup(t)
	place := b.putFactory(t, "sales-prod")
	for n := range 120 {
		name := fmt.Sprintf("pl_%02d", n/2)
		if n == 119 {
			name = "pl_Rare"
		}
		b.write(t, place, sent(n+1, at(time.Duration(n)*time.Minute), object{"pipelineName": name}))
	}
	pipelines := func(query string) []any {
		return read[object](t, b, "/api/v1/runs/facets"+query)["pipeline"].([]any)
	}
	if got := pipelines(""); len(got) != 50 || slices.ContainsFunc(got, func(f any) bool { return f.(object)["value"] == "pl_Rare" }) {
		t.Errorf("without a choice: %v", got)
	}
	if got := pipelines("?pipeline=PL_rare&pipeline=pl_00&pipeline=pl_none"); len(got) != 51 || !cmp.Equal(got[50], any(object{"value": "pl_Rare", "count": 1.0})) {
		t.Errorf("with one: %v", got)
	}
}

// TestWhatIsBeingDerivedIsMissing has a store of an earlier version: what became
// of its failed runs is not worked out yet, so that none can be found by it.
func TestWhatIsBeingDerivedIsMissing(t *testing.T) {
	t.Parallel()
	old := earlierStore(t)
	b := setup(t, func(o *api.Options) { o.Store = old })
	const reason = "The recovery of 4 failed runs is being derived"
	lacks := func(path string) bool {
		basis := read[object](t, b, path)["basis"].(object)
		limits := basis["limits"].([]any)
		last := limits[len(limits)-1].(object)
		return basis["reason"] != nil && last["kind"] == "recovery" && last["reason"] == reason
	}
	for _, query := range []string{"?recovery=open", "?recovery=notRedone&recovery=recovered", "?open=true", "?open=false"} {
		facets := read[object](t, b, "/api/v1/runs/facets"+query)
		for _, figure := range []string{"total", "open", "notRedone", "recovered", "recovery", "status", "pipeline"} {
			if facets[figure] != nil {
				t.Errorf("%s: %s is %v", query, figure, facets[figure])
			}
		}
		if facets["reason"] != reason+"." || facets["recoveryReason"] != reason+"." || !lacks("/api/v1/runs"+query) || !lacks("/api/v1/runs/facets"+query) {
			t.Errorf("%s does not say what it lacks: %v", query, facets)
		}
	}
	other, err := old.PutFactory(t.Context(), adf.Factory{ID: "/subscriptions/5ab1/resourceGroups/rg/providers/Microsoft.DataFactory/factories/other-prod"}, "contoso")
	if err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{"?status=Failed", "?recovery=open&factory=" + other.Short, "?recovery=open&to=2026-01-01T00:00:00Z"} {
		if lacks("/api/v1/runs"+query) || lacks("/api/v1/runs/facets"+query) {
			t.Errorf("%s lacks nothing", query)
		}
	}
	if err := old.Derive(t.Context()); err != nil {
		t.Fatal(err)
	}
	if lacks("/api/v1/runs?recovery=open") || lacks("/api/v1/runs/facets?open=true") {
		t.Error("it lacks what is derived")
	}
}

// earlierStore is a store with 4 failed runs whose recovery nothing knows yet.
func earlierStore(t *testing.T) *store.Store {
	t.Helper()
	f, err := os.Open("../store/testdata/schema3.db.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	unpacked, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "andon.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), "sqlite:"+path, store.Options{Now: noon})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// TestChildrenBelongToTheirParent has Azure's own rows: what invoked a child is
// named by the GUID of an activity run, which no other run has.
func TestChildrenBelongToTheirParent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	place := b.putFactory(t, "sales-prod")
	b.write(t, place, sent(1, at(time.Hour), object{"pipelineName": "pl_parent", "invokedBy": object{"id": "08584960000000000000000000000CU25", "name": "tr_nightly", "invokedByType": "ScheduleTrigger", "pipelineName": nil, "pipelineRunId": nil}}))
	for n := 2; n <= 3; n++ {
		activityRun := runID(700 + n)
		b.write(t, place, sent(n, at(time.Duration(60-n)*time.Minute), object{"pipelineName": "pl_child", "invokedBy": object{
			"id": activityRun, "name": activityRun, "invokedByType": "PipelineActivity", "pipelineName": "pl_parent", "pipelineRunId": runID(1),
		}}))
	}
	for query, want := range map[string][]any{
		"invokedBy=PL_Parent":            {runID(3), runID(2)},
		"invokedBy=PipelineActivity":     {runID(3), runID(2)},
		"trigger=tr_nightly":             {runID(1)},
		"invokedBy=" + runID(702):        {},
		"trigger=" + runID(702):          {},
		"invokedBy=pl_parent&open=false": {runID(3), runID(2)},
	} {
		if diff := cmp.Diff(want, column(list(t, b, "/api/v1/runs?"+query), "runId")); diff != "" {
			t.Errorf("runs?%s (-want +got):\n%s", query, diff)
		}
	}
	if diff := cmp.Diff([]any{"pl_parent", "pl_parent", "tr_nightly"}, column(list(t, b, "/api/v1/runs"), "startedBy")); diff != "" {
		t.Errorf("startedBy (-want +got):\n%s", diff)
	}
	got := read[object](t, b, "/api/v1/runs/facets")
	for facet, want := range map[string][]any{
		"trigger": {object{"value": "tr_nightly", "count": 1.0}}, "parent": {object{"value": "pl_parent", "count": 2.0}},
		"invokedBy": {object{"value": "PipelineActivity", "count": 2.0}, object{"value": "ScheduleTrigger", "count": 1.0}},
	} {
		if diff := cmp.Diff(any(want), got[facet]); diff != "" {
			t.Errorf("facet %s (-want +got):\n%s", facet, diff)
		}
	}
}

func TestACursorIsNotDisturbedByArrivals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	place := b.putFactory(t, "sales-prod")
	var want []any
	for n := range 25 {
		b.write(t, place, sent(n, at(time.Duration(n+1)*time.Minute), nil))
		want = append(want, runID(n))
	}
	var got []any
	cursor := ""
	for n := 100; ; n++ {
		page := read[struct {
			Items      []object
			NextCursor *string
			AsOf       *string
		}](t, b, "/api/v1/runs?limit=10"+cursor)
		if page.AsOf == nil || *page.AsOf != "2026-11-24T11:59:55Z" {
			t.Fatalf("asOf is %v", page.AsOf)
		}
		got = append(got, column(page.Items, "runId")...)
		if page.NextCursor == nil {
			break
		}
		cursor = "&cursor=" + url.QueryEscape(*page.NextCursor)
		// New runs arrive, and one that was listed already changes.
		b.write(t, place, sent(n, at(time.Second), nil), sent(0, at(time.Minute), object{"status": "Failed", "lastUpdated": at(0).Add(time.Duration(n) * time.Second)}))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the pages together (-want +got):\n%s", diff)
	}
}

func TestAsOfIsUnknownBeforeTheFirstWindow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.writePage(t, store.Page{Factory: b.putFactory(t, "sales-prod").Key, Origin: store.OriginAzure}, sent(1, at(time.Hour), nil))
	for _, path := range []string{"/api/v1/runs", "/api/v1/overview", "/api/v1/timeline"} {
		got := read[object](t, b, path)
		if asOf, there := got["asOf"]; asOf != nil || !there {
			t.Errorf("GET %s: asOf is %v", path, asOf)
		}
	}
}

func TestOneRunWhole(t *testing.T) {
	t.Parallel()
	b := setup(t)
	sales, hr := b.putFactory(t, "sales-prod"), b.putFactory(t, "hr-prod")
	failed := sent(2, at(50*time.Minute), object{"status": "Failed", "runGroupId": runID(2), "unknownField": object{"kept": true}})
	b.write(t, sales,
		sent(1, at(60*time.Minute), nil), failed,
		sent(3, at(40*time.Minute), object{"runGroupId": runID(2)}),
		sent(4, at(45*time.Minute), object{"pipelineName": "pl_child", "invokedBy": object{"name": "p", "invokedByType": "PipelineActivity", "pipelineName": "pl_orders", "pipelineRunId": runID(2)}}),
	)
	b.write(t, hr, sent(2, at(5*time.Hour), nil))

	got := read[object](t, b, "/api/v1/runs/"+runID(2)+"?factory=sales-prod")
	for field, want := range map[string]any{
		"runId": runID(2), "factory": "sales-prod", "worksSince": nil, "series": object{"parameters": object{"deep": `{"n":"1.5"}`}},
		"parameters": object{"day": "2026-11-24", "deep": object{"n": 1.5}}, "runDimension": object{}, "pipelineReturnValue": object{},
		"raw": any(plain(t, failed)), "studioUrl": "https://contoso.studio.example/sales-prod/" + runID(2),
		"alsoIn": []any{object{"factory": "hr-prod", "factoryName": "hr-prod", "runStart": "2026-11-24T07:00:00Z"}},
		"recovery": object{
			"state": "recovered", "rule": "rerun", "running": nil,
			"by": object{"runId": runID(3), "pipelineName": "pl_orders", "runStart": "2026-11-24T11:20:00Z", "runEnd": "2026-11-24T11:21:30Z", "status": "Succeeded"},
		},
		"parameterUses": []any{
			object{"name": "day", "class": "moving", "rule": "dates", "reason": "Its only value so far is a date, a month or a time."},
			object{"name": "deep", "class": "recurring", "rule": "looks", "reason": "Too few runs to see whether values come back; most look like names."},
		},
		"groupSize": 2.0, "childCount": 1.0, "previousRunId": runID(1), "nextRunId": runID(3),
	} {
		if diff := cmp.Diff(want, got[field]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", field, diff)
		}
	}
	if newest := read[object](t, b, "/api/v1/runs/"+runID(2)); newest["factory"] != "sales-prod" {
		t.Errorf("without factory the newest run is given, not that of %v", newest["factory"])
	}
	older := read[object](t, b, "/api/v1/runs/"+runID(2)+"?factory=hr-prod")
	if older["factory"] != "hr-prod" || older["recovery"] != nil || older["previousRunId"] != nil {
		t.Errorf("the run of the other factory is %v", older)
	}
	if diff := cmp.Diff([]any{runID(2), runID(3)}, column(list(t, b, "/api/v1/runs/"+runID(3)+"/group"), "runId")); diff != "" {
		t.Errorf("group (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]any{runID(4)}, column(list(t, b, "/api/v1/runs/"+runID(2)+"/children"), "runId")); diff != "" {
		t.Errorf("children (-want +got):\n%s", diff)
	}
	if none := b.get(t, "/api/v1/runs/"+runID(1)+"/children", http.StatusOK); none != `{"items":[],"nextCursor":null}`+"\n" {
		t.Errorf("a run without children says %s", none)
	}
}

// Every byte of a value that ADF sent has to come out again: whole numbers
// beyond 2^53, and escapes as they were.
func TestRawJSONIsNotRewritten(t *testing.T) {
	t.Parallel()
	b := setup(t)
	raw := fmt.Sprintf(`{"runId":%q,"pipelineName":"p","status":"Succeeded","runStart":"2026-11-24T10:00:00.1234567Z","lastUpdated":"2026-11-24T10:00:01Z",`+
		`"parameters":{"big":12345678901234567890,"small":1e-7,"text":"\u003cb\u003e<i>","dup":1,"dup":2}}`, runID(1))
	run, err := adf.DecodePipelineRun([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	place := b.putFactory(t, "sales-prod")
	if _, err := b.store.WriteRuns(t.Context(), store.Page{Factory: place.Key, Origin: store.OriginAzure, Runs: []adf.PipelineRun{run}}); err != nil {
		t.Fatal(err)
	}
	got := read[map[string]json.RawMessage](t, b, "/api/v1/runs/"+runID(1))
	if string(got["raw"]) != raw {
		t.Errorf("raw is\n%s\nnot\n%s", got["raw"], raw)
	}
	if string(got["runStart"]) != `"2026-11-24T10:00:00.1234567Z"` {
		t.Errorf("runStart is %s", got["runStart"])
	}
}

func TestHeadIsGetWithoutBody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.write(t, b.putFactory(t, "sales-prod"), sent(1, at(time.Hour), nil))
	for _, path := range []string{"/", "/healthz", "/api/v1/runs", "/api/v1/runs/" + runID(9), "/api/v1/events", "/api/v1/openapi.json"} {
		head := b.do(t, http.MethodHead, path, nil)
		if head.body != "" {
			t.Errorf("HEAD %s has a body: %s", path, head.body)
		}
		if path == "/api/v1/events" {
			if head.status != http.StatusOK || head.header.Get("Content-Type") != "text/event-stream" {
				t.Errorf("HEAD %s answered %d", path, head.status)
			}
			continue
		}
		get := b.do(t, http.MethodGet, path, nil)
		if head.status != get.status || head.header.Get("Content-Type") != get.header.Get("Content-Type") {
			t.Errorf("HEAD %s answered %d %s, GET %d %s", path, head.status, head.header.Get("Content-Type"), get.status, get.header.Get("Content-Type"))
		}
	}
}

func TestJSONIsCompressedForThoseWhoAsk(t *testing.T) {
	t.Parallel()
	b := setup(t)
	place := b.putFactory(t, "sales-prod")
	for n := range 20 {
		b.write(t, place, sent(n, at(time.Duration(n)*time.Minute), nil))
	}
	whole := b.do(t, http.MethodGet, "/api/v1/runs", nil)
	zipped := b.do(t, http.MethodGet, "/api/v1/runs", http.Header{"Accept-Encoding": {"gzip"}})
	if zipped.header.Get("Content-Encoding") != "gzip" || len(zipped.body) > len(whole.body)/4 {
		t.Errorf("%d bytes became %d, %s", len(whole.body), len(zipped.body), zipped.header.Get("Content-Encoding"))
	}
	if !slices.Contains(zipped.header.Values("Vary"), "Accept-Encoding") {
		t.Errorf("Vary is %v", zipped.header.Values("Vary"))
	}
}

// TestARunThatAzureForgot is shown with an unknown end and its reason, in every
// list, and is not among those that run.
func TestARunThatAzureForgot(t *testing.T) {
	t.Parallel()
	b := setup(t)
	place := b.putFactory(t, "sales-prod")
	b.write(t, place, sent(1, at(2*time.Hour), object{"status": "InProgress", "runEnd": nil, "durationInMs": nil}))
	if err := b.store.MarkGone(t.Context(), place.Key, runID(1), at(0)); err != nil {
		t.Fatal(err)
	}
	const want = "Azure does not know this run any more, and had not said how it ended. It was InProgress when it was last seen."
	overview := read[struct {
		Running struct{ Total float64 }
		Worst   []struct{ Last, Strip any }
	}](t, b, "/api/v1/overview")
	if overview.Running.Total != 0 {
		t.Errorf("%v run", overview.Running.Total)
	}
	row := list(t, b, "/api/v1/runs")[0]
	if row["endUnknown"] != want || row["status"] != "InProgress" {
		t.Errorf("the row says %v, status %v", row["endUnknown"], row["status"])
	}
	if one := read[object](t, b, "/api/v1/runs/"+runID(1)); one["endUnknown"] != want {
		t.Errorf("the run says %v", one["endUnknown"])
	}
}
