package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"gotest.tools/v3/golden"
)

func TestGoodParametersAreAccepted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.write(t, b.putFactory(t, "sales-prod"), sent(1, at(3600e9), nil), sent(2, at(1800e9), object{"status": "Paused", "runEnd": nil, "durationInMs": nil}))
	const runs = "/api/v1/runs?"
	for _, path := range []string{
		runs + "from=2026-11-24T00:00:00Z", runs + "to=2026-11-24T13:00:00.1234567%2B01:00", runs + "from=1970-01-01T00:00:00Z&to=9999-12-31T23:59:59Z",
		runs + "from=0001-01-01T00:00:00Z",
		runs + "status=failed&status=In%20Progress&status=Canceled&status=Cancelling&status=CANCELED", runs + "status=paused",
		runs + "factory=sales-prod", runs + "pipeline=PL_ORDERS&pipeline=no_such_pipeline", runs + "trigger=tr_hourly",
		runs + "invokedBy=ScheduleTrigger", runs + "annotation=tier-1", runs + "group=latest", runs + "open=true", runs + "open=false",
		runs + "minDuration=0", runs + "minDuration=90s", runs + "minDuration=1h30m", runs + "minDuration=90000", runs + "minDuration=1.5m",
		runs + "q=" + strings.Repeat("%C3%A4", 200), runs + "q=%00", runs + "q=%22%28%2A", runs + "sort=durationInMs", runs + "limit=1", runs + "limit=500", runs + "include=parameters",
		"/api/v1/runs/facets?status=Failed&factory=sales-prod&open=true&q=x",
		"/api/v1/runs/" + runID(1) + "?factory=sales-prod", "/api/v1/runs/" + strings.ToUpper(runID(1)) + "/activities", "/api/v1/runs/" + runID(1) + "/group",
		"/api/v1/overview?from=2026-11-24T00:00:00Z", "/api/v1/overview?to=2026-11-24T00:00:00Z&factory=sales-prod",
		"/api/v1/timeline?bucket=5m&pipeline=pl_orders", "/api/v1/timeline?from=2020-01-01T00:00:00Z&bucket=1w",
	} {
		b.get(t, path, http.StatusOK)
	}
}

// What each refusal says is read by people who have just mistyped something,
// so the whole documents are kept.
func TestRefusalsNameWhatIsAllowed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.write(t, b.putFactory(t, "sales-prod"), sent(1, at(3600e9), nil), sent(2, at(1800e9), object{"status": "Paused", "runEnd": nil, "durationInMs": nil}))
	page := read[struct{ NextCursor string }](t, b, "/api/v1/runs?limit=1")
	long := url.QueryEscape(strings.Repeat("ä", 201))

	var got strings.Builder
	for _, path := range []string{
		"/api/v1/runs?form=2026-11-24T00:00:00Z",
		"/api/v1/runs?Status=Failed",
		"/api/v1/runs?from=yesterday",
		"/api/v1/runs?from=2026-11-24",
		"/api/v1/runs?from=2026-11-24T00:00:00+01:00",
		"/api/v1/runs?from=2026-11-24T02:00:00",
		"/api/v1/runs?from=2026-11-24T02:00:00Z&to=2026-11-24T02:00:00Z",
		"/api/v1/runs?from=2026-11-24T00:00:00Z&from=2026-11-23T00:00:00Z",
		"/api/v1/runs?from=",
		"/api/v1/runs?open",
		"/api/v1/runs?status=Failed&status=",
		"/api/v1/runs?status=Broken&status=paused&status=Stuck",
		"/api/v1/runs?factory=sales-test",
		"/api/v1/runs?group=newest",
		"/api/v1/runs?open=yes",
		"/api/v1/runs?minDuration=-5m",
		"/api/v1/runs?minDuration=5%20minutes",
		"/api/v1/runs?q=" + long,
		"/api/v1/runs?sort=status",
		"/api/v1/runs?limit=0",
		"/api/v1/runs?limit=501",
		"/api/v1/runs?limit=ten",
		"/api/v1/runs?cursor=abc",
		"/api/v1/runs?cursor=" + page.NextCursor + "&status=Failed",
		"/api/v1/runs?cursor=" + page.NextCursor + "&sort=runStart",
		"/api/v1/runs?include=raw",
		"/api/v1/runs?from=x&to=y&limit=z",
		"/api/v1/runs?q=%zz",
		"/api/v1/runs?q=a;b",
		"/api/v1/runs?q=one+two+three+four+five+six+seven+eight+nine",
		"/api/v1/runs/facets?q=one+two+three+four+five+six+seven+eight+nine",
		"/api/v1/runs/facets?limit=1",
		"/api/v1/runs/facets?sort=runStart",
		"/api/v1/runs/" + runID(1) + "?factory=nowhere",
		"/api/v1/runs/" + runID(1) + "?from=2026-11-24T00:00:00Z",
		"/api/v1/factories?limit=1",
		"/api/v1/overview?from=2026-11-25T00:00:00Z",
		"/api/v1/overview?limit=1",
		"/api/v1/overview?factory=nowhere",
		"/api/v1/timeline?bucket=2h",
		"/api/v1/timeline?bucket=5m&from=2026-01-01T00:00:00Z",
		"/api/v1/timeline?from=1970-01-01T00:00:00Z",
		"/api/v1/events?factory=nowhere",
		"/api/v1/events?status=Failed",
		"/healthz?verbose=1",
	} {
		answer := b.do(t, http.MethodGet, path, nil)
		if answer.status != http.StatusBadRequest || answer.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("GET %s answered %d %s", path, answer.status, answer.header.Get("Content-Type"))
		}
		path = strings.ReplaceAll(strings.ReplaceAll(path, page.NextCursor, "{cursor}"), long, "{201 characters}")
		fmt.Fprintf(&got, "GET %s\n%s\n", path, indented(t, answer.body))
	}
	golden.Assert(t, got.String(), "refusals.golden")
}

