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

// front stands between the collector and the emulator, and sees the queries of
// windows that reach beyond now.
type front struct {
	http.Handler

	newest atomic.Int32 // how many of them came
	// passes is told which of them comes, from 1 on, and where its window ends,
	// and may refuse it.
	passes atomic.Pointer[func(n int32, to time.Time) bool]
	// floods has the next one that passes answered with more than anybody takes.
	floods atomic.Bool
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	var filter struct{ LastUpdatedBefore time.Time }
	if json.Unmarshal(body, &filter) == nil && filter.LastUpdatedBefore.After(time.Now()) && !(*f.passes.Load())(f.newest.Add(1), filter.LastUpdatedBefore) {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	if filter.LastUpdatedBefore.After(time.Now()) && f.floods.CompareAndSwap(true, false) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.Copy(w, io.LimitReader(blanks{}, 65<<20)) // whoever asked hangs up
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	f.Handler.ServeHTTP(w, r)
}

// blanks is text without an end.
type blanks struct{}

func (blanks) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func (f *front) set(passes func(n int32, to time.Time) bool) {
	f.newest.Store(0)
	f.passes.Store(&passes)
}

// behind returns a front of b's emulator, and a client that asks it.
func behind(t *testing.T, b *bundle) (*front, *azure.Client) {
	t.Helper()
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
	t.Cleanup(transport.CloseIdleConnections)
	f := &front{Handler: &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }, Transport: transport}}
	f.set(func(int32, time.Time) bool { return true })
	server := httptest.NewTLSServer(f)
	t.Cleanup(server.Close)
	cfg.Cloud.ResourceManager, cfg.Cloud.Audience = server.URL, azure.Public().ResourceManager
	cfg.Cloud.CAFile = filepath.Join(t.TempDir(), "ca.pem")
	own := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(cfg.Cloud.CAFile, append(emulated, own...), 0o600); err != nil {
		t.Fatal(err)
	}
	return f, newClientOf(t, cfg)
}

// TestAHalfOfAWindowDoesNotMakeItFresh: a window that is read in halves is
// covered by halves, but the older half tells nothing of the runs that were in
// it and have changed since: they are in the newer one. Until that is read the
// board is as of nothing.
func TestAHalfOfAWindowDoesNotMakeItFresh(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Seed: 23, Size: 20_000})
	b.fault(t, map[string]any{"call": "queryPipelineRuns", "fault": "badToken", "count": 1})
	front, client := behind(t, b)
	// The whole window: its first page, and the second whose token is refused.
	front.set(func(n int32, _ time.Time) bool { return n <= 2 })
	c := collect(t, b.store, collector.Source{Name: "test", Client: client, Factories: []adf.FactoryID{adf.FactoryID(b.emulated.Factories[0])}})
	defer c.Stop()
	var f store.Factory
	eventually(t, "the older half", func() string {
		factories, err := b.store.Factories(t.Context())
		if err != nil || len(factories) != 1 {
			return "no factory"
		}
		if f = factories[0]; f.Coverage.To.IsZero() || front.newest.Load() <= 2 {
			return fmt.Sprintf("covered to %s, the newest window asked for %d times, %+v", f.Coverage.To, front.newest.Load(), f.LastError)
		}
		return ""
	})
	if !f.AsOf.IsZero() {
		t.Errorf("as of %s, covered to %s: the newest window was never read to its end", f.AsOf, f.Coverage.To)
	}
	front.set(func(int32, time.Time) bool { return true })
	b.emulated.Factories = b.emulated.Factories[:1]
	b.filled(t)
	b.equalsTruth(t)
}

// TestAHalfIsOverlappedByWhenItWasAsked: while the halves of a window are read
// the machine sleeps for 40 minutes. The first half was asked when its newest
// rows were not visible yet, and the next window overlaps that moment, not the
// one of the second half.
func TestAHalfIsOverlappedByWhenItWasAsked(t *testing.T) {
	t.Parallel()
	// The last request for the whole: its second page has its token refused, or
	// the first one is too large.
	for name, last := range map[string]int32{"token refused": 2, "too large": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testAHalfIsOverlapped(t, last)
		})
	}
}

func testAHalfIsOverlapped(t *testing.T, last int32) {
	t.Helper()
	b := setup(t, emulator.Options{Seed: 24, Size: 500, Scenario: "quiet"})
	b.emulated.Factories = b.emulated.Factories[:1]
	front, client := behind(t, b)
	collect(t, b.store, collector.Source{Name: "test", Client: client, Factories: []adf.FactoryID{adf.FactoryID(b.emulated.Factories[0])}})
	b.filled(t)
	began := time.Now()
	front.set(func(int32, time.Time) bool { return false }) // until there is more than a page
	for range 150 {
		b.control(t, http.MethodPost, "/truth/runs", map[string]any{"factory": b.emulated.Factories[0], "pipelineName": "p", "status": "Succeeded", "durationInMs": 1}, nil)
	}
	if last == 2 {
		b.fault(t, map[string]any{"call": "queryPipelineRuns", "fault": "badToken", "count": 1})
	}
	// After as long a time again all of them lie in the first half of what is
	// asked for next: a window reaches as far ahead as it overlaps.
	until := time.Now().Add(time.Since(began) + time.Second)
	done := make(chan struct{})
	var came atomic.Int32
	front.set(func(_ int32, to time.Time) bool {
		if to.Before(until.Add(5 * time.Minute)) {
			return false // it was planned before
		}
		n := came.Add(1)
		front.floods.Store(n == 1 && last == 1)
		switch n {
		case last: // then comes the first half
			b.fault(t, map[string]any{"call": "queryPipelineRuns", "fault": "late", "delay": "2m"})
		case last + 1: // the second half
			b.control(t, http.MethodDelete, "/faults", nil, nil)
			b.control(t, http.MethodPost, "/clock", map[string]any{"advance": "40m"}, nil)
			close(done)
		}
		return true
	})
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatal("no window was read in halves")
	}
	now := b.worldNow(t)
	eventually(t, "a window after the sleep", func() string {
		if at := b.asOf(t); at < now {
			return "as of " + at.String()
		}
		return ""
	})
	b.equalsTruth(t)
}
