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

// openPerPoll bounds how many open runs one poll asks for by id.
const openPerPoll = 10

// askOpenRuns asks by id for runs that are not known to have ended and that
// the poll's window did not show, so that one whose end was missed does not
// stay open. seen holds the lower-case runIds of the window.
func (f *factory) askOpenRuns(ctx context.Context, seen map[string]bool) error {
	open, err := f.store.OpenRuns(ctx, f.place.Key)
	if err != nil {
		return err
	}
	f.activities.setOpen(open)
	for _, ref := range f.dueOpenRuns(open, seen) {
		f.openAsked[strings.ToLower(ref.RunID)] = f.now()
		if err := f.askOpenRun(ctx, ref); err != nil {
			return err
		}
	}
	return nil
}

// dueOpenRuns picks the runs to ask for, the least recently seen first, and
// forgets those that are open no more.
func (f *factory) dueOpenRuns(open []store.RunRef, seen map[string]bool) []store.RunRef {
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
		if now.Sub(last) >= againAfter(f.age(ref)) {
			due = append(due, ref)
		}
	}
	f.openAsked = asked
	slices.SortStableFunc(due, func(a, b store.RunRef) int {
		return asked[strings.ToLower(a.RunID)].Compare(asked[strings.ToLower(b.RunID)])
	})
	return due[:min(len(due), openPerPoll)]
}

// age returns how long ago a run began.
func (f *factory) age(ref store.RunRef) time.Duration {
	if ref.RunStart.IsZero() {
		return 0
	}
	return f.azureNow().Sub(ref.RunStart)
}

func (f *factory) askOpenRun(ctx context.Context, ref store.RunRef) error {
	run, err := f.client.PipelineRun(ctx, f.place.ID, ref.RunID)
	if kindOf(err) == azure.KindNotFound {
		if err := f.store.MarkGone(ctx, f.place.Key, ref.RunID, f.azureNow()); err != nil {
			return fmt.Errorf("store that run %s is gone: %w", ref.RunID, err)
		}
		return nil
	}
	if err != nil {
		return err
	}
	runs, _ := redactRuns(f.redact, []adf.PipelineRun{run})
	if _, err := f.store.WriteRuns(ctx, store.Page{Factory: f.place.Key, Runs: runs, Origin: store.OriginAzure}); err != nil {
		return fmt.Errorf("store run %s: %w", ref.RunID, err)
	}
	f.activities.finished(runs)
	return nil
}
