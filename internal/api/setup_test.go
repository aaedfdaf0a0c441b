package api_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"andon/internal/adf"
	"andon/internal/api"
	"andon/internal/store"
)

type bundle struct {
	store  *store.Store
	server *httptest.Server
}

func studioURL(f adf.FactoryID, runID string) string {
	return "https://studio.example/" + f.Name() + "/" + runID
}

func setup(t *testing.T, change ...func(*api.Options)) *bundle {
	t.Helper()
	s, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "andon.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	o := api.Options{Store: s, StudioURL: studioURL, ReadActivities: func(context.Context, string, string) error { return nil }}
	for _, c := range change {
		c(&o)
	}
	h, err := api.New(o)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return &bundle{store: s, server: srv}
}

func (b *bundle) get(t *testing.T, path string, status int) string {
	t.Helper()
	resp, err := http.Get(b.server.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != status {
		t.Fatalf("%s: %d %s", path, resp.StatusCode, body)
	}
	return string(body)
}
