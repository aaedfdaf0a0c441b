package collector_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"andon/internal/adf"
	"andon/internal/azure"
	"andon/internal/collector"
	"andon/internal/emulator"
	"andon/internal/store"
)

// newest stands between the collector and the emulator, and answers 500 to
// queries of windows that reach to now, once it was told to.
type newest struct {
	next   http.Handler
	passed atomic.Int32 // queries of such windows that were let through
	most   int32
}

func (n *newest) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	var filter struct{ LastUpdatedBefore time.Time }
	if json.Unmarshal(body, &filter) == nil && filter.LastUpdatedBefore.After(time.Now()) && n.passed.Add(1) > n.most {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	n.next.ServeHTTP(w, r)
}

// TestAHalfOfAWindowDoesNotMakeItFresh: a window that is read in halves is
// covered by halves, but the older half tells nothing of the runs that were in
// it and have changed since: they are in the newer one. Until that is read the
// board is as of nothing.
func TestAHalfOfAWindowDoesNotMakeItFresh(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Seed: 23, Size: 20_000})
	b.fault(t, map[string]any{"call": "queryPipelineRuns", "fault": "badToken", "count": 1})
	// The whole window: its first page, and the second whose token is refused.
	front := &newest{most: 2}
	cfg := clientConfig(b.emulated, b.emulated.ClientID, b.emulated.ClientSecret)
	target, err := url.Parse(cfg.Cloud.ResourceManager)
	if err != nil {
		t.Fatal(err)
	}
	emulated, err := os.ReadFile(cfg.Cloud.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(emulated)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	defer transport.CloseIdleConnections()
	front.next = &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }, Transport: transport}
	server := httptest.NewTLSServer(front)
	defer server.Close()
	cfg.Cloud.ResourceManager, cfg.Cloud.Audience = server.URL, azure.Public().ResourceManager
	cfg.Cloud.CAFile = filepath.Join(t.TempDir(), "ca.pem")
	own := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(cfg.Cloud.CAFile, append(emulated, own...), 0o600); err != nil {
		t.Fatal(err)
	}
	c := collect(t, b.store, collector.Source{Name: "test", Client: newClientOf(t, cfg), Factories: []adf.FactoryID{adf.FactoryID(b.emulated.Factories[0])}})
	defer c.Stop()
	var f store.Factory
	eventually(t, "the older half", func() string {
		factories, err := b.store.Factories(t.Context())
		if err != nil || len(factories) != 1 {
			return "no factory"
		}
		if f = factories[0]; f.Coverage.To.IsZero() || front.passed.Load() <= front.most {
			return fmt.Sprintf("covered to %s, the newest window asked for %d times, %+v", f.Coverage.To, front.passed.Load(), f.LastError)
		}
		return ""
	})
	if !f.AsOf.IsZero() {
		t.Errorf("as of %s, covered to %s: the newest window was never read to its end", f.AsOf, f.Coverage.To)
	}
	front.passed.Store(-1_000_000) // now it answers
	b.emulated.Factories = b.emulated.Factories[:1]
	b.filled(t)
	b.equalsTruth(t)
}
