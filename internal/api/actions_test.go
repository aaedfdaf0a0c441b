package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gotest.tools/v3/golden"

	"andon/internal/api"
	"andon/internal/store"
)

const oneDay = `{"from":"2026-11-23T00:00:00Z","to":"2026-11-24T00:00:00Z"}`

func TestARangeIsOrderedAndShown(t *testing.T) {
	t.Parallel()
	var ordered []string
	b := setup(t, func(o *api.Options) {
		order := o.Collecting.Order
		o.Collecting.Order = func(factory string, w store.Window) (api.Reread, error) {
			ordered = append(ordered, fmt.Sprint(factory, " ", w.From, " ", w.To))
			return order(factory, w)
		}
		o.Collecting.Rereads = func(string) []api.Reread {
			what := "the network is away"
			return []api.Reread{{From: api.Time(at(time.Hour)), To: api.Time(at(0)), State: "failed", Rows: 7, Added: 3, Missed: 2, Outdated: 1, What: &what, OrderedAt: api.Time(at(time.Minute)), EndedAt: api.NullTime(at(0))}}
		}
	})
	b.write(t, b.putFactory(t, "sales-prod"), sent(1, at(time.Hour), nil), sent(2, at(3*time.Hour), nil))
	got := b.post(t, "/api/v1/factories/sales-prod/rereads", oneDay)
	const want = `{"from":"2026-11-23T00:00:00Z","to":"2026-11-24T00:00:00Z","state":"waiting","rows":0,"added":0,"missed":0,"outdated":0,"what":null,"orderedAt":"2026-11-24T12:00:00Z","endedAt":null}`
	if diff := cmp.Diff(parsed(t, want), parsed(t, got.body)); got.status != http.StatusAccepted || diff != "" {
		t.Errorf("%d, %s", got.status, diff)
	}
	if diff := cmp.Diff([]string{"sales-prod 2026-11-23T00:00:00Z 2026-11-24T00:00:00Z"}, ordered); diff != "" {
		t.Errorf("ordered: %s", diff)
	}
	item := list(t, b, "/api/v1/collection?from=2026-11-24T10:00:00Z")[0]
	if item["runs"] != 1.0 || item["rereads"].([]any)[0].(object)["what"] != "the network is away" {
		t.Errorf("the collection shows %v", item)
	}
	for from, want := range map[string]any{"2026-11-24T11:30:00Z": 0.0, "2030-11-24T10:00:00Z": nil} {
		if item := list(t, b, "/api/v1/collection?from="+from)[0]; item["runs"] != want {
			t.Errorf("from %s %v runs are shown, not %v", from, item["runs"], want)
		}
	}
}

