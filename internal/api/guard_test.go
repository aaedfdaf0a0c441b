package api_test

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"andon/internal/api"
)

const strictPolicy = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; object-src 'none'; form-action 'self'; require-trusted-types-for 'script'; trusted-types 'none'; frame-ancestors "

func TestEveryAnswerHasTheSecurityHeaders(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *api.Options) {
		o.Web, o.EmbedOrigins = builtUI(), []string{"https://portal.example.com", "http://localhost:3000/"}
	})
	for _, path := range []string{
		"/", "/runs", "/runs/abc", "/assets/index-1a2b.js", "/assets/none.js", "/theme.js", "/favicon.ico",
		"/api/v1/runs", "/api/v1/runs?limit=0", "/api/v1/none", "/api/v1/openapi.json", "/healthz", "/readyz",
		"/embed/strip", "/embed/runs", "/embed/none",
	} {
		got := b.do(t, http.MethodGet, path, nil).header
		want := map[string]string{
			"Content-Security-Policy": strictPolicy + "'none'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
			"Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()", "Server": "Andon/v1.2.3",
			"Access-Control-Allow-Origin": "",
		}
		if strings.HasPrefix(path, "/embed/") {
			want["Content-Security-Policy"] = strictPolicy + "https://portal.example.com http://localhost:3000"
		}
		if strings.HasPrefix(path, "/api/") {
			want["Cache-Control"] = "no-store"
		}
		for name, value := range want {
			if got.Get(name) != value {
				t.Errorf("GET %s: %s is %q, not %q", path, name, got.Get(name), value)
			}
		}
		if len(got.Get("X-Request-Id")) != 12 {
			t.Errorf("GET %s: X-Request-Id is %q", path, got.Get("X-Request-Id"))
		}
	}
}

func TestNobodyFramesEmbedsByDefault(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *api.Options) { o.Web = builtUI() })
	if got := b.do(t, http.MethodGet, "/embed/strip", nil).header.Get("Content-Security-Policy"); got != strictPolicy+"'none'" {
		t.Errorf("the policy is %s", got)
	}
}

func TestEmbedOriginsAreOrigins(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, origin := range []string{
		"*", "", "portal.example.com", "https://", "https://portal.example.com/page", "https://portal.example.com?x=1", "https://a@portal.example.com",
		"https://a.example; script-src *", "https://a.example b.example", "https://*.example.com", "javascript:alert(1)", "'self'", "https://a.example\r\nX: y",
	} {
		_, err := api.New(api.Options{Store: b.store, StudioURL: studio, EmbedOrigins: []string{origin}})
		if err == nil || !strings.Contains(err.Error(), "such as https://portal.example.com") {
			t.Errorf("origin %q: %v", origin, err)
		}
	}
}

func TestOnlyKnownHostNamesAreAnswered(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *api.Options) { o.AllowHosts = []string{"Andon.Example.com", "10.0.0.7"} })
	for host, want := range map[string]int{
		"localhost": 200, "LOCALHOST:8080": 200, "localhost.": 200, "127.0.0.1": 200, "127.0.0.1:1": 200, "[::1]": 200, "[::1]:8080": 200,
		"andon.example.com": 200, "andon.example.com:443": 200, "andon.example.com.:443": 200, "10.0.0.7:80": 200,
		"evil.example": 421, "localhost.evil.example": 421, "127.0.0.1.evil.example": 421, "evil.example:8080": 421, "127.0.0.2": 421,
		"0.0.0.0": 421, "[::]": 421, "2130706433": 421, "sub.andon.example.com": 421, "127.1": 421, "localhost@evil.example": 421,
	} {
		for _, path := range []string{"/", "/api/v1/runs", "/healthz", "/embed/strip"} {
			got := b.do(t, http.MethodGet, path, http.Header{"Host": {host}})
			if refused := got.status == http.StatusMisdirectedRequest; refused != (want == http.StatusMisdirectedRequest) {
				t.Errorf("GET %s for host %s answered %d", path, host, got.status)
			}
		}
	}
	got := b.do(t, http.MethodGet, "/api/v1/runs", http.Header{"Host": {"evil.example"}})
	if got.header.Get("Content-Type") != "application/problem+json" || !strings.Contains(got.body, "--allow-host NAME") {
		t.Errorf("the refusal says %s", got.body)
	}
}

func TestAPanicIsAProblemWithoutItsStack(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	b := setup(t, func(o *api.Options) {
		o.Logger = slog.New(slog.NewTextHandler(&log, nil))
		o.Collecting.ReadActivities = func(context.Context, string, string) error { panic("the secret of the handler") }
	})
	b.write(t, b.putFactory(t, "sales-prod"), sent(1, at(0), nil))
	got := b.do(t, http.MethodGet, "/api/v1/runs/"+runID(1)+"/activities", nil)
	if got.status != http.StatusInternalServerError || got.header.Get("Content-Type") != "application/problem+json" ||
		!strings.Contains(got.body, got.header.Get("X-Request-Id")) || strings.Contains(got.body, "secret") || strings.Contains(got.body, ".go") {
		t.Errorf("%d %s", got.status, got.body)
	}
	if !strings.Contains(log.String(), "the secret of the handler") || !strings.Contains(log.String(), got.header.Get("X-Request-Id")) || !strings.Contains(log.String(), "runActivities") {
		t.Errorf("the log says %s", log.String())
	}
	b.get(t, "/api/v1/runs", http.StatusOK)
}

func TestRequestsAreLoggedForThoseWhoLook(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	b := setup(t, func(o *api.Options) {
		o.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	got := b.do(t, http.MethodGet, "/api/v1/runs?q=a-customer-name", nil)
	b.server.Close() // waits until the handler has ended
	if !strings.Contains(log.String(), "path=/api/v1/runs status=200") || !strings.Contains(log.String(), got.header.Get("X-Request-Id")) {
		t.Errorf("the log says %s", log.String())
	}
	if strings.Contains(log.String(), "a-customer-name") {
		t.Error("the log repeats what was searched for")
	}
}

func TestABoardNeedsItsParts(t *testing.T) {
	t.Parallel()
	if _, err := api.New(api.Options{}); err == nil {
		t.Error("a board without a store was built")
	}
}
