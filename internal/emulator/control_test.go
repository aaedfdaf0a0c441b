package emulator_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"andon/internal/emulator"
)

func TestRequestsAreCounted(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Size: 2000, Now: stoppedClock().now})
	f := b.info.Factories[0]
	name := f[strings.LastIndex(f, "/")+1:]
	type counts struct {
		Total, Records                             int
		ByCall, ByFactory, ByCaller, RecordsByCall map[string]int
	}
	get := func(method string) (c counts) {
		b.decode(b.control(method, "/truth/requests", ""), http.StatusOK, &c)
		return c
	}
	if c := get("GET"); c.Total != 0 || c.Records != 0 || len(c.ByCall) == 0 || len(c.ByFactory) != len(b.info.Factories) {
		t.Errorf("before the first request: %+v", c)
	}
	rows := len(b.query(f, everything).Value)
	b.arm("GET", f+"/pipelineruns/"+b.truth(f)[0]["runId"].(string), "")
	b.arm("GET", "/nonsense", "")
	c := get("GET")
	if c.Total != 4 || c.Records != rows+1 {
		t.Errorf("total %d and records %d, want 4 (with the token) and %d", c.Total, c.Records, rows+1)
	}
	if c.ByCall["token"] != 1 || c.ByCall["queryPipelineRuns"] != 1 || c.ByCall["pipelineRun"] != 1 || c.ByFactory[name] != 2 {
		t.Errorf("got %+v", c)
	}
	if c.ByCaller[b.info.ClientID] != 4 || c.RecordsByCall["queryPipelineRuns"] != rows || c.RecordsByCall["pipelineRun"] != 1 {
		t.Errorf("by caller %v, records %v", c.ByCaller, c.RecordsByCall)
	}
	if c := get("DELETE"); c.Total != 0 {
		t.Errorf("after DELETE: %+v", c)
	}
	b.arm("GET", f, "")
	if c := get("GET"); c.Total != 1 || c.ByCall["factory"] != 1 {
		t.Errorf("after the reset: %+v", c)
	}
}

func TestARunCanBeMadeToHappen(t *testing.T) {
	t.Parallel()
	c := stoppedClock()
	b := setup(t, emulator.Options{Now: c.now})
	f := b.info.Factories[0]
	r := b.startRun("pl_by_hand", "Failed", "Operation on target cp failed: boom", 1500)
	id := r["runId"].(string)
	if r["status"] == "Failed" || r["runEnd"] != nil {
		t.Errorf("at its start the run is %v", r)
	}
	c.advance(2 * time.Second)
	var got row
	b.decode(b.arm("GET", f+"/pipelineruns/"+id, ""), http.StatusOK, &got)
	if got["status"] != "Failed" || got["message"] != "Operation on target cp failed: boom" || got["durationInMs"] != 1500.0 || got["pipelineName"] != "pl_by_hand" {
		t.Errorf("at its end the run is %v", got)
	}
	if p := b.query(f, `{}`); len(p.Value) == 0 {
		t.Error("the last 24 hours are empty")
	}
	if !slices.Contains(runIDs(b.truth(f)), id) || !slices.Contains(runIDs(b.truth(f[strings.LastIndex(f, "/")+1:])), id) {
		t.Errorf("run %s is missing in truth by id or by name", id)
	}
}

func TestTheClockMovesForward(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Now: stoppedClock().now})
	now := func(a answer) time.Time {
		var c struct{ Now time.Time }
		b.decode(a, http.StatusOK, &c)
		return c.Now
	}
	start := now(b.control("GET", "/clock", ""))
	if got := now(b.control("POST", "/clock", `{"advance":"36h"}`)); !got.Equal(start.Add(36 * time.Hour)) {
		t.Errorf("36h after %s is %s", start, got)
	}
	to := start.Add(48 * time.Hour).Truncate(time.Second)
	if got := now(b.control("POST", "/clock", `{"now":"`+to.Format(time.RFC3339)+`"}`)); !got.Equal(to) {
		t.Errorf("set to %s it shows %s", to, got)
	}
	b.bearer = ""
	if a := b.arm("GET", b.info.Factories[0], ""); a.status != http.StatusOK {
		t.Errorf("after two days: %d %s", a.status, a.body)
	}
}

