package collector_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"andon/internal/adf"
	"andon/internal/collector"
	"andon/internal/emulator"
	"andon/internal/store"
)

// TestADisabledSubscriptionKeepsItsHistoryAndResumes: the factory says what is
// wrong and for how long it is not asked, its runs stay, and it goes on by
// itself once a person has it tried or the time is over.
func TestADisabledSubscriptionKeepsItsHistoryAndResumes(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Seed: 71, Size: 300})
	id := b.only()
	b.emulated.Factories = b.emulated.Factories[:1]
	cfg := clientConfig(b.emulated, b.emulated.ClientID, b.emulated.ClientSecret)
	c := collector.New(collector.Options{
		Sources: []collector.Source{{Name: "test", Client: newClientOf(t, cfg), Factories: []adf.FactoryID{id}}},
		Store:   b.store, Poll: 200 * time.Millisecond, Scheduler: cfg.Scheduler,
	})
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	b.filled(t)
	before := len(allRuns(t, b.store, id.Name()))
	b.fault(t, map[string]any{"call": "*", "fault": "disabled"})
	factoryOf := func() store.Factory {
		f, err := b.store.Factory(t.Context(), short(t, b.store, id.Name()))
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	eventually(t, "the refusal", func() string {
		f := factoryOf()
		if f.State != store.StateRefused || f.LastError == nil || f.LastError.Kind != "subscriptionDisabled" || !strings.Contains(f.LastError.Advice, "history stays") {
			return fmt.Sprintf("%s, %+v", f.State, f.LastError)
		}
		if left := time.Until(f.LastError.RetryAt.Time()); left < 10*time.Minute || left > 15*time.Minute {
			return fmt.Sprintf("is asked again in %s, want about 15 minutes", left)
		}
		return ""
	})
	if got := len(allRuns(t, b.store, id.Name())); got < before {
		t.Errorf("%d runs of %d are left", got, before)
	}
	b.control(t, http.MethodDelete, "/faults", nil, nil)
	c.AskAgain("test")
	eventually(t, "fresh again", func() string {
		if f := factoryOf(); f.State != store.StateFresh {
			return fmt.Sprintf("%s, %+v", f.State, f.LastError)
		}
		return ""
	})
	b.equalsTruth(t)
}

// TestDefinitionsStayWhenTheSecondPageFails: a list of pipelines whose second
// page can't be had is no list, so none of it is taken for deleted.
func TestDefinitionsStayWhenTheSecondPageFails(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Seed: 72, Size: 300})
	front, client := behind(t, b)
	id := b.only()
	b.emulated.Factories = b.emulated.Factories[:1]
	var fails, isPaged atomic.Bool
	var secondPages atomic.Int32
	whole := front.Handler
	front.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/pipelines") || !isPaged.Load() {
			whole.ServeHTTP(w, r)
			return
		}
		var answer struct{ Value []map[string]any }
		recorder, query := httptest.NewRecorder(), r.URL.RawQuery
		r.URL.RawQuery = "api-version=2018-06-01"
		whole.ServeHTTP(recorder, r)
		if err := json.Unmarshal(recorder.Body.Bytes(), &answer); err != nil {
			t.Error(err)
			return
		}
		page := map[string]any{"value": answer.Value[:3], "nextLink": "https://" + r.Host + r.URL.Path + "?api-version=2018-06-01&%24skiptoken=%255B2%255D"}
		if strings.HasSuffix(query, "&%24skiptoken=%255B2%255D") {
			secondPages.Add(1)
			page = map[string]any{"value": answer.Value[3:]}
			if fails.Load() {
				w.WriteHeader(http.StatusInternalServerError)
				return
			}
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(page); err != nil {
			t.Error(err)
		}
	})
	c := collect(t, b.store, collector.Source{Name: "test", Client: client, Factories: []adf.FactoryID{id}})
	b.filled(t)
	b.surrounded(t, id.Name())
	var truth struct {
		Items []struct{ Pipelines []struct{ Name string } }
	}
	b.control(t, http.MethodGet, "/truth/factories?factory="+id.Name(), nil, &truth)
	pipelines := func() (n int) {
		for _, p := range truth.Items[0].Pipelines {
			d, err := b.store.Definition(t.Context(), short(t, b.store, id.Name()), p.Name, b.worldNow(t))
			if err != nil {
				t.Fatal(err)
			}
			if d.Gone.IsZero() {
				n++
			}
		}
		return n
	}
	before := pipelines()
	fails.Store(true)
	isPaged.Store(true)
	if err := c.ReadSurroundings(short(t, b.store, id.Name())); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the trouble", func() string {
		if st := b.around(t, id.Name())[store.SurroundingPipelines]; st.Trouble == nil {
			return fmt.Sprintf("%+v, %d second pages", st, secondPages.Load())
		}
		return ""
	})
	if got := pipelines(); got != before || before < 4 {
		t.Errorf("%d pipelines are left of %d", got, before)
	}
	fails.Store(false)
	if err := c.ReadSurroundings(short(t, b.store, id.Name())); err != nil {
		t.Fatal(err)
	}
	b.surrounded(t, id.Name())
	if got := pipelines(); got != before {
		t.Errorf("%d pipelines once both pages can be had, want %d", got, before)
	}
}
