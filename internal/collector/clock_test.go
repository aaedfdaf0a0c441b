package collector_test

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"andon/internal/adf"
	"andon/internal/azure/budget"
	"andon/internal/collector"
	"andon/internal/emulator"
	"andon/internal/store"
)

// watch is a clock that can be set.
type watch struct{ off atomic.Int64 }

func (w *watch) now() time.Time { return time.Now().Add(time.Duration(w.off.Load())) }

func (w *watch) set(off time.Duration) { w.off.Store(int64(off)) }

// collectBy collects the only factory of b by a clock of its own.
func (b *bundle) collectBy(t *testing.T, now func() time.Time) {
	t.Helper()
	var err error
	b.store, err = store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "andon.db"), store.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.store.Close(); err != nil {
			t.Errorf("close the store: %v", err)
		}
	})
	cfg := clientConfig(b.emulated, b.emulated.ClientID, b.emulated.ClientSecret)
	cfg.Now, cfg.Scheduler = now, budget.New(budget.Budget{Off: true}, now)
	c := collector.New(collector.Options{
		Sources: []collector.Source{{Name: "test", Client: newClientOf(t, cfg), Factories: []adf.FactoryID{adf.FactoryID(b.emulated.Factories[0])}}},
		Store:   b.store, Poll: 200 * time.Millisecond, Now: now,
	})
	if err := c.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	b.filled(t)
}

// seesNewRun starts a run and waits until the store has its end.
func (b *bundle) seesNewRun(t *testing.T, what string) {
	t.Helper()
	name := adf.FactoryID(b.emulated.Factories[0]).Name()
	var started struct{ RunID string }
	b.control(t, http.MethodPost, "/truth/runs", map[string]any{
		"factory": name, "pipelineName": "pl_clock", "status": "Succeeded", "durationInMs": 100,
	}, &started)
	at := short(t, b.store, name)
	eventually(t, what, func() string {
		if asOf, now := b.asOf(t), b.worldNow(t); asOf > now {
			t.Fatalf("%s: the board is as of %s, and Azure's clock shows %s", what, asOf, now)
		}
		run, err := b.store.Run(t.Context(), at, started.RunID)
		if err != nil {
			return err.Error()
		}
		if run.Status != adf.StatusSucceeded {
			return string(run.Status)
		}
		return ""
	})
}

// isWhole demands that nothing is missing and nothing is in trouble.
func (b *bundle) isWhole(t *testing.T, what string) {
	t.Helper()
	eventually(t, what, func() string {
		f, err := b.store.Factory(t.Context(), short(t, b.store, adf.FactoryID(b.emulated.Factories[0]).Name()))
		if err != nil {
			t.Fatal(err)
		}
		if f.State != store.StateFresh || f.LastError != nil || !f.Coverage.Complete || len(f.Coverage.Gaps) > 0 {
			return fmt.Sprintf("%s, %+v, %+v", f.State, f.LastError, f.Coverage)
		}
		return ""
	})
	b.equalsTruth(t)
}

// TestOurClockMayBeSet an hour forward or back and right again, as daylight
// saving time, a resumed machine and a time server do: polls go on, and no gap
// is left.
func TestOurClockMayBeSet(t *testing.T) {
	t.Parallel()
	for _, jump := range []time.Duration{time.Hour, -time.Hour, 49 * time.Hour, -49 * time.Hour} {
		t.Run(jump.String(), func(t *testing.T) {
			t.Parallel()
			b := &bundle{emulated: emulate(t, emulator.Options{Seed: 41, Size: 300})}
			b.emulated.Factories = b.emulated.Factories[:1]
			var clock watch
			b.collectBy(t, clock.now)
			for _, off := range []time.Duration{jump, 0, jump} {
				clock.set(off)
				b.seesNewRun(t, "a new run by a clock that is off by "+off.String())
				b.isWhole(t, "the factory by a clock that is off by "+off.String())
			}
		})
	}
}

// TestAzuresClockMayDifferFromTheRuns: runs are stamped by another clock than
// the one that Azure's answers show.
func TestAzuresClockMayDifferFromTheRuns(t *testing.T) {
	t.Parallel()
	for _, delay := range []string{"7m", "-7m"} {
		t.Run(delay, func(t *testing.T) {
			t.Parallel()
			b := &bundle{emulated: emulate(t, emulator.Options{Seed: 42, Size: 300})}
			b.emulated.Factories = b.emulated.Factories[:1]
			b.fault(t, map[string]any{"call": "queryPipelineRuns", "fault": "skew", "delay": delay})
			b.collectBy(t, time.Now)
			name := adf.FactoryID(b.emulated.Factories[0]).Name()
			var started struct{ RunID string }
			b.control(t, http.MethodPost, "/truth/runs", map[string]any{
				"factory": name, "pipelineName": "pl_clock", "status": "Failed", "durationInMs": 100,
			}, &started)
			at := short(t, b.store, name)
			eventually(t, "a new run", func() string {
				run, err := b.store.Run(t.Context(), at, started.RunID)
				if err != nil {
					return err.Error()
				}
				if run.Status != adf.StatusFailed {
					return string(run.Status)
				}
				return ""
			})
			b.control(t, http.MethodDelete, "/faults", nil, nil)
			b.isWhole(t, "the factory when the clocks agree again")
		})
	}
}

// TestATokenThatAzureHoldsForExpiredIsReplaced: after our clock was put back,
// it takes tokens for valid that have expired.
func TestATokenThatAzureHoldsForExpiredIsReplaced(t *testing.T) {
	t.Parallel()
	var azures watch
	b := &bundle{emulated: emulate(t, emulator.Options{Seed: 43, Size: 300, Now: azures.now})}
	b.emulated.Factories = b.emulated.Factories[:1]
	b.collectBy(t, time.Now)
	azures.set(61 * time.Minute) // by Azure's clock ours went back
	b.seesNewRun(t, "a new run with a new token")
	b.isWhole(t, "the factory with a new token")
}
