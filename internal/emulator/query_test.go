package emulator_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"andon/internal/emulator"
)

func TestPagingTheWholeHistoryGivesTheTruth(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Size: 2500, Now: stoppedClock().now})
	for _, f := range b.info.Factories {
		want := b.truth(f)
		if diff := cmp.Diff(want, b.queryAll(f, everything)); diff != "" {
			t.Errorf("%s (-truth +answers):\n%s", f, diff)
		}
	}
	if n := len(b.truth(b.info.Factories[0])); n < 200 {
		t.Errorf("the busiest factory has %d runs: too few to page", n)
	}
}

func TestAnOrderedQueryHoldsTheSameRuns(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Size: 800, Now: stoppedClock().now})
	f := b.info.Factories[0]
	want := runIDs(b.truth(f))
	slices.Sort(want)
	for _, key := range []struct{ name, field string }{{"RunStart", "runStart"}, {"runend", "runEnd"}, {"PipelineName", "pipelineName"}, {"Status", "status"}} {
		for _, direction := range []string{"ASC", "Desc"} {
			body := strings.TrimSuffix(everything, "}") + fmt.Sprintf(`,"orderBy":[{"orderBy":%q,"order":%q}]}`, key.name, direction)
			rows := b.queryAll(f, body)
			got := runIDs(rows)
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s %s (-truth +answers):\n%s", key.name, direction, diff)
			}
			isSorted := slices.IsSortedFunc(rows, func(x, y row) int {
				n := strings.Compare(sortable(x[key.field]), sortable(y[key.field]))
				if direction == "Desc" {
					return -n
				}
				return n
			})
			if !isSorted {
				t.Errorf("rows are not in the order of %s %s", key.name, direction)
			}
		}
	}
}

// sortable gives timestamps a fixed number of digits, and null the first place.
func sortable(v any) string {
	s, ok := v.(string)
	if !ok {
		return ""
	}
	if at, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return at.Format("2006-01-02T15:04:05.0000000Z")
	}
	return s
}

func TestATokenChainIsOneSnapshot(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Size: 1500, Now: stoppedClock().now})
	f := b.info.Factories[0]
	short := b.startRun("pl_short", "Succeeded", "", 60_000)
	want := b.truth(f)
	body := everything
	var got []row
	for n := 0; ; n++ {
		p := b.query(f, body)
		got = append(got, p.Value...)
		if p.ContinuationToken == nil {
			break
		}
		body = withToken(t, everything, *p.ContinuationToken)
		if n == 0 {
			b.startRun("pl_late", "Failed", "boom", 0)
			b.control("POST", "/clock", `{"advance":"5m"}`)
			b.startRun("pl_later", "Failed", "boom", 10)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-truth when the first page was asked +answers):\n%s", diff)
	}
	var now row
	b.decode(b.arm("GET", f+"/pipelineruns/"+short["runId"].(string), ""), http.StatusOK, &now)
	if now["status"] != "Succeeded" {
		t.Errorf("after the chain the run is %v, want Succeeded", now["status"])
	}
}

func TestAContinuationTokenBelongsToItsQuery(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Size: 1500})
	f := b.info.Factories[0]
	token := *b.query(f, everything).ContinuationToken
	other := `{"lastUpdatedAfter":"2000-01-01T00:00:00Z","lastUpdatedBefore":"2199-12-30T00:00:00Z"}`
	filtered := strings.TrimSuffix(everything, "}") + `,"filters":[{"operand":"Status","operator":"Equals","values":["Failed"]}]}`
	for name, try := range map[string]struct{ factory, body string }{
		"other window":  {f, withToken(t, other, token)},
		"other filter":  {f, withToken(t, filtered, token)},
		"other factory": {b.info.Factories[1], withToken(t, everything, token)},
		"made up":       {f, withToken(t, everything, "bm9uc2Vuc2U")},
		"no base64":     {f, withToken(t, everything, "!!!")},
		"tampered":      {f, withToken(t, everything, "B"+token[1:])},
	} {
		var e armError
		b.decode(b.arm("POST", try.factory+"/queryPipelineRuns", try.body), http.StatusBadRequest, &e)
		if e.Error.Code != "BadRequest" || !strings.Contains(e.Error.Message, "continuation token") {
			t.Errorf("%s: got %+v", name, e)
		}
	}
	respelt := withToken(t, `{"lastUpdatedBefore":"2199-12-31T01:00:00+01:00","lastUpdatedAfter":"2000-01-01T00:00:00.000Z"}`, token)
	if p := b.query(strings.ToUpper(f), respelt); len(p.Value) != 100 {
		t.Errorf("the same query in another spelling gives %d rows, want the second page", len(p.Value))
	}
}

