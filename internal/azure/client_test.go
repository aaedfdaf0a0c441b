package azure_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"andon/internal/adf"
	"andon/internal/azure"
)

func TestQueryPipelineRunsAsksAsADFDocuments(t *testing.T) {
	t.Parallel()
	type asked struct{ Method, Path, Query, Body string }
	var got asked
	date := time.Date(2026, 11, 24, 12, 0, 7, 0, time.UTC)
	s := startAzure(t, nil, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got = asked{r.Method, r.URL.Path, r.URL.RawQuery, string(body)}
		w.Header().Set("Date", date.Format(http.TimeFormat))
		sendJSON(w, http.StatusOK, page("next page"))
	})
	filter := window()
	filter.Filters = []adf.Filter{{Operand: "LatestOnly", Operator: "Equals", Values: []any{true}}}
	filter.ContinuationToken = "opaque+/="

	p, err := s.client(t).QueryPipelineRuns(t.Context(), factory, filter)
	if err != nil {
		t.Fatal(err)
	}
	want := asked{
		http.MethodPost, string(factory) + "/queryPipelineRuns", "api-version=2018-06-01",
		`{"lastUpdatedAfter":"2026-11-24T11:00:00Z","lastUpdatedBefore":"2026-11-24T12:00:00Z","filters":[{"operand":"LatestOnly","operator":"Equals","values":[true]}],"continuationToken":"opaque+/="}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
	if len(p.Runs) != 1 || p.Runs[0].RunID != someRunID || p.Next != "next page" {
		t.Errorf("page = %+v, want one run and the token", p)
	}
	if !p.Asked.Equal(date) {
		t.Errorf("Asked = %s, want the answer's Date %s", p.Asked, date)
	}
}

func TestFactoriesFollowsNextLinksOfItsOwnHostOnly(t *testing.T) {
	t.Parallel()
	strayed := startAzure(t, nil, nil)
	var s *azureServer
	s = startAzure(t, nil, func(w http.ResponseWriter, r *http.Request) {
		one := `{"value":[{"id":"` + strings.ToLower(string(factory)) + `","name":"adf-Sales","location":"East US"},null,{"name":"no id"}]`
		switch {
		case r.URL.Query().Get("$skiptoken") != "":
			sendJSON(w, http.StatusOK, `{"value":[{"id":"/subscriptions/s/resourceGroups/g/providers/Microsoft.DataFactory/factories/second"}],"nextLink":null}`)
		case strings.Contains(r.URL.Path, "/stray/"):
			sendJSON(w, http.StatusOK, one+`,"nextLink":"`+strayed.URL+`/more"}`)
		default:
			sendJSON(w, http.StatusOK, one+`,"nextLink":"`+s.URL+r.URL.Path+`?api-version=2018-06-01&$skiptoken=p2"}`)
		}
	})
	c := s.client(t)

	got, err := c.Factories(t.Context(), factory.Subscription())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range got {
		names = append(names, f.Name)
	}
	if diff := cmp.Diff([]string{"adf-Sales", "second"}, names); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}

	_, err = c.FactoriesInGroup(t.Context(), "stray", "rg")
	if e := asError(t, err); e.Kind != azure.KindNotJSON {
		t.Errorf("kind = %s, want %s", e.Kind, azure.KindNotJSON)
	}
	if n := strayed.armRequests.Load(); n != 0 {
		t.Errorf("the other host got %d requests, want none", n)
	}
}

func TestSubscriptionsAndFactory(t *testing.T) {
	t.Parallel()
	s := startAzure(t, nil, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/subscriptions":
			sendJSON(w, http.StatusOK, `{"value":[{"subscriptionId":"s1","displayName":"One","state":"Enabled","tenantId":"t"},{"subscriptionId":"s2","displayName":7},{}],"count":{"type":"Total","value":2}}`)
		case string(factory):
			sendJSON(w, http.StatusOK, `{"id":"`+string(factory)+`","name":"adf-Sales","location":"eastus"}`)
		default:
			sendJSON(w, http.StatusConflict, `{"error":{"code":"MissingSubscriptionRegistration","message":"…"}}`)
		}
	})
	c := s.client(t)
	subscriptions, err := c.Subscriptions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []adf.Subscription{{SubscriptionID: "s1", DisplayName: "One", State: "Enabled", TenantID: "t"}, {SubscriptionID: "s2"}}
	if diff := cmp.Diff(want, subscriptions); diff != "" {
		t.Errorf("subscriptions (-want +got):\n%s", diff)
	}
	f, err := c.Factory(t.Context(), factory)
	if err != nil || f.ID != factory || f.Location != "eastus" {
		t.Errorf("Factory = %+v, %v", f, err)
	}
	if factories, err := c.Factories(t.Context(), "unregistered"); err != nil || len(factories) != 0 {
		t.Errorf("a subscription without Data Factory gives %v, %v, want none", factories, err)
	}
	if diff := cmp.Diff(map[string]int64{"listSubscriptions": 1, "getFactory": 1, "listFactories": 1}, c.Requests()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestWhatPassesIsAskedAgain(t *testing.T) {
	t.Parallel()
	good := always(http.StatusOK, page(""))
	after := func(name, value string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set(name, value)
			sendJSON(w, http.StatusTooManyRequests, `{"error":{"code":"TooManyPipelineRunQueryRequests","message":"slow down"}}`)
		}
	}
	for name, arm := range map[string]http.HandlerFunc{
		"a cut body":                  inTurn(cut, cut, cut, good),
		"a reset connection":          inTurn(reset, reset, good),
		"half a JSON text":            inTurn(always(http.StatusOK, page("")[:40]), good),
		"an empty body":               inTurn(always(http.StatusOK, "{"), good),
		"503":                         inTurn(always(http.StatusServiceUnavailable, ""), good),
		"502 with HTML":               inTurn(always(http.StatusBadGateway, "<html>bad gateway</html>"), good),
		"500 and a reset":             inTurn(always(http.StatusInternalServerError, `{"error":{"code":"InternalServerError"}}`), reset, good),
		"429 with Retry-After":        inTurn(after("Retry-After", "1"), good),
		"429 with milliseconds":       inTurn(after("X-Ms-Retry-After-Ms", "30"), good),
		"429 without a time":          inTurn(after("X-Nothing", ""), good),
		"429 with a date in the past": inTurn(after("Retry-After", "Mon, 02 Jan 2006 15:04:05 GMT"), good),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := startAzure(t, nil, arm).client(t).QueryPipelineRuns(t.Context(), factory, window())
			if err != nil || len(p.Runs) != 1 {
				t.Errorf("got %d runs, %v; want the one run", len(p.Runs), err)
			}
		})
	}
}

func TestOneTokenServesAllGoroutines(t *testing.T) {
	t.Parallel()
	s := startAzure(t, nil, nil)
	c := s.client(t)
	var group sync.WaitGroup
	for range 32 {
		group.Go(func() {
			if _, err := c.QueryPipelineRuns(t.Context(), factory, window()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if tokens, asked := s.tokens.Load(), s.armRequests.Load(); tokens != 1 || asked != 32 {
		t.Errorf("%d token requests and %d queries, want 1 and 32", tokens, asked)
	}
}

func TestAClaimsChallengeFetchesANewToken(t *testing.T) {
	t.Parallel()
	challenge := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZSwidmFsdWUiOiIxNzAwMDAwMDAwIn19fQ=="`)
		sendJSON(w, http.StatusUnauthorized, `{"error":{"code":"TokenCreatedWithOutdatedPolicies"}}`)
	}
	s := startAzure(t, nil, inTurn(challenge, always(http.StatusOK, page(""))))
	if _, err := s.client(t).QueryPipelineRuns(t.Context(), factory, window()); err != nil {
		t.Fatal(err)
	}
	if n := s.tokens.Load(); n != 2 {
		t.Errorf("%d token requests, want 2", n)
	}
}