func TestSpeedIsTheWorldsSecondsInARealOne(t *testing.T) {
	t.Parallel()
	c := stoppedClock()
	b := setup(t, emulator.Options{Now: c.now, Speed: 60})
	var before, after struct{ Now time.Time }
	b.decode(b.control("GET", "/clock", ""), http.StatusOK, &before)
	c.advance(time.Minute)
	b.decode(b.control("GET", "/clock", ""), http.StatusOK, &after)
	if got := after.Now.Sub(before.Now); got != time.Hour {
		t.Errorf("in a minute at speed 60 passed %s", got)
	}
}

func TestBadControlRequestsSayWhatIsAllowed(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	f := b.info.Factories[0]
	for _, tt := range []struct {
		method, path, body string
		status             int
		text               string
	}{
		{"POST", "/clock", `{}`, 400, `one of now and advance is needed; allowed: {"now":`},
		{"POST", "/clock", `{"now":"2026-11-24T12:00:00Z","advance":"1h"}`, 400, "one of now and advance"},
		{"POST", "/clock", `{"advance":"soon"}`, 400, `advance "soon" is not a duration; allowed: such as`},
		{"POST", "/clock", `{"advance":"-1h"}`, 400, "forward"},
		{"POST", "/clock", `{"advance":"900000h"}`, 400, "at most"},
		{"POST", "/clock", `{"now":"2001-01-01T00:00:00Z"}`, 400, "forward"},
		{"POST", "/clock", `{"now":"noon"}`, 400, "not understood"},
		{"POST", "/clock", `{"to":"noon"}`, 400, `unknown field "to"; allowed: {"now"`},
		{"GET", "/truth/runs?factory=nowhere", "", 400, `unknown factory "nowhere"; allowed: adf-`},
		{"POST", "/truth/runs", `{"factory":"nowhere","pipelineName":"x","status":"Failed"}`, 400, `unknown factory "nowhere"`},
		{"POST", "/truth/runs", `{"factory":"` + f + `","pipelineName":"x","status":"Done"}`, 400, "Succeeded, Failed, Cancelled"},
		{"POST", "/truth/runs", `{"factory":"` + f + `","pipelineName":"","status":"Failed"}`, 400, "pipeline"},
		{"POST", "/truth/runs", `{"factory":"` + f + `","pipelineName":"x","status":"Failed","durationInMs":-1}`, 400, "durationInMs"},
		{"POST", "/truth/runs", `{"pipeline":"x"}`, 400, "allowed members: factory, pipelineName, status, message, durationInMs, row"},
		{"POST", "/truth/rows", `{"run":"x"}`, 400, "allowed members: factory, runId, row"},
		{"POST", "/truth/rows", `{"factory":"nowhere","runId":"x","row":{}}`, 400, `unknown factory "nowhere"`},
		{"POST", "/truth/rows", `{"factory":"` + f + `","runId":"x","row":{}}`, 404, `no run "x" of factory`},
		{"POST", "/truth/rows", `{"factory":"` + f + `","runId":"` + b.truth(f)[0]["runId"].(string) + `","row":{"status":null}}`, 400, "allowed: runs that POST /truth/runs or createRun started"},
		{"POST", "/factories", `{"name":"x"}`, 400, `unknown factory ""`},
		{"POST", "/factories", `{"gone":true}`, 400, "allowed members: factory, isGone, resourceGroup, name, location, tags"},
		{"POST", "/factories", `{"factory":"` + f + `","name":"other"}`, 400, "a factory can't be renamed; allowed: adf-"},
		{"GET", "/nonsense", "", 404, "GET /nonsense is not a control; allowed: GET or POST /truth/runs"},
		{"PUT", "/clock", "", 404, "PUT /clock is not a control"},
	} {
		a := b.control(tt.method, tt.path, tt.body)
		if a.status != tt.status || !strings.Contains(errorText(t, a), tt.text) {
			t.Errorf("%s %s %s: got %d %s, want %d with %q", tt.method, tt.path, tt.body, a.status, a.body, tt.status, tt.text)
		}
	}
}

func TestControlAnswersLoopbackNamesOnly(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	for host, want := range map[string]int{"localhost": 200, "127.0.0.1:1": 200, "[::1]:8444": 200, "rebind.example:8444": 403, "169.254.169.254": 403, "": 200} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.info.Control+"/truth/requests", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		res, err := b.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if err := res.Body.Close(); err != nil {
			t.Error(err)
		}
		if res.StatusCode != want {
			t.Errorf("host %q: %d, want %d", host, res.StatusCode, want)
		}
	}
	if a := b.do("DELETE", b.info.Control+"/faults", "", "Origin", "https://example.com"); a.status != http.StatusForbidden {
		t.Errorf("a web page's request: %d", a.status)
	}
}