func TestACheckIsBegunAndShown(t *testing.T) {
	t.Parallel()
	var begun []bool
	b := setup(t, func(o *api.Options) {
		o.Collecting.Check = func(ctx context.Context, source string, begin bool) api.SourceCheck {
			if _, ok := ctx.Deadline(); !ok {
				t.Error("a check may take for ever")
			}
			begun = append(begun, begin)
			report := &api.CheckReport{CheckedAt: api.Time(at(0)), Status: "ok", Steps: []api.CheckStep{}, Factories: []api.CheckedFactory{}, NotLookedAt: []string{}}
			return api.SourceCheck{Source: source, State: "done", StartedAt: api.NullTime(at(time.Second)), Report: api.Null[api.CheckReport]{Value: report}}
		}
	})
	const path = "/api/v1/sources/contoso/check"
	const want = `{"source":"contoso","state":"done","startedAt":"2026-11-24T11:59:59Z","report":{"checkedAt":"2026-11-24T12:00:00Z","status":"ok","steps":[],"factories":[],"notLookedAt":[]}}`
	for name, body := range map[string]string{"GET": b.get(t, path, http.StatusOK), "POST": b.post(t, path, "").body} {
		if diff := cmp.Diff(parsed(t, want), parsed(t, body)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if len(begun) != 2 || begun[0] == begun[1] {
		t.Errorf("begun: %v", begun)
	}
}

func TestRefusedActionsSayWhy(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *api.Options) {
		o.Collecting.Order = func(string, store.Window) (api.Reread, error) {
			return api.Reread{}, errors.New("8 ranges wait already")
		}
	})
	nobody := setup(t, func(o *api.Options) { o.Collecting = nil })
	for _, one := range []*bundle{b, nobody} {
		one.putFactory(t, "sales-prod")
	}
	const rereads, check = "/api/v1/factories/sales-prod/rereads", "/api/v1/sources/contoso/check"
	asJSON := http.Header{"Content-Type": {"application/json"}}
	other := http.Header{"Content-Type": {"application/json"}, "Sec-Fetch-Site": {"cross-site"}}
	oldOther := http.Header{"Content-Type": {"application/json"}, "Origin": {"https://evil.example"}}
	var out strings.Builder
	for _, c := range []struct {
		b      *bundle
		name   string
		path   string
		header http.Header
		body   string
		status int
	}{
		{b, "another site", rereads, other, oneDay, http.StatusForbidden},
		{b, "another origin", check, oldOther, "", http.StatusForbidden},
		{b, "a form", check, http.Header{"Content-Type": {"text/plain"}}, "", http.StatusUnsupportedMediaType},
		{b, "no type", check, nil, "", http.StatusUnsupportedMediaType},
		{b, "a list", "/api/v1/runs", asJSON, "", http.StatusMethodNotAllowed},
		{b, "no such path", "/api/v1/factories/a/b/rereads", asJSON, oneDay, http.StatusNotFound},
		{b, "an unknown source", "/api/v1/sources/fabrikam/check", asJSON, "", http.StatusNotFound},
		{b, "an unknown factory", "/api/v1/factories/nowhere/rereads", asJSON, oneDay, http.StatusNotFound},
		{b, "no body", rereads, asJSON, "", http.StatusBadRequest},
		{b, "half a body", rereads, asJSON, `{"from":`, http.StatusBadRequest},
		{b, "two bodies", rereads, asJSON, oneDay + oneDay, http.StatusBadRequest},
		{b, "an unknown member", rereads, asJSON, `{"from":"2026-11-23T00:00:00Z","till":"2026-11-24T00:00:00Z"}`, http.StatusBadRequest},
		{b, "a member is missing", rereads, asJSON, `{"from":"2026-11-23T00:00:00Z"}`, http.StatusBadRequest},
		{b, "no times", rereads, asJSON, `{"from":"yesterday","to":"today"}`, http.StatusBadRequest},
		{b, "the wrong way round", rereads, asJSON, `{"from":"2026-11-24T00:00:00Z","to":"2026-11-23T00:00:00Z"}`, http.StatusBadRequest},
		{b, "too many", rereads, asJSON, oneDay, http.StatusConflict},
		{nobody, "nobody collects", rereads, asJSON, oneDay, http.StatusConflict},
		{nobody, "nobody checks", check, asJSON, "", http.StatusConflict},
	} {
		got := c.b.send(t, http.MethodPost, c.path, c.header, c.body)
		if got.status != c.status || got.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s", c.name, got.status, got.header.Get("Content-Type"))
		}
		fmt.Fprintf(&out, "%s\n%s\n", c.name, indented(t, got.body))
	}
	golden.Assert(t, out.String(), "actions.golden")
	if got := b.post(t, rereads, `{"from":"`+strings.Repeat("x", 100_000)+`"}`); got.status != http.StatusRequestEntityTooLarge {
		t.Errorf("100 kB: %d %s", got.status, got.body)
	}
}

// Andon's own pages, and programs that send no Origin, may act.
func TestOwnPagesMayAct(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, h := range []http.Header{
		{"Content-Type": {"application/json"}, "Sec-Fetch-Site": {"same-origin"}},
		{"Content-Type": {"application/json; charset=utf-8"}, "Origin": {b.server.URL}},
		{"Content-Type": {"application/json"}},
	} {
		if got := b.send(t, http.MethodPost, "/api/v1/sources/contoso/check", h, ""); got.status != http.StatusOK {
			t.Errorf("%v: %d %s", h, got.status, got.body)
		}
	}
}

func TestSourcesSayHowTheyStand(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *api.Options) {
		o.Collecting.Facts = func(source string) api.SourceFacts {
			return api.SourceFacts{
				Known: source == "contoso", Credential: "client secret of application 1", Expires: noon().Add(48 * time.Hour),
				Advice: "The client secret expires: make a new one", Command: "az ad app credential reset", NextTry: noon().Add(time.Minute),
				Pace: "400 factories share a budget", PaceAdvice: "set poll to 1m",
			}
		}
	})
	two := 2
	for _, s := range []store.SourceState{
		{Source: "contoso", State: "error", What: "refused", Advice: "grant it", Command: "az role", At: at(0), Subscriptions: &two},
		{Source: "former", State: "error", What: "refused", At: at(0)},
	} {
		if err := b.store.SetSourceState(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	const want = `[{"source":"contoso","state":"error","what":"refused","advice":"grant it","command":"az role","at":"2026-11-24T12:00:00Z","subscriptions":2,
		"retryAt":"2026-11-24T12:01:00Z","credential":"client secret of application 1","credentialExpires":"2026-11-26T12:00:00Z",
		"expiryAdvice":"The client secret expires: make a new one","expiryCommand":"az ad app credential reset","pace":"400 factories share a budget","paceAdvice":"set poll to 1m"},
		{"source":"former","state":"not collected","what":null,"advice":null,"command":null,"at":"2026-11-24T12:00:00Z","subscriptions":null,
		"retryAt":null,"credential":null,"credentialExpires":null,"expiryAdvice":null,"expiryCommand":null,"pace":null,"paceAdvice":null}]`
	got := read[struct {
		Sources     any
		PollSeconds float64
	}](t, b, "/api/v1/factories")
	if got.PollSeconds != 10 {
		t.Errorf("asked every %v s", got.PollSeconds)
	}
	if diff := cmp.Diff(parsed(t, want), got.Sources); diff != "" {
		t.Errorf("sources (-want +got):\n%s", diff)
	}
}
