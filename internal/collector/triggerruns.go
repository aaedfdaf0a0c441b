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
	// triggerPages is how many pages of older trigger runs are read with each
	// round, or some more: history must not keep the next round waiting.
	triggerPages = 300
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

// listed takes in the triggers. Of an odd one it is not known whether it is
// started.
func (g *firing) listed(all []adf.Trigger, odd int) {
	still := odd == 0
	for i := range all {
		still = still && strings.EqualFold(all[i].RuntimeState, "Stopped")
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
// one on that had not ended, then some windows of those before. Where nothing
// can have fired it does so more seldom.
func (f *factory) readTriggerRuns(ctx context.Context, called bool) error {
	have, err := f.store.TriggerRunCoverage(ctx, f.place.Key)
	if err != nil {
		return err
	}
	open, err := f.store.OpenTriggerRuns(ctx, f.place.Key, openTriggers)
	if err != nil {
		return err
	}
	now := f.azureNow()
	newest := pollWindow(have, now, triggerOverlap)
	if len(open) > 0 && !open[0].TriggerRunTimestamp.IsZero() {
		newest.From = min(newest.From, max(open[0].TriggerRunTimestamp, now.Add(-openTriggerReach)))
	}
	if called || len(open) > 0 || f.firing.isDue(f.now(), idleTriggers*f.aroundEvery) {
		f.firing.begins()
		_, err := f.readTriggerWindow(ctx, newest)
		f.firing.ended(f.now(), err)
		if err != nil {
			return err
		}
	}
	return f.readOlderTriggerRuns(ctx, newPlanner(store.Window{From: now.Add(-f.history), To: newest.From}, have, triggerOverlap))
}

// readOlderTriggerRuns reads some of the windows that are missing.
func (f *factory) readOlderTriggerRuns(ctx context.Context, plan *planner) error {
	for sum := 0; sum < triggerPages; {
		w, ok := plan.next()
		if !ok {
			return nil
		}
		pages, err := f.readTriggerWindow(ctx, w)
		if err != nil {
			return err
		}
		plan.took(w, pages)
		sum += pages
	}
	return nil
}

// readTriggerWindow reads a window of trigger runs to its end, and returns how
// many pages it had.
func (f *factory) readTriggerWindow(ctx context.Context, w store.Window) (pages int, err error) {
	filter := adf.RunFilter{LastUpdatedAfter: w.From, LastUpdatedBefore: w.To}
	done := store.Window{From: w.From}
	for {
		answer, err := f.azure().QueryTriggerRuns(ctx, f.place.ID, filter)
		if err != nil {
			return pages, err
		}
		pages++
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
			return pages, fmt.Errorf("store trigger runs of %s: %w", f.place.Name, err)
		}
		if last {
			return pages, nil
		}
		if answer.Next == filter.ContinuationToken {
			return pages, endless("trigger runs of " + f.place.Name)
		}
		filter.ContinuationToken = answer.Next
	}
}
