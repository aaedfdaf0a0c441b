package collector_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"andon/internal/adf"
	"andon/internal/azure"
	"andon/internal/azure/budget"
	"andon/internal/collector"
	"andon/internal/emulator"
	"andon/internal/store"
)

// patience bounds every wait. The machine that runs the tests may be busy.
const patience = 2 * time.Minute

func TestMain(m *testing.M) {
	if arg := os.Getenv(collectUntilKilled); arg != "" {
		collectForParent(arg)
		return
	}
	goleak.VerifyTestMain(m)
}

// bundle is an emulated Azure, a client of it and an empty store.
type bundle struct {
	emulated emulator.Info
	client   *azure.Client
	store    *store.Store
}

func setup(t *testing.T, o emulator.Options) *bundle {
	t.Helper()
	b := &bundle{emulated: emulate(t, o)}
	b.client = newClient(t, b.emulated, b.emulated.ClientID, b.emulated.ClientSecret)
	b.store = newStore(t)
	return b
}

// emulate starts an emulated Azure without limits, of few runs unless o says
// otherwise.
func emulate(tb testing.TB, o emulator.Options) emulator.Info {
	tb.Helper()
	o.Listen, o.ProxyListen, o.ControlListen = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	o.Limits = "off"
	if o.Size == 0 {
		o.Size = 1500
	}
	e, err := emulator.New(o)
	if err != nil {
		tb.Fatal(err)
	}
	if err := e.Start(context.Background()); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := e.Stop(ctx); err != nil {
			tb.Errorf("stop the emulator: %v", err)
		}
	})
	return e.Info()
}

func newClient(tb testing.TB, info emulator.Info, clientID, secret string) *azure.Client {
	tb.Helper()
	return newClientOf(tb, clientConfig(info, clientID, secret))
}

func newClientOf(tb testing.TB, cfg azure.Config) *azure.Client {
	tb.Helper()
	c, err := azure.New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(c.Close)
	return c
}

func clientConfig(info emulator.Info, clientID, secret string) azure.Config {
	return azure.Config{
		Name: "test", TenantID: info.TenantID, ClientID: clientID, Secret: azure.Secret(secret),
		Cloud:     azure.Cloud{Authority: info.Authority, ResourceManager: info.ResourceManager, CAFile: info.CAFile},
		Scheduler: budget.New(budget.Budget{Off: true}, nil), Version: "v0.0.1",
	}
}

func openStore(tb testing.TB, path string) *store.Store {
	tb.Helper()
	s, err := store.Open(tb.Context(), "sqlite:"+path, store.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Errorf("close the store: %v", err)
		}
	})
	return s
}

func newStore(tb testing.TB) *store.Store {
	tb.Helper()
	return openStore(tb, filepath.Join(tb.TempDir(), "andon.db"))
}

// collect runs a collector over b's only source until the test ends.
func (b *bundle) collect(t *testing.T) *collector.Collector {
	t.Helper()
	return collect(t, b.store, collector.Source{Name: "test", Client: b.client})
}

func collect(tb testing.TB, s *store.Store, sources ...collector.Source) *collector.Collector {
	tb.Helper()
	c := collector.New(collector.Options{Sources: sources, Store: s, Poll: 200 * time.Millisecond})
	if err := c.Start(context.Background()); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(c.Stop)
	return c
}

// eventually asks look again and again until it returns nothing, and fails
// with what it returned last.
func eventually(tb testing.TB, what string, look func() string) {
	tb.Helper()
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(patience)
	for {
		missing := look()
		if missing == "" {
			return
		}
		select {
		case <-ticker.C:
		case <-deadline:
			tb.Fatalf("%s: still %s", what, missing)
		}
	}
}

// filled waits until each of the emulated factories has its history.
func (b *bundle) filled(tb testing.TB) {
	tb.Helper()
	eventually(tb, "first fill", func() string { return b.notFilled(tb) })
}