// TestARunsRowCanBeTold: it shows what it was told from its first moment on, in
// every call, until it is told to show its own again.
func TestARunsRowCanBeTold(t *testing.T) {
	t.Parallel()
	c := stoppedClock()
	b := setup(t, emulator.Options{Now: c.now})
	f := b.info.Factories[0]
	var told row
	b.decode(b.control("POST", "/truth/runs", `{"factory":"`+f+`","pipelineName":"pl_told","status":"Succeeded","durationInMs":1000,"row":{"runStart":"2099-01-01T00:00:00Z","extra":[1]}}`), http.StatusOK, &told)
	id := told["runId"].(string)
	shown := func() (all []row) {
		var one row
		b.decode(b.arm("GET", f+"/pipelineruns/"+id, ""), http.StatusOK, &one)
		all = append(all, one)
		for _, list := range [][]row{b.query(f, everything).Value, b.truth(f)} {
			for _, r := range list {
				if r["runId"] == id {
					all = append(all, r)
				}
			}
		}
		return all
	}
	for _, r := range append(shown(), told) {
		if r["runStart"] != "2099-01-01T00:00:00Z" || r["extra"] == nil || r["pipelineName"] != "pl_told" {
			t.Errorf("got %v", r)
		}
	}
	b.control("POST", "/truth/rows", `{"factory":"`+f+`","runId":"`+id+`","row":{"status":"Hibernating"}}`)
	for _, r := range shown() {
		if r["status"] != "Hibernating" || r["runStart"] == "2099-01-01T00:00:00Z" {
			t.Errorf("told anew: %v", r)
		}
	}
	b.control("POST", "/truth/rows", `{"factory":"`+f+`","runId":"`+id+`","row":null}`)
	if all := shown(); len(all) < 2 || all[0]["status"] == "Hibernating" {
		t.Errorf("with its own members: %v", all)
	}
}

// TestAFactoryCanBeTakenAwayMovedAndChanged, and be again as it was.
func TestAFactoryCanBeTakenAwayMovedAndChanged(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{})
	f := b.info.Factories[0]
	name := f[strings.LastIndex(f, "/")+1:]
	subscription, _, _ := strings.Cut(f, "/resourceGroups/")
	listed := func() (found []row) {
		var page struct{ Value []row }
		b.decode(b.arm("GET", subscription+"/providers/Microsoft.DataFactory/factories", ""), http.StatusOK, &page)
		for _, r := range page.Value {
			if strings.EqualFold(r["name"].(string), name) {
				found = append(found, r)
			}
		}
		return found
	}
	change := func(members string) {
		b.decode(b.control("POST", "/factories", `{"factory":"`+name+`"`+members+`}`), http.StatusOK, new(row))
	}
	change(`,"isGone":true`)
	if a := b.arm("POST", f+"/queryPipelineRuns", everything); a.status != http.StatusNotFound || len(listed()) != 0 {
		t.Errorf("deleted: %d %s, listed %v", a.status, a.body, listed())
	}
	change(`,"resourceGroup":"rg-elsewhere"`)
	moved := subscription + "/resourceGroups/rg-elsewhere/providers/Microsoft.DataFactory/factories/" + name
	if a := b.arm("POST", f+"/queryPipelineRuns", everything); a.status != http.StatusNotFound {
		t.Errorf("moved, asked at the old place: %d %s", a.status, a.body)
	}
	if a := b.arm("POST", moved+"/queryPipelineRuns", everything); a.status != http.StatusOK || listed()[0]["id"] != moved {
		t.Errorf("moved: %d %s, listed %v", a.status, a.body, listed())
	}
	change(`,"name":"` + strings.ToUpper(name) + `","location":"mars","tags":{"a":"b"}`)
	if r := listed()[0]; r["name"] != strings.ToUpper(name) || r["location"] != "mars" || r["tags"].(row)["a"] != "b" {
		t.Errorf("changed: %v", r)
	}
	change("")
	if r := listed()[0]; r["id"] != f || r["location"] == "mars" {
		t.Errorf("as it was: %v", r)
	}
}
