package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"andon/internal/adf"
	"andon/internal/api"
	"andon/internal/store"
)

// noon is the time of every test.
func noon() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }

// at returns a time so long before noon.
func at(before time.Duration) adf.Time { return adf.TimeOf(noon().Add(-before)) }

func studio(source string, f adf.FactoryID, runID string) string {
	return "https://" + source + ".studio.example/" + f.Name() + "/" + runID
}

// bundle is a store and the board over it, on a real connection.
type bundle struct {
	store   *store.Store
	handler http.Handler
	server  *httptest.Server
}

func setup(tb testing.TB, change ...func(*api.Options)) *bundle {
	tb.Helper()
	s, err := store.Open(tb.Context(), "sqlite:"+filepath.Join(tb.TempDir(), "andon.db"), store.Options{Now: noon})
	if err != nil {
		tb.Fatal(err)
	}
	o := api.Options{
		Store: s, Now: noon, Poll: 10 * time.Second, Version: "v1.2.3",
		StudioURL: studio, Collecting: collecting(),
		Purposes: []api.Purpose{{Name: "news", Label: "Polls"}, {Name: "discovery", Label: "Discovery"}, {Name: "history", Label: "History"}},
	}
	for _, c := range change {
		c(&o)
	}
	handler, err := api.New(o)
	if err != nil {
		tb.Fatal(err)
	}
	b := &bundle{store: s, handler: handler, server: httptest.NewUnstartedServer(handler)}
	b.server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	b.server.Start()
	tb.Cleanup(func() {
		b.server.Close()
		if err := s.Close(); err != nil {
			tb.Errorf("close the store: %v", err)
		}
	})
	return b
}

// collecting knows the source contoso, and does nothing.
func collecting() *api.Collecting {
	return &api.Collecting{
		ReadActivities:   func(context.Context, string, string) error { return nil },
		ReadSurroundings: func(string) error { return nil },
		Order: func(_ string, w store.Window) (api.Reread, error) {
			return api.Reread{From: api.Time(w.From), To: api.Time(w.To), State: "waiting", OrderedAt: api.Time(at(0))}, nil
		},
		Rereads: func(string) []api.Reread { return nil },
		Check: func(_ context.Context, source string, _ bool) api.SourceCheck {
			return api.SourceCheck{Source: source, State: "none"}
		},
		Facts: func(source string) api.SourceFacts { return api.SourceFacts{Known: source == "contoso"} },
		Used:  func() map[store.UsageKey]store.Usage { return nil },
		Skew:  func(string) time.Duration { return 0 },
	}
}

// answer is what came back for a request.
type answer struct {
	status int
	header http.Header
	body   string
}

func (b *bundle) do(t *testing.T, method, path string, header http.Header) answer {
	t.Helper()
	return b.send(t, method, path, header, "")
}

// post sends a body as Andon's own pages do.
func (b *bundle) post(t *testing.T, path, body string) answer {
	t.Helper()
	return b.send(t, http.MethodPost, path, http.Header{"Content-Type": {"application/json"}}, body)
}

func (b *bundle) send(t *testing.T, method, path string, header http.Header, sent string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, b.server.URL+path, strings.NewReader(sent))
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(req.Header, header)
	if host := header.Get("Host"); host != "" {
		req.Host = host
	}
	client := &http.Client{
		Transport:     &http.Transport{DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(body)}
}

// get returns the body of an answer that has to have this status.
func (b *bundle) get(t *testing.T, path string, status int) string {
	t.Helper()
	got := b.do(t, http.MethodGet, path, nil)
	if got.status != status {
		t.Fatalf("GET %s answered %d, not %d: %s", path, got.status, status, got.body)
	}
	return got.body
}

// read decodes the body of a 200.
func read[T any](t *testing.T, b *bundle, path string) T {
	t.Helper()
	var out T
	if err := json.Unmarshal([]byte(b.get(t, path, http.StatusOK)), &out); err != nil {
		t.Fatalf("GET %s: %v", path, err)
	}
	return out
}

type object = map[string]any

// list returns the items of a list.
func list(t *testing.T, b *bundle, path string) []object {
	t.Helper()
	return read[struct{ Items []object }](t, b, path).Items
}

// column returns one field of every item.
func column(items []object, field string) []any {
	out := make([]any, len(items))
	for i, item := range items {
		out[i] = item[field]
	}
	return out
}

