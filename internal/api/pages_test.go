package api_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"andon/internal/api"
)

func builtUI() fstest.MapFS {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	return fstest.MapFS{
		".keep": file(""), ".vite/manifest.json": file("{}"),
		"index.html":             file(`<meta name="andon-base" content="/"><script src="./theme.js"></script><script type="module" src="./assets/index-1a2b.js"></script>`),
		"embed.html":             file(`<main id="piece"></main><script type="module" src="./assets/embed-3c4d.js"></script>`),
		"theme.js":               file("theme()"),
		"favicon.svg":            file("<svg/>"),
		"assets/index-1a2b.js":   file("start()" + strings.Repeat(" ", 4000)),
		"assets/index-5e6f.css":  file("body{}"),
		"assets/embed-3c4d.js":   file("embed()"),
		"assets/.hidden-7a8b.js": file("hidden()"),
	}
}

func TestPagesAndAssets(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *api.Options) { o.Web = builtUI() })
	const (
		index     = `<meta name="andon-base" content="/"><script src="/theme.js"></script><script type="module" src="/assets/index-1a2b.js"></script>`
		embed     = `<main id="piece"></main><script type="module" src="/assets/embed-3c4d.js"></script>`
		immutable = "public, max-age=31536000, immutable"
		missing   = "" // a problem document
	)
	for _, c := range []struct {
		path, body, contentType, cache string
	}{
		{"/", index, "text/html; charset=utf-8", "no-store"},
		{"/runs", index, "text/html; charset=utf-8", "no-store"},
		{"/runs/6d1f0c52", index, "text/html; charset=utf-8", "no-store"},
		{"/pipelines/sales-prod/load.v2", index, "text/html; charset=utf-8", "no-store"},
		{"/no/such/page", index, "text/html; charset=utf-8", "no-store"},
		{"/index.html", missing, "", ""},
		{"/embed/strip", embed, "text/html; charset=utf-8", "no-store"},
		{"/embed/runs?limit=5", embed, "text/html; charset=utf-8", "no-store"},
		{"/embed/none", missing, "", ""},
		{"/embed", missing, "", ""},
		{"/embed.html", missing, "", ""},
		{"/theme.js", "theme()", "text/javascript; charset=utf-8", "no-cache"},
		{"/favicon.svg", "<svg/>", "image/svg+xml", "no-cache"},
		{"/assets/index-5e6f.css", "body{}", "text/css; charset=utf-8", immutable},
		{"/assets/none.js", missing, "", ""},
		{"/assets/", missing, "", ""},
		{"/assets", missing, "", ""},
		{"/assets/.hidden-7a8b.js", missing, "", ""},
		{"/.keep", missing, "", ""},
		{"/favicon.ico", missing, "", ""},
		{"/robots.txt", missing, "", ""},
		{"/badge/sales-prod/pl_orders.svg", missing, "", ""},
	} {
		got := b.do(t, http.MethodGet, c.path, nil)
		if c.body == missing {
			if got.status != http.StatusNotFound || got.header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("GET %s answered %d %s", c.path, got.status, got.header.Get("Content-Type"))
			}
			continue
		}
		if got.status != http.StatusOK || got.body != c.body || got.header.Get("Content-Type") != c.contentType || got.header.Get("Cache-Control") != c.cache {
			t.Errorf("GET %s answered %d, %s, %s: %s", c.path, got.status, got.header.Get("Content-Type"), got.header.Get("Cache-Control"), got.body)
		}
	}
}

func TestPathsDoNotLeaveTheUI(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *api.Options) { o.Web = builtUI() })
	for _, path := range []string{"/assets/../../etc/passwd", "/assets/%2e%2e/index.html", "/assets/..%2findex.html", "//evil.example/", "/%2e%2e/%2e%2e/etc/passwd"} {
		got := b.do(t, http.MethodGet, path, nil)
		if strings.Contains(got.body, "root:") || strings.HasPrefix(got.header.Get("Location"), "//") {
			t.Errorf("GET %s answered %d, %s, %s", path, got.status, got.header.Get("Location"), got.body)
		}
	}
}

func TestAnAssetIsSentOnceAndSmall(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *api.Options) { o.Web = builtUI() })
	first := b.do(t, http.MethodGet, "/theme.js", nil)
	again := b.do(t, http.MethodGet, "/theme.js", http.Header{"If-None-Match": {first.header.Get("ETag")}})
	if again.status != http.StatusNotModified || again.body != "" {
		t.Errorf("asked again: %d %s", again.status, again.body)
	}
	zipped := b.do(t, http.MethodGet, "/assets/index-1a2b.js", http.Header{"Accept-Encoding": {"gzip"}})
	if zipped.header.Get("Content-Encoding") != "gzip" || len(zipped.body) > 400 {
		t.Errorf("4 kB of blanks became %d bytes, %q", len(zipped.body), zipped.header.Get("Content-Encoding"))
	}
}

func TestWithoutABuiltUIThePagesSayHowToGetIt(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *api.Options) { o.Web = fstest.MapFS{".keep": {}} })
	for _, path := range []string{"/", "/runs", "/embed/strip"} {
		got := b.do(t, http.MethodGet, path, nil)
		if got.status != http.StatusServiceUnavailable || !strings.Contains(got.body, "make build") || got.header.Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("GET %s answered %d: %s", path, got.status, got.body)
		}
	}
	b.get(t, "/api/v1/runs", http.StatusOK)
}
