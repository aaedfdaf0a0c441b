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

// spent is what requests were sent for since take was called last.
func spent(s *budget.Scheduler) map[budget.Purpose]int64 {
	sums := map[budget.Purpose]int64{}
	for key, u := range s.TakeUsage() {
		sums[key.Purpose] += u.Requests
	}
	return sums
}

// counted gives b a client whose requests are counted by purpose.
func (b *bundle) counted(t *testing.T) *budget.Scheduler {
	t.Helper()
	s := budget.New(budget.Budget{Off: true}, nil)
	config := clientConfig(b.emulated, b.emulated.ClientID, b.emulated.ClientSecret)
	config.Scheduler = s
	b.client = newClientOf(t, config)
	return s
}

// allSurrounded waits until the surroundings of every factory were read, and
// the history of its trigger runs.
func (b *bundle) allSurrounded(tb testing.TB) {
	tb.Helper()
	for _, id := range b.emulated.Factories {
		name := adf.FactoryID(id).Name()
		b.surrounded(tb, name)
		eventually(tb, "trigger runs of "+name, func() string {
			f, err := b.store.Factory(tb.Context(), short(tb, b.store, name))
			if err != nil {
				tb.Fatal(err)
			}
			have, err := b.store.TriggerRunCoverage(tb.Context(), f.Key)
			if err != nil {
				tb.Fatal(err)
			}
			if len(have) != 1 || have[0].From > f.Coverage.WantedFrom.Add(time.Hour) {
				return fmt.Sprintf("covered %v", have)
			}
			return ""
		})
	}
}

// TestAQuietFactoryCostsOneRequestAPoll: every window is one request, and
// there is no other while surroundings and sweeps are not due.
func TestAQuietFactoryCostsOneRequestAPoll(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Scenario: "quiet"})
	scheduler := b.counted(t)
	b.sweeping(t, func(o *collector.Options) { o.Poll, o.Sweep, o.Surroundings = time.Second, noSweep, 24*time.Hour })
	b.filled(t)
	b.allSurrounded(t)
	if n := b.requests(t).ByCall["factory"]; n > 0 {
		t.Errorf("%d factories were asked for that discovery had just shown", n)
	}
	windows := b.store.Subscribe(0)
	defer windows.Close()
	b.control(t, http.MethodDelete, "/truth/requests", nil, nil)
	spent(scheduler)
	const polls = 5
	factories := len(b.emulated.Factories)
	seen := 0
	for change := range windows.C() {
		if change.Kind == store.ChangeFreshness {
			seen++
		}
		if seen == polls*factories {
			break
		}
	}
	purposes, calls := spent(scheduler), b.requests(t)
	// Of each factory one window may be on its way.
	if most := int64(seen + factories); purposes[budget.News] > most || len(purposes) != 1 {
		t.Errorf("%d windows of %d factories took %v, want at most %d and nothing but news", seen, factories, purposes, most)
	}
	if calls.ByCall["queryPipelineRuns"] != calls.Total {
		t.Errorf("beside the polls there was %v", calls.ByCall)
	}
}

// TestAQuietFactorysSurroundingsAreThreeLists: a round asks for the lists of
// pipelines, triggers and runtimes, and for what can change without a list
// that says so, the self-hosted runtime. What a person asks for is whole.
func TestAQuietFactorysSurroundingsAreThreeLists(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Scenario: "quiet"})
	c := b.sweeping(t, func(o *collector.Options) {
		o.Poll, o.Sweep, o.Surroundings = 500*time.Millisecond, noSweep, 3*time.Second
	})
	b.filled(t)
	b.allSurrounded(t)
	b.control(t, http.MethodDelete, "/truth/requests", nil, nil)
	factories := len(b.emulated.Factories)
	var got requests
	rounds := func(n int) {
		eventually(t, "rounds", func() string {
			if got = b.requests(t); got.ByCall["integrationRuntimeMonitoring"] < n*factories {
				return fmt.Sprintf("%v", got.ByCall)
			}
			return ""
		})
	}
	rounds(3)
	lists := got.ByCall["pipelines"]
	for call, want := range map[string]int{
		"triggers": lists, "integrationRuntimes": lists, "integrationRuntimeStatus": lists, "integrationRuntimeMonitoring": lists, "queryActivityRuns": 0,
	} {
		// Of each factory one round may be under way now, and one may have been
		// when counting began, past its list of pipelines.
		if n := got.ByCall[call]; n < want-factories || n > want+factories && want > 0 || want == 0 && n > 0 {
			t.Errorf("%s was asked for %d times in %d rounds, want %d", call, n, lists, want)
		}
	}
	if n := got.ByCall["queryTriggerRuns"]; n > lists/3+factories {
		t.Errorf("no trigger is started, and trigger runs were asked for %d times in %d rounds", n, lists)
	}
	name := adf.FactoryID(b.emulated.Factories[7]).Name()
	if err := c.ReadSurroundings(short(t, b.store, name)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "what a person asked for", func() string {
		now := b.requests(t)
		// The two managed runtimes are always online; only such a round asks.
		if states, loads := now.ByCall["integrationRuntimeStatus"], now.ByCall["integrationRuntimeMonitoring"]; states < loads+2 {
			return fmt.Sprintf("%d states, %d loads", states, loads)
		}
		return ""
	})
}

