package collector_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"andon/internal/adf"
	"andon/internal/collector"
	"andon/internal/emulator"
	"andon/internal/store"
)

// around returns what is known of each kind of surroundings of a factory.
func (b *bundle) around(tb testing.TB, factory string) map[store.SurroundingKind]store.SurroundingState {
	tb.Helper()
	f, err := b.store.Factory(tb.Context(), short(tb, b.store, factory))
	if err != nil {
		tb.Fatal(err)
	}
	all, err := b.store.SurroundingsAsOf(tb.Context(), f.Key)
	if err != nil {
		tb.Fatal(err)
	}
	return all
}

func (b *bundle) surrounded(tb testing.TB, factory string) {
	tb.Helper()
	eventually(tb, "surroundings of "+factory, func() string {
		all := b.around(tb, factory)
		for _, kind := range []store.SurroundingKind{
			store.SurroundingFactory, store.SurroundingPipelines, store.SurroundingTriggers, store.SurroundingTriggerRuns, store.SurroundingRuntimes,
		} {
			if st := all[kind]; st.AsOf.IsZero() || st.Trouble != nil {
				return fmt.Sprintf("%s: %+v", kind, st)
			}
		}
		return ""
	})
}

// TestSurroundingsEqualTheTruth: pipelines, triggers, runtimes with their
// states, and trigger runs with the runs they started.
func TestSurroundingsEqualTheTruth(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Seed: 41, Size: 800})
	b.sweeping(t, func(o *collector.Options) { o.Sweep, o.Surroundings = noSweep, 300*time.Millisecond })
	b.filled(t)
	var truth struct {
		Items []struct {
			Name                                     string
			Pipelines, Triggers, IntegrationRuntimes []json.RawMessage
		}
	}
	b.control(t, http.MethodGet, "/truth/factories", nil, &truth)
	if len(truth.Items) == 0 {
		t.Fatal("the truth has no factories")
	}
	for _, f := range truth.Items {
		b.surrounded(t, f.Name)
		at := []string{short(t, b.store, f.Name)}
		triggers, err := b.store.Triggers(t.Context(), at)
		if err != nil || len(triggers) != len(f.Triggers) {
			t.Errorf("%s: %d triggers, want %d, %v", f.Name, len(triggers), len(f.Triggers), err)
		}
		runtimes, err := b.store.Runtimes(t.Context(), at)
		if err != nil || len(runtimes) != len(f.IntegrationRuntimes) {
			t.Errorf("%s: %d runtimes, want %d, %v", f.Name, len(runtimes), len(f.IntegrationRuntimes), err)
		}
		for i := range runtimes {
			if runtimes[i].Status == nil || len(runtimes[i].Now) == 0 {
				t.Errorf("%s: no state of %s is known", f.Name, runtimes[i].Name)
			}
		}
		for _, raw := range f.Pipelines {
			var p struct{ Name string }
			if err := json.Unmarshal(raw, &p); err != nil {
				t.Fatal(err)
			}
			if _, err := b.store.Definition(t.Context(), at[0], p.Name, b.worldNow(t)); err != nil {
				t.Errorf("%s: %v", f.Name, err)
			}
		}
	}
	name := adf.FactoryID(b.emulated.Factories[0]).Name()
	b.triggerRunsStored(t, name)
}

// TestAKindThatIsRefusedHidesNoOther: it says why it is unknown, and the
// factory stays fresh.
func TestAKindThatIsRefusedHidesNoOther(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Seed: 42, Size: 300})
	b.fault(t, map[string]any{"call": "triggers", "fault": "500"})
	c := b.sweeping(t, func(o *collector.Options) { o.Sweep, o.Surroundings = noSweep, time.Hour })
	name := adf.FactoryID(b.emulated.Factories[0]).Name()
	b.filled(t)
	eventually(t, "the trouble", func() string {
		all := b.around(t, name)
		if st := all[store.SurroundingTriggers]; st.Trouble == nil || !st.AsOf.IsZero() || !strings.Contains(st.Trouble.What, "500") {
			return fmt.Sprintf("%+v", st)
		}
		if all[store.SurroundingRuntimes].AsOf.IsZero() || all[store.SurroundingPipelines].AsOf.IsZero() {
			return fmt.Sprintf("%+v", all)
		}
		return ""
	})
	b.control(t, http.MethodDelete, "/faults", nil, nil)
	if err := c.ReadSurroundings(short(t, b.store, name)); err != nil { // long before its time
		t.Fatal(err)
	}
	b.surrounded(t, name)
	if err := c.ReadSurroundings("nowhere"); err == nil {
		t.Error("a factory that is not collected is said to be read")
	}
}
