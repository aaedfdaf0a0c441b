package collector

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"andon/internal/adf"
	"andon/internal/azure"
	"andon/internal/store"
)

const (
	// openPerPoll bounds how many open runs one poll asks for by id.
	openPerPoll = 10
	// cheaperTogether is how many due runs are asked for by one query for all
	// that is open, rather than each by its id.
	cheaperTogether = 4
	// soonestOpen and latestOpen bound how long after it was last seen an open
	// run is asked for again.
	soonestOpen = time.Minute
	latestOpen  = 10 * time.Minute
)

// againAfter returns how long after it was last seen a run that has been open
// for age is asked for again: a minute at first, more rarely the longer it
// runs, since a window shows its end in any case. Before it has run for as
// long as usual, 0 for unknown, nobody needs to wonder.
func againAfter(age, usual time.Duration) time.Duration {
	pause := max(age/10, soonestOpen)
	if left := usual - age; left > pause {
		pause = left
	}
	return min(pause, latestOpen)
}

// askOpenRuns asks for runs that are not known to have ended and that the
// poll's window did not show, so that one whose end was missed does not stay
// open. seen holds the lower-case runIds of the window.
func (f *factory) askOpenRuns(ctx context.Context, have []store.Window, seen map[string]bool) error {
	open, err := f.store.OpenRuns(ctx, f.place.Key)
	if err != nil {
		return err
	}
	f.activities.setOpen(open)
	due, err := f.dueOpenRuns(ctx, open, seen)
	if err != nil {
		return err
	}
	if len(due) >= cheaperTogether {
		if due, err = f.askTogether(ctx, have, due); err != nil {
			return err
		}
	}
	for _, ref := range due[:min(len(due), openPerPoll)] {
		f.openAsked[strings.ToLower(ref.RunID)] = f.now()
		if err := f.askOpenRun(ctx, ref); err != nil {
			return err
		}
	}
	return nil
}

// dueOpenRuns returns the runs to ask for, the least recently seen first, and
// forgets those that are open no more.
func (f *factory) dueOpenRuns(ctx context.Context, open []store.RunRef, seen map[string]bool) ([]store.RunRef, error) {
	now := f.now()
	asked := make(map[string]time.Time, len(open))
	var due []store.RunRef
	for _, ref := range open {
		key := strings.ToLower(ref.RunID)
		last, known := f.openAsked[key]
		if seen[key] || !known {
			last = now
		}
		asked[key] = last
		age := f.age(ref)
		if now.Sub(last) < againAfter(age, 0) {
			continue
		}
		usual, err := f.usual(ctx, ref.Key)
		if err != nil {
			return nil, err
		}
		if now.Sub(last) >= againAfter(age, usual) {
			due = append(due, ref)
		}
	}
	f.openAsked = asked
	slices.SortStableFunc(due, func(a, b store.RunRef) int {
		return asked[strings.ToLower(a.RunID)].Compare(asked[strings.ToLower(b.RunID)])
	})
	return due, nil
}

// age returns how long ago a run began.
func (f *factory) age(ref store.RunRef) time.Duration {
	if ref.RunStart.IsZero() {
		return 0
	}
	return f.azureNow().Sub(ref.RunStart)
}

// askTogether asks for every run that is open since the oldest of due, and
// returns those of due that the answer did not hold: they have ended or are
// gone, which only their ids can tell.
func (f *factory) askTogether(ctx context.Context, have []store.Window, due []store.RunRef) ([]store.RunRef, error) {
	now := f.azureNow()
	w := store.Window{From: now.Add(-leastOverlap), To: now.Add(ahead)}
	for _, ref := range due {
		if !ref.LastUpdated.IsZero() {
			w.From = min(w.From, ref.LastUpdated)
		}
	}
	still := map[string]bool{}
	_, err := f.read(ctx, reading{
		window: w, have: have,
		filters: []adf.Filter{{Operand: "Status", Operator: "In", Values: []any{
			string(adf.StatusQueued), string(adf.StatusInProgress), string(adf.StatusCanceling),
		}}},
		taken: func(runs []adf.PipelineRun) {
			for i := range runs {
				still[strings.ToLower(runs[i].RunID)] = true
			}
			f.activities.finished(runs)
		},
	})
	if err != nil {
		return nil, err
	}
	var left []store.RunRef
	for _, ref := range due {
		key := strings.ToLower(ref.RunID)
		if still[key] {
			f.openAsked[key] = f.now()
			continue
		}
		left = append(left, ref)
	}
	return left, nil
}

// askOpenRun asks for a run by its id. One that ADF has forgotten is closed:
// its end stays unknown.
func (f *factory) askOpenRun(ctx context.Context, ref store.RunRef) error {
	run, err := f.seers.current().client.PipelineRun(ctx, f.place.ID, ref.RunID)
	if kindOf(err) == azure.KindNotFound {
		if err := f.store.MarkGone(ctx, f.place.Key, ref.RunID, f.azureNow()); err != nil {
			return fmt.Errorf("store that run %s is gone: %w", ref.RunID, err)
		}
		return nil
	}
	if err != nil {
		return err
	}
	f.cleaning.RLock()
	defer f.cleaning.RUnlock()
	runs, _ := f.cleanRuns([]adf.PipelineRun{run})
	if _, err := f.store.WriteRuns(ctx, store.Page{Factory: f.place.Key, Runs: runs, Origin: store.OriginAzure, Asked: f.azureNow()}); err != nil {
		return fmt.Errorf("store run %s: %w", ref.RunID, err)
	}
	f.activities.finished(runs)
	return nil
}
