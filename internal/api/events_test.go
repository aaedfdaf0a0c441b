package api_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"andon/internal/api"
	"andon/internal/store"
)

func runOf(t *testing.T, e event) string {
	t.Helper()
	var row struct{ RunID, Status string }
	if err := json.Unmarshal([]byte(e.Data), &row); err != nil {
		t.Fatalf("%v: %s", err, e.Data)
	}
	return row.RunID + " " + row.Status
}

func TestEventsShowRunsAndFreshness(t *testing.T) {
	t.Parallel()
	b := setup(t)
	place := b.putFactory(t, "sales-prod")
	s := b.follow(t, "", "")
	if e := s.next(t); e.ID == "" || e.Name != "" || e.Data != "" {
		t.Errorf("a fresh stream begins with %+v, not with its position", e)
	}
	b.write(t, place, sent(1, at(time.Hour), nil))

	e := s.named(t, "run")
	if got := list(t, b, "/api/v1/runs")[0]; cmp.Diff(got, plainText(t, e.Data)) != "" {
		t.Errorf("the event differs from the list (-list +event):\n%s", cmp.Diff(got, plainText(t, e.Data)))
	}
	if e.ID == "" {
		t.Error("the event has no id")
	}
	b.write(t, place, sent(1, at(time.Hour), object{"status": "Failed", "lastUpdated": at(0)}))
	if got, want := runOf(t, s.named(t, "run")), runID(1)+" Failed"; got != want {
		t.Errorf("then came %s, not %s", got, want)
	}
	if err := b.store.SetFactoryState(t.Context(), place.Key, store.FactoryState{State: store.StateRefused}); err != nil {
		t.Fatal(err)
	}
	for {
		factory := plainText(t, s.named(t, "freshness").Data)
		if factory["state"] == "refused" {
			if diff := cmp.Diff(read[object](t, b, "/api/v1/factories/sales-prod"), factory); diff != "" {
				t.Errorf("the event differs from the factory (-factory +event):\n%s", diff)
			}
			break
		}
	}
}

// Each kind of factory resources is announced when it is read, and when it
// could not be, to those who follow its factory.
func TestEventsShowFactoryResources(t *testing.T) {
	t.Parallel()
	b := setup(t)
	sales, hr := b.putFactory(t, "sales-prod"), b.putFactory(t, "hr-prod")
	s := b.follow(t, "?factory=sales-prod", "")
	reading := store.Reading{Factory: sales.Key, AsOf: at(time.Minute)}
	ofHR := reading
	ofHR.Factory = hr.Key
	for _, step := range []struct {
		do   func() error
		want string
	}{
		{func() error { return b.store.PutDefinitions(t.Context(), ofHR, nil) }, ""},
		{func() error { return b.store.PutDefinitions(t.Context(), reading, nil) }, "pipelines"},
		{func() error { return b.store.PutTriggers(t.Context(), reading, nil) }, "triggers"},
		{func() error { return b.store.PutRuntimes(t.Context(), reading, nil) }, "integrationRuntimes"},
		{func() error {
			return b.store.SetSurroundings(t.Context(), sales.Key, store.SurroundingTriggers, 0, &store.Trouble{What: "refused"})
		}, "triggers"},
		{func() error {
			return b.store.SetSurroundings(t.Context(), sales.Key, store.SurroundingFactory, at(0), nil)
		}, "factory"},
	} {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		if step.want == "" {
			continue
		}
		e := s.named(t, "resource")
		if diff := cmp.Diff(object{"factory": "sales-prod", "kind": step.want}, plainText(t, e.Data)); diff != "" || e.ID == "" {
			t.Errorf("id %q, data (-want +got):\n%s", e.ID, diff)
		}
	}
}

func plainText(t *testing.T, text string) object {
	t.Helper()
	var out object
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestEventsOfOneFactory(t *testing.T) {
	t.Parallel()
	b := setup(t)
	sales, hr := b.putFactory(t, "sales-prod"), b.putFactory(t, "hr-prod")
	s := b.follow(t, "?factory=hr-prod", "")
	b.write(t, sales, sent(1, at(time.Hour), nil))
	b.write(t, hr, sent(2, at(time.Hour), nil))
	for {
		e := s.next(t)
		if strings.Contains(e.Data, "sales-prod") {
			t.Errorf("an event of another factory came: %s", e.Data)
		}
		if e.Name == "run" {
			break
		}
	}
}

func TestActivitiesAreAnnouncedAsAChangeOfTheRun(t *testing.T) {
	t.Parallel()
	b := setup(t)
	place := b.putFactory(t, "sales-prod")
	b.write(t, place, sent(1, at(time.Hour), nil))
	s := b.follow(t, "", "")
	s.next(t)
	if err := b.store.WriteActivities(t.Context(), place.Key, runID(1), nil, true, at(0)); err != nil {
		t.Fatal(err)
	}
	if got := plainText(t, s.named(t, "run").Data)["activities"]; got != "complete" {
		t.Errorf("activities are %v", got)
	}
}

func TestAReturningStreamGetsWhatItMissed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	place := b.putFactory(t, "sales-prod")
	write := func(n int) {
		b.writePage(t, store.Page{Factory: place.Key, Origin: store.OriginAzure}, sent(n, at(time.Duration(n)*time.Minute), nil))
	}

	s := b.follow(t, "", "")
	greeting := s.next(t)
	write(1)
	last := s.named(t, "run")
	s.close()
	write(2)
	write(3)

	s = b.follow(t, "", last.ID)
	var got []string
	for len(got) < 2 {
		got = append(got, runOf(t, s.named(t, "run")))
	}
	if diff := cmp.Diff([]string{runID(2) + " Succeeded", runID(3) + " Succeeded"}, got); diff != "" {
		t.Errorf("after %s (-want +got):\n%s", last.ID, diff)
	}
	s.close()

	s = b.follow(t, "", greeting.ID) // broke off before its first event
	for n := 1; n <= 3; n++ {
		if got, want := runOf(t, s.named(t, "run")), runID(n)+" Succeeded"; got != want {
			t.Errorf("after the greeting came %s, not %s", got, want)
		}
	}
}

