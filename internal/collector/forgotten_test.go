package collector_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"andon/internal/adf"
	"andon/internal/collector"
	"andon/internal/emulator"
	"andon/internal/store"
)

// keeps is how long Azure keeps a run.
const keeps = 45 * 24 * time.Hour

// TestWhatAzureForgotStaysAGap: a factory is refused for two months under a
// running server. What nobody can read any more does not count as covered.
func TestWhatAzureForgotStaysAGap(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Seed: 64, Size: 100, Scenario: "quiet"})
	b.emulated.Factories = b.emulated.Factories[:1]
	b.collect(t)
	b.filled(t)
	b.fault(t, map[string]any{"call": "queryPipelineRuns", "fault": "500"})
	name := b.only().Name()
	eventually(t, "the trouble", func() string {
		if f := b.known(t, name)[0]; f.LastError == nil {
			return "is not seen"
		}
		return ""
	})
	lost := b.known(t, name)[0].AsOf
	for range 60 {
		b.advance(t, 24*time.Hour)
	}
	now := b.worldNow(t)
	b.control(t, "DELETE", "/faults", nil, nil)
	var f store.Factory
	eventually(t, "the fill", func() string {
		f = b.known(t, name)[0]
		if f.State != store.StateFresh || f.AsOf < now || len(f.Coverage.Gaps) != 1 || f.Coverage.Gaps[0].To > now.Add(24*time.Hour-keeps) {
			return fmt.Sprintf("%s as of %s, %+v", f.State, f.AsOf, f.Coverage)
		}
		return ""
	})
	gap, later := f.Coverage.Gaps[0], b.worldNow(t)
	if gap.From != lost || gap.To < now.Add(-keeps) || gap.To > later.Add(time.Second-keeps) {
		t.Errorf("the gap is %v; the last row came at %s, and now is %s to %s", gap, lost, now, later)
	}
	key := b.known(t, name)[0].Key
	var triggers []store.Window
	eventually(t, "the history of trigger runs", func() string {
		var err error
		if triggers, err = b.store.TriggerRunCoverage(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		if len(triggers) < 2 || len(triggers) > 2 || triggers[1].From > b.worldNow(t).Add(time.Minute-keeps) {
			return fmt.Sprintf("covered %v", triggers)
		}
		return ""
	})
	if triggers[0].To > lost.Add(time.Hour) || triggers[1].From < now.Add(-keeps) {
		t.Errorf("trigger runs are covered in %v; the last ones were read at %s, and now is %s", triggers, lost, now)
	}
}

// behindWindows collects the only factory of b by way of a proxy that shows
// each window of runs to see, which returns false to have it answered 500.
func (b *bundle) behindWindows(t *testing.T, see func(store.Window) bool) {
	t.Helper()
	b.emulated.Factories = b.emulated.Factories[:1]
	front, client := behind(t, b)
	whole := front.Handler
	front.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		var filter struct{ LastUpdatedAfter, LastUpdatedBefore time.Time }
		isRuns := bytes.HasSuffix([]byte(r.URL.Path), []byte("/queryPipelineRuns"))
		if isRuns && json.Unmarshal(body, &filter) == nil && !see(store.Window{From: adf.TimeOf(filter.LastUpdatedAfter), To: adf.TimeOf(filter.LastUpdatedBefore)}) {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		whole.ServeHTTP(w, r)
	})
	collect(t, b.store, collector.Source{Name: "test", Client: client, Factories: []adf.FactoryID{b.only()}})
}

// TestASlowFirstFillDoesNotCoverWhatWasForgottenMeanwhile: the oldest window is
// read 20 hours after the fill began. The 20 hours that Azure has forgotten by
// then are not covered, and the factory is complete without them.
func TestASlowFirstFillDoesNotCoverWhatWasForgottenMeanwhile(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Seed: 65, Size: 100, Scenario: "quiet"})
	began := b.worldNow(t)
	var once sync.Once
	var asked adf.Time // no sooner than this the oldest window was asked for
	b.behindWindows(t, func(w store.Window) bool {
		if w.From < began.Add(-keeps+24*time.Hour) {
			once.Do(func() {
				b.advance(t, 20*time.Hour)
				asked = b.worldNow(t)
			})
		}
		return true
	})
	b.filled(t)
	f := b.known(t, b.only().Name())[0]
	if from := f.Coverage.From; from < asked.Add(-keeps) || from > b.worldNow(t).Add(time.Second-keeps) {
		t.Errorf("covered from %s; the oldest window was asked for at %s, and began at %s", from, asked, began.Add(-keeps))
	}
	if f.Coverage.WantedFrom != f.Coverage.From || f.Coverage.DoneShare == nil || *f.Coverage.DoneShare != 1 {
		t.Errorf("complete, and yet %+v", f.Coverage)
	}
}

// TestAWindowThatWasForgottenBeforeItWasReadIsGivenUp: the oldest windows of a
// first fill are refused until Azure has forgotten all of them. History begins
// after them then, and they are not asked for again and again.
func TestAWindowThatWasForgottenBeforeItWasReadIsGivenUp(t *testing.T) {
	t.Parallel()
	b := setup(t, emulator.Options{Seed: 66, Size: 100, Scenario: "quiet"})
	old := b.worldNow(t).Add(-36 * time.Hour)
	var isRefused atomic.Bool
	var history atomic.Int64 // windows that end over two days before now
	var now atomic.Int64
	now.Store(int64(b.worldNow(t)))
	isRefused.Store(true)
	b.behindWindows(t, func(w store.Window) bool {
		if w.To < adf.Time(now.Load()).Add(-48*time.Hour) {
			history.Add(1)
		}
		return !isRefused.Load() || w.To > old
	})
	name := b.only().Name()
	eventually(t, "the newest days, and a refusal", func() string {
		known := b.known(t, name)
		if len(known) == 0 || known[0].LastError == nil || len(known[0].Coverage.Gaps) != 1 || known[0].Coverage.Gaps[0].To > old {
			return fmt.Sprintf("%+v", known)
		}
		return ""
	})
	first := b.known(t, name)[0].Coverage.Gaps[0].To
	for range 40 {
		b.advance(t, 24*time.Hour)
	}
	moved := b.worldNow(t)
	now.Store(int64(moved))
	eventually(t, "a poll", func() string {
		if f := b.known(t, name)[0]; f.AsOf < moved {
			return "as of " + f.AsOf.String()
		}
		return ""
	})
	for range 4 { // now what the first days of history missed is forgotten
		b.advance(t, 24*time.Hour)
	}
	moved = b.worldNow(t)
	now.Store(int64(moved))
	isRefused.Store(false)
	b.filled(t)
	f := b.known(t, name)[0]
	if f.Coverage.WantedFrom != first || f.Coverage.From != first {
		t.Errorf("wanted from %s, covered from %s, want %s: what is older was never read", f.Coverage.WantedFrom, f.Coverage.From, first)
	}
	asked := history.Load()
	for range 3 {
		at := b.worldNow(t)
		eventually(t, "a further poll", func() string {
			if asOf := b.asOfOnly(t); asOf < at.Add(time.Second) {
				return "as of " + asOf.String()
			}
			return ""
		})
	}
	if n := history.Load() - asked; n > 0 {
		t.Errorf("%d windows of history were asked for after it was complete", n)
	}
}
