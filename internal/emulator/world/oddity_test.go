package world

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
	"time"
)

func newHostile(tb testing.TB, size int) *World {
	tb.Helper()
	w, err := New(Config{Scenario: "hostile", Seed: 1, Size: size, Speed: 1, Start: time.Date(2026, 11, 24, 11, 30, 0, 0, time.UTC)})
	if err != nil {
		tb.Fatal(err)
	}
	return w
}

// byOddity is the runs of f by what is odd about them.
func byOddity(w *World, f *Factory) map[string][]*Run {
	found := map[string][]*Run{}
	for _, r := range w.Runs(f) {
		found[r.Oddity()] = append(found[r.Oddity()], r)
	}
	return found
}

func TestTableOfOdditiesIsSound(t *testing.T) {
	t.Parallel()
	if n := len(oddities()); n > 254 {
		t.Fatalf("%d oddities, of which a run's byte can name 254", n)
	}
	names := map[string]bool{}
	for _, o := range oddities() {
		if names[o.Name] || o.Name == "" || o.What == "" || o.Evidence == "" {
			t.Errorf("oddity %+v has no name of its own, no sentence or no evidence", o.Oddity)
		}
		names[o.Name] = true
		if o.change == nil && o.beside == nil && o.apply == nil {
			t.Errorf("oddity %s does nothing", o.Name)
		}
	}
}

func TestEveryOddityOccursSeveralTimesInTheFirstFactory(t *testing.T) {
	t.Parallel()
	w := newHostile(t, 20_000)
	found := byOddity(w, w.factories[0])
	for _, o := range Oddities() {
		if n := len(found[o.Name]); n < 3 {
			t.Errorf("oddity %s occurs %d times", o.Name, n)
		}
	}
	if ordinary := len(found[""]); ordinary < 1000 {
		t.Errorf("%d ordinary runs beside the odd ones", ordinary)
	}
}

// TestOddRowsDifferFromOrdinaryOnes looks at every oddity that rewrites a row: it must change it, and only it.
func TestOddRowsDifferFromOrdinaryOnes(t *testing.T) {
	t.Parallel()
	w := newHostile(t, 8000)
	found := byOddity(w, w.factories[0])
	for _, o := range oddities() {
		if o.apply != nil {
			continue
		}
		changed := 0
		for _, r := range found[o.Name] {
			write := func() []byte {
				if !o.Activity {
					s := r.At(w.Now())
					return r.AppendListed([]byte("before"), &s)
				}
				rows, err := r.AppendActivities([]byte("before"), r.Activities(w.Now()))
				if err != nil {
					t.Fatal(err)
				}
				return rows
			}
			odd := write()
			index := r.oddity
			r.oddity = 0
			plain := write()
			r.oddity = index
			if !bytes.HasPrefix(odd, []byte("before")) {
				t.Errorf("oddity %s wrote over what stood before the row", o.Name)
			}
			if !bytes.Equal(odd, plain) {
				changed++
			}
		}
		if changed < 1 {
			t.Errorf("oddity %s changed %d rows of %d", o.Name, changed, len(found[o.Name]))
		}
	}
}

// TestOddRowsKeepWhatIdentifiesTheRun holds that a run can be told from its row unless the oddity is about that.
func TestOddRowsKeepWhatIdentifiesTheRun(t *testing.T) {
	t.Parallel()
	w := newHostile(t, 8000)
	unreadable := map[string]bool{}
	for _, o := range Oddities() {
		unreadable[o.Name] = o.Unreadable
	}
	for _, r := range w.Runs(w.factories[0]) {
		s := r.At(w.Now())
		row := r.AppendRow(nil, &s)
		if !json.Valid(row) {
			t.Fatalf("oddity %s gave what is no JSON: %.300s", r.Oddity(), row)
		}
		var has struct{ RunID any }
		if err := json.Unmarshal(row, &has); err != nil {
			t.Fatalf("oddity %s: %v", r.Oddity(), err)
		}
		id, _ := has.RunID.(string)
		got, ok := numberOf(w.seed, id)
		if named := ok && got == r.number; named == unreadable[r.Oddity()] {
			t.Fatalf("oddity %s, marked unreadable %v, has the runId %v", r.Oddity(), unreadable[r.Oddity()], has.RunID)
		}
	}
}

// TestSameRunIDInTwoFactories is azure.md §1.3: a caller may choose the id.
func TestSameRunIDInTwoFactories(t *testing.T) {
	t.Parallel()
	w := newHostile(t, 8000)
	first, second := w.factories[0], w.factories[1]
	twins := 0
	for _, r := range byOddity(w, second)["run-id-twin"] {
		other := w.Run(first, r.RunID())
		if other == nil {
			continue
		}
		twins++
		if other == r || other.RunID() != r.RunID() || w.Run(second, r.RunID()) != r || other.ID() == r.ID() {
			t.Fatalf("run %s: found %v in the first factory, %v in the second", r.RunID(), other, w.Run(second, r.RunID()))
		}
	}
	if twins < 3 {
		t.Errorf("%d pairs of runs with one id", twins)
	}
}

// TestStatusGoesBack is azure.md §10: rows move, also back.
func TestStatusGoesBack(t *testing.T) {
	t.Parallel()
	w := newHostile(t, 8000)
	for _, r := range byOddity(w, w.factories[0])["status-back"] {
		var statuses []string
		var updated []time.Time
		for when := r.end.time(); !when.After(r.SettledAt()); when = when.Add(10 * time.Second) {
			if s := r.At(when); len(statuses) == 0 || s.Status != statuses[len(statuses)-1] {
				statuses, updated = append(statuses, s.Status), append(updated, s.LastUpdated)
			}
		}
		if !slices.Equal(statuses, []string{StatusSucceeded, StatusInProgress, StatusSucceeded}) || !slices.IsSortedFunc(updated, time.Time.Compare) {
			t.Fatalf("run %s went through %v at %v", r.RunID(), statuses, updated)
		}
	}
}

// TestLiveRunsAreOddToo moves the clock by hours, in which every oddity of a usual run has its turn.
func TestLiveRunsAreOddToo(t *testing.T) {
	t.Parallel()
	w := newHostile(t, 3000)
	before := len(w.Runs(w.factories[0]))
	if err := w.Advance(3 * time.Hour); err != nil {
		t.Fatal(err)
	}
	live := w.Runs(w.factories[0])[before:]
	if len(live) < 3*60*3 {
		t.Errorf("%d runs in three hours, want several a minute", len(live))
	}
	kinds := map[string]bool{}
	for _, r := range live {
		kinds[r.Oddity()] = true
	}
	if len(kinds) < 100 {
		t.Errorf("%d kinds of rows in three hours, want nearly all", len(kinds))
	}
}
