package collector

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"andon/internal/adf"
	"andon/internal/store"
)

const (
	// triggerOverlap is how far a window of trigger runs reaches back over the
	// one before it: one was seen to become visible five minutes late
	// (recordings, triggerruns-query-006 and -007).
	triggerOverlap = 15 * time.Minute
	// openTriggerReach is how far back a window begins at most for the sake of
	// trigger runs that have not ended. Older ones are asked for one by one.
	openTriggerReach = 24 * time.Hour
	// agedTriggers is how many of those are asked for in a round, each at most
	// once in agedTriggerEvery: they may wait for days for what they depend on.
	agedTriggers     = 4
	agedTriggerEvery = time.Hour
	// idleTriggers is in how many intervals the trigger runs are asked for
	// once where no trigger can fire.
	idleTriggers = 4
)

// firing tells whether there may be trigger runs that were not read. The zero
// value says yes.
type firing struct {
	mu    sync.Mutex
	still bool // no trigger was started when they were listed last
	fired bool // a poll has shown a run that a trigger started
	at    time.Time
}

// listed takes in the triggers. One of which the state is not known may be
// started.
func (g *firing) listed(all []adf.Trigger, odd int) {
	still := odd == 0
	for i := range all {
		state := all[i].RuntimeState
		still = still && (strings.EqualFold(state, "Stopped") || strings.EqualFold(state, "Disabled"))
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	// Those that were started until now may have fired since the last reading.
	g.fired = g.fired || !g.still
	g.still = still
}

// saw takes in what a poll has shown.
func (g *firing) saw(runs []adf.PipelineRun) {
	for i := range runs {
		if by := runs[i].InvokedBy; by != nil && by.InvokedByType != nil && strings.HasSuffix(*by.InvokedByType, "Trigger") {
			g.mu.Lock()
			g.fired = true
			g.mu.Unlock()
			return
		}
	}
}

// isDue reports whether trigger runs are worth asking for now, when they were
// asked for last at least the given time ago.
func (g *firing) isDue(now time.Time, rest time.Duration) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return !g.still || g.fired || now.Sub(g.at) >= rest
}

// begins says that the trigger runs are about to be read. What fires from now
// on is another reading's.
func (g *firing) begins() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.fired = false
}

// ended says when they were read.
func (g *firing) ended(at time.Time, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err != nil {
		g.fired = true
		return
	}
	g.at = at
}

// readTriggerRuns reads the trigger runs since the last round, from the oldest
// one of the last day on that had not ended. Where nothing can have fired it does so more
// seldom.
func (f *factory) readTriggerRuns(ctx context.Context, called bool) error {
	have, err := f.store.TriggerRunCoverage(ctx, f.place.Key)
	if err != nil {
		return err
	}
	now := f.azureNow()
	open, err := f.store.OpenTriggerRuns(ctx, f.place.Key, store.Window{From: now.Add(-openTriggerReach), To: now.Add(openTriggerReach)}, 1)
	if err != nil {
		return err
	}
	if called || len(open) > 0 || f.firing.isDue(f.now(), idleTriggers*f.aroundEvery) {
		newest := pollWindow(have, now, triggerOverlap)
		if len(open) > 0 && !open[0].TriggerRunTimestamp.IsZero() {
			newest.From = min(newest.From, max(open[0].TriggerRunTimestamp, now.Add(-openTriggerReach)))
		}
		f.firing.begins()
		_, err = f.readTriggerWindow(ctx, newest)
		f.firing.ended(f.now(), err)
	}
	return errors.Join(err, f.readAgedTriggers(ctx, now))
}