func TestALongRetryAfterIsHandedBackAndRemembered(t *testing.T) {
	t.Parallel()
	s := startAzure(t, nil, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "90")
		sendJSON(w, http.StatusTooManyRequests, `{"error":{"code":"TooManyPipelineRunQueryRequests"}}`)
	})
	cfg := s.config(t)
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	cfg.Now = func() time.Time { return now }
	c := newClient(t, cfg)
	for range 2 {
		_, err := c.QueryPipelineRuns(t.Context(), factory, window())
		if e := asError(t, err); e.Kind != azure.KindThrottled || !e.RetryAt.Equal(now.Add(90*time.Second)) {
			t.Errorf("got %s until %s, want %s until 90 s later", e.Kind, e.RetryAt, azure.KindThrottled)
		}
	}
	if n := s.armRequests.Load(); n != 1 {
		t.Errorf("Azure was asked %d times, want once", n)
	}
	// The factory's own limit must not stop its neighbours.
	other := factory[:len(factory)-5] + "other"
	if _, err := c.QueryPipelineRuns(t.Context(), other, window()); err == nil {
		t.Error("the neighbour was answered, although the server throttles it as well")
	}
	if n := s.armRequests.Load(); n != 2 {
		t.Errorf("the neighbour's request did not reach Azure: %d requests, want 2", n)
	}
}