func (b *bundle) putFactory(tb testing.TB, name string) store.Place {
	tb.Helper()
	place, err := b.store.PutFactory(tb.Context(), adf.Factory{
		ID:   adf.FactoryID("/subscriptions/5ab1/resourceGroups/rg-data/providers/Microsoft.DataFactory/factories/" + name),
		Name: name, Location: "westeurope", Tags: json.RawMessage(`{"team":"data","cost":7}`),
	}, "contoso")
	if err != nil {
		tb.Fatal(err)
	}
	return place
}

// sent returns a run as ADF sends it: a good one, ended after 90 s, with the
// fields of change put over it.
func sent(n int, start adf.Time, change object) object {
	id := runID(n)
	row := object{
		"id": "/SUBSCRIPTIONS/5AB1/PIPELINERUNS/" + strings.ToUpper(id), "runId": id, "debugRunId": nil, "runGroupId": id,
		"pipelineName": "pl_orders", "parameters": object{"day": "2026-11-24", "deep": object{"n": 1.50}},
		"invokedBy": object{"id": "tr-1", "name": "tr_hourly", "invokedByType": "ScheduleTrigger"},
		"runStart":  start, "runEnd": start.Add(90 * time.Second), "durationInMs": 90_000,
		"status": "Succeeded", "message": "", "pipelineReturnValue": object{}, "lastUpdated": start.Add(91 * time.Second),
		"annotations": []string{"tier-1"}, "runDimension": object{}, "isLatest": true,
	}
	maps.Copy(row, change)
	return row
}

func runID(n int) string { return fmt.Sprintf("6d1f0c52-0000-4000-8000-%012d", n) }

// write stores rows as one page that completes a window up to noon.
func (b *bundle) write(tb testing.TB, place store.Place, rows ...object) {
	tb.Helper()
	page := store.Page{
		Factory: place.Key, Origin: store.OriginAzure, AsOf: at(5 * time.Second),
		Completes: &store.Window{From: at(45 * 24 * time.Hour), To: at(5 * time.Second)},
	}
	b.writePage(tb, page, rows...)
}

func (b *bundle) writePage(tb testing.TB, page store.Page, rows ...object) {
	tb.Helper()
	for _, row := range rows {
		raw, err := json.Marshal(row)
		if err != nil {
			tb.Fatal(err)
		}
		run, err := adf.DecodePipelineRun(raw)
		if err != nil {
			tb.Fatal(err)
		}
		page.Runs = append(page.Runs, run)
	}
	if _, err := b.store.WriteRuns(tb.Context(), page); err != nil {
		tb.Fatal(err)
	}
}

// stream is an open live stream.
type stream struct {
	lines chan string
	close func()
}

// event is one block of a stream.
type event struct {
	ID, Name, Data, Comment string
}

// follow opens the live stream and reads the block that greets every client.
func (b *bundle) follow(t *testing.T, query, lastEventID string) *stream {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.server.URL+"/api/v1/events"+query, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if lastEventID != "" {
		req.Header.Set("Last-Event-ID", lastEventID)
	}
	resp, err := b.server.Client().Do(req) //nolint:bodyclose // closed by the goroutine below
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("the stream answered %s %v", resp.Status, resp.Header)
	}
	s := &stream{lines: make(chan string), close: cancel}
	go func() {
		defer close(s.lines)
		defer resp.Body.Close() //nolint:errcheck // only read from
		in := bufio.NewScanner(resp.Body)
		in.Buffer(nil, 16<<20)
		for in.Scan() {
			select {
			case s.lines <- in.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	t.Cleanup(cancel)
	if first := s.line(t); first != "retry: 2000" {
		t.Fatalf("the stream begins with %q", first)
	}
	s.line(t)
	return s
}

func (s *stream) line(t *testing.T) string {
	t.Helper()
	select {
	case line, open := <-s.lines:
		if !open {
			t.Fatal("the stream has ended")
		}
		return line
	case <-time.After(20 * time.Second):
		t.Fatal("nothing came for 20 s")
	}
	return ""
}

// next returns the next block.
func (s *stream) next(t *testing.T) event {
	t.Helper()
	var e event
	for {
		line := s.line(t)
		if line == "" {
			return e
		}
		field, value, _ := strings.Cut(line, ": ")
		switch field {
		case "id":
			e.ID = value
		case "event":
			e.Name = value
		case "data":
			e.Data = value
		case "":
			e.Comment = value
		default:
			t.Fatalf("the stream has a line %q", line)
		}
	}
}

// named returns the next event of that name.
func (s *stream) named(t *testing.T, name string) event {
	t.Helper()
	for {
		if e := s.next(t); e.Name == name {
			return e
		}
	}
}
