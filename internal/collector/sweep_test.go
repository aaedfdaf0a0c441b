package collector_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"andon/internal/adf"
	"andon/internal/azure/budget"
	"andon/internal/collector"
	"andon/internal/emulator"
	"andon/internal/store"
)

// noSweep is how far apart sweeps are where none may come: the first of each
// factory comes at any moment of the time between two, so that of forty within
// an hour one often does within seconds.
const noSweep = 1000 * time.Hour

// sweeping is how a collector is started whose sweeps follow one another.
func (b *bundle) sweeping(tb testing.TB, change func(*collector.Options)) *collector.Collector {
	tb.Helper()
	o := collector.Options{
		Sources: []collector.Source{{Name: "test", Client: b.client}}, Store: b.store, Poll: 200 * time.Millisecond, Sweep: 300 * time.Millisecond,
	}
	change(&o)
	c := collector.New(o)
	if err := c.Start(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(c.Stop)
	return c
}

// hide makes a run that the emulator withholds from all queries until it is
// later than windows overlap, and returns its runId.
func (b *bundle) hide(tb testing.TB, factory string, late time.Duration) string {
	tb.Helper()
	b.control(tb, http.MethodPost, "/faults", map[string]any{"call": "queryPipelineRuns", "factory": factory, "fault": "late", "delay": late.String()}, nil)
	var started struct{ RunID string }
	b.control(tb, http.MethodPost, "/truth/runs", map[string]any{
		"factory": factory, "pipelineName": "pl_probe", "status": "Succeeded", "durationInMs": 1000,
	}, &started)
	return started.RunID
}

func (b *bundle) advance(tb testing.TB, d time.Duration) {
	tb.Helper()
	b.control(tb, http.MethodPost, "/clock", map[string]any{"advance": d.String()}, nil)
}

// probes returns how many runs of pl_probe are stored.
func (b *bundle) probes(tb testing.TB) int {
	tb.Helper()
	page, err := b.store.Runs(tb.Context(), store.RunQuery{RunFilter: store.RunFilter{Pipelines: []string{"pl_probe"}}})
	if err != nil {
		if strings.Contains(err.Error(), "pl_probe") {
			return 0
		}
		tb.Fatal(err)
	}
	return len(page.Runs)
}

// polled waits until the factory's freshness is past t.
func (b *bundle) polled(tb testing.TB, factory string, t adf.Time) {
	tb.Helper()
	eventually(tb, "a poll", func() string {
		f, err := b.store.Factory(tb.Context(), short(tb, b.store, factory))
		if err != nil {
			tb.Fatal(err)
		}
		if f.AsOf < t {
			return fmt.Sprintf("as of %s", f.AsOf)
		}
		return ""
	})
}

func (b *bundle) worldNow(tb testing.TB) adf.Time {
	tb.Helper()
	var clock struct{ Now time.Time }
	b.control(tb, http.MethodGet, "/clock", nil, &clock)
	return adf.TimeOf(clock.Now)
}

// TestASweepHealsWhatCameTooLate: a row that became visible 40 minutes after
// its lastUpdated is missed by windows, found by a sweep, counted, and makes
// windows overlap more.
func TestASweepHealsWhatCameTooLate(t *testing.T) {
	t.Parallel()
	for name, rows := range map[string]int64{"read whole": 1000, "sampled": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, emulator.Options{Seed: 21, Size: 600})
			name := adf.FactoryID(b.emulated.Factories[0]).Name()
			// A collector lays its first window by our own clock. That of Azure is
			// so far ahead that this window holds nothing of what is hidden below.
			b.advance(t, time.Hour)
			b.collect(t).Stop() // history first, without sweeps
			quiet := collect(t, b.store, collector.Source{Name: "test", Client: b.client})
			b.filled(t)
			b.hide(t, name, 40*time.Minute)
			for range 3 { // polls go on while the row is withheld
				b.advance(t, 13*time.Minute)
				b.polled(t, name, b.worldNow(t).Add(-time.Minute))
			}
			b.advance(t, 2*time.Minute)
			b.polled(t, name, b.worldNow(t).Add(-time.Minute))
			quiet.Stop()
			if n := b.probes(t); n != 0 {
				t.Fatalf("%d runs were not missed: this test proves nothing", n)
			}
			b.sweeping(t, func(o *collector.Options) { o.SweepRows = rows })
			eventually(t, "the late run", func() string {
				if n := b.probes(t); n != 1 {
					return fmt.Sprintf("%d runs", n)
				}
				return ""
			})
			f, err := b.store.Factory(t.Context(), short(t, b.store, name))
			if err != nil {
				t.Fatal(err)
			}
			eventually(t, "a sweep that says so", func() string {
				all, err := b.store.Sweeps(t.Context(), f.Key, 0, store.MaxLimit)
				if err != nil {
					t.Fatal(err)
				}
				missed, isWhole := int64(0), false
				for _, sw := range all {
					missed += sw.Missed
					isWhole = isWhole || sw.Whole
				}
				if missed == 0 || !isWhole {
					return fmt.Sprintf("%d sweeps found %d missed runs, one of them whole: %t", len(all), missed, isWhole)
				}
				return ""
			})
			histogram, err := b.store.Lateness(t.Context(), f.Key, b.worldNow(t).Add(-24*time.Hour))
			if err != nil || len(histogram) == 0 {
				t.Errorf("no lateness is known: %v %v", histogram, err)
			}
			b.control(t, http.MethodDelete, "/faults", nil, nil)
			b.equalsTruth(t)
		})
	}
}