func TestAnUnknownPositionIsReset(t *testing.T) {
	t.Parallel()
	b := setup(t)
	place := b.putFactory(t, "sales-prod")
	b.write(t, place, sent(1, at(time.Hour), nil))
	first := b.follow(t, "", "")
	boot, _, _ := strings.Cut(first.next(t).ID, "-")
	for _, id := range []string{"0therb00t-7", boot + "-4000000000", boot + "-0", boot + "-x", "nonsense", "7"} {
		s := b.follow(t, "", id)
		e := s.next(t)
		if e.Name != "reset" || e.Data != `{"reason":"events were missed"}` || !strings.HasPrefix(e.ID, boot+"-") {
			t.Errorf("after %q came %+v", id, e)
		}
		s.close()
	}
}

func TestManyRunsAtOnceAreOneReset(t *testing.T) {
	t.Parallel()
	b := setup(t)
	place := b.putFactory(t, "sales-prod")
	s := b.follow(t, "", "")
	s.next(t)
	rows := make([]object, 450)
	for n := range rows {
		rows[n] = sent(n, at(time.Duration(n)*time.Second), nil)
	}
	b.writePage(t, store.Page{Factory: place.Key, Origin: store.OriginAzure}, rows...)
	if e := s.next(t); e.Name != "reset" || e.Data != `{"reason":"many runs changed at once"}` || e.ID == "" {
		t.Errorf("after 450 runs came %s %s", e.Name, fmt.Sprint(e))
	}
	b.writePage(t, store.Page{Factory: place.Key, Origin: store.OriginAzure}, sent(1000, at(0), nil))
	if got, want := runOf(t, s.named(t, "run")), runID(1000)+" Succeeded"; got != want {
		t.Errorf("then came %s, not %s", got, want)
	}
}

func TestStreamsEndWithTheServer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.follow(t, "", "")
	s.next(t)
	if err := b.store.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case line, open := <-s.lines:
		if open {
			t.Errorf("after the store had closed came %q", line)
		}
	case <-time.After(10 * time.Second):
		t.Error("the stream went on for 10 s after the store had closed")
	}
}

func TestTheStreamIsNotCompressed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got := b.do(t, http.MethodHead, "/api/v1/events", http.Header{"Accept-Encoding": {"gzip, zstd"}})
	if got.header.Get("Content-Encoding") != "" || got.header.Get("Cache-Control") != "no-store" || got.header.Get("X-Accel-Buffering") != "no" {
		t.Errorf("headers are %v", got.header)
	}
}

// TestStreamsAreBounded: a stream beyond the bound is refused with what to do,
// and one that ends leaves its place to the next.
func TestStreamsAreBounded(t *testing.T) {
	t.Parallel()
	t.Run("256", func(t *testing.T) {
		t.Parallel()
		boundStreams(t, 0, api.MaxStreams)
	})
	t.Run("as the program says", func(t *testing.T) {
		t.Parallel()
		boundStreams(t, 3, 3)
	})
}

func boundStreams(t *testing.T, option, most int) {
	t.Helper()
	var log logged
	b := setup(t, func(o *api.Options) { o.Logger, o.MaxStreams = slog.New(slog.NewTextHandler(&log, nil)), option })
	streams := make([]*stream, most)
	for n := range streams {
		streams[n] = b.follow(t, "", "")
	}
	for range 2 {
		got := b.do(t, http.MethodGet, "/api/v1/events", nil)
		if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") != "5" || got.header.Get("Content-Type") != "application/problem+json" ||
			!strings.Contains(got.body, fmt.Sprintf("All %d live streams of this server are in use. Close windows that show the board, or try again", most)) {
			t.Errorf("a further stream was answered %d %v %s", got.status, got.header, got.body)
		}
	}
	if n := strings.Count(log.String(), "a live stream was refused"); n != 1 {
		t.Errorf("the log has %d lines of two refusals: %s", n, log.String())
	}
	b.get(t, "/api/v1/runs", http.StatusOK)
	streams[0].close()
	for range streams[0].lines { // until it has ended
	}
	for b.do(t, http.MethodHead, "/api/v1/events", nil).status != http.StatusOK { // until the server has noticed
		if t.Context().Err() != nil {
			t.Fatal("no place became free")
		}
	}
}

// logged is a log that several requests write to.
type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