func (b *bundle) notFilled(tb testing.TB) string {
	tb.Helper()
	factories, err := b.store.Factories(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	if len(factories) < len(b.emulated.Factories) {
		return fmt.Sprintf("%d of %d factories", len(factories), len(b.emulated.Factories))
	}
	for _, f := range factories {
		if f.State != store.StateFresh || !f.Coverage.Complete {
			return fmt.Sprintf("%s is %s, covered %+v, %+v", f.Short, f.State, f.Coverage, f.LastError)
		}
	}
	return ""
}

// equalsTruth waits until the store holds every run as the emulator shows it
// now. What a living world adds meanwhile is no part of it: at any moment the
// newest run may be younger than the last poll.
func (b *bundle) equalsTruth(tb testing.TB) {
	tb.Helper()
	for _, id := range b.emulated.Factories {
		b.factoryEqualsTruth(tb, adf.FactoryID(id).Name())
	}
}

func (b *bundle) factoryEqualsTruth(tb testing.TB, name string) {
	tb.Helper()
	truth := b.truth(tb, name)
	eventually(tb, "runs of "+name, func() string { return diffTruth(tb, b, name, truth) })
}

// diffTruth compares each run of a factory with the truth of a moment ago. The
// world goes on between the two looks, so a run may be newer here.
func diffTruth(tb testing.TB, b *bundle, factory string, truth map[string]map[string]any) string {
	tb.Helper()
	stored := storedRuns(tb, b.store, factory)
	for id, want := range truth {
		got, ok := stored[id]
		if !ok {
			return fmt.Sprintf("run %s is missing, of %d with %d stored", id, len(truth), len(stored))
		}
		if newer(got, want) {
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			return fmt.Sprintf("run %s differs (-want +got):\n%s", id, diff)
		}
	}
	return ""
}

func newer(got, want map[string]any) bool {
	g, err := adf.ParseTime(fmt.Sprint(got["lastUpdated"]))
	if err != nil {
		return false
	}
	w, err := adf.ParseTime(fmt.Sprint(want["lastUpdated"]))
	return err == nil && g > w
}

// truth returns the runs that the emulator knows, by runId, without isLatest,
// which changes by itself.
func (b *bundle) truth(tb testing.TB, factory string) map[string]map[string]any {
	tb.Helper()
	var body struct{ Items []json.RawMessage }
	b.control(tb, http.MethodGet, "/truth/runs?factory="+url.QueryEscape(factory), nil, &body)
	runs := map[string]map[string]any{}
	for _, raw := range body.Items {
		r := object(tb, raw)
		runs[fmt.Sprint(r["runId"])] = r
	}
	return runs
}

func object(tb testing.TB, raw []byte) map[string]any {
	tb.Helper()
	var r map[string]any
	if err := json.Unmarshal(raw, &r); err != nil {
		tb.Fatalf("%.200s: %v", raw, err)
	}
	delete(r, "isLatest")
	return r
}

// storedRuns returns every stored run of a factory from its raw bytes. It
// fails when a runId stands there twice.
func storedRuns(tb testing.TB, s *store.Store, factory string) map[string]map[string]any {
	tb.Helper()
	runs := map[string]map[string]any{}
	for _, r := range allRuns(tb, s, factory) {
		if _, twice := runs[r.RunID]; twice {
			tb.Fatalf("run %s is stored twice", r.RunID)
		}
		runs[r.RunID] = object(tb, r.Raw)
	}
	return runs
}

func allRuns(tb testing.TB, s *store.Store, factory string) []store.Run {
	tb.Helper()
	q := store.RunQuery{Limit: store.MaxLimit}
	if factory != "" {
		q.Factories = []string{short(tb, s, factory)}
	}
	var all []store.Run
	for {
		page, err := s.Runs(tb.Context(), q)
		if err != nil {
			tb.Fatal(err)
		}
		all = append(all, page.Runs...)
		if page.NextCursor == "" {
			return all
		}
		q.Cursor = page.NextCursor
	}
}

func short(tb testing.TB, s *store.Store, name string) string {
	tb.Helper()
	places, err := s.Places(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	i := slices.IndexFunc(places, func(p store.Place) bool { return strings.EqualFold(p.Name, name) })
	if i < 0 {
		tb.Fatalf("factory %s is not stored", name)
	}
	return places[i].Short
}

// control asks the emulator's control listener.
func (b *bundle) control(tb testing.TB, method, path string, body, into any) {
	tb.Helper()
	var sent io.Reader = http.NoBody
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			tb.Fatal(err)
		}
		sent = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(tb.Context(), method, b.emulated.Control+path, sent)
	if err != nil {
		tb.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= http.StatusBadRequest {
		tb.Fatalf("%s %s: %s %s %v", method, path, resp.Status, raw, err)
	}
	if into != nil {
		if err := json.Unmarshal(raw, into); err != nil {
			tb.Fatalf("%s %s: %v", method, path, err)
		}
	}
}

func (b *bundle) fault(tb testing.TB, rule map[string]any) {
	tb.Helper()
	b.control(tb, http.MethodPost, "/faults", rule, nil)
}

type requests struct {
	Total  int            `json:"total"`
	ByCall map[string]int `json:"byCall"`
}

func (b *bundle) requests(tb testing.TB) requests {
	tb.Helper()
	var r requests
	b.control(tb, http.MethodGet, "/truth/requests", nil, &r)
	return r
}