// TestAWindowCutShortIsReadAgain: a page that claims to be the last although
// it is full is not believed.
func TestAWindowCutShortIsReadAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Seed: 22, Size: 6000})
	b.control(t, http.MethodPost, "/faults", map[string]any{"call": "queryPipelineRuns", "fault": "truncated", "probability": 0.5, "count": 30}, nil)
	b.collect(t)
	b.filled(t)
	if n := b.struck(t, "truncated"); n == 0 {
		t.Error("no page was cut short: this test proves nothing")
	}
	b.equalsTruth(t)
}

// struck returns how often a fault struck.
func (b *bundle) struck(tb testing.TB, fault string) int {
	tb.Helper()
	var list struct {
		Items []struct {
			Fault  string
			Struck int
		}
	}
	b.control(tb, http.MethodGet, "/faults", nil, &list)
	n := 0
	for _, f := range list.Items {
		if f.Fault == fault {
			n += f.Struck
		}
	}
	return n
}

func TestARangeIsReadOnceMoreOnDemand(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Seed: 23, Size: 600})
	c := b.sweeping(t, func(o *collector.Options) { o.Sweep, o.History = noSweep, 24*time.Hour })
	name := adf.FactoryID(b.emulated.Factories[0]).Name()
	eventually(t, "the last day", func() string {
		f, err := b.store.Factories(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for i := range f {
			if f[i].State != store.StateFresh {
				return f[i].Short + " is " + string(f[i].State)
			}
		}
		if len(f) < len(b.emulated.Factories) {
			return "not all are there"
		}
		return ""
	})
	at := short(t, b.store, name)
	now := b.worldNow(t)
	w := store.Window{From: now.Add(-40 * 24 * time.Hour), To: now.Add(-30 * 24 * time.Hour)}
	if err := c.Reread(t.Context(), at, w); err != nil {
		t.Fatal(err)
	}
	f, err := b.store.Factory(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	sweeps, err := b.store.Sweeps(t.Context(), f.Key, 0, 10)
	if err != nil || len(sweeps) != 1 || sweeps[0].Kind != store.SweepAsked || sweeps[0].Window != w || sweeps[0].Rows == 0 {
		t.Errorf("sweeps: %+v %v", sweeps, err)
	}
	if f.Coverage.From != w.From {
		t.Errorf("covered from %s, want %s", f.Coverage.From, w.From)
	}
	for want, try := range map[string]func() error{
		`factory "nowhere" is not collected by this server`: func() error { return c.Reread(t.Context(), "nowhere", w) },
		"which is not after its begin":                      func() error { return c.Reread(t.Context(), at, store.Window{From: w.To, To: w.From}) },
	} {
		if err := try(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// TestHistoryStopsAtItsCeiling: the board goes on with what there is, says why
// the rest is missing, and reads it once the ceiling is raised.
func TestHistoryStopsAtItsCeiling(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Seed: 24, Size: 6000})
	scheduler := budget.New(budget.Budget{Off: true}, nil)
	cfg := clientConfig(b.emulated, b.emulated.ClientID, b.emulated.ClientSecret)
	cfg.Scheduler = scheduler
	b.client = newClientOf(t, cfg)
	name := adf.FactoryID(b.emulated.Factories[0]).Name()
	first := b.sweeping(t, func(o *collector.Options) { o.Scheduler, o.HistoryRecords, o.Sweep = scheduler, 300, noSweep })
	var f store.Factory
	eventually(t, "the ceiling", func() string {
		all, err := b.store.Factories(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for i := range all {
			if all[i].Name == name {
				f = all[i]
			}
		}
		if f.Fill == nil || f.Fill.Reason == "" {
			return fmt.Sprintf("%+v", f.Fill)
		}
		return ""
	})
	if f.State != store.StateFresh || f.Coverage.Complete || len(f.Coverage.Gaps) == 0 || f.Fill.RecordsRead < 300 || f.Fill.RecordsRead > 3000 ||
		f.Fill.Ceiling != 300 || f.Fill.RecordsLeft == nil || *f.Fill.RecordsLeft == 0 ||
		f.Fill.Reason != "the ceiling of 300 records of history is reached: raise historyRecords (--history-records) to go on" {
		t.Errorf("%s, %+v, %+v", f.State, f.Coverage, f.Fill)
	}
	first.Stop()
	used, err := b.store.UsageSince(t.Context(), adf.TimeOf(time.Now().Add(-2*time.Hour)))
	if err != nil {
		t.Fatal(err)
	}
	key := store.UsageKey{Factory: f.Key, Source: "test", Purpose: string(budget.History)}
	if u := used[key]; u.Records < 300 || u.Requests == 0 {
		t.Errorf("used for history: %+v of %+v", u, used)
	}
	// Another start knows what was read before.
	second := b.sweeping(t, func(o *collector.Options) { o.Scheduler, o.HistoryRecords, o.Sweep = scheduler, 300, noSweep })
	b.polled(t, name, b.worldNow(t))
	if again, err := b.store.Factory(t.Context(), f.Short); err != nil || again.Coverage.From != f.Coverage.From {
		t.Errorf("history went on past its ceiling: from %s, before from %s, %v", again.Coverage.From, f.Coverage.From, err)
	}
	second.Stop()
	if used, err = b.store.UsageSince(t.Context(), adf.TimeOf(time.Now().Add(-2*time.Hour))); err != nil {
		t.Fatal(err)
	}
	key.Purpose = string(budget.HistorySurroundings)
	if u := used[key]; u.Requests > 0 {
		t.Errorf("the history of trigger runs went on past the ceiling: %+v", u)
	}
	b.sweeping(t, func(o *collector.Options) { o.Scheduler, o.Sweep = scheduler, noSweep })
	b.filled(t)
	b.equalsTruth(t)
}
