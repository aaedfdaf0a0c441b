package api_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestOtherSitesMayNotReadTheAPI: a page of another site must not make the
// store work. What a person opens, and what is no browser, is answered.
func TestOtherSitesMayNotReadTheAPI(t *testing.T) {
	t.Parallel()
	b := setup(t)
	fetch := func(site, mode, dest string) http.Header {
		h := http.Header{}
		for name, value := range map[string]string{"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest} {
			if value != "" {
				h.Set(name, value)
			}
		}
		return h
	}
	prefetch := fetch("cross-site", "navigate", "document")
	prefetch.Set("Sec-Purpose", "prefetch;prerender")
	for _, tt := range []struct {
		name    string
		header  http.Header
		refused bool
	}{
		{"no browser", fetch("", "", ""), false},
		{"the board's own page", fetch("same-origin", "cors", "empty"), false},
		{"an address that was typed", fetch("none", "navigate", "document"), false},
		{"a link on another site", fetch("cross-site", "navigate", "document"), false},
		{"a link on another port", fetch("same-site", "navigate", "document"), false},
		{"an image of another site", fetch("cross-site", "no-cors", "image"), true},
		{"a script of another port", fetch("same-site", "no-cors", "script"), true},
		{"a fetch of another site", fetch("cross-site", "cors", "empty"), true},
		{"a frame of another site", fetch("cross-site", "navigate", "iframe"), true},
		{"a prefetch of another site", prefetch, true},
		{"a site that no browser knows today", fetch("near-site", "cors", "empty"), true},
	} {
		for _, path := range []string{"/api/v1/runs", "/api/v1/openapi.json", "/api/v1/none", "/metrics"} {
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				got := b.do(t, method, path, tt.header)
				if refused := got.status == http.StatusForbidden; refused != tt.refused {
					t.Errorf("%s: %s %s answered %d", tt.name, method, path, got.status)
				}
				if tt.refused && method == http.MethodGet && (got.header.Get("Content-Type") != "application/problem+json" || !strings.Contains(got.body, "page of another origin")) {
					t.Errorf("%s: %s %s says %s", tt.name, method, path, got.body)
				}
			}
		}
		for _, path := range []string{"/", "/embed/strip", "/healthz", "/readyz"} {
			if got := b.do(t, http.MethodGet, path, tt.header); got.status == http.StatusForbidden {
				t.Errorf("%s: GET %s answered %d", tt.name, path, got.status)
			}
		}
	}
}
