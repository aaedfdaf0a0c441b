package emulator

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// fuzzed is an emulator that nothing listens for; requests are handed to its
// handlers as a server would.
type fuzzed struct {
	emu    *Emulator
	bearer string
}

func newFuzzed(f *testing.F, scenario string, size int) *fuzzed {
	f.Helper()
	start := time.Date(2026, 11, 24, 11, 30, 0, 0, time.UTC)
	emu, err := New(Options{Scenario: scenario, Size: size, Limits: "off", Now: func() time.Time { return start }})
	if err != nil {
		f.Fatal(err)
	}
	main := emu.azure.main()
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {main.ClientID}, "client_secret": {main.Secrets[0].Text},
		"scope": {"https://management.azure.com/.default"},
	}
	r := httptest.NewRequest(http.MethodPost, "https://localhost/"+emu.world.TenantID()+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	emu.azure.ServeHTTP(w, r)
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &token); err != nil || token.AccessToken == "" {
		f.Fatalf("%v in %s", err, w.Body)
	}
	return &fuzzed{emu, "Bearer " + token.AccessToken}
}

// ask hands one request to h. It is false when the text makes no request.
func ask(h http.Handler, method, target, body, header, value string) (w *httptest.ResponseRecorder, ok bool) {
	u, err := url.ParseRequestURI(target)
	if err != nil || strings.ContainsAny(method, " \r\n\t") || method == "" {
		return nil, false
	}
	r := (&http.Request{Method: method, URL: u, Host: "127.0.0.1", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))})
	if header != "" {
		r.Header.Set(header, value)
	}
	w = httptest.NewRecorder()
	defer func() {
		if v := recover(); v != nil {
			if err, isError := v.(error); !isError || !errors.Is(err, http.ErrAbortHandler) {
				panic(v)
			}
			ok = false // the connection was to break
		}
	}()
	h.ServeHTTP(w, r)
	return w, true
}

func checkAnswer(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	if w.Code < 200 || w.Code > 599 {
		t.Errorf("status %d", w.Code)
	}
	if strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") && w.Body.Len() > 0 && !json.Valid(w.Body.Bytes()) {
		t.Errorf("no JSON: %.300s", w.Body)
	}
}

// FuzzAzure hands any request to Entra ID and Resource Manager: routing, and
// the decoder of every body and parameter behind it.
func FuzzAzure(f *testing.F) {
	e := newFuzzed(f, DefaultScenario, 300)
	place := e.emu.world.Factories()[0]
	run := e.emu.world.Runs(place)[0].RunID()
	const v = "?api-version=2018-06-01"
	names := strings.NewReplacer(
		"{subscription}", place.SubscriptionID, "{group}", place.ResourceGroup, "{factory}", place.Name, "{run}", run,
		"{pipeline}", "pl_price_import", "{trigger}", "tr_prices", "{runtime}", place.RuntimeResources(e.emu.world.Now())[0].Name, "{node}", "Node_1", "{name}", "x", "{triggerRun}", "x",
	)
	window := `{"lastUpdatedAfter":"2026-11-01T00:00:00Z","lastUpdatedBefore":"2026-11-25T00:00:00Z",`
	bodies := []string{
		"", "{}", "null", "[1]", `{"a":1}`,
		window + `"filters":[{"operand":"Status","operator":"In","values":["Failed"]},{"operand":"LatestOnly","operator":"Equals","values":[true]}],"orderBy":[{"orderBy":"RunStart","order":"DESC"}]}`,
		window + `"filters":[{"operand":"ActivityType","operator":"NotIn","values":["Copy"]}],"continuationToken":"AAAA"}`,
		window + `"filters":[{"operand":"TriggerRunTimestamp","operator":"Equals","values":["2026-11-24"]}]}`,
		`{"query":"resources | where type =~ 'microsoft.datafactory/factories' | project id,name","options":{"$top":2,"$skipToken":"1"}}`,
		`{"parentTriggerName":"x","continuationToken":null}`,
	}
	for _, op := range operations() {
		for _, body := range bodies {
			f.Add(op.method, names.Replace(op.path)+v, body, "", "")
		}
	}
	f.Add("POST", names.Replace(factoryPath+"/pipelines/{pipeline}/createRun"+v+"&referencePipelineRunId={run}&isRecovery=true&startFromFailure=1"), `{"day":[1]}`, "x-ms-client-request-id", run)
	f.Add("GET", names.Replace(factoryPath+v), "", "If-None-Match", `W/"*", "a"`)
	f.Add("GET", names.Replace(subscriptionPath+factoriesPath+v+"&$skiptoken=1"), "", "Authorization", "Bearer a.b.c")
	f.Fuzz(func(t *testing.T, method, target, body, header, value string) {
		if header == "" {
			header, value = "Authorization", e.bearer
		}
		if w, ok := ask(e.emu.azure, method, target, body, header, value); ok {
			checkAnswer(t, w)
		}
		if header != "Authorization" { // once more by somebody who is let in
			r := httptest.NewRequest(http.MethodGet, "https://localhost/", nil)
			r.Method, r.Body = method, io.NopCloser(strings.NewReader(body))
			u, err := url.ParseRequestURI(target)
			if err != nil {
				return
			}
			r.URL = u
			r.Header.Set(header, value)
			r.Header.Set("Authorization", e.bearer)
			w := httptest.NewRecorder()
			e.emu.azure.ServeHTTP(w, r)
			checkAnswer(t, w)
		}
	})
}