func TestOtherProblemsSayWhatNext(t *testing.T) {
	t.Parallel()
	b := setup(t)
	place := b.putFactory(t, "sales-prod")
	var got strings.Builder
	note := func(method, path string, status int) {
		answer := b.do(t, method, path, nil)
		if answer.status != status || answer.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s answered %d %s", method, path, answer.status, answer.header.Get("Content-Type"))
		}
		fmt.Fprintf(&got, "%s %s\n%s\n", method, path, indented(t, answer.body))
	}
	note(http.MethodGet, "/api/v1/runs/"+runID(9), http.StatusNotFound)
	b.write(t, place, sent(1, at(3600e9), nil))
	note(http.MethodGet, "/api/v1/runs/"+runID(9), http.StatusNotFound)
	note(http.MethodGet, "/api/v1/runs/"+runID(9)+"/activities", http.StatusNotFound)
	note(http.MethodGet, "/api/v1/runs/not-an-id", http.StatusNotFound)
	note(http.MethodGet, "/api/v1/factories/nowhere", http.StatusNotFound)
	note(http.MethodGet, "/api/v1/runs/"+runID(1)+"/logs", http.StatusNotFound)
	note(http.MethodGet, "/api/v2/runs", http.StatusNotFound)
	note(http.MethodGet, "/api/", http.StatusNotFound)
	note(http.MethodPost, "/api/v1/runs", http.StatusMethodNotAllowed)
	note(http.MethodPost, "/api/v1/factories//subscriptions/1/rereads", http.StatusNotFound)
	note(http.MethodDelete, "/api/v1/factories/sales-prod/rereads", http.StatusMethodNotAllowed)
	note(http.MethodPut, "/api/v1/sources/contoso/check", http.StatusMethodNotAllowed)
	note(http.MethodDelete, "/", http.StatusMethodNotAllowed)
	note(http.MethodOptions, "/api/v1/runs", http.StatusMethodNotAllowed)
	golden.Assert(t, got.String(), "problems.golden")
}

// FuzzQuery demands of every address that it is answered, or refused with a
// problem document that names the parameter: never an error of Andon's own.
func FuzzQuery(f *testing.F) {
	b := setup(f)
	b.write(f, b.putFactory(f, "sales-prod"), sent(1, at(3600e9), nil), sent(2, at(1800e9), object{"status": "Failed", "message": "limit reached"}))
	for _, query := range []string{
		"", "from=2026-11-24T00:00:00Z&to=9999-12-31T23:59:59.9999999Z", "from=0000-01-01T00:00:00Z", "q=%22a*%20OR%20NEAR(", "q=%ff%00", "status=%C4%B0nProgress",
		"minDuration=9223372036854775807", "minDuration=2562047h", "limit=%2B5", "cursor=AQ&sort=-durationInMs", "&&=&a", "open=true&open=false", "annotation=%F0%9F%98%80",
		"factory=SALES-PROD", "group=latest&sort=durationInMs&limit=1&include=parameters",
	} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		for _, path := range []string{"/api/v1/runs", "/api/v1/runs/facets", "/api/v1/overview", "/api/v1/timeline"} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost"+path, http.NoBody)
			r.URL.RawQuery = query
			w := httptest.NewRecorder()
			b.handler.ServeHTTP(w, r)
			var body struct{ Detail string }
			if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
				t.Fatalf("%s?%s: %v: %s", path, query, err, w.Body)
			}
			if w.Code != http.StatusOK && (w.Code != http.StatusBadRequest || body.Detail == "") {
				t.Errorf("%s?%s answered %d: %s", path, query, w.Code, w.Body)
			}
		}
	})
}

func TestAClosedStoreIsUnavailable(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.get(t, "/readyz", http.StatusOK)
	if err := b.store.Close(); err != nil {
		t.Fatal(err)
	}
	var problem struct{ Title, Detail string }
	if err := json.Unmarshal([]byte(b.get(t, "/readyz", http.StatusServiceUnavailable)), &problem); err != nil {
		t.Fatal(err)
	}
	if problem.Title != "The store can't answer" || !strings.Contains(problem.Detail, "andon.db is closed. Start andon again.") {
		t.Errorf("/readyz says %+v", problem)
	}
	if got, want := b.get(t, "/healthz", http.StatusOK), `{"status":"ok"}`+"\n"; got != want {
		t.Errorf("/healthz says %s", got)
	}
}

func indented(t *testing.T, body string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	out, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
