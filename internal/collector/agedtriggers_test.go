package collector_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"andon/internal/adf"
	"andon/internal/collector"
	"andon/internal/emulator"
	"andon/internal/store"
)

// triggerTruth returns the emulated trigger runs of a factory.
func (b *bundle) triggerTruth(tb testing.TB, factory string) []adf.TriggerRun {
	tb.Helper()
	var truth struct{ Items []json.RawMessage }
	b.control(tb, http.MethodGet, "/truth/triggerRuns?factory="+url.QueryEscape(factory), nil, &truth)
	out := make([]adf.TriggerRun, len(truth.Items))
	for i, raw := range truth.Items {
		var err error
		if out[i], err = adf.DecodeTriggerRun(raw); err != nil {
			tb.Fatal(err)
		}
	}
	return out
}

// triggerRunsStored waits until all trigger runs of a factory are stored.
func (b *bundle) triggerRunsStored(tb testing.TB, name string) {
	tb.Helper()
	want := b.triggerTruth(tb, name)
	if len(want) == 0 {
		tb.Fatal("the truth has no trigger runs")
	}
	eventually(tb, "trigger runs", func() string {
		stored := map[string]bool{}
		q := store.TriggerRunQuery{TriggerRunFilter: store.TriggerRunFilter{Factories: []string{short(tb, b.store, name)}}, Limit: store.MaxLimit}
		for {
			page, err := b.store.TriggerRuns(tb.Context(), q)
			if err != nil {
				tb.Fatal(err)
			}
			for i := range page.TriggerRuns {
				stored[page.TriggerRuns[i].TriggerRunID] = true
			}
			if q.Cursor = page.NextCursor; q.Cursor == "" {
				break
			}
		}
		for i := range want {
			if !stored[want[i].TriggerRunID] {
				return fmt.Sprintf("%s is missing of %d, %d are stored", want[i].TriggerRunID, len(want), len(stored))
			}
		}
		return ""
	})
}

// TestATriggerRunThatIsOpenForDaysIsSeenToEnd: one that waited for two days is
// in no window of the newest any more, since its time does not change. It is
// asked for by itself, and costs no wide window round after round.
func TestATriggerRunThatIsOpenForDaysIsSeenToEnd(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Seed: 62, Size: 1500})
	b.emulated.Factories = b.emulated.Factories[:1]
	id, now := b.only(), b.worldNow(t)
	var waits adf.TriggerRun
	for _, r := range b.triggerTruth(t, id.Name()) {
		if age := now.Sub(r.TriggerRunTimestamp); age > 40*time.Hour && age < 80*time.Hour && string(r.Status) == "Succeeded" {
			waits = r
		}
	}
	if waits.TriggerRunID == "" {
		t.Fatal("there is no trigger run of the day before yesterday")
	}
	waits, err := adf.DecodeTriggerRun(bytes.Replace(waits.Raw, []byte(`"Succeeded"`), []byte(`"WaitingOnDependency"`), 1))
	if err != nil {
		t.Fatal(err)
	}
	place, err := b.store.PutFactory(t.Context(), adf.Factory{ID: id, Name: id.Name()}, "test")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.store.WriteTriggerRuns(t.Context(), store.TriggerRunPage{
		Factory: place.Key, Runs: []adf.TriggerRun{waits}, Asked: waits.TriggerRunTimestamp.Add(time.Minute),
		Completes: &store.Window{From: now.Add(-50 * 24 * time.Hour), To: now}, AsOf: now,
	}); err != nil {
		t.Fatal(err)
	}
	all := store.Window{From: now.Add(-50 * 24 * time.Hour), To: now.Add(-24 * time.Hour)}
	open := func() []store.TriggerRun {
		got, err := b.store.OpenTriggerRuns(t.Context(), place.Key, all, 10)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if len(open()) != 1 {
		t.Fatal("it does not wait: this test proves nothing")
	}
	b.sweeping(t, func(o *collector.Options) { o.Surroundings, o.Sweep = 300*time.Millisecond, noSweep })
	eventually(t, "its end", func() string {
		if n := len(open()); n > 0 {
			return fmt.Sprintf("%d wait", n)
		}
		return ""
	})
}

// TestTriggerRunsWhoseTokenDiesAreReadInHalves, as runs are.
func TestTriggerRunsWhoseTokenDiesAreReadInHalves(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Seed: 63, Size: 3000})
	b.emulated.Factories = b.emulated.Factories[:1]
	// No second page of any window is answered.
	b.control(t, http.MethodPost, "/faults", map[string]any{"call": "queryTriggerRuns", "fault": "badToken"}, nil)
	b.sweeping(t, func(o *collector.Options) { o.Surroundings, o.Sweep = time.Second, noSweep })
	b.filled(t)
	b.allSurrounded(t)
	if n := b.struck(t, "badToken"); n == 0 {
		t.Error("no token was refused: this test proves nothing")
	}
	b.triggerRunsStored(t, b.only().Name())
}