// readAgedTriggers asks for trigger runs that have not ended for longer than
// windows reach back: windows are laid by the time at which a trigger fired,
// which does not change when the run ends.
func (f *factory) readAgedTriggers(ctx context.Context, now adf.Time) error {
	aged, err := f.store.OpenTriggerRuns(ctx, f.place.Key, store.Window{From: now.Add(-f.history), To: now.Add(-openTriggerReach)}, store.MaxLimit)
	if err != nil {
		return err
	}
	asked := map[string]time.Time{}
	for i := range aged {
		asked[aged[i].TriggerRunID] = f.agedAsked[aged[i].TriggerRunID]
	}
	f.agedAsked = asked // those that have ended meanwhile are forgotten
	slices.SortStableFunc(aged, func(a, b store.TriggerRun) int { return asked[a.TriggerRunID].Compare(asked[b.TriggerRunID]) })
	aged = slices.DeleteFunc(aged, func(r store.TriggerRun) bool { return r.TriggerRunTimestamp.IsZero() })
	for i := range aged[:min(len(aged), agedTriggers)] {
		r := &aged[i]
		if f.now().Sub(asked[r.TriggerRunID]) < agedTriggerEvery {
			break
		}
		at := r.TriggerRunTimestamp
		if _, err := f.readTriggerWindow(ctx, store.Window{From: at.Add(-time.Second), To: at.Add(time.Second)}); err != nil {
			return err
		}
		asked[r.TriggerRunID] = f.now()
	}
	return nil
}

// fillTriggerRuns reads what is missing of the history of trigger runs, newest
// first, once the newest are there and the history of runs is filled. Their
// records count towards the same ceiling.
func (f *factory) fillTriggerRuns(ctx context.Context) error {
	have, err := f.store.TriggerRunCoverage(ctx, f.place.Key)
	if err != nil || len(have) == 0 {
		return err
	}
	now := f.azureNow()
	plan := planKept(f.wantedFrom, pollWindow(have, now, triggerOverlap).From, now, have, triggerOverlap)
	if plan.left() == 0 {
		return nil
	}
	records, err := f.recordsOfHistory(ctx)
	if err != nil {
		return err
	}
	f.historyRecords = &records
	for f.ceiling <= 0 || records < f.ceiling {
		w, ok := plan.next()
		if !ok {
			break
		}
		got, err := f.readTriggerWindow(ctx, w)
		records += int64(got.rows)
		if err != nil {
			return err
		}
		plan.took(w, got.pages)
	}
	return nil
}

// readTriggerWindow reads a window of trigger runs to its end, in halves where
// it is too full or its token is refused, and returns how many pages and rows
// it had. What fires after the first page of the whole was answered is another
// window's.
func (f *factory) readTriggerWindow(ctx context.Context, w store.Window) (result, error) {
	var asked adf.Time
	return inHalves(w, func(part store.Window) (result, error) { return f.readTriggerPages(ctx, part, &asked) })
}

func (f *factory) readTriggerPages(ctx context.Context, w store.Window, whole *adf.Time) (sum result, err error) {
	filter := adf.RunFilter{LastUpdatedAfter: w.From, LastUpdatedBefore: w.To}
	canSplit := w.To.Sub(w.From) >= 2*shortestLength
	for {
		if canSplit && sum.pages == tooManyPages {
			return sum, errTooFull
		}
		answer, err := f.azure().QueryTriggerRuns(ctx, f.place.ID, filter)
		if err != nil {
			return sum, err
		}
		sum.add(result{pages: 1, rows: len(answer.Runs)})
		asked := adf.TimeOf(answer.Asked)
		if whole.IsZero() {
			*whole = asked
		}
		page := store.TriggerRunPage{Factory: f.place.Key, OddRows: f.newOddRows(answer.Odd), Asked: asked}
		for i := range answer.Runs {
			if r, ok := redacted(f, &answer.Runs[i], answer.Runs[i].Raw, adf.DecodeTriggerRun); ok {
				page.Runs = append(page.Runs, r)
			}
		}
		last := answer.Next == ""
		if last {
			if done, isAny := stillKept(store.Window{From: w.From, To: max(w.From, min(w.To, *whole))}, asked); isAny {
				page.Completes, page.AsOf = &done, done.To
			}
		}
		if _, err := f.store.WriteTriggerRuns(ctx, page); err != nil {
			return sum, fmt.Errorf("store trigger runs of %s: %w", f.place.Name, err)
		}
		if last {
			return sum, nil
		}
		if answer.Next == filter.ContinuationToken {
			return sum, endless("trigger runs of " + f.place.Name)
		}
		filter.ContinuationToken = answer.Next
	}
}
