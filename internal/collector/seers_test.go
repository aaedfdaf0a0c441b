package collector_test

import (
	"net/http"
	"strings"
	"testing"

	"andon/internal/adf"
	"andon/internal/azure"
	"andon/internal/azure/budget"
	"andon/internal/collector"
	"andon/internal/emulator"
	"andon/internal/store"
)

// identity is the one whose description holds the words.
func (b *bundle) identity(tb testing.TB, words string) emulator.Identity {
	tb.Helper()
	for _, id := range b.emulated.Identities {
		if strings.Contains(strings.ToLower(id.What), words) {
			return id
		}
	}
	tb.Fatalf("no identity %q among %+v", words, b.emulated.Identities)
	return emulator.Identity{}
}

func (b *bundle) clientOf(tb testing.TB, source, clientID, secret string, s *budget.Scheduler) *azure.Client {
	tb.Helper()
	cfg := clientConfig(b.emulated, clientID, secret)
	cfg.Name, cfg.Scheduler = source, s
	return newClientOf(tb, cfg)
}

// TestAFactoryThatSeveralSourcesSeeIsReadOnce: by one that may, without asking
// twice as much.
func TestAFactoryThatSeveralSourcesSeeIsReadOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Seed: 31, Size: 400})
	scheduler := budget.New(budget.Budget{Off: true}, nil)
	refused := b.identity(t, "query")
	only := []adf.FactoryID{adf.FactoryID(b.emulated.Factories[0])}
	b.emulated.Factories = b.emulated.Factories[:1]
	collect(
		t, b.store,
		collector.Source{Name: "refused", Client: b.clientOf(t, "refused", refused.ClientID, refused.ClientSecret, scheduler), Factories: only},
		collector.Source{Name: "good", Client: b.clientOf(t, "good", b.emulated.ClientID, b.emulated.ClientSecret, scheduler), Factories: only},
		collector.Source{Name: "as good", Client: b.clientOf(t, "as good", b.emulated.ClientID, b.emulated.ClientSecret, scheduler), Factories: only},
	)
	b.filled(t)
	b.equalsTruth(t)
	eventually(t, "the source that reads", func() string {
		f, err := b.store.Factory(t.Context(), short(t, b.store, only[0].Name()))
		if err != nil {
			t.Fatal(err)
		}
		if f.Source == "refused" || f.State != store.StateFresh || f.LastError != nil {
			return f.Source + " " + string(f.State)
		}
		return ""
	})
	b.control(t, http.MethodDelete, "/truth/requests", nil, nil)
	b.polled(t, only[0].Name(), b.worldNow(t))
	b.polled(t, only[0].Name(), b.worldNow(t).Add(1))
	used := scheduler.TakeUsage()
	by := map[string]int64{}
	for key, u := range used {
		if key.Purpose == budget.News {
			by[key.Source] += u.Requests
		}
	}
	if (by["good"] == 0) == (by["as good"] == 0) {
		t.Errorf("news were asked for by %v, want one of the two that may", by)
	}
}

// TestAnotherSourceTakesOverWhenTheFirstIsRefused, and nothing is lost.
func TestAnotherSourceTakesOverWhenTheFirstIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Seed: 32, Size: 400})
	only := []adf.FactoryID{adf.FactoryID(b.emulated.Factories[0])}
	b.emulated.Factories = b.emulated.Factories[:1]
	scheduler := budget.New(budget.Budget{Off: true}, nil)
	monitor := b.identity(t, "holds adf run monitor everywhere")
	first := collector.Source{Name: "first", Client: b.clientOf(t, "first", b.emulated.ClientID, b.emulated.ClientSecret, scheduler), Factories: only}
	second := collector.Source{Name: "second", Client: b.clientOf(t, "second", monitor.ClientID, monitor.ClientSecret, scheduler), Factories: only}
	collect(t, b.store, first, second)
	b.filled(t)
	f, err := b.store.Factory(t.Context(), short(t, b.store, only[0].Name()))
	if err != nil {
		t.Fatal(err)
	}
	loses, takesOver := b.emulated.ClientID, "second"
	if f.Source == "second" {
		loses, takesOver = monitor.ClientID, "first"
	}
	b.fault(t, map[string]any{"call": "*", "fault": "401", "identity": loses})
	b.control(t, http.MethodPost, "/truth/runs", map[string]any{
		"factory": only[0].Name(), "pipelineName": "pl_probe", "status": "Succeeded", "durationInMs": 100,
	}, nil)
	eventually(t, "the new run by the other source", func() string {
		f, err := b.store.Factory(t.Context(), f.Short)
		if err != nil {
			t.Fatal(err)
		}
		if f.Source != takesOver || f.State != store.StateFresh || f.LastError != nil || b.probes(t) != 1 {
			return f.Source + " " + string(f.State)
		}
		return ""
	})
	b.equalsTruth(t)
}
