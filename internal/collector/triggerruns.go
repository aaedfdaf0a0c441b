package collector

import (
	"context"
	"fmt"
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
	// openTriggers is how many trigger runs that have not ended are looked at
	// for how far back a window has to begin.
	openTriggers = 100
	// openTriggerReach is how far back it begins at most for their sake.
	openTriggerReach = 24 * time.Hour
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
// one on that had not ended. Where nothing can have fired it does so more
// seldom.
func (f *factory) readTriggerRuns(ctx context.Context, called bool) error {
	have, err := f.store.TriggerRunCoverage(ctx, f.place.Key)
	if err != nil {
		return err
	}
	open, err := f.store.OpenTriggerRuns(ctx, f.place.Key, openTriggers)
	if err != nil {
		return err
	}
	if !called && len(open) == 0 && !f.firing.isDue(f.now(), idleTriggers*f.aroundEvery) {
		return nil
	}
	now := f.azureNow()
	newest := pollWindow(have, now, triggerOverlap)
	if len(open) > 0 && !open[0].TriggerRunTimestamp.IsZero() {
		newest.From = min(newest.From, max(open[0].TriggerRunTimestamp, now.Add(-openTriggerReach)))
	}
	f.firing.begins()
	_, err = f.readTriggerWindow(ctx, newest)
	f.firing.ended(f.now(), err)
	return err
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
	plan := newPlanner(store.Window{From: f.wantedFrom, To: pollWindow(have, now, triggerOverlap).From}, have, triggerOverlap)
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

// readTriggerWindow reads a window of trigger runs to its end, and returns how
// many pages and rows it had.
func (f *factory) readTriggerWindow(ctx context.Context, w store.Window) (sum result, err error) {
	filter := adf.RunFilter{LastUpdatedAfter: w.From, LastUpdatedBefore: w.To}
	done := store.Window{From: w.From}
	for {
		answer, err := f.azure().QueryTriggerRuns(ctx, f.place.ID, filter)
		if err != nil {
			return sum, err
		}
		sum.add(result{pages: 1, rows: len(answer.Runs)})
		asked := adf.TimeOf(answer.Asked)
		if done.To.IsZero() {
			done.To = max(done.From, min(w.To, asked))
		}
		page := store.TriggerRunPage{Factory: f.place.Key, OddRows: f.newOddRows(answer.Odd), Asked: asked}
		for i := range answer.Runs {
			if r, ok := redacted(f, &answer.Runs[i], answer.Runs[i].Raw, adf.DecodeTriggerRun); ok {
				page.Runs = append(page.Runs, r)
			}
		}
		last := answer.Next == ""
		if last {
			page.Completes, page.AsOf = &done, done.To
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