func TestAnEmptyBodyMeansTheLast24Hours(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Size: 4000, Now: stoppedClock().now})
	f := b.info.Factories[0]
	var clock struct{ Now time.Time }
	b.decode(b.control("GET", "/clock", ""), http.StatusOK, &clock)
	var want []string
	for _, r := range b.truth(f) {
		updated, err := time.Parse(time.RFC3339Nano, r["lastUpdated"].(string))
		if err != nil {
			t.Fatal(err)
		}
		if !updated.Before(clock.Now.Add(-24 * time.Hour)) {
			want = append(want, r["runId"].(string))
		}
	}
	if len(want) == 0 {
		t.Fatal("nothing happened in the last 24 hours")
	}
	for _, body := range []string{"", "{}", "null", `{"lastUpdatedAfter":null}`} {
		if diff := cmp.Diff(want[:min(100, len(want))], runIDs(b.query(f, body).Value)); diff != "" {
			t.Errorf("body %q (-want +got):\n%s", body, diff)
		}
	}
	if diff := cmp.Diff(want, runIDs(b.queryAll(f, "{}"))); diff != "" {
		t.Errorf("paged (-want +got):\n%s", diff)
	}
}

func TestStrictModeWantsBothBounds(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Strict: true})
	f := b.info.Factories[0]
	if a := b.arm("POST", f+"/queryPipelineRuns", "{}"); a.status != http.StatusBadRequest {
		t.Errorf("status %d, want 400", a.status)
	}
	if len(b.query(f, everything).Value) == 0 {
		t.Error("no rows with both bounds")
	}
}

func TestBothBoundsAreInclusive(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	f := b.info.Factories[0]
	r := b.truth(f)[0]
	at := r["lastUpdated"].(string)
	p := b.query(f, fmt.Sprintf(`{"lastUpdatedAfter":%q,"lastUpdatedBefore":%q}`, at, at))
	if !slices.Contains(runIDs(p.Value), r["runId"].(string)) {
		t.Errorf("the window [%s, %s] does not hold its run", at, at)
	}
}

func TestFilters(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Size: 3000, Now: stoppedClock().now})
	f := b.info.Factories[0]
	all := b.truth(f)
	one := all[len(all)/2]
	pipeline, start, group := one["pipelineName"].(string), one["runStart"].(string), one["runGroupId"].(string)
	quoted := func(s string) string { return fmt.Sprintf("%q", s) }
	tests := []struct {
		name, operand, operator, values string
		holds                           func(row) bool
	}{
		{"status", "Status", "Equals", `["Failed"]`, func(r row) bool { return r["status"] == "Failed" }},
		{"statuses", "status", "in", `["Failed","Cancelled"]`, func(r row) bool { return r["status"] == "Failed" || r["status"] == "Cancelled" }},
		{"not status", "Status", "NotEquals", `["Succeeded"]`, func(r row) bool { return r["status"] != "Succeeded" }},
		{"not in", "Status", "NotIn", `["Succeeded","Failed"]`, func(r row) bool { return r["status"] != "Succeeded" && r["status"] != "Failed" }},
		{"pipeline in another case", "PipelineName", "Equals", "[" + quoted(strings.ToUpper(pipeline)) + "]", func(r row) bool { return r["pipelineName"] == pipeline }},
		{"start", "RunStart", "Equals", "[" + quoted(start) + "]", func(r row) bool { return r["runStart"] == start }},
		{"no end", "RunEnd", "NotIn", `["2001-01-01T00:00:00Z"]`, func(row) bool { return true }},
		{"group", "RunGroupId", "Equals", "[" + quoted(group) + "]", func(r row) bool { return r["runGroupId"] == group }},
		{"latest only", "LatestOnly", "Equals", `[true]`, func(r row) bool { return r["isLatest"] == true }},
		{"latest only as text", "LatestOnly", "Equals", `["true"]`, func(row) bool { return true }},
		{"latest only false", "LatestOnly", "Equals", `[false]`, func(row) bool { return true }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var want []string
			for _, r := range all {
				if tt.holds(r) {
					want = append(want, r["runId"].(string))
				}
			}
			body := strings.TrimSuffix(everything, "}") + fmt.Sprintf(`,"filters":[{"operand":%q,"operator":%q,"values":%s}]}`, tt.operand, tt.operator, tt.values)
			if diff := cmp.Diff(want, runIDs(b.queryAll(f, body))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(want) == 0 {
				t.Error("the filter holds nothing: it proves nothing")
			}
		})
	}
}

func TestBadQueriesAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	f := b.info.Factories[0]
	filter := func(s string) string { return `{"filters":[` + s + `]}` }
	tests := []struct{ name, call, body, code, text string }{
		{"no JSON", "/queryPipelineRuns", `{"lastUpdatedAfter":`, "InvalidRequestContent", "could not be deserialized"},
		{"array", "/queryPipelineRuns", `[]`, "InvalidRequestContent", "could not be deserialized"},
		{"no time", "/queryPipelineRuns", `{"lastUpdatedAfter":"yesterday"}`, "BadRequest", "'yesterday'"},
		{"run id", "/queryPipelineRuns", filter(`{"operand":"RunId","operator":"Equals","values":["x"]}`), "BadRequest", "PipelineName, RunStart, RunEnd, Status, RunGroupId, LatestOnly"},
		{"activity operand", "/queryPipelineRuns", filter(`{"operand":"ActivityName","operator":"Equals","values":["x"]}`), "BadRequest", "'ActivityName'"},
		{"operator", "/queryPipelineRuns", filter(`{"operand":"Status","operator":"Like","values":["x"]}`), "BadRequest", "Equals, NotEquals, In, NotIn"},
		{"no values", "/queryPipelineRuns", filter(`{"operand":"Status","operator":"In","values":[]}`), "BadRequest", "no values"},
		{"number", "/queryPipelineRuns", filter(`{"operand":"Status","operator":"In","values":[1]}`), "BadRequest", "must be strings"},
		{"bad time", "/queryPipelineRuns", filter(`{"operand":"RunStart","operator":"In","values":["noon"]}`), "BadRequest", "'noon'"},
		{"groups", "/queryPipelineRuns", filter(`{"operand":"RunGroupId","operator":"In","values":["a","b"]}`), "BadRequest", "Filter operand 'RunGroupId' does not support and array of values. Make sure to provide only one."},
		{"order", "/queryPipelineRuns", `{"orderBy":[{"orderBy":"LastUpdated","order":"ASC"}]}`, "BadRequest", "PipelineName, RunStart, RunEnd, Status"},
		{"direction", "/queryPipelineRuns", `{"orderBy":[{"orderBy":"RunStart","order":"down"}]}`, "BadRequest", "ASC, DESC"},
		{"run operand", "/pipelineruns/x/queryActivityruns", filter(`{"operand":"PipelineName","operator":"Equals","values":["x"]}`), "BadRequest", "ActivityName, ActivityRunStart, ActivityRunEnd, ActivityType, Status"},
		{"foreign token", "/pipelineruns/x/queryActivityruns", `{"continuationToken":"x"}`, "BadRequest", "continuation token"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var e armError
			b.decode(b.arm("POST", f+tt.call, tt.body), http.StatusBadRequest, &e)
			if e.Error.Code != tt.code || !strings.Contains(e.Error.Message, tt.text) {
				t.Errorf("got %+v, want %s with %q", e, tt.code, tt.text)
			}
		})
	}
}