func TestTheSubscriptionsLimitStopsAllItsFactories(t *testing.T) {
	t.Parallel()
	s := startAzure(t, nil, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "90")
		sendJSON(w, http.StatusTooManyRequests, `{"error":{"code":"SubscriptionRequestsThrottled"}}`)
	})
	c := s.client(t)
	for _, id := range []adf.FactoryID{factory, factory[:len(factory)-5] + "other"} {
		_, err := c.QueryPipelineRuns(t.Context(), id, window())
		if e := asError(t, err); e.Kind != azure.KindThrottled {
			t.Errorf("got %s, want %s", e.Kind, azure.KindThrottled)
		}
	}
	if n := s.armRequests.Load(); n != 1 {
		t.Errorf("Azure was asked %d times, want once", n)
	}
}

func TestTheCallersEndIsKept(t *testing.T) {
	t.Parallel()
	entered := make(chan struct{}, 1)
	s := startAzure(t, nil, func(_ http.ResponseWriter, r *http.Request) {
		// A server notices that its client left only once the body is read.
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			t.Error(err)
		}
		entered <- struct{}{}
		<-r.Context().Done()
	})
	c := s.client(t)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-entered
		cancel()
	}()
	_, err := c.QueryPipelineRuns(ctx, factory, window())
	if e := asError(t, err); e.Kind != azure.KindCanceled || !errors.Is(err, context.Canceled) {
		t.Errorf("got %s (%v), want %s around context.Canceled", e.Kind, err, azure.KindCanceled)
	}
	_, err = c.QueryPipelineRuns(ctx, factory, window())
	if e := asError(t, err); e.Kind != azure.KindCanceled {
		t.Errorf("a call after the end: got %s, want %s", e.Kind, azure.KindCanceled)
	}
}

func TestHostileIDsStayInTheirSegment(t *testing.T) {
	t.Parallel()
	var path string
	s := startAzure(t, nil, func(w http.ResponseWriter, r *http.Request) {
		path = r.URL.EscapedPath()
		sendJSON(w, http.StatusNotFound, "")
	})
	c := s.client(t)
	_, err := c.PipelineRun(t.Context(), factory, "../../cancel?x=1#")
	if e := asError(t, err); e.Kind != azure.KindNotFound {
		t.Errorf("kind = %s, want %s", e.Kind, azure.KindNotFound)
	}
	if want := string(factory) + "/pipelineruns/..%2F..%2Fcancel%3Fx=1%23"; path != want {
		t.Errorf("path = %s, want %s", path, want)
	}
	_, err = c.QueryPipelineRuns(t.Context(), "no/id", window())
	if e := asError(t, err); e.Kind != azure.KindConfig {
		t.Errorf("a bad factory id: kind = %s, want %s", e.Kind, azure.KindConfig)
	}
}

func TestSecretNeverPrints(t *testing.T) {
	t.Parallel()
	type holder struct{ S azure.Secret }
	text, err := json.Marshal(holder{canary})
	if err != nil {
		t.Fatal(err)
	}
	for _, printed := range append(printings(azure.Secret(canary), holder{canary}, azure.Config{Secret: canary}), string(text)) {
		if strings.Contains(printed, canary) {
			t.Errorf("the secret shows in %q", printed)
		}
	}
}

func TestStudioURLPerCloud(t *testing.T) {
	t.Parallel()
	const query = "/en/monitoring/pipelineruns/" + someRunID + "?factory=%2Fsubscriptions%2F51111111-0000-0000-0000-000000000001%2FresourceGroups%2Frg-data%2Fproviders%2FMicrosoft.DataFactory%2Ffactories%2Fadf-Sales"
	for name, want := range map[string]string{"public": "https://adf.azure.com", "usgov": "https://adf.azure.us", "China": "https://adf.azure.cn"} {
		cloud, err := azure.CloudByName(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := cloud.StudioURL(factory, someRunID); got != want+query {
			t.Errorf("%s: %s, want %s", name, got, want+query)
		}
	}
	if got := (azure.Cloud{Studio: "https://studio.example/"}).StudioURL(factory, someRunID); got != "https://studio.example"+query {
		t.Errorf("custom: %s", got)
	}
	if got, want := azure.Public().StudioURL(factory, ""), "https://adf.azure.com/en/home?factory=%2Fsubscriptions%2F"; !strings.HasPrefix(got, want) {
		t.Errorf("the factory's page: %s, want %s…", got, want)
	}
	if _, err := azure.CloudByName("mars"); err == nil || !strings.Contains(err.Error(), "public, usgov and china") {
		t.Errorf("an unknown cloud: %v, want an error naming the known ones", err)
	}
}