// TestAStartedTriggerIsReadAgain: where triggers stood still, one that is
// started and fires is read with the next round.
func TestAStartedTriggerIsReadAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Scenario: "busy", Size: 600})
	b.sweeping(t, func(o *collector.Options) {
		o.Poll, o.Sweep, o.Surroundings = 300*time.Millisecond, noSweep, 500*time.Millisecond
	})
	b.filled(t)
	b.allSurrounded(t)
	b.control(t, http.MethodDelete, "/truth/requests", nil, nil)
	eventually(t, "rounds", func() string {
		got := b.requests(t).ByCall
		if got["triggers"] < 4 {
			return fmt.Sprintf("%v", got)
		}
		if got["queryTriggerRuns"] < got["triggers"]-1 {
			t.Fatalf("triggers are started, and trigger runs were not read with each round: %v", got)
		}
		return ""
	})
}

// TestABusyFactoryCostsLittleMoreThanItsActivities: at a thousand runs an hour
// polls, open runs, surroundings and sweeps share what the activities leave
// of 1.3 requests a run.
func TestABusyFactoryCostsLittleMoreThanItsActivities(t *testing.T) {
	t.Parallel()
	const speed = 30 // a minute passes in two seconds, and every interval is so much shorter
	b := setup(t, emulator.Options{Scenario: "busy", Size: 300, Speed: speed})
	// A clock that runs so fast soon differs by more than what makes one of the
	// two doubtful, and windows wider; so it does from the beginning.
	b.control(t, http.MethodPost, "/clock", map[string]any{"advance": "1h"}, nil)
	scheduler := b.counted(t)
	b.sweeping(t, func(o *collector.Options) {
		o.Poll, o.Sweep, o.Surroundings = 30*time.Second/speed, time.Hour/speed, 15*time.Minute/speed
	})
	b.filled(t)
	started := func() (n int) {
		var truth struct{ Items []struct{ Runs int } }
		b.control(t, http.MethodGet, "/truth/factories", nil, &truth)
		return truth.Items[0].Runs
	}
	pending := 0
	eventually(t, "activities of history", func() string {
		f, err := b.store.Factory(t.Context(), short(t, b.store, adf.FactoryID(b.emulated.Factories[0]).Name()))
		if err != nil {
			t.Fatal(err)
		}
		if pending = f.Coverage.ActivitiesPending; pending > 60 { // those that have just ended among them
			return fmt.Sprintf("%d runs are without", pending)
		}
		return ""
	})
	spent(scheduler)
	const runs = 250
	begin := started()
	eventually(t, "runs", func() string {
		if n := started() - begin; n < runs {
			return fmt.Sprintf("%d runs", n)
		}
		return ""
	})
	n := started() - begin
	used := spent(scheduler)
	var total int64
	var parts []string
	// What was left over is no cost of the runs that came since.
	used[budget.HistoryActivities] = max(0, used[budget.HistoryActivities]-int64(pending))
	for _, p := range budget.Purposes() {
		total += used[p]
		parts = append(parts, fmt.Sprintf("%s %d", p, used[p]))
	}
	if perRun := float64(total) / float64(n); perRun > 1.3 {
		t.Errorf("%d runs took %d requests, %.2f each, want 1.3: %s", n, total, perRun, strings.Join(parts, ", "))
	}
	t.Logf("%d runs, %d requests: %s", n, total, strings.Join(parts, ", "))
}