// FuzzControl hands any request to the control listener. The company is the
// quiet one, in which a clock may leap without a run being planned.
func FuzzControl(f *testing.F) {
	e := newFuzzed(f, "quiet", 1)
	name, client := e.emu.world.Factories()[0].Name, e.emu.azure.main().ClientID
	for _, path := range []string{
		"/truth/runs", "/truth/requests", "/truth/activityRuns", "/truth/triggerRuns", "/truth/factories", "/clock", "/faults", "/identities",
		"/identities/secrets", "/roles/definitions", "/roles/assignments", "/federation/token", "/tokens", "/msi/token?api-version=2019-08-01&resource=https://management.azure.com",
	} {
		for _, body := range []string{
			"", "{}", `{"advance":"36h"}`, `{"now":"2026-11-25T00:00:00Z"}`, `{"call":"*","fault":"late","delay":"-1s","factory":"` + name + `"}`,
			`{"call":"token","fault":"429","retryAfter":"date+1h","code":"x","probability":0.5,"count":1,"for":"1s"}`,
			`{"factory":"` + name + `","pipelineName":"p","status":"Failed","message":"m","durationInMs":1}`,
			`{"clientId":"` + client + `","expires":"2027-01-01T00:00:00Z"}`, `{"clientId":"` + client + `","hint":"abc"}`, `{"life":"5s"}`,
			`{"cluster":"nordhem","subject":"s","audience":"a","expiresIn":"1h","key":"foreign"}`, `{"clientId":"` + client + `","role":"Reader","scope":"/subscriptions/x"}`,
		} {
			for _, method := range []string{"GET", "POST", "DELETE"} {
				f.Add(method, path, body)
			}
		}
	}
	handler := e.emu.control.handler()
	f.Fuzz(func(t *testing.T, method, target, body string) {
		e.emu.azure.faults.clear()
		if w, ok := ask(handler, method, target, body, "", ""); ok {
			checkAnswer(t, w)
		}
	})
}

// FuzzContinuation opens any text as a continuation token.
func FuzzContinuation(f *testing.F) {
	k := newPageKey()
	subject := []byte("x")
	s := snapshot{at: time.Unix(1, 2).UTC(), runs: 3, next: 4, lag: 5, carried: unread}
	f.Add(k.token(s, subject))
	f.Add("")
	f.Add("AAAA")
	f.Fuzz(func(t *testing.T, token string) {
		if got, err := k.open(token, subject); err == nil && got != s {
			t.Errorf("a token that was never given opens as %+v", got)
		}
	})
}