func TestRowsHaveTheShapeOfRecordedOnes(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Size: 3000})
	f := b.info.Factories[0]
	raw := string(b.arm("POST", f+"/queryPipelineRuns", everything).body)
	first := raw[strings.Index(raw, `{"id"`):]
	at := 0
	for _, key := range []string{"id", "runId", "debugRunId", "runGroupId", "pipelineName", "parameters", "invokedBy", "runStart", "runEnd", "durationInMs", "status", "message", "pipelineReturnValue", "lastUpdated", "annotations", "runDimension", "isLatest"} {
		i := strings.Index(first[at:], `"`+key+`":`)
		if i < 0 {
			t.Fatalf("%s is missing or out of order in %.900s", key, first)
		}
		at += i
	}
	stamp := regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,6}[1-9])?Z$`)
	for _, r := range b.truth(f) {
		prefix := strings.ToUpper(f) + "/pipelineruns/"
		if r["id"] != prefix+r["runId"].(string) {
			t.Errorf("id %v", r["id"])
		}
		for _, k := range []string{"runStart", "runEnd", "lastUpdated"} {
			if s, ok := r[k].(string); ok && !stamp.MatchString(s) {
				t.Errorf("%s is %s", k, s)
			}
		}
		switch r["status"] {
		case "Queued":
			if r["message"] != nil || r["runEnd"] != nil || r["pipelineReturnValue"] != nil {
				t.Errorf("queued: %v", r)
			}
		case "InProgress", "Canceling":
			if r["message"] != "" || r["runEnd"] != nil || r["durationInMs"] != nil || r["pipelineReturnValue"] != nil {
				t.Errorf("open: %v", r)
			}
		case "Failed":
			if !strings.HasPrefix(r["message"].(string), "Operation on target ") || r["pipelineReturnValue"] == nil {
				t.Errorf("failed: %v", r)
			}
		}
	}
}

func TestAnUnknownRunIs404WithoutABody(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	ids := runIDs(b.truth(b.info.Factories[1]))
	for _, id := range []string{"5b1ee3f0-0000-4000-8000-000000000000", "nonsense", ids[0]} {
		a := b.arm("GET", b.info.Factories[0]+"/pipelineruns/"+id, "")
		if a.status != http.StatusNotFound || len(a.body) != 0 || a.header.Get("Content-Type") != "" {
			t.Errorf("%s: %d %q %v", id, a.status, a.body, a.header)
		}
	}
	if a := b.arm("GET", b.info.Factories[1]+"/pipelineruns/"+strings.ToUpper(ids[0]), ""); a.status != http.StatusOK {
		t.Errorf("upper-case id: %d", a.status)
	}
}

func TestTheServiceForgetsAfter45Days(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Now: stoppedClock().now})
	f := b.info.Factories[0]
	oldest := b.truth(f)[0]
	id, updated := oldest["runId"].(string), oldest["lastUpdated"].(string)
	until := fmt.Sprintf(`{"lastUpdatedAfter":"2000-01-01T00:00:00Z","lastUpdatedBefore":%q}`, updated)
	if !slices.Contains(runIDs(b.queryAll(f, until)), id) {
		t.Errorf("44 days later the run is not shown: %v", oldest)
	}
	b.control("POST", "/clock", `{"advance":"48h"}`)
	if shown := b.queryAll(f, until); len(shown) != 0 {
		t.Errorf("46 days later %d runs are still shown", len(shown))
	}
	if a := b.arm("GET", f+"/pipelineruns/"+id, ""); a.status != http.StatusNotFound {
		t.Errorf("its get answers %d", a.status)
	}
	if !slices.Contains(runIDs(b.truth(f)), id) {
		t.Error("the truth has forgotten it too")
	}
}

func TestActivitiesOfARun(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Size: 2000, Now: stoppedClock().now})
	f := b.info.Factories[0]
	kinds := map[string]int{}
	for _, r := range b.truth(f)[:60] {
		id := r["runId"].(string)
		path := f + "/pipelineruns/" + id + "/queryActivityruns"
		rows := b.pageAll(path, everything)
		if len(rows) == 0 {
			t.Errorf("%s has no activities", id)
		}
		for _, a := range rows {
			kinds[a["activityType"].(string)]++
			if a["pipelineRunId"] != id || a["pipelineName"] != r["pipelineName"] || a["id"] != r["id"].(string)+"/activityruns/"+a["activityRunId"].(string) {
				t.Errorf("activity %v of run %v", a, r)
			}
			if _, ok := a["error"].(map[string]any); !ok {
				t.Errorf("error is %v", a["error"])
			}
		}
		if rows := b.pageAll(path, `{"lastUpdatedAfter":"2001-01-01T00:00:00Z","lastUpdatedBefore":"2001-01-02T00:00:00Z"}`); len(rows) != 0 {
			t.Errorf("%d activities outside of the window", len(rows))
		}
		failed := strings.TrimSuffix(everything, "}") + `,"filters":[{"operand":"Status","operator":"Equals","values":["Failed"]}],"orderBy":[{"orderBy":"ActivityRunStart","order":"DESC"}]}`
		for _, a := range b.pageAll(path, failed) {
			if a["status"] != "Failed" {
				t.Errorf("filtered: %v", a)
			}
		}
	}
	if len(kinds) < 4 {
		t.Errorf("only these kinds of activities: %v", kinds)
	}
	if rows := b.pageAll(f+"/pipelineruns/nonsense/queryActivityruns", everything); len(rows) != 0 {
		t.Errorf("an unknown run has %d activities", len(rows))
	}
}

// pageAll follows the tokens of any run query.
func (b *bundle) pageAll(path, body string) []row {
	b.t.Helper()
	var rows []row
	next := body
	for {
		var p page
		b.decode(b.arm("POST", path, next), http.StatusOK, &p)
		rows = append(rows, p.Value...)
		if p.ContinuationToken == nil {
			return rows
		}
		next = withToken(b.t, body, *p.ContinuationToken)
	}
}
